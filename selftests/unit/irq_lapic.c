// SPDX-License-Identifier: GPL-2.0
/*
 * Local APICs: registers by both doors, priorities, messages between APICs,
 * errors, every mode of the timer, save and restore.
 */
#include "kshim.h"
#include "irq/lapic.h"
#include "tap.h"

#define NR	4
#define TSC_PER_NS	2	/* of the guest's counter */

struct cpu {
	struct vmm_lapic apic;
	int kicks, nmis, inits, sipis, eois, modes;
	u8 sipi_vector, eoi_vector;
};

static struct vmm_apic_map map;
static struct cpu cpu[NR];
static struct vmm_lapic *a0 = &cpu[0].apic, *a1 = &cpu[1].apic;

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

static void mode(struct vmm_lapic *l)
{
	of(l)->modes++;
}

static const struct vmm_lapic_ops ops = {
	.kick = kick, .nmi = nmi, .init = init, .sipi = sipi, .eoi = eoi,
	.tsc = tsc, .tsc_to_ns = tsc_to_ns, .mode = mode,
};

static void forget(void)
{
	unsigned int i;

	for (i = 0; i < NR; i++) {
		struct cpu *c = &cpu[i];

		c->kicks = c->nmis = c->inits = c->sipis = c->eois = 0;
	}
}

static void up(void)
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

static void down(void)
{
	unsigned int i;

	for (i = 0; i < NR; i++)
		vmm_lapic_unlink(&cpu[i].apic);
	synchronize_rcu();
	for (i = 0; i < NR; i++)
		vmm_lapic_release(&cpu[i].apic);
	vmm_apic_map_destroy(&map);
}

static void w(struct vmm_lapic *l, u32 reg, u32 val)
{
	vmm_lapic_mmio_write(l, reg, 4, val);
}

static u32 r(struct vmm_lapic *l, u32 reg)
{
	return vmm_lapic_mmio_read(l, reg, 4);
}

static int wm(struct vmm_lapic *l, u32 reg, u64 val)
{
	return vmm_lapic_msr_write(l, 0x800 + (reg >> 4), val);
}

static u64 rm(struct vmm_lapic *l, u32 reg)
{
	u64 val;

	return vmm_lapic_msr_read(l, 0x800 + (reg >> 4), &val) ? ~0ULL : val;
}

static int base(struct vmm_lapic *l, u64 mode)
{
	return vmm_lapic_msr_write(l, MSR_IA32_APICBASE,
				   (l->base & ~0xc00ULL) | mode);
}

static u32 esr(struct vmm_lapic *l)
{
	w(l, APIC_ESR, 0);
	return r(l, APIC_ESR);
}

static int send(struct vmm_lapic *to, u8 vector, bool level)
{
	struct vmm_apic_msg msg = {
		.dest = to->initial_id, .vector = vector, .level = level,
		.assert = true,
	};

	return vmm_lapic_deliver(&map, &msg);
}

static void test_reset(void)
{
	struct vmm_lapic_config cfg = { .id = 1, .phys_bits = 40 };
	struct vmm_lapic extra = { };

	up();
	vmm_lapic_reset(a1, false);
	tap_ok(r(a1, APIC_ID) == 1U << 24 && r(a1, APIC_SPIV) == 0xff &&
	       r(a1, APIC_DFR) == ~0U && r(a1, APIC_LDR) == 0 &&
	       r(a1, APIC_LVTT) == 0x10000 && r(a1, APIC_LVT0) == 0x10000 &&
	       r(a1, APIC_LVTERR) == 0x10000 && r(a1, APIC_TASKPRI) == 0,
	       "power-up values");
	tap_ok(r(a1, APIC_LVR) == (0x14 | 5 << 16 | 1 << 24), "version");
	tap_ok(a0->base == 0xfee00900 && a1->base == 0xfee00800, "base");
	tap_ok(r(a0, APIC_LVT0) == 0x700 && r(a0, APIC_LVT1) == 0x400 &&
	       r(a0, APIC_SPIV) == 0x1ff, "what firmware leaves");
	tap_ok(vmm_lapic_init(&extra, &map, &ops, &cfg) == -EEXIST, "id in use");
	cfg.id = 256;
	tap_ok(vmm_lapic_init(&extra, &map, &ops, &cfg) == -EINVAL, "id too large");
	cfg.id = 9;
	cfg.phys_bits = 60;
	tap_ok(vmm_lapic_init(&extra, &map, &ops, &cfg) == -EINVAL, "address width");
	w(a1, APIC_ID, 7U << 24);
	w(a1, APIC_TASKPRI, 0x40);
	vmm_lapic_reset(a1, true);
	tap_ok(r(a1, APIC_ID) == 7U << 24 && r(a1, APIC_TASKPRI) == 0,
	       "INIT keeps the id alone");
	vmm_lapic_reset(a1, false);
	tap_ok(r(a1, APIC_ID) == 1U << 24, "power-up doesn't");
	down();
}

