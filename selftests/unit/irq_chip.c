// SPDX-License-Identifier: GPL-2.0
/*
 * The interrupt hardware put together, driven through the buses: routes, lines
 * with several sources, the PIC's way to a vCPU, timers, irqfds.
 */
#include "kshim.h"
#include <linux/vmm.h>
#include "irq/irqchip.h"
#include "irq/irqchip_state.h"
#include "irq/lapic.h"
#include "tap.h"

#define IOAPIC	0xfec00000ULL
#define NR	2

struct cpu {
	struct vmm_lapic apic;
	int kicks, nmis;
};

static struct vmm_bus pio, mmio;
static struct vmm_apic_map map;
static struct cpu cpu[NR];
static struct vmm_lapic *a0 = &cpu[0].apic, *a1 = &cpu[1].apic;
static struct vmm_irqchip chip;

static void kick(struct vmm_lapic *l)
{
	container_of(l, struct cpu, apic)->kicks++;
}

static void nmi(struct vmm_lapic *l)
{
	container_of(l, struct cpu, apic)->nmis++;
}

static void nothing(struct vmm_lapic *l)
{
}

static void sipi(struct vmm_lapic *l, u8 vector)
{
}

static void eoi(struct vmm_lapic *l, u8 vector)
{
	vmm_irqchip_eoi(&chip, vector);
}

static u64 tsc(struct vmm_lapic *l)
{
	return kshim_now;
}

static u64 tsc_to_ns(struct vmm_lapic *l, u64 delta)
{
	return delta;
}

static const struct vmm_lapic_ops ops = {
	.kick = kick, .nmi = nmi, .init = nothing, .sipi = sipi, .eoi = eoi,
	.tsc = tsc, .tsc_to_ns = tsc_to_ns,
};

static void out(u16 port, unsigned int val)
{
	if (vmm_bus_write(&pio, port, 1, val))
		abort();
}

static unsigned int in(u16 port)
{
	u64 val;

	return vmm_bus_read(&pio, port, 1, &val) ? ~0U : val;
}

static void rte(unsigned int pin, u32 low, u32 dest)
{
	vmm_bus_write(&mmio, IOAPIC, 4, 0x11 + 2 * pin);
	vmm_bus_write(&mmio, IOAPIC + 0x10, 4, dest << 24);
	vmm_bus_write(&mmio, IOAPIC, 4, 0x10 + 2 * pin);
	vmm_bus_write(&mmio, IOAPIC + 0x10, 4, low);
}

static void pic_setup(void)
{
	out(0x20, 0x11);
	out(0x21, 0x20);
	out(0x21, 0x04);
	out(0x21, 0x01);
	out(0xa0, 0x11);
	out(0xa1, 0x28);
	out(0xa1, 0x02);
	out(0xa1, 0x01);
	out(0x21, 0);
	out(0xa1, 0);
}

static void up(void)
{
	unsigned int i;

	memset(cpu, 0, sizeof(cpu));
	memset(&chip, 0, sizeof(chip));
	vmm_bus_init(&pio);
	vmm_bus_init(&mmio);
	vmm_apic_map_init(&map, NR);
	if (vmm_irqchip_init(&chip, &map, &pio, &mmio))
		abort();
	for (i = 0; i < NR; i++) {
		struct vmm_lapic_config cfg = {
			.id = i, .bsp = !i, .features = VMM_LAPIC_F_ALL,
			.phys_bits = 40,
		};

		if (vmm_lapic_init(&cpu[i].apic, &map, &ops, &cfg))
			abort();
		vmm_lapic_firmware_state(&cpu[i].apic);
	}
}

static void down(void)
{
	unsigned int i;

	vmm_irqchip_kill(&chip);
	for (i = 0; i < NR; i++)
		vmm_lapic_unlink(&cpu[i].apic);
	synchronize_rcu();
	for (i = 0; i < NR; i++)
		vmm_lapic_release(&cpu[i].apic);
	vmm_irqchip_release(&chip);
	vmm_apic_map_destroy(&map);
	vmm_bus_destroy(&mmio);
	vmm_bus_destroy(&pio);
}

