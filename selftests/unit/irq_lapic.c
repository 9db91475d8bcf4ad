// SPDX-License-Identifier: GPL-2.0
/*
 * Local APICs: priorities, messages between them, errors, local pins.
 */
#include "irq_cpus.h"

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

static bool in_page(const struct vmm_lapic *l, u32 reg, u8 vector)
{
	const u32 *word = l->regs + reg + vector / 32 * 0x10;

	return *word >> vector % 32 & 1;
}

/* Senders leave the page alone, whose owner takes their requests over. */
static void test_posted(void)
{
	u8 page[VMM_LAPIC_PAGE_SIZE], saved[VMM_LAPIC_REGS_SIZE];

	up();
	vmm_lapic_highest_irr(a0);
	memcpy(page, a0->regs, sizeof(page));
	tap_ok(send(a0, 0x41, true) == 1 && send(a0, 0x80, false) == 1 &&
	       send(a0, 0xff, false) == 1 && send(a0, 0x10, true) == 1 &&
	       cpu[0].kicks == 2, "four requests of two kinds, two kicks");
	tap_ok(!memcmp(page, a0->regs, sizeof(page)), "the page is as it was");
	tap_ok(vmm_lapic_requested(a0) && !a0->irr_pending,
	       "they can be seen where no register is looked at");
	tap_ok(send(a0, 0x80, false) == 0 && cpu[0].kicks == 2,
	       "one that is posted already merges without a kick");
	tap_ok(vmm_lapic_highest_irr(a0) == 0xff && !a0->posted->flags &&
	       in_page(a0, APIC_IRR, 0x10) && in_page(a0, APIC_IRR, 0x41) &&
	       in_page(a0, APIC_IRR, 0x80) && in_page(a0, APIC_IRR, 0xff),
	       "a look takes all over");
	tap_ok(in_page(a0, APIC_TMR, 0x41) && in_page(a0, APIC_TMR, 0x10) &&
	       !in_page(a0, APIC_TMR, 0x80) && !in_page(a0, APIC_TMR, 0xff),
	       "with their kind");
	tap_ok(send(a0, 0xff, false) == 0 && cpu[0].kicks == 3,
	       "one that is in IRR merges, but kicks: it may be on its way out");
	tap_ok(vmm_lapic_ack(a0) == 0xff && !in_page(a0, APIC_IRR, 0xff) &&
	       vmm_lapic_highest_irr(a0) == 0x80, "and is one with it");
	vmm_lapic_eoi(a0);

	send(a0, 0x41, false);
	tap_ok(in_page(a0, APIC_TMR, 0x41), "another kind");
	vmm_lapic_highest_irr(a0);
	tap_ok(!in_page(a0, APIC_TMR, 0x41) && in_page(a0, APIC_TMR, 0x10),
	       "counts when it is taken over");

	send(a0, 0x63, true);
	tap_ok(r(a0, APIC_IRR + 0x30) == 1U << 3, "the guest reads IRR with it");
	send(a0, 0x65, true);
	tap_ok(r(a0, APIC_TMR + 0x30) == (1U << 3 | 1U << 5), "and TMR");
	send(a0, 0x6a, false);
	vmm_lapic_get_regs(a0, saved);
	tap_ok(saved[APIC_IRR + 0x31] == 1U << 2, "what is saved has it");
	send(a0, 0xe1, false);
	tap_ok(vmm_lapic_set_regs(a0, saved) == 0 &&
	       vmm_lapic_highest_irr(a0) == 0x80, "what is restored has not");
	send(a0, 0xe2, false);
	vmm_lapic_reset(a0, true);
	tap_ok(vmm_lapic_highest_irr(a0) == -1 && !a0->posted->flags,
	       "INIT forgets it");
	down();
}

/* What a processor that works on the page is told, and tells. */
static void test_hardware(void)
{
	unsigned int reg, readable = 0;

	up();
	a0->changed = false;
	send(a0, 0x41, false);
	vmm_lapic_highest_irr(a0);
	tap_ok(!a0->changed, "an edge changes no TMR");
	send(a0, 0x43, true);
	send(a0, 0xc1, true);
	tap_ok(vmm_lapic_highest_irr(a0) == 0xc1 && a0->changed &&
	       vmm_lapic_levels(a0, 1) == 1U << 3 && !vmm_lapic_levels(a0, 0) &&
	       vmm_lapic_levels(a0, 3) == 1U << 1, "a level does");
	a0->changed = false;
	vmm_lapic_reset(a0, true);
	tap_ok(a0->changed, "and so does INIT");
	vmm_lapic_firmware_state(a0);

	vmm_lapic_hw_left(a0, -1, 0x52);
	tap_ok(!vmm_lapic_requested(a0) && r(a0, APIC_PROCPRI) == 0x50,
	       "nothing requested, one in service");
	vmm_lapic_hw_left(a0, 0x33, -1);
	tap_ok(vmm_lapic_requested(a0) && r(a0, APIC_PROCPRI) == 0,
	       "one requested, nothing in service");
	forget();
	vmm_lapic_hw_ended(a0, 0x43);
	tap_ok(cpu[0].eois == 1 && cpu[0].eoi_vector == 0x43, "an end is told");
	w(a0, APIC_SPIV, 0x1ff | 1 << 12);
	vmm_lapic_hw_ended(a0, 0x43);
	tap_ok(cpu[0].eois == 1, "unless the guest does that");
	w(a0, APIC_LVT0, 0x8031);
	vmm_lapic_highest_irr(a0);
	vmm_lapic_set_lint(a0, 0, true);
	vmm_lapic_ack(a0);
	vmm_lapic_hw_ended(a0, 0x31);
	tap_ok(vmm_lapic_highest_irr(a0) == 0x31, "a level at LINT0 comes again");

	for (reg = 0; reg < 0x100; reg++)
		readable += vmm_lapic_hw_reads(0x800 + reg);
	tap_ok(readable == 39 && vmm_lapic_hw_reads(0x802) &&
	       vmm_lapic_hw_reads(0x80a) && !vmm_lapic_hw_reads(0x80b) &&
	       !vmm_lapic_hw_reads(0x830) && !vmm_lapic_hw_reads(0x839) &&
	       !vmm_lapic_hw_reads(0x83f) && !vmm_lapic_hw_reads(0x7ff),
	       "registers that are in the page at any time: %u", readable);
	down();

	up();
	base(a0, VMM_LAPIC_BASE_ENABLE | VMM_LAPIC_BASE_X2APIC);
	*(u32 *)(a0->regs + APIC_SELF_IPI) = 0x0f;
	vmm_lapic_hw_wrote(a0, APIC_SELF_IPI);
	wm(a0, APIC_ESR, 0);
	tap_ok(rm(a0, APIC_ESR) == APIC_ESR_SENDILL && vmm_lapic_pending(a0) == -1,
	       "a self-IPI that the processor refused is an error");
	*(u32 *)(a0->regs + APIC_SELF_IPI) = 0x77;
	vmm_lapic_hw_wrote(a0, APIC_SELF_IPI);
	vmm_lapic_hw_wrote(a0, 0x1000);
	tap_ok(vmm_lapic_pending(a0) == 0x77 &&
	       !*(u32 *)(a0->regs + APIC_SELF_IPI), "another is sent");
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

int main(void)
{
	test_reset();
	test_priorities();
	test_posted();
	test_hardware();
	test_every_vector();
	test_xapic_ipi();
	test_ids();
	test_errors();
	test_lint();
	tap_ok(kshim_allocated == 0, "nothing left behind");
	return tap_done();
}