static void test_priorities(void)
{
	up();
	tap_ok(vmm_lapic_pending(a0) == -1 && vmm_lapic_ack(a0) == -1, "nothing");
	tap_ok(send(a0, 0x41, false) == 1 && cpu[0].kicks == 1, "a request kicks");
	tap_ok(send(a0, 0x41, false) == 0, "the same one merges");
	send(a0, 0x52, false);
	send(a0, 0x43, false);
	tap_ok(vmm_lapic_pending(a0) == 0x52 && vmm_lapic_highest_irr(a0) == 0x52,
	       "the highest of three");
	tap_ok(r(a0, APIC_IRR + 0x20) == ((1U << 1) | (1U << 3) | (1U << 18)), "IRR");
	tap_ok(vmm_lapic_ack(a0) == 0x52, "into service");
	tap_ok(r(a0, APIC_ISR + 0x20) == 1U << 18 && r(a0, APIC_PROCPRI) == 0x50,
	       "ISR and PPR");
	tap_ok(vmm_lapic_pending(a0) == -1 && vmm_lapic_highest_irr(a0) == 0x43,
	       "lower ones wait");
	send(a0, 0x5f, false);
	tap_ok(vmm_lapic_pending(a0) == -1, "the same class doesn't nest");
	send(a0, 0x60, false);
	tap_ok(vmm_lapic_ack(a0) == 0x60, "a higher class does");
	w(a0, APIC_EOI, 0);
	tap_ok(r(a0, APIC_PROCPRI) == 0x50, "EOI ends the highest");
	w(a0, APIC_EOI, 0);
	tap_ok(vmm_lapic_ack(a0) == 0x5f, "next");
	w(a0, APIC_EOI, 0);
	w(a0, APIC_TASKPRI, 0x45);
	tap_ok(vmm_lapic_pending(a0) == -1 && r(a0, APIC_PROCPRI) == 0x45 &&
	       vmm_lapic_get_tpr(a0) == 4, "TPR holds its class");
	vmm_lapic_set_tpr(a0, 4);
	tap_ok(r(a0, APIC_TASKPRI) == 0x45, "the same class keeps TPR's low bits");
	forget();
	vmm_lapic_set_tpr(a0, 3);
	tap_ok(vmm_lapic_pending(a0) == 0x43 && cpu[0].kicks, "lowered by CR8");
	vmm_lapic_ack(a0);
	tap_ok(vmm_lapic_pending(a0) == -1, "0x41 behind 0x43");
	vmm_lapic_eoi(a0);
	tap_ok(vmm_lapic_ack(a0) == 0x41, "last");
	vmm_lapic_eoi(a0);
	vmm_lapic_eoi(a0);
	tap_ok(vmm_lapic_pending(a0) == -1 && !a0->irr_pending, "empty again");
	down();
}

static void test_every_vector(void)
{
	unsigned int v;
	bool good = true;

	up();
	for (v = 16; v < 256; v++)
		good = good && send(a0, v, v & 1) == 1;
	for (v = 255; good && v >= 16; v--) {
		good = vmm_lapic_ack(a0) == (int)v;
		forget();
		vmm_lapic_eoi(a0);
		good = good && cpu[0].eois == (int)(v & 1) &&
			(!(v & 1) || cpu[0].eoi_vector == v);
	}
	tap_ok(good, "240 vectors, edge and level, come out in order");
	tap_ok(esr(a0) == 0, "no error");
	tap_ok(send(a0, 15, false) == -ENOENT && esr(a0) == 0x40, "vector 15 is an error");
	tap_ok(esr(a0) == 0, "reported once");
	w(a0, APIC_SPIV, 0x1ff | 1 << 12);
	send(a0, 0x50, true);
	vmm_lapic_ack(a0);
	forget();
	vmm_lapic_eoi(a0);
	tap_ok(cpu[0].eois == 0, "EOI broadcast suppressed");
	down();
}

/* Who has @vector requested, as a mask. */
static unsigned int who(u8 vector)
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

static void icr(struct vmm_lapic *l, u32 dest, u32 low)
{
	w(l, APIC_ICR2, dest << 24);
	w(l, APIC_ICR, low);
}

