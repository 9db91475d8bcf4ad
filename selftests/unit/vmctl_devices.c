// SPDX-License-Identifier: GPL-2.0
/* The port bus and the small devices on it, reached as a guest does. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot/acpi.h"
#include "dev/debug_exit.h"
#include "dev/fw_cfg.h"
#include "dev/i8042.h"
#include "dev/pm.h"
#include "dev/reset.h"
#include "lib/bytes.h"
#include "lib/container.h"
#include "tap.h"

static struct bus bus;
static struct vm_end end;
static struct err err;

static uint32_t in(uint16_t port, unsigned int size)
{
	uint8_t data[4] = { 0 };

	bus_io(&bus, port, false, size, 1, data);
	return get32(data);
}

static void out(uint16_t port, unsigned int size, uint32_t value)
{
	uint8_t data[4];

	put32(data, value);
	bus_io(&bus, port, true, size, 1, data);
}

static void restart(void)
{
	if (end.event > 0)
		vm_end_fini(&end);
	vm_end_init(&end);
	memset(&bus, 0, sizeof(bus));
}

static bool ended(enum end_kind kind, int code)
{
	bool is = vm_ended(&end) && end.kind == kind && end.code == code;

	vm_end_fini(&end);
	vm_end_init(&end);
	return is;
}

/* ---- the bus ------------------------------------------------------------ */

/* Remembers what reached it. */
struct probe {
	struct port_device port;
	unsigned int calls, off, size;
	uint32_t value, sum;
};

static uint32_t probe_in(struct port_device *dev, unsigned int off,
			 unsigned int size)
{
	struct probe *p = container_of(dev, struct probe, port);

	p->calls++;
	return 0x44332211 + (p->calls << 24) + off;
}

static void probe_out(struct port_device *dev, unsigned int off,
		      unsigned int size, uint32_t value)
{
	struct probe *p = container_of(dev, struct probe, port);

	p->calls++;
	p->off = off;
	p->size = size;
	p->value = value;
	p->sum += value;
}

static const struct port_ops probe_ops = { probe_in, probe_out };

static struct probe probe(uint16_t base, uint16_t count, uint8_t width)
{
	return (struct probe){ .port = { "probe", &probe_ops, base, count,
					 width } };
}

static void test_bus_map(void)
{
	struct probe a = probe(0x100, 4, 4), b = probe(0x103, 1, 1);
	struct probe last = probe(0xffff, 1, 1), past = probe(0xffff, 2, 1);
	struct probe many[BUS_MAX_DEVICES];
	unsigned int i, added = 0;

	restart();
	tap_ok(!bus_add(&bus, &a.port, &err), "ports are claimed");
	tap_ok(bus_add(&bus, &b.port, &err) && strstr(err.text, "0x103"),
	       "once: %s", err.text);
	tap_ok(bus_add(&bus, &past.port, &err), "not past the last");
	tap_ok(!bus_add(&bus, &last.port, &err), "the last can be had");
	for (i = 0; i < BUS_MAX_DEVICES; i++) {
		many[i] = probe((uint16_t)(0x1000 + i), 1, 1);
		added += !bus_add(&bus, &many[i].port, &err);
	}
	tap_ok(added == BUS_MAX_DEVICES - 2, "and there is a limit: %s",
	       err.text);
	out(0x1000 + added - 1, 1, 9);
	tap_ok(many[added - 1].value == 9, "up to which all are found");
}

static void test_bus_access(void)
{
	struct probe a = probe(0x100, 4, 4), b = probe(0x104, 2, 1);
	uint8_t data[12];

	restart();
	bus_add(&bus, &a.port, &err);
	bus_add(&bus, &b.port, &err);
	tap_ok(in(0x80, 1) == 0xff && in(0x80, 2) == 0xffff &&
	       in(0x80, 4) == 0xffffffff, "nobody reads as ones");
	out(0x80, 4, 1);
	out(0x102, 2, 0x1234);
	tap_ok(a.calls == 1 && a.off == 2 && a.size == 2 &&
	       a.value == 0x1234, "offset, size, value");
	out(0x104, 2, 0xaabb);
	tap_ok(b.calls == 2 && b.off == 1 && b.size == 1 && b.value == 0xaa,
	       "wider than the device: byte by byte");
	out(0x102, 4, 0x04030201);
	tap_ok(a.calls == 3 && a.value == 2 && b.calls == 4 && b.value == 4,
	       "across its end: to each its bytes");
	a.calls = a.sum = 0;
	memset(data, 3, sizeof(data));
	bus_io(&bus, 0x100, true, 4, 3, data);
	tap_ok(a.calls == 3 && a.sum == 9 * 0x01010101, "a string of three");
	a.calls = 0;
	bus_io(&bus, 0x100, false, 4, 3, data);
	tap_ok(get32(data) == 0x45332211 && get32(data + 8) == 0x47332211,
	       "and one that reads");
	memset(data, 0, sizeof(data));
	bus_io(&bus, 0x80, false, 2, 5, data);
	tap_ok(data[9] == 0xff && data[10] == 0, "of nobody: to its length");
	tap_ok(in(0xffff, 4) == 0xffffffff - (in(0, 1) != 0xff),
	       "the last port wraps to nobody");
}

