// SPDX-License-Identifier: GPL-2.0
/*
 * Local APICs: the modes, what exists by either door, save and restore.
 */
#include "irq_cpus.h"

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

static void test_state(void)
{
	static const struct vmm_lapic_config cfg = {
		.features = VMM_LAPIC_F_ALL, .phys_bits = 40,
	};
	struct vmm_state_lapic st, wrong_st;
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
	vmm_lapic_save(a0, &st);
	tap_ok(st.esr_latch == 0x80 && !st.extint &&
	       !memcmp(st.regs, page, sizeof(page)), "the record");
	vmm_lapic_reset(a0, false);
	kshim_advance(123456789);
	tap_ok(vmm_lapic_check(&cfg, &st) == 0 && vmm_lapic_load(a0, &st) == 0,
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
	wrong_st = st;
	wrong_st.pad[1] = 2;
	tap_ok(vmm_lapic_check(&cfg, &wrong_st) == -EINVAL, "refused: padding");
	wrong_st = st;
	wrong_st.esr_latch = 0x100;
	tap_ok(vmm_lapic_check(&cfg, &wrong_st) == -EINVAL, "refused: latch");
	wrong_st = st;
	wrong_st.deadline = 5;
	tap_ok(vmm_lapic_check(&cfg, &wrong_st) == -EINVAL, "refused: deadline");
	wrong_st = st;
	wrong_st.base = 1;
	tap_ok(vmm_lapic_check(&cfg, &wrong_st) == -EINVAL, "refused: base");
	base(a1, 0xc00);
	tap_ok(vmm_lapic_set_regs(a1, page) == -EINVAL, "refused: id in x2APIC mode");
	down();
}

int main(void)
{
	test_modes();
	test_x2apic();
	test_page();
	test_state();
	tap_ok(kshim_allocated == 0, "nothing left behind");
	return tap_done();
}