static void test_xapic_ipi(void)
{
	unsigned int i, hits = 0;

	up();
	icr(a0, 2, 0x4040);
	tap_ok(who(0x40) == 4, "physical");
	icr(a0, 0xff, 0x4040);
	tap_ok(who(0x40) == 0xf, "physical broadcast");
	icr(a0, 9, 0x4040);
	tap_ok(who(0x40) == 0, "nobody there");
	icr(a1, 0, 0x44040);
	tap_ok(who(0x40) == 2, "self");
	icr(a1, 0, 0x84040);
	tap_ok(who(0x40) == 0xf, "all");
	icr(a1, 0, 0xc4040);
	tap_ok(who(0x40) == 0xd, "others");
	for (i = 0; i < NR; i++)
		w(&cpu[i].apic, APIC_LDR, 1U << (24 + i));
	icr(a0, 0x6, 0x4840);
	tap_ok(who(0x40) == 6, "logical, flat");
	icr(a0, 0xff, 0x4840);
	tap_ok(who(0x40) == 0xf, "logical, flat, all");
	for (i = 0; i < NR; i++) {
		w(&cpu[i].apic, APIC_DFR, 0x0fffffff);
		w(&cpu[i].apic, APIC_LDR, (i / 2) << 28 | 1U << (24 + i % 2));
	}
	icr(a0, 0x13, 0x4840);
	tap_ok(who(0x40) == 0xc, "logical, cluster 1");
	icr(a0, 0x01, 0x4840);
	tap_ok(who(0x40) == 0x1, "logical, one of cluster 0");
	icr(a0, 0xff, 0x4840);
	tap_ok(who(0x40) == 0xf, "logical, clusters, all");

	w(a0, APIC_TASKPRI, 0x10);
	w(&cpu[2].apic, APIC_TASKPRI, 0x20);
	w(&cpu[3].apic, APIC_TASKPRI, 0x20);
	icr(a0, 0xff, 0x4140);
	tap_ok(who(0x40) == 2, "lowest priority");
	w(a0, APIC_TASKPRI, 0);
	for (i = 0x40; i < 0x60; i++) {
		icr(a0, 0xff, 0x4100 | i);
		hits |= who(i);
		icr(a0, 0xff, 0x4100 | i);
		hits |= who(i) << 4;
	}
	tap_ok(hits == 0x33, "ties spread over vectors: %#x", hits);

	forget();
	icr(a0, 1, 0x4400);
	tap_ok(cpu[1].nmis == 1, "NMI");
	icr(a0, 1, 0xc500);
	icr(a0, 1, 0x8500);
	tap_ok(cpu[1].inits == 1, "INIT; its de-assertion is nothing");
	icr(a0, 1, 0x4500);
	tap_ok(cpu[1].inits == 2, "INIT as an edge");
	icr(a0, 1, 0x4609);
	tap_ok(cpu[1].sipis == 1 && cpu[1].sipi_vector == 9, "start-up");
	forget();
	icr(a0, 1, 0x4200);
	icr(a0, 1, 0x4300);
	icr(a0, 1, 0x4700);
	tap_ok(!cpu[1].kicks && !cpu[1].nmis && !vmm_lapic_accepts_extint(a1),
	       "SMI, remote read and ExtINT do nothing");
	icr(a0, 1, 0x400f);
	tap_ok(esr(a0) == 0x20 && esr(a1) == 0, "illegal vector: not sent");
	w(a1, APIC_SPIV, 0xff);
	icr(a0, 1, 0x4040);
	tap_ok(who(0x40) == 0, "software disabled: refused");
	icr(a0, 1, 0x4400);
	tap_ok(cpu[1].nmis == 1, "but an NMI isn't");
	icr(a0, 0xff, 0x4140);
	tap_ok(who(0x40) == 1, "nor does it take part in arbitration");
	w(a0, APIC_ICR, 0xffffffff);
	tap_ok(r(a0, APIC_ICR) == 0x000ccfff, "command keeps its bits: %#x",
	       r(a0, APIC_ICR));
	down();
}

static void test_ids(void)
{
	up();
	w(a1, APIC_ID, 0x55000000);
	icr(a0, 1, 0x4040);
	tap_ok(who(0x40) == 0, "the old id is free");
	icr(a0, 0x55, 0x4040);
	tap_ok(who(0x40) == 2, "the new one leads here");
	w(a1, APIC_ID, 2U << 24);
	icr(a0, 2, 0x4040);
	tap_ok(who(0x40) == 2, "a double id reaches one of them");
	w(a1, APIC_ID, 1U << 24);
	icr(a0, 2, 0x4040);
	tap_ok(who(0x40) == 4, "and the other when it is free");
	tap_ok(base(a1, 0) == 0, "disable");
	icr(a0, 1, 0x4440);
	tap_ok(cpu[1].nmis == 0, "a disabled APIC hears nothing");
	tap_ok(!vmm_lapic_covers(a1, 0xfee00020), "nor has it registers");
	down();
}

