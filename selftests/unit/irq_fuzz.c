// SPDX-License-Identifier: GPL-2.0
/*
 * Random accesses to every register of the interrupt hardware, with lines,
 * messages, time, INIT, routes and irqfds in between. Nothing that a guest can do
 * may upset the host: the sanitizers and the checks of kshim.h watch, the
 * host's timer interrupts are bounded, and after each step the APICs' hints
 * agree with their registers.
 *
 *	irq_fuzz [STEPS [SEED]]
 */
#include "kshim.h"
#include <linux/vmm.h>
#include "irq/irqchip.h"
#include "irq/irqchip_state.h"
#include "irq/lapic.h"
#include "tap.h"
#include "rnd.h"

#define NR	5
#define IOAPIC	0xfec00000ULL

struct cpu {
	struct vmm_lapic apic;
	bool init;
};

static struct vmm_bus pio, mmio;
static struct vmm_apic_map map;
static struct cpu cpu[NR];
static struct vmm_irqchip chip;
static u64 counts[8];	/* what happened, so that a dull run shows */

enum { KICKS, NMIS, INITS, SIPIS, EOIS, TAKEN, EXTINTS, REFUSED };

static unsigned int below(unsigned int n)
{
	return rnd() % n;
}

static bool chance(unsigned int one_in)
{
	return below(one_in) == 0;
}

static void kick(struct vmm_lapic *l)
{
	counts[KICKS]++;
}

static void nmi(struct vmm_lapic *l)
{
	counts[NMIS]++;
}

static void init(struct vmm_lapic *l)
{
	counts[INITS]++;
	container_of(l, struct cpu, apic)->init = true;
}

static void sipi(struct vmm_lapic *l, u8 vector)
{
	counts[SIPIS]++;
}

static void eoi(struct vmm_lapic *l, u8 vector)
{
	counts[EOIS]++;
	vmm_irqchip_eoi(&chip, vector);
}

static u64 tsc(struct vmm_lapic *l)
{
	return kshim_now * 3;
}

static u64 tsc_to_ns(struct vmm_lapic *l, u64 delta)
{
	return delta / 3 + 1;
}

static const struct vmm_lapic_ops ops = {
	.kick = kick, .nmi = nmi, .init = init, .sipi = sipi, .eoi = eoi,
	.tsc = tsc, .tsc_to_ns = tsc_to_ns,
};

