// SPDX-License-Identifier: GPL-2.0
/*
 * Devices saved and loaded into others, the records that this goes by, and the names
 * of what a processor lacks.
 */
#include <linux/serial_reg.h>
#include <stdlib.h>
#include <string.h>

#include "dev/fw_cfg.h"
#include "dev/i8042.h"
#include "dev/pm.h"
#include "dev/reset.h"
#include "dev/rtc.h"
#include "dev/serial.h"
#include "lib/container.h"
#include "lib/features.h"
#include "lib/stream.h"
#include "tap.h"

#define SEC	1000000000LL
#define START	(1709301598 * SEC)

static unsigned int driven;
static bool driven_to;

static void drive(struct irq_line *line, bool level)
{
	driven++;
	driven_to = level;
}

static struct irq_line lines[2] = { { .drive = drive }, { .drive = drive } };
static struct vm_end end;
static struct err err;

static uint8_t in(struct port_device *p, unsigned int off)
{
	return (uint8_t)p->ops->in(p, off, 1);
}

static void out(struct port_device *p, unsigned int off, uint8_t value)
{
	p->ops->out(p, off, 1, value);
}

/* ---- the serial port --------------------------------------------------------------- */

static void put(struct serial_sink *sink, uint8_t byte)
{
}

static void room(struct serial_sink *sink)
{
}

static struct serial_sink sink = { .put = put, .room = room };
static struct serial one, two;

static void test_serial(void)
{
	static const char text[] = "abcdefghijklmnopqrstuvwxyz";
	struct serial_state st, again, bad;
	unsigned int i, good = 0;

	serial_init(&one, &lines[0], &sink);
	serial_init(&two, &lines[1], &sink);
	out(&one.port, UART_FCR, UART_FCR_ENABLE_FIFO);
	out(&one.port, UART_MCR, UART_MCR_DTR | UART_MCR_RTS);
	out(&one.port, UART_IER, UART_IER_RDI);
	out(&one.port, UART_SCR, 0x77);
	serial_receive(&one, (const uint8_t *)text, 20);
	for (i = 0; i < 3; i++)
		in(&one.port, UART_RX);
	serial_receive_break(&one);
	serial_receive(&one, (const uint8_t *)text + 20, 6);
	serial_save(&one, &st);
	tap_ok(serial_valid(&st), "a real state is accepted");
	driven = 0;
	serial_load(&two, &st);
	serial_save(&two, &again);
	tap_ok(!memcmp(&st, &again, sizeof(st)), "the port is the same");
	tap_ok(driven == 1 && driven_to && lines[1].level, "so is its line");
	/* What a driver clears goes back into the queue, there too. */
	out(&two.port, UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
	for (i = 3; i < 20; i++)
		good += in(&two.port, UART_RX) == text[i];
	tap_ok(good == 17, "bytes wait in order (%u)", good);
	tap_ok((in(&two.port, UART_LSR) & UART_LSR_BI) &&
	       !in(&two.port, UART_RX) && in(&two.port, UART_RX) == 'u',
	       "a break among them");

#define REFUSED(what, field, val) ({					\
	bad = st;							\
	bad.field = (val);						\
	tap_ok(!serial_valid(&bad), "refused: %s", what); })
	REFUSED("IER", ier, 0x10);
	REFUSED("FCR", fcr, 0x03);
	REFUSED("MCR", mcr, 0x20);
	REFUSED("FIFO too long", fifo_len, 17);
	REFUSED("more than one byte without a FIFO", fcr, 0);
	REFUSED("more from the queue than there are", from_queue, st.fifo_len + 1);
	REFUSED("queue too long", queue_len, 4097);
	REFUSED("no data where there are", lsr, 0x60);
	REFUSED("a word for a byte", fifo[0], 0x200);
	REFUSED("something behind the queue", queue[4095], 1);
	REFUSED("transmitter", thr_pending, 2);
#undef REFUSED
}

/* ---- the clock ----------------------------------------------------------------------- */

static int64_t clock_now = START;

static int64_t now(void)
{
	return clock_now;
}

static void rtc_start(struct rtc *rtc, struct irq_line *line)
{
	struct layout layout;

	layout_make(&layout, 512 * MIB, 48, &err);
	rtc_init(rtc, line, &layout, 2, &err);
	rtc->now = now;
	rtc->seen = now();
}

static uint8_t rtc_get(struct rtc *rtc, uint8_t index)
{
	out(&rtc->port, 0, index);
	return in(&rtc->port, 1);
}

static void rtc_set(struct rtc *rtc, uint8_t index, uint8_t value)
{
	out(&rtc->port, 0, index);
	out(&rtc->port, 1, value);
}