static void test_modes(void)
{
	u64 val;

	up();
	tap_ok(base(a0, 0x400) == -EINVAL, "x2APIC without enable");
	tap_ok(vmm_lapic_msr_read(a0, 0x802, &val) == -EINVAL, "no MSRs in xAPIC mode");
	w(a0, APIC_TASKPRI, 0x30);
	w(a0, APIC_ID, 0x77000000);
	tap_ok(base(a0, 0xc00) == 0 && vmm_lapic_x2apic(a0), "xAPIC to x2APIC");
	tap_ok(!vmm_lapic_covers(a0, 0xfee00020), "no page in x2APIC mode");
	tap_ok(rm(a0, APIC_ID) == 0 && rm(a0, APIC_LDR) == 1 &&
	       rm(a0, APIC_TASKPRI) == 0x30, "id is the initial one; TPR stays");
	tap_ok(base(a0, 0x800) == -EINVAL, "x2APIC to xAPIC");
	tap_ok(base(a0, 0) == 0 && !vmm_lapic_enabled(a0), "x2APIC to disabled");
	tap_ok(base(a0, 0xc00) == -EINVAL, "disabled to x2APIC");
	tap_ok(base(a0, 0x800) == 0 && r(a0, APIC_TASKPRI) == 0 &&
	       r(a0, APIC_SPIV) == 0xff, "enabled: reset");
	tap_ok(base(a0, 0x800 | 1) == -EINVAL &&
	       base(a0, 0x800 | 1ULL << 40) == -EINVAL &&
	       base(a0, 0x800 | 1 << 9) == -EINVAL, "reserved bits");
	tap_ok(vmm_lapic_msr_write(a0, MSR_IA32_APICBASE, 0x12345900) == 0 &&
	       vmm_lapic_covers(a0, 0x123450f0) &&
	       !vmm_lapic_covers(a0, 0xfee000f0), "moved");
	tap_ok(vmm_lapic_set_features(a0, 0, 40) == 0 && base(a0, 0xc00) == -EINVAL,
	       "x2APIC not in CPUID");
	tap_ok(base(a1, 0xc00) == 0 && vmm_lapic_set_features(a1, 0, 40) == -EBUSY,
	       "nor can it go while in use");
	tap_ok(vmm_lapic_set_features(a1, 8, 40) == -EINVAL, "unknown feature");
	tap_ok(vmm_lapic_msr_read(a0, 0x10, &val) == -ENOENT &&
	       vmm_lapic_msr_write(a0, 0x900, 0) == -ENOENT, "not its MSRs");
	tap_ok(cpu[0].modes > 3, "the vCPU is told");
	vmm_lapic_set_base(a0, 0xfee00000 | 0xc00);
	tap_ok(!vmm_lapic_x2apic(a0), "set_base: features count");
	vmm_lapic_set_features(a0, VMM_LAPIC_F_ALL, 40);
	base(a0, 0);
	tap_ok(vmm_lapic_set_base(a0, 0xfee00000 | 0xc00) == 0 &&
	       rm(a0, APIC_LDR) == 1, "set_base: any transition");
	down();
}

static void test_x2apic(void)
{
	static const struct { u32 reg; u64 bad; } reserved[] = {
		{ APIC_TASKPRI, 0x100 }, { APIC_EOI, 1 }, { APIC_ESR, 1 },
		{ APIC_SPIV, 0x400 }, { APIC_LVTT, 0x100 },
		{ APIC_LVTT, 0x4000 }, { APIC_LVT0, 0x800 },
		{ APIC_LVTERR, 0x100 }, { APIC_LVTPC, 1ULL << 32 },
		{ APIC_TDCR, 4 }, { APIC_TMICT, 1ULL << 32 },
		{ APIC_ICR, 1 << 13 }, { APIC_ICR, 1 << 16 },
		{ APIC_ICR, 1U << 31 }, { APIC_SELF_IPI, 0x100 },
		{ APIC_ID, 0 }, { APIC_LVR, 0 }, { APIC_LDR, 0 },
		{ APIC_PROCPRI, 0 }, { APIC_IRR, 0 }, { APIC_TMCCT, 0 },
		{ APIC_ICR2, 0 }, { APIC_DFR, 0 }, { APIC_ARBPRI, 0 },
		{ 0x2f0, 0 }, { 0x000, 0 }, { 0xff0, 0 },
	};
	static const u32 unreadable[] = {
		0, 0x10, 0x40, APIC_ARBPRI, APIC_EOI, APIC_RRR, APIC_DFR,
		0x290, 0x2f0, APIC_ICR2, 0x3a0, APIC_SELF_IPI, 0x400, 0xff0,
	};
	unsigned int i;

	up();
	for (i = 0; i < NR; i++)
		base(&cpu[i].apic, 0xc00);
	for (i = 0; i < ARRAY_SIZE(reserved); i++)
		tap_ok(wm(a0, reserved[i].reg, reserved[i].bad) == -EINVAL,
		       "MSR of %#x: %#llx refused", reserved[i].reg,
		       (unsigned long long)reserved[i].bad);
	for (i = 0; i < ARRAY_SIZE(unreadable); i++)
		tap_ok(rm(a0, unreadable[i]) == ~0ULL, "MSR of %#x can't be read",
		       unreadable[i]);
	tap_ok(wm(a0, APIC_LVT0, 0x15700) == 0 && rm(a0, APIC_LVT0) == 0x10700,
	       "read-only bits are ignored");
	tap_ok(wm(a0, APIC_ICR, 3ULL << 32 | 0x5040) == 0 && who(0x40) == 8,
	       "physical; the status bit is ignored");
	tap_ok(rm(a0, APIC_ICR) == (3ULL << 32 | 0x4040), "the command reads back");
	wm(a0, APIC_ICR, 0xffULL << 32 | 0x4040);
	tap_ok(who(0x40) == 0, "0xff is an id, not a broadcast");
	wm(a0, APIC_ICR, 0xffffffffULL << 32 | 0x4040);
	tap_ok(who(0x40) == 0xf, "32 ones are");
	wm(a0, APIC_ICR, 5ULL << 32 | 0x4840);
	tap_ok(who(0x40) == 5, "logical: members of cluster 0");
	wm(a0, APIC_ICR, 0x10005ULL << 32 | 0x4840);
	tap_ok(who(0x40) == 0, "logical: cluster 1 is empty");
	wm(a1, APIC_SELF_IPI, 0x66);
	tap_ok(who(0x66) == 2, "self-IPI register");
	wm(a1, APIC_SELF_IPI, 3);
	wm(a1, APIC_ESR, 0);
	tap_ok(rm(a1, APIC_ESR) == 0x20, "self-IPI with an illegal vector");
	vmm_lapic_set_base(a1, 0xfee00800);
	forget();
	wm(a0, APIC_ICR, 1ULL << 32 | 0x4500);
	tap_ok(cpu[1].inits == 1, "INIT from x2APIC to xAPIC mode");
	down();
}