/* ---- devices ------------------------------------------------------------ */

static unsigned int sci_changes;

static void drive_sci(struct irq_line *line, bool level)
{
	sci_changes++;
}

static uint64_t pm_ns;

static uint64_t pm_now(struct vm_clock *clock)
{
	(void)clock;
	return pm_ns;
}

static struct vm_clock pm_clock = { .now = pm_now };

static void test_button(void)
{
	struct irq_line sci = { .drive = drive_sci };
	struct pm pm;

	restart();
	pm_init(&pm, &sci, &pm_clock, &end);
	bus_add(&bus, &pm.regs, &err);
	pm_press_button(&pm);
	tap_ok(in(0x600, 2) == 0x0100 && !sci.level,
	       "the power button shows, and interrupts nobody who does not want");
	out(0x602, 2, 0x0100);
	tap_ok(sci.level && sci_changes == 1, "enabled, it does");
	pm_press_button(&pm);
	out(0x600, 2, 0x0020);
	tap_ok(sci.level && sci_changes == 1, "as long as it is not cleared");
	out(0x600, 2, 0x0100);
	tap_ok(!sci.level && !in(0x600, 2) && in(0x602, 2) == 0x0100,
	       "a one clears it, and it stays enabled");
	pm_press_button(&pm);
	out(0x602, 2, 0);
	tap_ok(!sci.level && in(0x600, 2) == 0x0100 && !vm_ended(&end),
	       "disabled, it waits");
}

static void test_pm(void)
{
	struct irq_line sci = { .drive = drive_sci };
	struct pm pm;
	uint32_t a, b;

	restart();
	pm_init(&pm, &sci, &pm_clock, &end);
	bus_add(&bus, &pm.regs, &err);
	bus_add(&bus, &pm.timer, &err);
	tap_ok(in(0x604, 2) == 1, "ACPI mode is on");
	out(0x604, 2, 0);
	tap_ok(in(0x604, 2) == 1, "and stays");
	out(0x602, 2, 0x0120);
	tap_ok(in(0x602, 2) == 0x0120 && in(0x600, 4) == 0x01200000,
	       "enables are kept");
	out(0x604, 2, ACPI_SLEEP_OFF << 10);
	tap_ok(!vm_ended(&end), "a type alone does nothing");
	out(0x604, 2, 1 << 10 | 1 << 13);
	tap_ok(!vm_ended(&end) && !(in(0x604, 2) & 1 << 13),
	       "nor does another state");
	out(0x604, 2, ACPI_SLEEP_OFF << 10 | 1 << 13 | 1);
	tap_ok(ended(END_POWEROFF, 0), "power-off");
	a = in(0x608, 4);
	tap_ok(in(0x608, 4) == a, "the timer stands while the machine does");
	pm_ns += 20000000;
	b = in(0x608, 4) - a;
	tap_ok(b >= 71590 && b <= 71591, "and runs with it: %u", b);
	pm_ns += 1200ULL * 1000000000;
	a = in(0x608, 4);
	tap_ok(a == (uint32_t)(1200ULL * 3579545 + 71590), "over its end: %u", a);
}