static void test_rtc(void)
{
	struct rtc_state st, again, bad;
	static struct rtc a, b;

	rtc_start(&a, &lines[0]);
	rtc_start(&b, &lines[1]);
	rtc_set(&a, 0x04, 0x05);	/* five o'clock */
	rtc_set(&a, 0x0b, 0x12);	/* interrupts at each second */
	rtc_set(&a, 0x40, 0xa5);
	rtc_save(&a, &st);
	tap_ok(rtc_valid(&st), "a real state is accepted");
	rtc_load(&b, &st);
	rtc_save(&b, &again);
	tap_ok(!memcmp(&st, &again, sizeof(st)), "the clock is the same");
	tap_ok(rtc_get(&b, 4) == 0x05 && rtc_get(&b, 0x40) == 0xa5,
	       "the guest's time, and what it wrote");
	clock_now += 3600 * SEC;
	rtc_load(&b, &st);
	tap_ok(rtc_get(&b, 4) == 0x06, "an hour later it is an hour later");
	tap_ok(rtc_get(&b, 0x0c) == 0xd0 && !rtc_get(&b, 0x0c),
	       "and what has passed is told once");
	clock_now -= 7200 * SEC;
	rtc_load(&b, &st);
	clock_now += 3 * SEC;
	tap_ok(rtc_get(&b, 0x0c) & 0x10, "behind the other host's clock it ticks");
	clock_now = START;

	bad = st;
	bad.index = 128;
	tap_ok(!rtc_valid(&bad), "refused: index");
	bad = st;
	bad.offset = INT64_MIN;
	tap_ok(!rtc_valid(&bad), "refused: offset");
	bad = st;
	bad.seen = -1;
	tap_ok(!rtc_valid(&bad), "refused: seen");
	bad = st;
	bad.byte[0x0a] |= 0x80;
	tap_ok(!rtc_valid(&bad), "refused: an update under way");
	bad = st;
	bad.pad[6] = 1;
	tap_ok(!rtc_valid(&bad), "refused: padding");
	st.offset = -7258118399LL * SEC;
	rtc_load(&b, &st);
	tap_ok(rtc_get(&b, 9) == 0x70, "far too early is 1970");
	st.offset = 7258118399LL * SEC;
	rtc_load(&b, &st);
	tap_ok(rtc_get(&b, 9) == 0x99 && rtc_get(&b, 0x32) == 0x21,
	       "far too late is 2199");
	rtc_fini(&a);
	rtc_fini(&b);
}

/* ---- the small ones -------------------------------------------------------------------- */

static void test_pm(void)
{
	static struct pm a, b;
	struct pm_state st, again;

	pm_init(&a, &lines[0], NULL, &end);
	pm_init(&b, &lines[1], NULL, &end);
	out(&a.regs, 3, 1);
	pm_press_button(&a);
	pm_save(&a, &st);
	tap_ok(pm_valid(&st), "ACPI registers are accepted");
	driven = 0;
	pm_load(&b, &st);
	pm_save(&b, &again);
	tap_ok(!memcmp(&st, &again, sizeof(st)) && driven == 1 && driven_to,
	       "a pressed button stays pressed");
	out(&b.regs, 1, 1);
	tap_ok(!driven_to, "until it is noticed");
	st.reg[4] = 0;
	tap_ok(!pm_valid(&st), "refused: ACPI mode off");
	st.reg[4] = 1;
	st.reg[5] = 0x20;
	tap_ok(!pm_valid(&st), "refused: a command");
}

static void test_others(void)
{
	static struct reset ra, rb;
	static struct i8042 ka, kb;
	static struct fw_cfg fa, fb;
	struct reset_state rs;
	struct i8042_state ks;
	struct fw_cfg_state fs;

	reset_init(&ra, &end);
	reset_init(&rb, &end);
	out(&ra.control, 0, 2);
	reset_save(&ra, &rs);
	tap_ok(reset_valid(&rs), "reset ports are accepted");
	reset_load(&rb, &rs);
	tap_ok(in(&rb.control, 0) == 2, "and the same");
	rs.control_value = 4;
	tap_ok(!reset_valid(&rs), "refused: a reset");

	i8042_init(&ka, &end);
	i8042_init(&kb, &end);
	out(&ka.command_port, 0, 0x60);
	i8042_save(&ka, &ks);
	tap_ok(i8042_valid(&ks), "a keyboard controller is accepted");
	i8042_load(&kb, &ks);
	out(&kb.data_port, 0, 0x45);
	out(&kb.command_port, 0, 0x20);
	tap_ok(in(&kb.data_port, 0) == 0x45, "a command goes on");
	ks.pending = 0x77;
	tap_ok(!i8042_valid(&ks), "refused: a command that takes nothing");

	fw_cfg_init(&fa, 1 << 20, 3);
	fw_cfg_init(&fb, 1 << 20, 3);
	fa.port.ops->out(&fa.port, 0, 2, 0);
	in(&fa.port, 1);
	fw_cfg_save(&fa, &fs);
	tap_ok(fw_cfg_valid(&fs), "a firmware configuration is accepted");
	fw_cfg_load(&fb, &fs);
	tap_ok(in(&fb.port, 1) == 'E', "and is read on");
	fs.pos = 5;
	tap_ok(!fw_cfg_valid(&fs), "refused: behind its end");
	fs.len = 9;
	tap_ok(!fw_cfg_valid(&fs), "refused: longer than it is");
}