static void test_page(void)
{
	unsigned int offset, bad = 0;

	up();
	esr(a0);
	for (offset = 0; offset < 0x1000; offset += 0x10) {
		r(a0, offset);
		if (esr(a0))
			bad++;
	}
	tap_ok(bad == 256 - 46, "reserved registers are errors: %u", bad);
	w(a0, 0x40, 1);
	tap_ok(esr(a0) == 0x80, "so are writes to them");
	tap_ok(vmm_lapic_mmio_read(a0, APIC_LVR, 1) == 0x14 &&
	       vmm_lapic_mmio_read(a0, APIC_LVR + 2, 1) == 5 &&
	       vmm_lapic_mmio_read(a0, APIC_LVR, 8) == 0x01050014 &&
	       vmm_lapic_mmio_read(a0, APIC_LVR + 4, 4) == 0, "odd reads");
	w(a0, APIC_TASKPRI, 0x20);
	vmm_lapic_mmio_write(a0, APIC_TASKPRI, 1, 0x30);
	vmm_lapic_mmio_write(a0, APIC_TASKPRI + 4, 4, 0x30);
	vmm_lapic_mmio_write(a0, APIC_TASKPRI, 8, 0x30);
	tap_ok(r(a0, APIC_TASKPRI) == 0x20, "odd writes are ignored");
	w(a0, APIC_LVR, 0);
	w(a0, APIC_IRR, ~0U);
	w(a0, APIC_PROCPRI, 0xff);
	tap_ok(r(a0, APIC_LVR) && !r(a0, APIC_IRR) && r(a0, APIC_PROCPRI) == 0x20 &&
	       esr(a0) == 0, "read-only registers");
	w(a0, APIC_LVT0, ~0U);
	w(a0, APIC_LVTT, ~0U);
	w(a0, APIC_LVTERR, ~0U);
	w(a0, APIC_LVTPC, ~0U);
	tap_ok(r(a0, APIC_LVT0) == 0x1a7ff && r(a0, APIC_LVTT) == 0x700ff &&
	       r(a0, APIC_LVTERR) == 0x100ff && r(a0, APIC_LVTPC) == 0x107ff,
	       "LVT entries keep what exists");
	w(a0, APIC_LVTPC, 0x400);
	w(a0, APIC_SPIV, 0xff);
	tap_ok(r(a0, APIC_LVTPC) == 0x10400, "software disable masks");
	w(a0, APIC_LVTPC, 0x400);
	tap_ok(r(a0, APIC_LVTPC) == 0x10400, "and keeps masked");
	w(a0, APIC_DFR, 0);
	w(a0, APIC_LDR, ~0U);
	w(a0, APIC_TDCR, ~0U);
	tap_ok(r(a0, APIC_DFR) == 0x0fffffff && r(a0, APIC_LDR) == 0xff000000 &&
	       r(a0, APIC_TDCR) == 0xb, "other bits");
	down();
}

static void test_errors(void)
{
	up();
	w(a0, APIC_LVTERR, 0xe0);
	w(a0, 0x40, 0);
	tap_ok(vmm_lapic_ack(a0) == 0xe0, "an error interrupts");
	vmm_lapic_eoi(a0);
	icr(a0, 1, 0x4001);
	tap_ok(vmm_lapic_pending(a0) == -1, "once until ESR is written");
	tap_ok(r(a0, APIC_ESR) == 0, "ESR shows what was there at its write");
	tap_ok(esr(a0) == 0xa0, "both");
	w(a0, APIC_LVTERR, 0x05);
	w(a0, 0x40, 0);
	tap_ok(vmm_lapic_pending(a0) == -1 && esr(a0) == 0xc0,
	       "an illegal vector in the error entry");
	down();
}