static int set(u32 gsi, enum vmm_irq_source source, bool level)
{
	return vmm_irq_set_gsi(&chip, gsi, source, level);
}

/* What the vCPU would do: the PIC first, then its APIC. */
static int take(struct vmm_lapic *l)
{
	if (vmm_irqchip_extint(&chip) && vmm_lapic_accepts_extint(l)) {
		vmm_lapic_extint_taken(l);
		return vmm_irqchip_intack(&chip);
	}
	return vmm_lapic_ack(l);
}

static void test_lines(void)
{
	up();
	rte(9, 0x8039, 1);
	tap_ok(set(9, VMM_IRQ_SRC_USER, true) > 0 && take(a1) == 0x39, "level");
	tap_ok(set(9, VMM_IRQ_SRC_DEVICE, true) == 0, "a second source: nothing new");
	set(9, VMM_IRQ_SRC_USER, false);
	vmm_lapic_eoi(a1);
	tap_ok(take(a1) == 0x39, "still held by the other source");
	set(9, VMM_IRQ_SRC_DEVICE, false);
	vmm_lapic_eoi(a1);
	tap_ok(take(a1) == -1, "released by both");
	tap_ok(set(VMM_MAX_GSI, VMM_IRQ_SRC_USER, true) == -EINVAL &&
	       set(0, VMM_IRQ_SOURCES, true) == -EINVAL, "out of range");
	tap_ok(set(500, VMM_IRQ_SRC_USER, true) == -ENOENT, "no route");
	rte(2, 0x30, 0);
	tap_ok(vmm_irq_pulse_gsi(&chip, 0, VMM_IRQ_SRC_PIT) >= 1 && take(a0) == 0x30,
	       "GSI 0 is on IOAPIC pin 2");
	tap_ok(vmm_irq_pulse_gsi(&chip, 2, VMM_IRQ_SRC_USER) == -ENOENT &&
	       take(a0) == -1, "GSI 2 goes nowhere");
	rte(20, 0x8050, 0);
	set(20, VMM_IRQ_SRC_USER, true);
	take(a0);
	set(20, VMM_IRQ_SRC_USER, false);
	vmm_bus_write(&mmio, IOAPIC + 0x40, 4, 0x50);
	set(20, VMM_IRQ_SRC_USER, true);
	vmm_lapic_eoi(a0);
	tap_ok(take(a0) == 0x50, "EOI register of the IOAPIC");
	down();
}

