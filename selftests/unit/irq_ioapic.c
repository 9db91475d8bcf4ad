// SPDX-License-Identifier: GPL-2.0
/*
 * The I/O APIC: registers, edges and levels, remote IRR, ends of interrupts.
 */
#include "kshim.h"
#include <asm/apicdef.h>
#include "irq/ioapic.h"
#include "tap.h"

#define LEVEL	0x8000U
#define MASKED	0x10000U
#define RIRR	0x4000U

static struct vmm_ioapic io;
static struct vmm_apic_msg last;
static int sent, deferred, answer;

static int send(struct vmm_ioapic *i, const struct vmm_apic_msg *msg)
{
	last = *msg;
	sent++;
	return answer;
}

static void defer(struct vmm_ioapic *i)
{
	deferred++;
}

static const struct vmm_ioapic_ops ops = { .send = send, .defer = defer };

static void setup(void)
{
	vmm_ioapic_init(&io, &ops);
	sent = 0;
	deferred = 0;
	answer = 1;
}

static void w(u8 reg, u32 val)
{
	u32 ended;

	vmm_ioapic_write(&io, 0x00, 4, reg, &ended);
	vmm_ioapic_write(&io, 0x10, 4, val, &ended);
}

static u32 r(u8 reg)
{
	u32 ended;

	vmm_ioapic_write(&io, 0x00, 4, reg, &ended);
	return vmm_ioapic_read(&io, 0x10, 4);
}

static void rte(unsigned int pin, u32 low, u8 dest)
{
	w(0x11 + 2 * pin, (u32)dest << 24);
	w(0x10 + 2 * pin, low);
}

static void test_registers(void)
{
	unsigned int i;
	u32 ended;

	setup();
	tap_ok(r(1) == 0x00170020, "version 0x20, 24 pins");
	w(0, 0xffffffff);
	tap_ok(r(0) == 0x0f000000 && r(2) == 0x0f000000, "id has four bits");
	w(1, 0);
	tap_ok(r(1) == 0x00170020, "version can't be written");
	for (i = 0; i < 24; i++) {
		if (r(0x10 + 2 * i) != MASKED || r(0x11 + 2 * i))
			break;
	}
	tap_ok(i == 24, "entries start masked");
	w(0x10 + 2 * 5, 0xffffffff);
	w(0x11 + 2 * 5, 0xffffffff);
	tap_ok(r(0x10 + 2 * 5) == 0x0001afff && r(0x11 + 2 * 5) == 0xff000000,
	       "an entry keeps what can be written: %#x", r(0x10 + 2 * 5));
	w(0x40, 0x1234);
	tap_ok(r(0x40) == 0 && r(0x0f) == 0 && r(0xff) == 0, "no such registers");
	vmm_ioapic_write(&io, 0x00, 1, 1, &ended);
	tap_ok(vmm_ioapic_read(&io, 0x00, 1) == 1, "index by bytes");
	tap_ok(vmm_ioapic_read(&io, 0x12, 2) == 0x17, "window by halves");
	tap_ok(vmm_ioapic_read(&io, 0x20, 4) == 0, "nothing elsewhere");
	w(0x10, MASKED);
	vmm_ioapic_write(&io, 0x10, 2, 0x31, &ended);
	tap_ok(r(0x10) == MASKED, "half a write to the window is none");
}

static void test_edge(void)
{
	setup();
	rte(3, 0x33 | MASKED, 2);
	vmm_ioapic_set_pin(&io, 3, true);
	rte(3, 0x33, 2);
	tap_ok(sent == 0, "edge while masked is lost");
	vmm_ioapic_set_pin(&io, 3, false);
	tap_ok(vmm_ioapic_set_pin(&io, 3, true) == 1 && sent == 1, "edge");
	tap_ok(last.vector == 0x33 && last.dest == 2 && !last.level &&
	       !last.logical && last.mode == APIC_DM_FIXED && last.assert &&
	       !last.wide, "its message");
	vmm_ioapic_set_pin(&io, 3, true);
	tap_ok(sent == 1, "no edge, no message");
	tap_ok(!(r(0x16) & RIRR), "no remote IRR");
	tap_ok(vmm_ioapic_eoi(&io, 0x33) == 0, "no end to wait for");
	rte(4, 0x44 | 0x900, 0x0f);
	vmm_ioapic_set_pin(&io, 4, true);
	tap_ok(last.logical && last.mode == APIC_DM_LOWEST && last.dest == 0x0f,
	       "logical, lowest priority");
	rte(5, 0x400 | LEVEL, 1);
	vmm_ioapic_set_pin(&io, 5, true);
	tap_ok(last.mode == APIC_DM_NMI && !last.level && !(r(0x1a) & RIRR),
	       "NMI is an edge whatever the entry says");
	tap_ok(vmm_ioapic_set_pin(&io, 24, true) == 0, "no pin 24");
}