static void test_lint(void)
{
	up();
	vmm_apic_map_set_lint0(&map, true);
	tap_ok(vmm_lapic_accepts_extint(a0) && !vmm_lapic_accepts_extint(a1),
	       "LINT0 passes the PIC on at the boot processor");
	tap_ok(cpu[0].kicks == 1 && cpu[1].kicks == 0, "and kicks it alone");
	w(a0, APIC_LVT0, 0x10700);
	tap_ok(!vmm_lapic_accepts_extint(a0), "unless masked");
	forget();
	w(a0, APIC_LVT0, 0x00700);
	tap_ok(vmm_lapic_accepts_extint(a0) && cpu[0].kicks, "unmasking kicks");
	vmm_apic_map_set_lint0(&map, false);
	tap_ok(!vmm_lapic_accepts_extint(a0), "low");
	w(a0, APIC_LVT0, 0x31);
	vmm_lapic_set_lint(a0, 0, true);
	vmm_lapic_set_lint(a0, 0, true);
	tap_ok(vmm_lapic_ack(a0) == 0x31, "fixed");
	vmm_lapic_eoi(a0);
	tap_ok(vmm_lapic_pending(a0) == -1, "an edge is one");
	vmm_lapic_set_lint(a0, 0, false);
	w(a0, APIC_LVT0, 0x8031);
	vmm_lapic_set_lint(a0, 0, true);
	vmm_lapic_ack(a0);
	vmm_lapic_eoi(a0);
	tap_ok(vmm_lapic_ack(a0) == 0x31, "a level comes again");
	vmm_lapic_set_lint(a0, 0, false);
	vmm_lapic_eoi(a0);
	tap_ok(vmm_lapic_pending(a0) == -1, "until it goes");
	w(a0, APIC_LVT0, 0x400);
	vmm_lapic_set_lint(a0, 0, true);
	tap_ok(cpu[0].nmis == 1, "NMI by LINT0");
	vmm_lapic_set_lint(a0, 1, true);
	tap_ok(cpu[0].nmis == 2, "NMI by LINT1");
	w(a0, APIC_LVTPC, 0x77);
	vmm_lapic_raise_lvt(a0, APIC_LVTPC);
	tap_ok(vmm_lapic_ack(a0) == 0x77, "a counter's interrupt");
	base(a0, 0);
	tap_ok(vmm_lapic_accepts_extint(a0), "disabled: LINT0 is INTR");
	vmm_lapic_set_lint(a0, 1, true);
	tap_ok(cpu[0].nmis == 3, "disabled: LINT1 is NMI");
	down();

	up();
	vmm_lapic_deliver(&map, &(struct vmm_apic_msg){
		.dest = 1, .mode = APIC_DM_EXTINT, .assert = true });
	tap_ok(vmm_lapic_accepts_extint(a1), "ExtINT message");
	vmm_lapic_extint_taken(a1);
	tap_ok(!vmm_lapic_accepts_extint(a1), "taken");
	down();
}

/* Timer interrupts that arrive within @ns, each taken as it comes. */
static unsigned int ticks_in(struct vmm_lapic *l, u64 ns, u64 step)
{
	unsigned int n = 0;
	u64 gone;

	for (gone = 0; gone < ns; gone += step) {
		kshim_advance(step);
		if (vmm_lapic_ack(l) >= 0) {
			vmm_lapic_eoi(l);
			n++;
		}
	}
	return n;
}