static void test_msi(void)
{
	static const struct vmm_route routes[] = {
		{ .gsi = 24, .type = VMM_ROUTE_MSI, .address = 0xfee01000,
		  .data = 0x4055 },
		{ .gsi = 5, .type = VMM_ROUTE_IOAPIC, .pin = 5 },
	};
	struct vmm_route r = routes[0];
	struct vmm_apic_msg msg;

	up();
	tap_ok(vmm_irqchip_send_msi(&chip, 0xfee00000, 0x61) == 1 && take(a0) == 0x61,
	       "a message");
	tap_ok(vmm_irqchip_send_msi(&chip, 0xfee00000, 5) == -ENOENT,
	       "an illegal vector reaches nobody");
	tap_ok(vmm_irqchip_send_msi(&chip, 0xfed00000, 0x61) == -EINVAL &&
	       vmm_irqchip_send_msi(&chip, 0x1fee00000, 0x61) == -EINVAL, "no message");
	tap_ok(vmm_irqchip_send_msi(&chip, 0xfee00000, 0x361) == -EINVAL, "bad mode");
	tap_ok(vmm_irqchip_send_msi(&chip, 0xfee00000, 0x8061) == 0 && take(a0) == -1,
	       "de-assertion");
	tap_ok(vmm_msi_decode(0xfee010a4, 0xc0ff, &msg) == 0 && msg.dest == 0x501 &&
	       msg.logical && msg.level && msg.vector == 0xff, "extended destination");
	tap_ok(vmm_msi_decode(0xfeeff00c, 0x41, &msg) == 0 &&
	       msg.mode == 0x100 && msg.dest == 0xff, "redirection hint");
	tap_ok(vmm_irqchip_set_routes(&chip, routes, 2) == 0, "routes");
	tap_ok(set(24, VMM_IRQ_SRC_IRQFD, true) == 1 && take(a1) == 0x55 &&
	       set(24, VMM_IRQ_SRC_IRQFD, false) == 0, "a message by its GSI");
	vmm_lapic_eoi(a1);
	tap_ok(set(24, VMM_IRQ_SRC_IRQFD, true) == 1, "level state doesn't hold it");
	tap_ok(set(9, VMM_IRQ_SRC_USER, true) == -ENOENT, "old routes are gone");
	r.gsi = VMM_MAX_GSI;
	tap_ok(vmm_irqchip_set_routes(&chip, &r, 1) == -EINVAL, "GSI");
	r = routes[1];
	r.pin = 24;
	tap_ok(vmm_irqchip_set_routes(&chip, &r, 1) == -EINVAL, "pin");
	r = (struct vmm_route){ .type = VMM_ROUTE_PIC, .pin = 2 };
	tap_ok(vmm_irqchip_set_routes(&chip, &r, 1) == -EINVAL, "cascade");
	r = (struct vmm_route){ .type = 9 };
	tap_ok(vmm_irqchip_set_routes(&chip, &r, 1) == -EINVAL, "type");
	r = (struct vmm_route){ .type = VMM_ROUTE_PIC, .data = 2 };
	tap_ok(vmm_irqchip_set_routes(&chip, &r, 1) == -EINVAL, "data of a pin");
	tap_ok(vmm_irqchip_set_routes(&chip,
		(struct vmm_route[]){ routes[1], routes[1] }, 2) == -EEXIST, "twice");
	tap_ok(vmm_irqchip_set_routes(&chip, routes, VMM_MAX_ROUTES + 1) == -ENOSPC,
	       "too many");
	kshim_allocs_left = 0;
	tap_ok(vmm_irqchip_set_routes(&chip, routes, 2) == -ENOMEM, "no memory");
	kshim_allocs_left = -1;
	tap_ok(set(24, VMM_IRQ_SRC_IRQFD, true) == 0, "a refusal changes nothing");
	tap_ok(vmm_irqchip_set_routes(&chip, NULL, 0) == 0 &&
	       set(24, VMM_IRQ_SRC_IRQFD, true) == -ENOENT, "no routes at all");
	down();
}

static void test_reroute(void)
{
	struct vmm_route r = { .gsi = 30, .type = VMM_ROUTE_IOAPIC, .pin = 7 };

	up();
	rte(7, 0x8047, 0);
	rte(8, 0x8048, 0);
	set(30, VMM_IRQ_SRC_USER, true);
	tap_ok(take(a0) == -1, "asserted without a route");
	vmm_irqchip_set_routes(&chip, &r, 1);
	tap_ok(take(a0) == 0x47, "a route brings it to its pin");
	r.pin = 8;
	vmm_irqchip_set_routes(&chip, &r, 1);
	tap_ok(take(a0) == -1 && vmm_lapic_highest_irr(a0) == 0x48, "and to another");
	vmm_lapic_eoi(a0);
	tap_ok(take(a0) == 0x48, "which interrupts");
	vmm_lapic_eoi(a0);
	tap_ok(take(a0) == 0x48, "and alone is asserted");
	set(30, VMM_IRQ_SRC_USER, false);
	vmm_lapic_eoi(a0);
	tap_ok(take(a0) == -1, "until released");

	/* A GSI that becomes a message forgets its level: nobody will release it. */
	set(30, VMM_IRQ_SRC_USER, true);
	take(a0);
	vmm_irqchip_set_routes(&chip, &(struct vmm_route){ .gsi = 30,
		.type = VMM_ROUTE_MSI, .address = 0xfee00000, .data = 0x60 }, 1);
	set(30, VMM_IRQ_SRC_USER, false);
	vmm_irqchip_set_routes(&chip, &r, 1);
	vmm_lapic_eoi(a0);
	tap_ok(take(a0) == -1, "by way of a message: not stuck");
	down();
}