static void test_reset(void)
{
	struct reset reset;
	struct i8042 kbc;

	restart();
	reset_init(&reset, &end);
	i8042_init(&kbc, &end);
	bus_add(&bus, &reset.control, &err);
	bus_add(&bus, &reset.fast, &err);
	bus_add(&bus, &kbc.data_port, &err);
	bus_add(&bus, &kbc.command_port, &err);
	out(0xcf9, 1, 2);
	tap_ok(!vm_ended(&end) && in(0xcf9, 1) == 2, "0xcf9: kind of reset");
	out(0xcf9, 1, 6);
	tap_ok(ended(END_RESET, 0), "0xcf9: reset");
	out(0x92, 1, 0);
	tap_ok(!vm_ended(&end) && in(0x92, 1) == 2, "0x92: A20 stays on");
	out(0x92, 1, 3);
	tap_ok(ended(END_RESET, 0), "0x92: reset");
	out(0x64, 1, 0xfe);
	tap_ok(ended(END_RESET, 0), "keyboard controller: reset");
	out(0x64, 1, 0xd1);
	out(0x60, 1, 0xdf);
	tap_ok(!vm_ended(&end), "keyboard controller: A20");
	out(0x64, 1, 0xd1);
	out(0x60, 1, 0xde);
	tap_ok(ended(END_RESET, 0), "keyboard controller: output port");
}

static void test_i8042(void)
{
	struct i8042 kbc;

	restart();
	i8042_init(&kbc, &end);
	bus_add(&bus, &kbc.data_port, &err);
	bus_add(&bus, &kbc.command_port, &err);
	tap_ok(!(in(0x64, 1) & 3), "ready, nothing to read");
	out(0x64, 1, 0xaa);
	tap_ok((in(0x64, 1) & 9) == 9 && in(0x60, 1) == 0x55 &&
	       !(in(0x64, 1) & 1), "self-test");
	out(0x64, 1, 0x60);
	out(0x60, 1, 0x47);
	out(0x64, 1, 0x20);
	tap_ok(in(0x60, 1) == 0x47, "command byte");
	out(0x60, 1, 0xff);
	tap_ok(!(in(0x64, 1) & 1), "no keyboard answers");
	out(0x64, 1, 0xa9);
	tap_ok(in(0x60, 1) != 0, "no second port");
}

static void test_fw_cfg(void)
{
	struct fw_cfg cfg;
	uint8_t data[16];

	restart();
	fw_cfg_init(&cfg, 6 * 0x40000000ULL, 300);
	bus_add(&bus, &cfg.port, &err);
	out(0x510, 2, 0);
	bus_io(&bus, 0x511, false, 1, 4, data);
	tap_ok(!memcmp(data, "QEMU", 4), "signature");
	tap_ok(in(0x511, 1) == 0, "zeroes after the end");
	out(0x510, 2, 5);
	tap_ok((in(0x511, 1) | in(0x511, 1) << 8) == 300, "processors");
	out(0x510, 2, 15);
	tap_ok((in(0x511, 1) | in(0x511, 1) << 8) == 300, "at most");
	out(0x510, 2, 3);
	bus_io(&bus, 0x511, false, 1, 8, data);
	tap_ok(get64(data) == 6 * 0x40000000ULL, "memory");
	out(0x510, 2, 0x19);
	bus_io(&bus, 0x511, false, 1, 4, data);
	tap_ok(get32(data) == 0, "no files");
	out(0x510, 2, 1);
	bus_io(&bus, 0x511, false, 1, 4, data);
	tap_ok(get32(data) == 1, "no DMA");
	out(0x510, 2, 0x1234);
	tap_ok(in(0x511, 1) == 0, "an unknown item is empty");
}

static void test_debug_exit(void)
{
	struct debug_exit dev;

	restart();
	debug_exit_init(&dev, 0xf4, &end);
	bus_add(&bus, &dev.port, &err);
	out(0xf4, 1, 7);
	tap_ok(ended(END_CODE, 7), "a byte");
	out(0xf4, 4, 0x12345603);
	tap_ok(ended(END_CODE, 3), "the low byte of more");
	out(0xf4, 4, 0);
	tap_ok(ended(END_CODE, 0), "0 ends it as well");
	out(0xf0, 4, 1);
	out(0xf5, 1, 1);
	tap_ok(!vm_ended(&end), "beside it nothing happens");
	vm_end_set(&end, END_CODE, 4, "first");
	vm_end_set(&end, END_CRASH, 1, "second");
	tap_ok(!strcmp(end.text, "first") && ended(END_CODE, 4),
	       "the first end counts");
}

int main(void)
{
	test_bus_map();
	test_bus_access();
	test_pm();
	test_button();
	test_reset();
	test_i8042();
	test_fw_cfg();
	test_debug_exit();
	vm_end_fini(&end);
	return tap_done();
}