static void test_timer(void)
{
	static const u8 tdcr[] = { 0xb, 0x0, 0x1, 0x2, 0x3, 0x8, 0x9, 0xa };
	unsigned int i, n;
	u64 fired;

	up();
	for (i = 0; i < 8; i++) {
		w(a0, APIC_LVTT, 0x30);
		w(a0, APIC_TDCR, tdcr[i]);
		w(a0, APIC_TMICT, 1000000);
		kshim_advance((1000ULL << i) - 1);
		tap_ok(r(a0, APIC_TMCCT) == 999001, "divide by %u: a tick early", 1U << i);
		kshim_advance(1);
		tap_ok(r(a0, APIC_TMCCT) == 999000, "divide by %u: on the tick", 1U << i);
		kshim_advance((999000ULL << i) - 1);
		tap_ok(vmm_lapic_pending(a0) == -1 && r(a0, APIC_TMCCT) == 1, "not yet");
		kshim_advance(1);
		tap_ok(vmm_lapic_ack(a0) == 0x30 && r(a0, APIC_TMCCT) == 0, "one-shot");
		vmm_lapic_eoi(a0);
		tap_ok(ticks_in(a0, 10000000, 1000000) == 0, "once");
	}
	w(a0, APIC_TDCR, 0xb);
	w(a0, APIC_LVTT, 0x20030);
	w(a0, APIC_TMICT, 1000000);
	tap_ok(ticks_in(a0, 50000000, 100000) == 50, "periodic");
	kshim_advance(300000);
	tap_ok(r(a0, APIC_TMCCT) == 700000, "current count");
	w(a0, APIC_TDCR, 0x0);
	tap_ok(r(a0, APIC_TMCCT) == 700000, "a new divider keeps it");
	kshim_advance(1400000);
	tap_ok(vmm_lapic_ack(a0) == 0x30 && r(a0, APIC_TMCCT) == 1000000,
	       "and counts on with it");
	vmm_lapic_eoi(a0);
	kshim_advance(500000);
	w(a0, APIC_LVTT, 0x30);
	tap_ok(r(a0, APIC_TMCCT) == 750000, "to one-shot: counts on");
	tap_ok(ticks_in(a0, 10000000, 100000) == 1 && r(a0, APIC_TMCCT) == 0,
	       "and expires once");
	w(a0, APIC_LVTT, 0x20030);
	tap_ok(ticks_in(a0, 10000000, 100000) == 0 && r(a0, APIC_TMCCT) == 0,
	       "to periodic when expired: stays stopped");
	w(a0, APIC_TMICT, 500000);
	w(a0, APIC_LVTT, 0x30030);
	tap_ok(ticks_in(a0, 10500000, 100000) == 0 && r(a0, APIC_TMCCT) == 250000,
	       "masked: counts and keeps quiet");
	w(a0, APIC_LVTT, 0x20030);
	kshim_advance(499999);
	tap_ok(vmm_lapic_pending(a0) == -1, "unmasked: its phase");
	kshim_advance(1);
	tap_ok(vmm_lapic_ack(a0) == 0x30, "is kept");
	vmm_lapic_eoi(a0);
	w(a0, APIC_TMICT, 0);
	tap_ok(ticks_in(a0, 10000000, 100000) == 0, "a count of 0 stops it");

	w(a0, APIC_TDCR, 0xb);
	fired = kshim_fired;
	w(a0, APIC_TMICT, 1);
	n = ticks_in(a0, 10000000, 1000);
	fired = kshim_fired - fired;
	tap_ok(fired <= 10000000 / VMM_LAPIC_TIMER_MIN_NS + 2 && n >= 90,
	       "period of 1 ns: the host takes %llu interrupts in 10 ms",
	       (unsigned long long)fired);
	w(a0, APIC_TMICT, 30000);
	n = ticks_in(a0, 12000000, 1000);
	tap_ok(n == 100, "period of 30 us: every 4th of 400, in phase: %u", n);
	w(a0, APIC_LVTT, 0x20005);
	w(a0, APIC_TMICT, 1000000);
	kshim_advance(1000000);
	tap_ok(esr(a0) == 0x40, "an illegal vector is an error");
	vmm_lapic_timer_migrate(a0);
	w(a0, APIC_LVTT, 0x20030);
	tap_ok(ticks_in(a0, 5000000, 100000) == 5, "moved to another CPU");
	w(a0, APIC_SPIV, 0xff);
	tap_ok(ticks_in(a0, 5000000, 100000) == 0, "software disable silences it");
	down();
	fired = kshim_fired;
	kshim_advance(10000000);
	tap_ok(kshim_fired == fired, "dead");
}

static u64 deadline(struct vmm_lapic *l)
{
	u64 val;

	return vmm_lapic_msr_read(l, MSR_IA32_TSC_DEADLINE, &val) ? ~0ULL : val;
}

static int arm(struct vmm_lapic *l, u64 at)
{
	return vmm_lapic_msr_write(l, MSR_IA32_TSC_DEADLINE, at);
}