static void test_pic(void)
{
	up();
	pic_setup();
	set(3, VMM_IRQ_SRC_USER, true);
	tap_ok(cpu[0].kicks && take(a1) == -1 && take(a0) == 0x23,
	       "PIC, LINT0, boot processor");
	set(3, VMM_IRQ_SRC_USER, false);
	out(0x20, 0x20);
	vmm_bus_write(&pio, 0x20, 2, 0xff20);
	tap_ok(in(0x21) == 0xff, "a word reaches both ports");
	out(0x21, 0);
	tap_ok(in(0x4d0) == 0 && in(0xa1) == 0, "ports answer");
	tap_ok(vmm_bus_write(&pio, 0x22, 1, 0) == -EOPNOTSUPP, "the next doesn't");

	/* Through the IOAPIC instead, as ExtINT on pin 0. */
	vmm_lapic_mmio_write(a0, APIC_LVT0, 4, 0x10700);
	rte(0, 0x700, 1);
	vmm_irq_pulse_gsi(&chip, 4, VMM_IRQ_SRC_USER);
	tap_ok(take(a0) == -1 && take(a1) == 0x24, "PIC, IOAPIC pin 0, ExtINT");
	out(0x20, 0x20);
	vmm_irq_pulse_gsi(&chip, 12, VMM_IRQ_SRC_USER);
	tap_ok(take(a1) == 0x2c, "the slave too");
	down();
}

static unsigned int ticks_in(u64 ns, u64 step)
{
	unsigned int n = 0;
	u64 gone;

	for (gone = 0; gone < ns; gone += step) {
		kshim_advance(step);
		if (vmm_lapic_ack(a0) >= 0) {
			vmm_lapic_eoi(a0);
			n++;
		}
	}
	return n;
}

/* Its timer interrupts in less than 600 us, and no sooner than in 570. */
static void pit_in_phase(void)
{
	kshim_advance(570000);
	tap_ok(vmm_lapic_pending(a0) == -1, "not yet");
	kshim_advance(40000);
	tap_ok(vmm_lapic_ack(a0) == 0x30, "in phase");
	vmm_lapic_eoi(a0);
}

/* Saved and loaded while time stands still. */
static void pit_frozen_state(void)
{
	struct vmm_state_pit st, again;
	u64 fired;

	kshim_advance(380000);
	vmm_pit_dev_freeze(&chip.pit);
	vmm_pit_dev_save_state(&chip.pit, &st);
	kshim_advance(987654321);
	vmm_pit_dev_save_state(&chip.pit, &again);
	tap_ok(!memcmp(&st, &again, sizeof(st)), "frozen it saves the same");
	vmm_pit_dev_load_state(&chip.pit, &st);
	fired = kshim_fired;
	kshim_advance(123456789);
	tap_ok(kshim_fired == fired, "restored frozen it stands still");
	vmm_pit_dev_thaw(&chip.pit, 987654321 + 123456789);
	pit_in_phase();
	st.line = 2;
	tap_ok(vmm_pit_check_state(&st) == -EINVAL, "line");
	st.line = 0;
	st.ch[1].flags |= 0x40;
	tap_ok(vmm_pit_check_state(&st) == -EINVAL, "flags");
}