/* ---- records ----------------------------------------------------------------------------- */

static struct bytes make(void)
{
	struct bytes b = {};

	bytes_add(&b, "garbage ", 8);
	memset(stream_begin(&b, STATE_MACHINE, 1, 16), 1, 16);
	memset(stream_begin(&b, STATE_SERIAL, 2, 8), 2, 8);
	stream_end(&b, 8);
	return b;
}

static int take_all(const uint8_t *data, size_t size)
{
	struct stream s = { .at = data, .left = size };
	const uint8_t *a, *b;

	a = stream_take(&s, STATE_MACHINE, 1, 16, &err);
	b = a ? stream_take(&s, STATE_SERIAL, 2, 8, &err) : NULL;
	if (!b || stream_finish(&s, &err))
		return -1;
	return a[15] == 1 && b[7] == 2 ? 0 : -1;
}

static void test_stream(void)
{
	struct bytes b = make();
	unsigned long taken = 0, bad = 0;
	struct stream s = { .at = b.data + 8, .left = b.len - 8 };
	size_t len = b.len - 8, i;
	uint8_t *exact;

	tap_ok(take_all(b.data + 8, len) == 0, "records");
	for (i = 0; i < len; i++) {
		exact = malloc(i ? i : 1);
		memcpy(exact, b.data + 8, i);
		taken += !take_all(exact, i);
		free(exact);
	}
	for (i = 0; i < len; i++) {
		if (i >= 16 && i < 32)
			continue;	/* their contents are not its affair */
		if (i >= 48 && i < 56)
			continue;
		b.data[8 + i] ^= 0x10;
		bad += !take_all(b.data + 8, len);
		b.data[8 + i] ^= 0x10;
	}
	tap_ok(!taken && !bad, "cut off or altered: refused");
	bytes_add(&b, "more of it.....", 16);
	tap_ok(take_all(b.data + 8, len + 16) < 0, "longer: refused");
	tap_ok(!stream_take(&s, STATE_MACHINE, 2, 16, &err) &&
	       strstr(err.text, "version"), "another version: %s", err.text);
	bytes_fini(&b);
}

/* ---- features ------------------------------------------------------------------------------ */

static void test_features(void)
{
	struct vmm_cpuid_entry have[] = {
		{ .leaf = 0, .eax = 7, .ebx = 0x68747541, .edx = 0x69746e65,
		  .ecx = 0x444d4163 },
		{ .leaf = 1, .ecx = 0x1, .edx = 0xff },
		{ .leaf = 7, .flags = 1, .ebx = 0x20 },
	}, want[3];
	char text[128], small[40];

	memcpy(want, have, sizeof(want));
	tap_ok(features_missing(want, 3, have, 3, text, sizeof(text)) == 0,
	       "nothing lacks: %s", text);
	want[1].ecx |= 1 << 25 | 1 << 16;
	want[2].ebx |= 1 << 16;
	tap_ok(features_missing(want, 3, have, 3, text, sizeof(text)) == 3 &&
	       strstr(text, "aes") && strstr(text, "avx512f") &&
	       strstr(text, "CPUID 0x1.0 ecx bit 16"), "by name: %s", text);
	tap_ok(features_missing(want, 3, have, 2, text, sizeof(text)) == 4 &&
	       strstr(text, "avx2"), "a leaf that is not there: %s", text);
	want[1].ecx = want[1].edx = ~0U;
	tap_ok(features_missing(want, 3, have, 3, small, sizeof(small)) > 40 &&
	       strstr(small, "more") && strlen(small) < sizeof(small),
	       "too many to name: %s", small);
	want[0].ebx ^= 0xff;
	tap_ok(features_missing(want, 3, have, 3, text, sizeof(text)) == 1 &&
	       strstr(text, "AuthenticAMD"), "another vendor: %s", text);
}

int main(void)
{
	vm_end_init(&end);
	test_serial();
	test_rtc();
	test_pm();
	test_others();
	test_stream();
	test_features();
	return tap_done();
}