static void test_deadline(void)
{
	u64 at;

	up();
	arm(a0, tsc(a0) + 1000);
	tap_ok(deadline(a0) == 0, "not in that mode: ignored");
	w(a0, APIC_LVTT, 0x40031);
	at = tsc(a0) + 20001;
	tap_ok(arm(a0, at) == 0 && deadline(a0) == at, "armed");
	w(a0, APIC_TMICT, 1000);
	tap_ok(r(a0, APIC_TMICT) == 0 && r(a0, APIC_TMCCT) == 0, "no count here");
	kshim_advance(10000);
	tap_ok(vmm_lapic_pending(a0) == -1 && deadline(a0) == at, "a tick early");
	kshim_advance(2000);
	tap_ok(vmm_lapic_ack(a0) == 0x31 && deadline(a0) == 0, "reached");
	vmm_lapic_eoi(a0);
	arm(a0, 1);
	tap_ok(vmm_lapic_ack(a0) == 0x31 && deadline(a0) == 0, "in the past: at once");
	vmm_lapic_eoi(a0);
	arm(a0, tsc(a0) + 1000);
	arm(a0, 0);
	tap_ok(ticks_in(a0, 100000, 1000) == 0, "0 disarms");
	at = ~0ULL;
	arm(a0, at);
	tap_ok(ticks_in(a0, 1ULL << 44, 1ULL << 40) == 0 && deadline(a0) == at,
	       "the end of time");
	w(a0, APIC_LVTT, 0x31);
	tap_ok(deadline(a0) == 0, "leaving the mode disarms");
	w(a0, APIC_LVTT, 0x50031);
	arm(a0, tsc(a0) + 1000);
	kshim_advance(5000);
	w(a0, APIC_LVTT, 0x40031);
	tap_ok(vmm_lapic_pending(a0) == -1 && deadline(a0) == 0,
	       "passed while masked: lost");
	w(a0, APIC_LVTT, 0x60031);
	arm(a0, tsc(a0) + 100);
	w(a0, APIC_TMICT, 100);
	tap_ok(ticks_in(a0, 100000, 1000) == 0, "the reserved mode does nothing");
	vmm_lapic_set_features(a1, VMM_LAPIC_F_X2APIC, 40);
	tap_ok(deadline(a1) == ~0ULL && arm(a1, 5) == -EINVAL, "not in CPUID: #GP");
	w(a1, APIC_LVTT, 0x40031);
	tap_ok(r(a1, APIC_LVTT) == 0x31, "nor a mode");
	down();
}

static void test_state(void)
{
	struct vmm_lapic_hidden h;
	u8 page[VMM_LAPIC_REGS_SIZE], bad[VMM_LAPIC_REGS_SIZE];
	static const struct { u32 reg, val; } wrong[] = {
		{ APIC_TASKPRI, 0x100 }, { APIC_SPIV, 0x400 },
		{ APIC_LVTT, 0x100 }, { APIC_LVTERR, 0x200 },
		{ APIC_IRR, 1 << 15 }, { APIC_ISR, 1 }, { APIC_TMR, 1 << 3 },
		{ APIC_DFR, 0 }, { APIC_LDR, 1 }, { APIC_TMCCT, ~0U },
		{ APIC_TDCR, 4 }, { APIC_ICR, 1 << 20 }, { APIC_ESR, 0x100 },
	};
	unsigned int i;

	up();
	send(a0, 0x45, true);
	send(a0, 0x56, true);
	vmm_lapic_ack(a0);
	w(a0, APIC_LVTT, 0x20033);
	w(a0, APIC_TDCR, 0xb);
	w(a0, APIC_TMICT, 1000000);
	kshim_advance(400000);
	w(a0, 0x40, 0);
	vmm_lapic_get_regs(a0, page);
	vmm_lapic_get_hidden(a0, &h);
	tap_ok(h.esr_latch == 0x80 && !h.extint, "hidden state");
	vmm_lapic_reset(a0, false);
	kshim_advance(123456789);
	tap_ok(vmm_lapic_set_regs(a0, page) == 0 && vmm_lapic_set_hidden(a0, &h) == 0,
	       "restored");
	tap_ok(r(a0, APIC_PROCPRI) == 0x50 && vmm_lapic_highest_irr(a0) == 0x45 &&
	       r(a0, APIC_TMCCT) == 600000, "service, requests, timer");
	vmm_lapic_eoi(a0);
	tap_ok(cpu[0].eoi_vector == 0x56 && vmm_lapic_ack(a0) == 0x45, "goes on");
	vmm_lapic_eoi(a0);
	kshim_advance(599999);
	tap_ok(vmm_lapic_pending(a0) == -1, "timer: not yet");
	kshim_advance(1);
	tap_ok(vmm_lapic_ack(a0) == 0x33, "timer: on time");
	tap_ok(esr(a0) == 0x80, "latched error");
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		memcpy(bad, page, sizeof(bad));
		memcpy(bad + wrong[i].reg, &wrong[i].val, 4);
		tap_ok(vmm_lapic_set_regs(a0, bad) == -EINVAL, "refused: %#x = %#x",
		       wrong[i].reg, wrong[i].val);
	}
	h.version = 2;
	tap_ok(vmm_lapic_set_hidden(a0, &h) == -EINVAL, "refused: version");
	h.version = 1;
	h.esr_latch = 0x100;
	tap_ok(vmm_lapic_set_hidden(a0, &h) == -EINVAL, "refused: latch");
	base(a1, 0xc00);
	tap_ok(vmm_lapic_set_regs(a1, page) == -EINVAL, "refused: id in x2APIC mode");
	down();
}

int main(void)
{
	test_reset();
	test_priorities();
	test_every_vector();
	test_xapic_ipi();
	test_ids();
	test_modes();
	test_x2apic();
	test_page();
	test_errors();
	test_lint();
	test_timer();
	test_deadline();
	test_state();
	tap_ok(kshim_allocated == 0, "nothing left behind");
	return tap_done();
}