static void test_pit(void)
{
	struct vmm_state_ioapic ioapic;
	struct vmm_state_lines lines;
	struct vmm_state_pic pic;
	struct vmm_state_pit st;
	unsigned int n;
	u64 fired;

	up();
	rte(2, 0x30, 0);
	out(0x43, 0x34);
	out(0x40, 11932 & 0xff);
	out(0x40, 11932 >> 8);
	n = ticks_in(1000000000, 100000);
	tap_ok(n == 99 || n == 100, "100 Hz: %u in a second", n);
	out(0x43, 0x36);
	out(0x40, 0);
	out(0x40, 0);
	n = ticks_in(1000000000, 100000);
	tap_ok(n == 18, "square wave of 65536: %u in a second", n);
	fired = kshim_fired;
	out(0x43, 0x14);
	out(0x40, 2);
	n = ticks_in(100000000, 10000);
	fired = kshim_fired - fired;
	tap_ok(fired <= 100000000 / VMM_PIT_MIN_NS + 2 && n > 900,
	       "count 2: the host takes %llu interrupts in 100 ms",
	       (unsigned long long)fired);
	out(0x43, 0x30);
	tap_ok(ticks_in(10000000, 100000) == 0, "a control word stops it");
	out(0x40, 0xa9);
	out(0x40, 0x04);
	tap_ok(ticks_in(10000000, 100000) == 1, "mode 0: once");
	out(0x43, 0x34);
	out(0x40, 0xa9);
	out(0x40, 0x04);
	kshim_advance(300000);
	vmm_irqchip_save_chips(&chip, &lines, &pic, &ioapic);
	vmm_pit_dev_save_state(&chip.pit, &st);
	out(0x43, 0x30);
	kshim_advance(987654321);
	tap_ok(vmm_pit_check_state(&st) == 0, "a real state is accepted");
	vmm_irqchip_load_chips(&chip, &lines, &pic, &ioapic);
	vmm_pit_dev_load_state(&chip.pit, &st);
	kshim_advance(690000);
	tap_ok(vmm_lapic_pending(a0) == -1, "not yet");
	kshim_advance(20000);
	tap_ok(vmm_lapic_ack(a0) == 0x30, "in phase");
	vmm_lapic_eoi(a0);
	kshim_advance(400000);
	vmm_pit_dev_freeze(&chip.pit);
	fired = kshim_fired;
	kshim_advance(987654321);
	tap_ok(kshim_fired == fired && vmm_lapic_pending(a0) == -1, "frozen");
	vmm_pit_dev_thaw(&chip.pit, 987654321);
	pit_in_phase();
	pit_frozen_state();
	out(0x61, 3);
	tap_ok((in(0x61) & 3) == 3, "speaker port");
	down();
	fired = kshim_fired;
	kshim_advance(1000000000);
	tap_ok(kshim_fired == fired, "dead");
}

static void pit0(unsigned int mode, unsigned int count)
{
	out(0x43, 0x30 | mode << 1);
	out(0x40, count & 0xff);
	out(0x40, count >> 8);
}

/* GSI 0 as its pins see it. */
static void test_pit_line(void)
{
	struct vmm_route msi = {
		.gsi = 0, .type = VMM_ROUTE_MSI, .data = 0x51,
		.address = 0xfee00000,
	};
	unsigned int n;

	up();
	rte(2, 0x10030, 0);
	pit0(0, 1193);
	kshim_advance(2000000);
	rte(2, 0x30, 0);
	tap_ok(vmm_lapic_ack(a0) == -1, "an edge while masked is lost");
	pit0(0, 1193);
	tap_ok(ticks_in(10000000, 100000) == 1, "the next is not");
	rte(2, 0x8030, 0);
	n = ticks_in(1000000, 100000);
	tap_ok(n == 10, "mode 0 leaves the line up: %u", n);
	out(0x43, 0x30);
	vmm_lapic_eoi(a0);
	ticks_in(100000, 100000);
	tap_ok(ticks_in(1000000, 100000) == 0, "the control word lowers it");

	pit0(2, 11932);
	ticks_in(100000, 100000);
	pic_setup();
	tap_ok(!(in(0x20) & 1), "mode 2 just started: no edge");
	kshim_advance(10000000);
	tap_ok(in(0x20) & 1, "its end is one, from a line that was up");
	pic_setup();
	/* The host's timer is late: the write finds the edge due. */
	kshim_now += 10000000;
	out(0x43, 0x00);
	tap_ok(in(0x20) & 1, "a write does not swallow an edge");

	pit0(2, 11932);
	tap_ok(vmm_irqchip_set_routes(&chip, &msi, 1) == 0, "routed to a message");
	n = ticks_in(100000000, 1000000);
	tap_ok(n == 10 || n == 9, "one message an edge: %u", n);
	down();
}