static void up(void)
{
	unsigned int i;

	memset(cpu, 0, sizeof(cpu));
	memset(&chip, 0, sizeof(chip));
	vmm_bus_init(&pio);
	vmm_bus_init(&mmio);
	vmm_apic_map_init(&map, 300);
	if (vmm_irqchip_init(&chip, &map, &pio, &mmio))
		abort();
	for (i = 0; i < NR; i++) {
		struct vmm_lapic_config cfg = {
			.id = i == NR - 1 ? 290 : i, .bsp = !i,
			.features = rnd() & VMM_LAPIC_F_ALL, .phys_bits = 40,
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

/* A value with the bits that matter more often than chance would have them. */
static u64 value(void)
{
	switch (below(6)) {
	case 0:
		return rnd();
	case 1:
		return below(256);
	case 2:
		return rnd() & 0xfffff;
	case 3:
		return 1ULL << below(64);
	case 4:
		return 0;
	default:
		return below(256) | (u64)below(8) << 8 | (u64)below(32) << 11 |
			(u64)below(6) << 56;
	}
}

static unsigned int width(void)
{
	return chance(4) ? 1 + below(8) : 4;
}

static u16 port(void)
{
	static const u16 bases[] = { 0x20, 0xa0, 0x40, 0x61, 0x4d0 };

	return bases[below(5)] + below(4);
}

static void access_ports(void)
{
	u64 val;

	if (chance(2))
		vmm_bus_read(&pio, port(), 1 + (chance(8) ? below(8) : 0), &val);
	else
		vmm_bus_write(&pio, port(), 1 + (chance(8) ? below(8) : 0),
			      chance(3) ? below(256) : value());
}

static void access_ioapic(void)
{
	u64 val;

	if (chance(8)) {
		vmm_bus_write(&mmio, IOAPIC + below(0x1000), width(), value());
	} else if (chance(3)) {
		vmm_bus_read(&mmio, IOAPIC + below(0x40), width(), &val);
	} else {
		vmm_bus_write(&mmio, IOAPIC, 4, below(0x44));
		vmm_bus_write(&mmio, IOAPIC + 0x10, width(), value());
	}
}

static void access_apic(struct vmm_lapic *l)
{
	u32 reg = below(0x40) << 4;
	u64 val;

	if (chance(10))
		reg = below(0x1000);
	if (vmm_lapic_covers(l, l->base & ~0xfffULL)) {
		if (chance(3))
			vmm_lapic_mmio_read(l, reg, 1 + below(8));
		else
			vmm_lapic_mmio_write(l, reg, width(), value());
	} else if (chance(3)) {
		vmm_lapic_msr_read(l, 0x800 + below(0x100), &val);
	} else if (vmm_lapic_msr_write(l, 0x800 + (reg >> 4), value())) {
		counts[REFUSED]++;
	}
}

static void access_msr(struct vmm_lapic *l)
{
	u64 val;

	switch (below(4)) {
	case 0:
		if (vmm_lapic_msr_write(l, MSR_IA32_APICBASE, value()))
			counts[REFUSED]++;
		break;
	case 1:
		vmm_lapic_msr_write(l, MSR_IA32_APICBASE,
				    0xfee00000 | (u64)below(4) << 10 | (l->base & 0x100));
		break;
	case 2:
		vmm_lapic_msr_write(l, MSR_IA32_TSC_DEADLINE,
				    chance(2) ? value() : tsc(l) + below(100000));
		break;
	case 3:
		vmm_lapic_msr_read(l, MSR_IA32_TSC_DEADLINE, &val);
		break;
	}
}

/* Chaos ends in silence; an operating system that means well comes by. */
static void heal(struct vmm_lapic *l)
{
	unsigned int pin = below(24);

	if (!vmm_lapic_enabled(l))
		vmm_lapic_msr_write(l, MSR_IA32_APICBASE, 0xfee00800);
	vmm_lapic_set_tpr(l, 0);
	if (vmm_lapic_x2apic(l)) {
		vmm_lapic_msr_write(l, 0x80f, 0x1ff);
		vmm_lapic_msr_write(l, 0x832, 0x20000 | (16 + below(240)));
		vmm_lapic_msr_write(l, 0x838, below(1000000));
	} else if (vmm_lapic_covers(l, l->base & ~0xfffULL)) {
		vmm_lapic_mmio_write(l, APIC_SPIV, 4, 0x1ff);
		vmm_lapic_mmio_write(l, APIC_LVT0, 4, 0x700);
		vmm_lapic_mmio_write(l, APIC_LVTT, 4, 0x20000 | (16 + below(240)));
		vmm_lapic_mmio_write(l, APIC_TMICT, 4, below(1000000));
	}
	vmm_bus_write(&mmio, IOAPIC, 4, 0x11 + 2 * pin);
	vmm_bus_write(&mmio, IOAPIC + 0x10, 4, chance(2) ? 0xff000000 : 0);
	vmm_bus_write(&mmio, IOAPIC, 4, 0x10 + 2 * pin);
	vmm_bus_write(&mmio, IOAPIC + 0x10, 4, (16 + below(240)) | below(2) << 15);
	if (chance(10))
		vmm_irqchip_set_routes(&chip, (struct vmm_route[]){
			{ .gsi = below(26), .type = VMM_ROUTE_IOAPIC, .pin = pin },
			{ .gsi = below(26), .type = VMM_ROUTE_PIC, .pin = 3 } }, 2);
}

static void run_cpu(struct cpu *c)
{
	struct vmm_lapic *l = &c->apic;
	int vector;

	if (chance(4))
		heal(l);
	if (c->init && chance(3)) {
		c->init = false;
		vmm_lapic_reset(l, true);
	}
	if (chance(3))
		vmm_lapic_set_tpr(l, below(16));
	if (vmm_irqchip_extint(&chip) && vmm_lapic_accepts_extint(l)) {
		vmm_lapic_extint_taken(l);
		vmm_irqchip_intack(&chip);
		counts[EXTINTS]++;
	}
	vector = vmm_lapic_ack(l);
	if (vector >= 0 && vector < 16)
		abort();
	counts[TAKEN] += vector >= 0;
	if (chance(2))
		vmm_lapic_eoi(l);
	if (chance(100))
		vmm_lapic_timer_migrate(l);
}

static void lines(void)
{
	switch (below(4)) {
	case 0:
		vmm_irqchip_send_msi(&chip, 0xfee00000 | (rnd() & 0xfffff),
				     value());
		break;
	case 1:
		vmm_irq_pulse_gsi(&chip, below(26), below(VMM_IRQ_SOURCES));
		break;
	default:
		vmm_irq_set_gsi(&chip, below(26), below(VMM_IRQ_SOURCES), chance(2));
	}
}

static void routes(void)
{
	struct vmm_route r[6];
	unsigned int i, nr = below(7);

	for (i = 0; i < nr; i++) {
		r[i] = (struct vmm_route) {
			.gsi = below(26), .type = 1 + below(4),
			.pin = below(25),
		};
		if (r[i].type != VMM_ROUTE_MSI)
			continue;
		r[i].pin = 0;
		r[i].address = 0xfee00000 | (rnd() & 0xfffff);
		r[i].data = value();
	}
	if (vmm_irqchip_set_routes(&chip, r, nr))
		counts[REFUSED]++;
}

static void irqfds(void)
{
	int fd = below(KSHIM_EVENTFDS);

	switch (below(4)) {
	case 0:
		vmm_irqfd_assign(&chip.irqfds, fd, below(26),
				 chance(2) ? -1 : (int)below(KSHIM_EVENTFDS));
		break;
	case 1:
		vmm_irqfd_deassign(&chip.irqfds, fd, below(26));
		break;
	case 2:
		if (kshim_eventfd[fd].ctx.files)
			vmm_eventfd_signal(&kshim_eventfd[fd].ctx);
		else if (!kshim_eventfd[fd].ctx.refs)
			kshim_eventfd_open(fd);
		break;
	case 3:
		if (chance(4) && kshim_eventfd[fd].ctx.files)
			kshim_eventfd_close(fd);
		break;
	}
}

static void save_restore(struct vmm_lapic *l)
{
	static u8 page[VMM_LAPIC_REGS_SIZE];
	struct {
		struct vmm_state_lines lines;
		struct vmm_state_pic pic;
		struct vmm_state_ioapic ioapic;
		struct vmm_state_pit pit;
	} st;
	unsigned int i;

	vmm_lapic_get_regs(l, page);
	if (vmm_lapic_set_regs(l, page))
		abort();	/* what was saved must be accepted */
	for (i = 0; i < 3; i++)
		page[below(sizeof(page))] ^= 1U << below(8);
	vmm_lapic_set_regs(l, page);

	/* Once as it is, and once with a bit changed. */
	for (i = 0; i < 2; i++) {
		vmm_irqchip_save_chips(&chip, &st.lines, &st.pic, &st.ioapic);
		vmm_pit_dev_save_state(&chip.pit, &st.pit);
		if (i)
			((u8 *)&st)[below(sizeof(st))] ^= 1U << below(8);
		if (vmm_irqchip_check_pic(&st.pic) ||
		    vmm_irqchip_check_ioapic(&st.ioapic) ||
		    vmm_pit_check_state(&st.pit)) {
			if (!i)
				abort();
			continue;
		}
		vmm_irqchip_load_chips(&chip, &st.lines, &st.pic, &st.ioapic);
		vmm_pit_dev_load_state(&chip.pit, &st.pit);
		vmm_irqchip_settle(&chip);
	}
}

/* Hints against registers. */
static bool consistent(const struct vmm_lapic *l)
{
	u8 irr_words = 0, isr_words = 0;
	int isr_top = -1;
	unsigned int v;

	for (v = 0; v < 256; v++) {
		const u32 *isr = l->regs + APIC_ISR + v / 32 * 16;
		const u32 *req = l->regs + APIC_IRR + v / 32 * 16;

		if (*isr >> v % 32 & 1) {
			isr_words |= 1 << v / 32;
			isr_top = v;
		}
		if (*req >> v % 32 & 1) {
			irr_words |= 1 << v / 32;
			if (v < 16)
				return false;
		}
	}
	return l->isr_top == isr_top && !(irr_words & ~l->irr_words) &&
	       !(isr_words & ~l->isr_words);
}

static void step(void)
{
	struct cpu *c = &cpu[below(NR)];

	switch (below(16)) {
	case 0:
	case 1:
	case 2:
		access_ports();
		break;
	case 3:
	case 4:
		access_ioapic();
		break;
	case 5:
	case 6:
	case 7:
		access_apic(&c->apic);
		break;
	case 8:
		if (chance(8))
			access_msr(&c->apic);
		break;
	case 9:
	case 10:
		lines();
		break;
	case 11:
		if (chance(50))
			routes();
		break;
	case 12:
		irqfds();
		break;
	case 13:
		if (chance(50))
			save_restore(&c->apic);
		break;
	case 14:
		kshim_advance(chance(50) ? 1000000 : below(20000));
		break;
	default:
		run_cpu(c);
	}
}

int main(int argc, char **argv)
{
	unsigned long i, steps = argc > 1 ? strtoul(argv[1], NULL, 0) : 1000000;
	u64 start = kshim_now, ms;
	bool good = true;

	if (argc > 2)
		seed ^= strtoull(argv[2], NULL, 0) * 0x9e3779b97f4a7c15ULL;
	up();
	for (i = 0; good && i < steps; i++) {
		step();
		good = consistent(&cpu[i % NR].apic) && !kshim_atomic && !kshim_rcu;
		if (i % 50000 == 49999) {
			down();
			up();
		}
	}
	down();
	tap_ok(good, "%lu random steps leave the host well", i);
	for (i = 0; i < ARRAY_SIZE(counts); i++)
		good = good && counts[i] > steps / 10000;
	tap_ok(good, "all kinds of things happened");
	tap_note("kicks %llu nmis %llu inits %llu sipis %llu eois %llu taken %llu extints %llu refused %llu",
		 (unsigned long long)counts[0], (unsigned long long)counts[1],
		 (unsigned long long)counts[2], (unsigned long long)counts[3],
		 (unsigned long long)counts[4], (unsigned long long)counts[5],
		 (unsigned long long)counts[6], (unsigned long long)counts[7]);
	ms = (kshim_now - start) / 1000000;
	tap_ok(kshim_fired < ms * 10 * (NR + 1) + steps,
	       "%llu timer interrupts in %llu ms", (unsigned long long)kshim_fired,
	       (unsigned long long)ms);
	tap_ok(kshim_allocated == 0, "nothing left behind");
	return tap_done();
}