static void test_level(void)
{
	u32 ended;

	setup();
	rte(9, 0x39 | LEVEL | MASKED, 0);
	vmm_ioapic_set_pin(&io, 9, true);
	tap_ok(sent == 0, "level while masked");
	rte(9, 0x39 | LEVEL, 0);
	tap_ok(sent == 1 && last.level && (r(0x22) & RIRR), "unmask sends");
	rte(9, 0x39 | LEVEL, 0);
	vmm_ioapic_set_pin(&io, 9, true);
	tap_ok(sent == 1, "not again before its end");
	tap_ok(vmm_ioapic_eoi(&io, 0x38) == 0, "another vector's end");
	tap_ok(vmm_ioapic_eoi(&io, 0x39) == 1U << 9 && !(r(0x22) & RIRR), "its end");
	vmm_ioapic_retrigger(&io, 1U << 9);
	tap_ok(sent == 2, "still asserted: again");
	vmm_ioapic_set_pin(&io, 9, false);
	vmm_ioapic_retrigger(&io, vmm_ioapic_eoi(&io, 0x39));
	tap_ok(sent == 2, "released: not again");

	vmm_ioapic_set_pin(&io, 9, true);
	vmm_ioapic_write(&io, 0x40, 4, 0x39, &ended);
	tap_ok(ended == 1U << 9, "EOI register");
	vmm_ioapic_retrigger(&io, ended);
	rte(9, 0x39 | MASKED, 0);
	tap_ok(!(r(0x22) & RIRR), "turning to edge drops remote IRR");
	rte(9, 0x39 | LEVEL, 0);
	tap_ok(last.level && (r(0x22) & RIRR), "and back: sent again");
	w(0x22, 0x39 | LEVEL | MASKED);
	tap_ok(r(0x22) & RIRR, "remote IRR can't be written");

	setup();
	answer = -ENOENT;
	rte(2, 0x40 | LEVEL, 9);
	tap_ok(vmm_ioapic_set_pin(&io, 2, true) == -ENOENT && !(r(0x14) & RIRR),
	       "nobody takes it: the request stays");
	answer = 0;
	vmm_ioapic_set_pin(&io, 2, true);
	tap_ok(r(0x14) & RIRR, "merged counts as taken");
}

static void test_flood(void)
{
	unsigned int i;

	setup();
	rte(1, 0x51 | LEVEL, 0);
	vmm_ioapic_set_pin(&io, 1, true);
	for (i = 0; i < VMM_IOAPIC_FLOOD_EOIS; i++)
		vmm_ioapic_retrigger(&io, vmm_ioapic_eoi(&io, 0x51));
	tap_ok(sent == 1 + VMM_IOAPIC_FLOOD_EOIS && !deferred, "a long run of EOIs");
	vmm_ioapic_retrigger(&io, vmm_ioapic_eoi(&io, 0x51));
	tap_ok(sent == 1 + VMM_IOAPIC_FLOOD_EOIS && deferred == 1, "then it is deferred");
	vmm_ioapic_retrigger(&io, ~0U);
	tap_ok(sent == 2 + VMM_IOAPIC_FLOOD_EOIS, "and comes later");
	for (i = 0; i < 2 * VMM_IOAPIC_FLOOD_EOIS; i++) {
		vmm_ioapic_set_pin(&io, 1, false);
		vmm_ioapic_set_pin(&io, 1, true);
		vmm_ioapic_retrigger(&io, vmm_ioapic_eoi(&io, 0x51));
	}
	tap_ok(deferred == 1, "a line that drops in between is no flood");
}

static void test_state(void)
{
	struct vmm_ioapic_state st, bad;

	setup();
	rte(7, 0x47 | LEVEL, 3);
	vmm_ioapic_set_pin(&io, 7, true);
	vmm_ioapic_save(&io, &st);
	setup();
	tap_ok(vmm_ioapic_restore(&io, &st) == 0 && sent == 0, "restored, in service");
	vmm_ioapic_retrigger(&io, vmm_ioapic_eoi(&io, 0x47));
	tap_ok(sent == 1 && last.dest == 3, "goes on");
	bad = st;
	bad.rte[3] |= 1ULL << 17;
	tap_ok(vmm_ioapic_restore(&io, &bad) == -EINVAL, "reserved bit");
	bad = st;
	bad.lines = 1U << 24;
	tap_ok(vmm_ioapic_restore(&io, &bad) == -EINVAL, "line");
	bad = st;
	bad.id = 16;
	tap_ok(vmm_ioapic_restore(&io, &bad) == -EINVAL, "id");
	bad = st;
	bad.rte[0] = RIRR;
	tap_ok(vmm_ioapic_restore(&io, &bad) == -EINVAL, "remote IRR of an edge");
	bad = st;
	bad.pad[1] = 1;
	tap_ok(vmm_ioapic_restore(&io, &bad) == -EINVAL, "padding");
}

int main(void)
{
	test_registers();
	test_edge();
	test_level();
	test_flood();
	test_state();
	return tap_done();
}