static void test_flood(void)
{
	unsigned int i, n = 0;

	up();
	rte(5, 0x8045, 0);
	set(5, VMM_IRQ_SRC_USER, true);
	for (i = 0; i < 3 * VMM_IOAPIC_FLOOD_EOIS; i++) {
		n += vmm_lapic_ack(a0) >= 0;
		vmm_lapic_eoi(a0);
	}
	tap_ok(n == VMM_IOAPIC_FLOOD_EOIS + 1, "a stuck line gives way: %u", n);
	kshim_advance(VMM_IOAPIC_FLOOD_NS);
	tap_ok(vmm_lapic_ack(a0) == 0x45, "and comes back");
	down();
}

static int irqfd(bool add, int fd, u32 gsi, int resample)
{
	return add ? vmm_irqfd_assign(&chip.irqfds, fd, gsi, resample) :
		     vmm_irqfd_deassign(&chip.irqfds, fd, gsi);
}

static void signal(int fd)
{
	vmm_eventfd_signal(&kshim_eventfd[fd].ctx);
}

static u64 count(int fd)
{
	u64 n = kshim_eventfd[fd].ctx.count;

	kshim_eventfd[fd].ctx.count = 0;
	return n;
}

static bool fds_free(void)
{
	unsigned int i;
	bool good = true;

	for (i = 0; i < KSHIM_EVENTFDS; i++) {
		if (kshim_eventfd[i].ctx.files)
			kshim_eventfd_close(i);
	}
	for (i = 0; i < KSHIM_EVENTFDS; i++)
		good = good && !kshim_eventfd[i].ctx.refs;
	return good;
}

static void test_irqfd(void)
{
	unsigned int i;

	up();
	for (i = 0; i < KSHIM_EVENTFDS; i++)
		kshim_eventfd_open(i);
	rte(10, 0x4a, 0);
	rte(11, 0x804b, 0);
	tap_ok(irqfd(true, 99, 10, -1) == -EBADF, "no file");
	tap_ok(irqfd(true, 0, VMM_MAX_GSI, -1) == -EINVAL, "GSI");
	tap_ok(irqfd(true, 0, 10, 99) == -EBADF, "no resample file");
	signal(0);
	tap_ok(irqfd(true, 0, 10, -1) == 0, "assigned");
	tap_ok(take(a0) == 0x4a && count(0) == 0, "what came before is delivered");
	vmm_lapic_eoi(a0);
	signal(0);
	tap_ok(take(a0) == 0x4a && count(0) == 0, "a signal is a pulse");
	vmm_lapic_eoi(a0);
	tap_ok(irqfd(true, 0, 11, -1) == -EBUSY, "taken");
	tap_ok(irqfd(false, 0, 11, -1) == -ENOENT && irqfd(false, 1, 10, -1) == -ENOENT,
	       "not that one");

	tap_ok(irqfd(true, 1, 11, 2) == 0 && irqfd(true, 3, 11, 4) == 0, "two resample");
	signal(1);
	tap_ok(take(a0) == 0x4b && count(2) == 0, "asserted");
	vmm_lapic_eoi(a0);
	tap_ok(take(a0) == -1 && count(2) == 1 && count(4) == 1,
	       "EOI releases and tells both");
	signal(3);
	take(a0);
	tap_ok(irqfd(false, 1, 11, -1) == 0, "one leaves");
	vmm_lapic_eoi(a0);
	tap_ok(take(a0) == -1 && count(2) == 0 && count(4) == 1, "the other is told");
	signal(3);
	take(a0);
	tap_ok(irqfd(false, 3, 11, -1) == 0, "the last leaves");
	vmm_lapic_eoi(a0);
	tap_ok(take(a0) == -1, "and its line with it");

	tap_ok(irqfd(false, 0, 10, -1) == 0, "deassigned");
	signal(0);
	tap_ok(take(a0) == -1 && count(0) == 1, "silent");
	tap_ok(irqfd(true, 0, 10, -1) == 0, "and again");
	kshim_eventfd_close(0);
	flush_workqueue(chip.irqfds.wq);
	tap_ok(chip.irqfds.count == 0 && !kshim_eventfd[0].ctx.refs,
	       "ends with the eventfd");
	irqfd(true, 5, 10, 6);
	irqfd(true, 7, 10, -1);
	kshim_eventfd_close(7);
	kshim_allocs_left = 0;
	tap_ok(irqfd(true, 1, 10, -1) == -ENOMEM, "no memory");
	kshim_allocs_left = -1;
	vmm_irqfds_kill(&chip.irqfds);
	tap_ok(irqfd(true, 1, 10, -1) == -ENODEV, "dead");
	down();
	tap_ok(fds_free(), "no reference left");
}

