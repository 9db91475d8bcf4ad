// SPDX-License-Identifier: GPL-2.0
/*
 * Random port accesses against all devices of the port bus, with input and
 * time going on between them.  Devices must keep their invariants, reset and
 * power-off must be possible, and the sanitizers must see nothing.
 *
 *	vmctl_ports COUNT SEED
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dev/debug_exit.h"
#include "dev/fw_cfg.h"
#include "dev/i8042.h"
#include "dev/pm.h"
#include "dev/reset.h"
#include "dev/rtc.h"
#include "dev/serial.h"
#include "lib/container.h"

static uint64_t state;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint64_t below(uint64_t limit)
{
	return next() % limit;
}

static struct bus bus;
static struct vm_end end;
static struct serial serial;
static struct rtc rtc;
static struct pm pm;
static struct reset reset;
static struct i8042 kbc;
static struct fw_cfg fw_cfg;
static struct debug_exit debug_exit;

static int64_t clock_now = 1700000000000000000;

static int64_t now(void)
{
	return clock_now;
}

static uint64_t machine_now(struct vm_clock *clock)
{
	return (uint64_t)clock_now;
}

static void drive(struct irq_line *line, bool level)
{
}

static void put(struct serial_sink *sink, uint8_t byte)
{
}

static void room(struct serial_sink *sink)
{
}

static struct irq_line serial_line = { .drive = drive };
static struct irq_line rtc_line = { .drive = drive };
static struct irq_line sci_line = { .drive = drive };
static struct vm_clock machine_clock = { .now = machine_now };
static struct serial_sink sink = { put, room };

static int setup(void)
{
	struct port_device *const devices[] = {
		&serial.port, &rtc.port, &pm.regs, &pm.timer, &reset.control,
		&reset.fast, &kbc.data_port, &kbc.command_port, &fw_cfg.port,
		&debug_exit.port,
	};
	struct layout layout;
	struct err err;
	unsigned int i;

	vm_end_init(&end);
	layout_make(&layout, 6 * GIB, 48, &err);
	serial_init(&serial, &serial_line, &sink);
	pm_init(&pm, &sci_line, &machine_clock, &end);
	reset_init(&reset, &end);
	i8042_init(&kbc, &end);
	fw_cfg_init(&fw_cfg, 6 * GIB, 4);
	debug_exit_init(&debug_exit, 0xf4, &end);
	if (rtc_init(&rtc, &rtc_line, &layout, 4, &err))
		return -1;
	rtc.now = now;
	for (i = 0; i < ARRAY_SIZE(devices); i++)
		if (bus_add(&bus, devices[i], &err))
			return -1;
	return 0;
}

/* A port of some device, or one beside it. */
static uint16_t pick(void)
{
	const struct port_device *dev = bus.device[below(bus.count)];

	return (uint16_t)(dev->base + below(dev->count + 2U) - 1);
}

static void access_port(void)
{
	uint8_t data[32];
	unsigned int size = 1U << below(3), count = 1, i;

	if (!below(16))
		count = 1 + (unsigned int)below(sizeof(data) / size);
	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)next();
	bus_io(&bus, pick(), below(2), size, count, data);
}

static void outside(void)
{
	uint8_t data[64];
	size_t len = below(sizeof(data));

	if (below(2)) {
		clock_now += (int64_t)below(100000000000000);
		rtc.timer.ready(&rtc.timer);
		return;
	}
	if (!below(4))
		pm_press_button(&pm);
	memset(data, 'x', sizeof(data));
	if (len <= serial_room(&serial))
		serial_receive(&serial, data, len);
}

static const char *fault(void)
{
	if (serial.fifo_len > SERIAL_FIFO || serial.fifo_head >= SERIAL_FIFO)
		return "the serial FIFO";
	if (serial.queue_len > SERIAL_QUEUE ||
	    serial.queue_head >= SERIAL_QUEUE ||
	    serial.from_queue > serial.fifo_len ||
	    serial.queue_len + serial.from_queue > SERIAL_QUEUE)
		return "the serial queue";
	if (!(serial.lsr & 1) != !serial.fifo_len)
		return "data ready, but no data";
	if (!(rtc.byte[0x0c] & 0x80) != !rtc_line.level)
		return "the clock's line and its flag differ";
	if (!((pm.reg[0] & pm.reg[2]) | (pm.reg[1] & pm.reg[3])) !=
	    !sci_line.level)
		return "the ACPI line and its registers differ";
	if (fw_cfg.pos > fw_cfg.len || fw_cfg.len > sizeof(fw_cfg.item))
		return "the configuration item";
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 0) : 100000;
	unsigned long seed = argc > 2 ? strtoul(argv[2], NULL, 0) : 1, i;
	unsigned long ends[END_TIMEOUT + 1] = { 0 };
	const char *what;

	state = seed * 0x9e3779b97f4a7c15 | 1;
	if (setup())
		return 1;
	for (i = 0; i < count; i++) {
		if (below(64))
			access_port();
		else
			outside();
		what = fault();
		if (what) {
			printf("access %lu of seed %lu: %s\n", i, seed, what);
			return 1;
		}
		if (vm_ended(&end)) {
			ends[end.kind]++;
			vm_end_fini(&end);
			vm_end_init(&end);
		}
	}
	printf("%lu accesses: %lu power-offs, %lu exit codes, %lu resets\n",
	       count, ends[END_POWEROFF], ends[END_CODE], ends[END_RESET]);
	rtc_fini(&rtc);
	vm_end_fini(&end);
	return !(ends[END_POWEROFF] && ends[END_CODE] && ends[END_RESET]);
}
