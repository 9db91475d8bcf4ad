/* SPDX-License-Identifier: GPL-2.0 */
/* Four vCPUs' local APICs with upcalls that count, and short ways to drive them. */
#ifndef UNIT_IRQ_CPUS_H
#define UNIT_IRQ_CPUS_H

#include "kshim.h"
#include "irq/lapic.h"
#include "tap.h"

#define NR	4
#define TSC_PER_NS	2	/* of the guest's counter */

struct cpu {
	struct vmm_lapic apic;
	int kicks, nmis, inits, sipis, eois, modes;
	u8 sipi_vector, eoi_vector;
	bool has_deadline;	/* what vmm_lapic_ops.deadline() answers */
	u64 deadline;		/* and what it was told */
};

static struct vmm_apic_map map;
static struct cpu cpu[NR];
#define a0	(&cpu[0].apic)
#define a1	(&cpu[1].apic)

static struct cpu *of(struct vmm_lapic *l)
{
	return container_of(l, struct cpu, apic);
}

static void kick(struct vmm_lapic *l)
{
	of(l)->kicks++;
}

static void nmi(struct vmm_lapic *l)
{
	of(l)->nmis++;
}

static void init(struct vmm_lapic *l)
{
	of(l)->inits++;
}

static void sipi(struct vmm_lapic *l, u8 vector)
{
	of(l)->sipis++;
	of(l)->sipi_vector = vector;
}

static void eoi(struct vmm_lapic *l, u8 vector)
{
	of(l)->eois++;
	of(l)->eoi_vector = vector;
}

static u64 tsc(struct vmm_lapic *l)
{
	return kshim_now * TSC_PER_NS;
}

static u64 tsc_to_ns(struct vmm_lapic *l, u64 delta)
{
	return delta / TSC_PER_NS + delta % TSC_PER_NS;
}

static bool set_deadline(struct vmm_lapic *l, u64 when)
{
	of(l)->deadline = when;
	return of(l)->has_deadline;
}

static void mode(struct vmm_lapic *l)
{
	of(l)->modes++;
}

static const struct vmm_lapic_ops ops = {
	.kick = kick, .nmi = nmi, .init = init, .sipi = sipi, .eoi = eoi,
	.tsc = tsc, .tsc_to_ns = tsc_to_ns, .deadline = set_deadline,
	.mode = mode,
};

static __maybe_unused void forget(void)
{
	unsigned int i;

	for (i = 0; i < NR; i++) {
		struct cpu *c = &cpu[i];

		c->kicks = c->nmis = c->inits = c->sipis = c->eois = 0;
	}
}

static __maybe_unused void up(void)
{
	unsigned int i;

	memset(cpu, 0, sizeof(cpu));
	vmm_apic_map_init(&map, NR);
	for (i = 0; i < NR; i++) {
		struct vmm_lapic_config cfg = {
			.id = i, .bsp = i == 0, .features = VMM_LAPIC_F_ALL,
			.phys_bits = 40,
		};

		if (vmm_lapic_init(&cpu[i].apic, &map, &ops, &cfg))
			abort();
		vmm_lapic_firmware_state(&cpu[i].apic);
	}
	forget();
}

static __maybe_unused void down(void)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		vmm_lapic_unlink(&cpu[i].apic);
	synchronize_rcu();
	for (i = 0; i < NR; i++)
		vmm_lapic_release(&cpu[i].apic);
	vmm_apic_map_destroy(&map);
}

static __maybe_unused void w(struct vmm_lapic *l, u32 reg, u32 val)
{
	vmm_lapic_mmio_write(l, reg, 4, val);
}

static __maybe_unused u32 r(struct vmm_lapic *l, u32 reg)
{
	return vmm_lapic_mmio_read(l, reg, 4);
}

static __maybe_unused int wm(struct vmm_lapic *l, u32 reg, u64 val)
{
	return vmm_lapic_msr_write(l, 0x800 + (reg >> 4), val);
}

static __maybe_unused u64 rm(struct vmm_lapic *l, u32 reg)
{
	u64 val;

	return vmm_lapic_msr_read(l, 0x800 + (reg >> 4), &val) ? ~0ULL : val;
}

static __maybe_unused int base(struct vmm_lapic *l, u64 mode)
{
	return vmm_lapic_msr_write(l, MSR_IA32_APICBASE,
				   (l->base & ~0xc00ULL) | mode);
}

static __maybe_unused u32 esr(struct vmm_lapic *l)
{
	w(l, APIC_ESR, 0);
	return r(l, APIC_ESR);
}

static __maybe_unused int send(struct vmm_lapic *to, u8 vector, bool level)
{
	struct vmm_apic_msg msg = {
		.dest = to->initial_id, .vector = vector, .level = level,
		.assert = true,
	};

	return vmm_lapic_deliver(&map, &msg);
}

/* Who has @vector requested, as a mask. */
static __maybe_unused unsigned int who(u8 vector)
{
	unsigned int i, mask = 0;

	for (i = 0; i < NR; i++) {
		if (cpu[i].apic.base & VMM_LAPIC_BASE_ENABLE &&
		    vmm_lapic_highest_irr(&cpu[i].apic) == vector) {
			mask |= 1U << i;
			vmm_lapic_ack(&cpu[i].apic);
			vmm_lapic_eoi(&cpu[i].apic);
		}
	}
	return mask;
}

static __maybe_unused void icr(struct vmm_lapic *l, u32 dest, u32 low)
{
	w(l, APIC_ICR2, dest << 24);
	w(l, APIC_ICR, low);
}

#endif