static void test_state(void)
{
	struct vmm_state_ioapic ioapic, bad_ioapic;
	struct vmm_state_pic pic, bad_pic;
	struct vmm_state_lines lines;

	up();
	pic_setup();
	rte(9, 0x8039, 1);
	set(9, VMM_IRQ_SRC_USER, true);
	set(10, VMM_IRQ_SRC_RESAMPLE, true);
	vmm_irqchip_save_chips(&chip, &lines, &pic, &ioapic);
	tap_ok(lines.user[0] == 1U << 9, "the line is asserted");
	down();
	up();
	tap_ok(!vmm_irqchip_check_pic(&pic) && !vmm_irqchip_check_ioapic(&ioapic),
	       "what was saved is good");
	vmm_irqchip_load_chips(&chip, &lines, &pic, &ioapic);
	tap_ok(take(a0) == 0x29, "restored: the PIC's request");
	vmm_irqchip_settle(&chip);
	tap_ok(chip.ioapic.lines == 1U << 9, "what an eventfd held falls");
	set(9, VMM_IRQ_SRC_USER, true);
	tap_ok(vmm_lapic_pending(a0) == -1, "the line was up");
	bad_pic = pic;
	bad_pic.chip[1].pad[6] = 1;
	tap_ok(vmm_irqchip_check_pic(&bad_pic) == -EINVAL, "padding");
	bad_pic = pic;
	bad_pic.chip[0].init = 4;
	tap_ok(vmm_irqchip_check_pic(&bad_pic) == -EINVAL, "step");
	bad_ioapic = ioapic;
	bad_ioapic.id = 99;
	tap_ok(vmm_irqchip_check_ioapic(&bad_ioapic) == -EINVAL, "id");
	down();
}

static void test_create(void)
{
	struct vmm_bus_dev dev = { };
	long i;
	int ret = -ENOMEM;

	vmm_bus_init(&pio);
	vmm_bus_init(&mmio);
	vmm_apic_map_init(&map, NR);
	for (i = 0; ret == -ENOMEM && i < 100; i++) {
		memset(&chip, 0, sizeof(chip));
		kshim_allocs_left = i;
		ret = vmm_irqchip_init(&chip, &map, &pio, &mmio);
	}
	kshim_allocs_left = -1;
	tap_ok(ret == 0 && i > 3, "each of %ld failing allocations is survived", i - 1);
	vmm_irqchip_kill(&chip);
	vmm_irqchip_release(&chip);
	vmm_bus_add(&pio, &dev, 0x61, 1);
	memset(&chip, 0, sizeof(chip));
	tap_ok(vmm_irqchip_init(&chip, &map, &pio, &mmio) == -EEXIST, "ports in use");
	tap_ok(vmm_bus_write(&pio, 0x20, 1, 0) == -EOPNOTSUPP &&
	       vmm_bus_write(&pio, 0x40, 1, 0) == -EOPNOTSUPP, "nothing stays");
	vmm_bus_del(&pio, &dev);
	vmm_apic_map_destroy(&map);
	vmm_bus_destroy(&mmio);
	vmm_bus_destroy(&pio);
}

int main(void)
{
	test_lines();
	test_msi();
	test_reroute();
	test_pic();
	test_pit();
	test_pit_line();
	test_flood();
	test_irqfd();
	test_state();
	test_create();
	tap_ok(kshim_allocated == 0, "nothing left behind");
	return tap_done();
}
