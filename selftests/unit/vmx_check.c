// SPDX-License-Identifier: GPL-2.0
/*
 * Which check of an entry is named.  In each mode there is a state that an entry
 * takes; each case spoils one thing of it, as the architecture has it.
 */
#include <string.h>

#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>
#include <asm/vmx.h>
#include <linux/bits.h>
#include <uapi/asm/debugreg.h>

#include "tap.h"
#include "vmx/check.h"

/* Attributes: code of 64, 32 and 16 bits, data, a TSS, an LDT. */
#define CODE64		0xa09b
#define CODE32		0xc09b
#define CODE16		0x009b
#define DATA32		0xc093
#define DATA16		0x0093
#define VM86		0x00f3
#define TSS		0x008b
#define TSS16		0x0083
#define LDT		0x0082
#define DPL(level)	((level) << 5)
#define EXPAND_DOWN	4
#define CONFORMING	4
#define UNUSABLE	VMM_SEG_UNUSABLE

#define NON_CANONICAL	0x800000000000ULL
#define VALID		INTR_INFO_VALID_MASK
#define CODE		INTR_INFO_DELIVER_CODE_MASK
#define EXCEPTION	(VALID | INTR_TYPE_HARD_EXCEPTION)

static void fill(struct vmx_entry_state *s, u32 code, u32 data, u32 limit)
{
	int i;

	for (i = VMM_SEG_ES; i <= VMM_SEG_GS; i++)
		s->seg[i] = (struct vmm_segment){
			.selector = 0x10, .limit = limit, .attr = data,
		};
	s->seg[VMM_SEG_CS].selector = 0x8;
	s->seg[VMM_SEG_CS].attr = code;
	s->seg[VMM_SEG_LDTR].attr = UNUSABLE;
	s->seg[VMM_SEG_TR] = (struct vmm_segment){
		.selector = 0x18, .base = 0x1000, .limit = 0x67, .attr = TSS,
	};
	s->seg[VMM_SEG_GDTR].limit = 0x7f;
	s->seg[VMM_SEG_IDTR].limit = 0xfff;
}

/* Protected mode with paging, 32 bits. */
static struct vmx_entry_state protected(void)
{
	struct vmx_entry_state s = {
		.cr0 = X86_CR0_PE | X86_CR0_NE | X86_CR0_PG,
		.cr0_must = X86_CR0_NE, .cr0_may = 0xffffffff,
		.cr3 = 0x1000,
		.cr4 = X86_CR4_VMXE | X86_CR4_PAE,
		.cr4_must = X86_CR4_VMXE,
		.cr4_may = X86_CR4_VMXE | X86_CR4_PAE | X86_CR4_PCIDE |
			   X86_CR4_PSE,
		.phys_bits = 40,
		.rip = 0xfffffff0, .rflags = X86_EFLAGS_FIXED, .dr7 = 0x400,
		.pat = 0x0007040600070406ULL,
		.link = ~0ULL,
	};

	fill(&s, CODE32, DATA32, 0xffffffff);
	return s;
}

static struct vmx_entry_state long64(void)
{
	struct vmx_entry_state s = protected();

	s.long_mode = true;
	s.efer = EFER_LME | EFER_LMA | EFER_NX | EFER_SCE;
	s.rip = 0xffffffff81000000ULL;
	s.seg[VMM_SEG_CS].attr = CODE64;
	s.seg[VMM_SEG_FS].base = s.seg[VMM_SEG_TR].base = 0xffff888000000000ULL;
	s.seg[VMM_SEG_GDTR].base = s.seg[VMM_SEG_IDTR].base =
		0xfffffe0000000000ULL;
	s.sysenter_eip = s.sysenter_esp = 0xffffffff82000000ULL;
	return s;
}

/* As after a reset: CS is data, its base not of its selector. */
static struct vmx_entry_state real(void)
{
	struct vmx_entry_state s = protected();

	s.cr0 = X86_CR0_NE;
	s.cr3 = 0;
	s.cr4 = X86_CR4_VMXE;
	s.rip = 0xfff0;
	fill(&s, DATA16, DATA16, 0xffff);
	s.seg[VMM_SEG_CS].base = 0xffff0000;
	s.seg[VMM_SEG_CS].selector = 0xf000;
	return s;
}

static struct vmx_entry_state vm86(void)
{
	struct vmx_entry_state s = protected();
	int i;

	s.rflags |= X86_EFLAGS_VM | X86_EFLAGS_IF;
	s.rip = 0x100;
	for (i = VMM_SEG_ES; i <= VMM_SEG_GS; i++)
		s.seg[i] = (struct vmm_segment){
			.selector = 0x1234, .base = 0x12340, .limit = 0xffff,
			.attr = VM86,
		};
	return s;
}

static struct vmx_entry_state user(void)
{
	struct vmx_entry_state s = protected();

	s.seg[VMM_SEG_CS].attr |= DPL(3);
	s.seg[VMM_SEG_SS].attr |= DPL(3);
	return s;
}

/* Judges @s: @where and @why are what is to be named, or NULL. */
static void judge(const struct vmx_entry_state *s, const char *where,
		  const char *why, const char *base, const char *change)
{
	const char *there = NULL, *said = vmx_check_guest(s, &there);
	bool good = why ? said && !strcmp(said, why) && !strcmp(there, where) :
			  !said;

	tap_ok(good, "%s: %s: %s: %s", base, change, there, said ?: "taken");
}

static void judge_controls(const struct vmx_entry_state *s, const char *why,
			   const char *base, const char *change)
{
	const char *said = vmx_check_controls(s);

	tap_ok(why ? said && !strcmp(said, why) : !said, "%s: %s: %s", base,
	       change, said ?: "taken");
}

/* Changes one thing of a good state, to what an entry refuses, or takes as well. */
#define REFUSED(base, where, why, change)				\
	do {								\
		struct vmx_entry_state s = base();			\
									\
		change;							\
		judge(&s, where, why, #base, #change);			\
	} while (0)
#define TAKEN(base, change)	REFUSED(base, NULL, NULL, change)

#define CONTROL(base, why, change)					\
	do {								\
		struct vmx_entry_state s = base();			\
									\
		change;							\
		judge_controls(&s, why, #base, #change);		\
	} while (0)

#define SEG(name)	s.seg[VMM_SEG_##name]
#define UNSPOILED	((void)0)

static void good_states(void)
{
	TAKEN(protected, UNSPOILED);
	TAKEN(long64, UNSPOILED);
	TAKEN(real, UNSPOILED);
	TAKEN(vm86, UNSPOILED);
	TAKEN(user, UNSPOILED);
	CONTROL(protected, NULL, UNSPOILED);
	CONTROL(long64, NULL, UNSPOILED);
	CONTROL(real, NULL, UNSPOILED);
	CONTROL(vm86, NULL, UNSPOILED);
}

static void control_registers(void)
{
	REFUSED(real, "state", "CR0 lacks a bit that must be set",
		s.cr0 &= ~X86_CR0_NE);
	REFUSED(real, "state", "CR0 has a bit that must be clear",
		s.cr0 |= BIT_ULL(32));
	REFUSED(real, "state", "CR0.PG without CR0.PE", s.cr0 |= X86_CR0_PG);
	REFUSED(real, "state", "CR4 lacks a bit that must be set",
		s.cr4 &= ~X86_CR4_VMXE);
	REFUSED(real, "state", "CR4 has a bit that must be clear",
		s.cr4 |= BIT_ULL(31));
	REFUSED(long64, "state", "long mode without CR0.PG",
		s.cr0 &= ~X86_CR0_PG);
	REFUSED(long64, "state", "long mode without CR4.PAE",
		s.cr4 &= ~X86_CR4_PAE);
	REFUSED(protected, "state", "CR4.PCIDE outside of long mode",
		s.cr4 |= X86_CR4_PCIDE);
	TAKEN(long64, s.cr4 |= X86_CR4_PCIDE);
	REFUSED(protected, "state", "CR3 beyond the width of physical addresses",
		s.cr3 |= BIT_ULL(40));
	TAKEN(protected, s.cr3 |= BIT_ULL(39));
	TAKEN(protected, s.cr0 &= ~X86_CR0_PG);
	TAKEN(protected, s.cr4 &= ~X86_CR4_PAE);
}

static void msrs(void)
{
	REFUSED(long64, "state", "EFER.LMA differs from the entry's mode",
		s.efer &= ~EFER_LMA);
	REFUSED(protected, "state", "EFER.LMA differs from the entry's mode",
		s.efer |= EFER_LMA | EFER_LME);
	REFUSED(long64, "state",
		"EFER.LMA differs from EFER.LME under paging",
		s.efer &= ~EFER_LME);
	REFUSED(protected, "state",
		"EFER.LMA differs from EFER.LME under paging",
		s.efer |= EFER_LME);
	TAKEN(real, s.efer |= EFER_LME);
	REFUSED(protected, "state", "EFER has a reserved bit",
		s.efer |= EFER_SVME);
	REFUSED(protected, "state", "DR7 has bits above 31",
		s.dr7 |= BIT_ULL(32));
	REFUSED(protected, "state",
		"SYSENTER_ESP or SYSENTER_EIP is not canonical",
		s.sysenter_esp = NON_CANONICAL);
	REFUSED(protected, "state",
		"SYSENTER_ESP or SYSENTER_EIP is not canonical",
		s.sysenter_eip = NON_CANONICAL);
	REFUSED(protected, "state", "PAT has an unknown memory type",
		s.pat |= 2ULL << 56);
}

/* What all registers are asked for alike. */
static void segments(void)
{
	REFUSED(protected, "ES", "reserved attributes", SEG(ES).attr |= BIT(8));
	REFUSED(protected, "GS", "reserved attributes", SEG(GS).attr |= BIT(17));
	REFUSED(protected, "CS", "not present", SEG(CS).attr &= ~BIT(7));
	REFUSED(protected, "TR", "not present", SEG(TR).attr &= ~BIT(7));
	REFUSED(protected, "CS", "unusable", SEG(CS).attr |= UNUSABLE);
	REFUSED(protected, "TR", "unusable", SEG(TR).attr |= UNUSABLE);
	TAKEN(protected, SEG(ES).attr = UNUSABLE);
	TAKEN(protected, SEG(SS).attr = UNUSABLE);
	REFUSED(protected, "SS", "base above 4 GiB",
		SEG(SS).base = BIT_ULL(32));
	REFUSED(long64, "CS", "base above 4 GiB", SEG(CS).base = BIT_ULL(32));
	REFUSED(long64, "DS", "base above 4 GiB", SEG(DS).base = BIT_ULL(32));
	REFUSED(long64, "FS", "base is not canonical",
		SEG(FS).base = NON_CANONICAL);
	REFUSED(long64, "GS", "base is not canonical",
		(SEG(GS).base = NON_CANONICAL, SEG(GS).attr = UNUSABLE));
	TAKEN(long64, (SEG(DS).base = NON_CANONICAL, SEG(DS).attr = UNUSABLE));
	TAKEN(long64, SEG(LDTR).base = NON_CANONICAL);
	REFUSED(long64, "TR", "base is not canonical",
		SEG(TR).base = NON_CANONICAL);
	REFUSED(protected, "FS",
		"granularity set with a limit that is no page's end",
		SEG(FS).limit = 0xfffffffe);
	REFUSED(protected, "CS", "granularity clear with a limit above 1 MiB",
		SEG(CS).attr &= ~BIT(15));
	TAKEN(protected, SEG(DS).limit = 0xfff);
	TAKEN(real, SEG(DS).limit = 0xfffff);
}

static void code_segments(void)
{
	REFUSED(protected, "CS", "a system segment", SEG(CS).attr &= ~BIT(4));
	REFUSED(long64, "CS", "both L and D", SEG(CS).attr |= BIT(14));
	TAKEN(protected, SEG(CS).attr |= BIT(13));
	REFUSED(real, "CS", "a data segment above level 0",
		SEG(CS).attr |= DPL(1));
	REFUSED(protected, "CS", "level differs from SS's",
		SEG(CS).attr |= DPL(3));
	REFUSED(user, "CS", "level differs from SS's", SEG(CS).attr ^= DPL(1));
	REFUSED(user, "CS", "level differs from SS's",
		SEG(CS).attr ^= DPL(2) | 2);
	REFUSED(protected, "CS", "conforming, with a level above SS's",
		SEG(CS).attr |= CONFORMING | DPL(1));
	REFUSED(protected, "CS", "conforming, with a level above SS's",
		SEG(CS).attr = (CODE32 & ~2) | CONFORMING | DPL(1));
	TAKEN(user, SEG(CS).attr = CODE32 | CONFORMING);
	TAKEN(user, SEG(CS).attr |= CONFORMING);
	REFUSED(protected, "CS", "neither code nor accessed",
		SEG(CS).attr &= ~1);
	REFUSED(protected, "CS", "neither code nor accessed",
		SEG(CS).attr = DATA32 | EXPAND_DOWN);
	TAKEN(protected, SEG(CS).attr = DATA32);
	TAKEN(real, SEG(CS).attr = CODE16);
}

static void data_segments(void)
{
	REFUSED(protected, "DS", "a system segment", SEG(DS).attr &= ~BIT(4));
	REFUSED(protected, "DS", "not accessed", SEG(DS).attr &= ~1);
	REFUSED(protected, "SS", "not writable data", SEG(SS).attr &= ~2);
	REFUSED(protected, "SS", "not writable data", SEG(SS).attr = CODE32);
	TAKEN(protected, SEG(SS).attr |= EXPAND_DOWN);
	REFUSED(protected, "FS", "code that cannot be read",
		SEG(FS).attr = CODE32 & ~2);
	TAKEN(protected, SEG(FS).attr = CODE32);
	TAKEN(protected, SEG(FS).attr &= ~2);
	TAKEN(user, SEG(FS).attr |= DPL(3));
}

static void levels(void)
{
	REFUSED(real, "SS", "a level above 0 in real mode",
		(SEG(CS).attr = CODE16 | DPL(3), SEG(SS).attr |= DPL(3)));
	REFUSED(real, "SS", "a level above 0 in real mode",
		SEG(SS).attr = UNUSABLE | DPL(3));
	REFUSED(protected, "SS", "a level above 0 with a data segment in CS",
		(SEG(CS).attr = DATA32, SEG(SS).attr |= DPL(3)));
	REFUSED(user, "SS", "a level above 0 with a data segment in CS",
		(SEG(CS).attr = DATA32, SEG(SS).attr |= UNUSABLE));
}

static void system_segments(void)
{
	REFUSED(protected, "TR", "not a system segment", SEG(TR).attr |= BIT(4));
	REFUSED(protected, "TR", "selector is of the LDT", SEG(TR).selector |= 4);
	REFUSED(protected, "TR", "not a busy TSS", SEG(TR).attr &= ~2);
	REFUSED(long64, "TR", "not a busy TSS", SEG(TR).attr = TSS16);
	TAKEN(protected, SEG(TR).attr = TSS16);
	TAKEN(protected, SEG(LDTR).attr = LDT);
	TAKEN(protected, SEG(LDTR).selector |= 4);
	REFUSED(protected, "LDTR", "not an LDT", SEG(LDTR).attr = TSS);
	REFUSED(protected, "LDTR", "not a system segment",
		SEG(LDTR).attr = LDT | BIT(4));
	REFUSED(protected, "LDTR", "selector is of the LDT",
		(SEG(LDTR).attr = LDT, SEG(LDTR).selector |= 4));
	REFUSED(protected, "LDTR", "base is not canonical",
		(SEG(LDTR).attr = LDT, SEG(LDTR).base = NON_CANONICAL));
	TAKEN(protected, (SEG(LDTR).attr = LDT, SEG(LDTR).base = BIT_ULL(32)));
	REFUSED(protected, "state", "GDTR or IDTR is not canonical",
		SEG(GDTR).base = NON_CANONICAL);
	REFUSED(protected, "state", "GDTR or IDTR is not canonical",
		SEG(IDTR).base = NON_CANONICAL);
	REFUSED(protected, "state", "GDTR or IDTR has a limit above 64 KiB",
		SEG(GDTR).limit = 0x10000);
	REFUSED(protected, "state", "GDTR or IDTR has a limit above 64 KiB",
		SEG(IDTR).limit = 0x10000);
}

static void virtual_8086(void)
{
	static const char why[] = "not as in virtual-8086 mode";

	REFUSED(vm86, "CS", why, SEG(CS).base += 0x10);
	REFUSED(vm86, "ES", why, SEG(ES).limit = 0xfffff);
	REFUSED(vm86, "SS", why, SEG(SS).attr = DATA16);
	REFUSED(vm86, "GS", why, SEG(GS).attr |= UNUSABLE);
	REFUSED(vm86, "TR", "not a busy TSS", SEG(TR).attr &= ~2);
	REFUSED(vm86, "state", "RFLAGS.VM outside of protected mode",
		s.cr0 &= ~(u64)(X86_CR0_PE | X86_CR0_PG));
	REFUSED(vm86, "state", "RFLAGS.VM outside of protected mode",
		(s.long_mode = true, s.efer = EFER_LMA | EFER_LME));
}

static void rip_and_flags(void)
{
	REFUSED(protected, "state", "RIP above 4 GiB outside of 64-bit code",
		s.rip = BIT_ULL(32));
	REFUSED(long64, "state", "RIP above 4 GiB outside of 64-bit code",
		SEG(CS).attr = CODE32);
	REFUSED(protected, "state", "RIP above 4 GiB outside of 64-bit code",
		(s.rip = BIT_ULL(32), SEG(CS).attr = CODE64));
	REFUSED(long64, "state", "RIP is not canonical", s.rip = BIT_ULL(48));
	REFUSED(long64, "state", "RIP is not canonical",
		s.rip = ~0ULL ^ BIT_ULL(63));
	/* The bit that the ones above are to be like is not asked. */
	TAKEN(long64, s.rip = NON_CANONICAL);
	TAKEN(long64, s.rip = 0x900000000000ULL);
	REFUSED(protected, "state", "RFLAGS has reserved bits",
		s.rflags &= ~X86_EFLAGS_FIXED);
	REFUSED(protected, "state", "RFLAGS has reserved bits",
		s.rflags |= BIT_ULL(22));
	REFUSED(protected, "state", "RFLAGS has reserved bits",
		s.rflags |= BIT_ULL(15));
	REFUSED(protected, "state", "RFLAGS has reserved bits",
		s.rflags |= BIT_ULL(5));
	REFUSED(protected, "state", "RFLAGS has reserved bits",
		s.rflags |= BIT_ULL(3));
	TAKEN(protected, s.rflags |= X86_EFLAGS_ID | X86_EFLAGS_IOPL);
}

static struct vmx_entry_state open_to_interrupts(void)
{
	struct vmx_entry_state s = protected();

	s.rflags |= X86_EFLAGS_IF;
	return s;
}

static void interruptibility(void)
{
	const u32 sti = GUEST_INTR_STATE_STI, mov_ss = GUEST_INTR_STATE_MOV_SS;
	const u32 intr = VALID | INTR_TYPE_EXT_INTR | 0x20;
	const u32 nmi = VALID | INTR_TYPE_NMI_INTR | X86_TRAP_NMI;

	REFUSED(open_to_interrupts, "state", "shadows of both STI and MOV SS",
		s.intr = sti | mov_ss);
	REFUSED(protected, "state", "shadow of STI with RFLAGS.IF clear",
		s.intr = sti);
	TAKEN(open_to_interrupts, s.intr = sti);
	TAKEN(protected, s.intr = mov_ss);
	TAKEN(open_to_interrupts, s.event = intr);
	REFUSED(protected, "state",
		"an interrupt is injected with RFLAGS.IF clear",
		s.event = intr);
	TAKEN(protected, s.event = intr & ~VALID);
	REFUSED(open_to_interrupts, "state",
		"an interrupt is injected in a shadow",
		(s.event = intr, s.intr = sti));
	REFUSED(open_to_interrupts, "state",
		"an interrupt is injected in a shadow",
		(s.event = intr, s.intr = mov_ss));
	TAKEN(open_to_interrupts, (s.event = intr & ~VALID, s.intr = sti));
	TAKEN(protected, s.event = nmi);
	REFUSED(protected, "state", "an NMI is injected where none can be",
		(s.event = nmi, s.intr = mov_ss));
	REFUSED(protected, "state", "an NMI is injected where none can be",
		(s.event = nmi, s.intr = GUEST_INTR_STATE_NMI));
	TAKEN(protected, (s.event = nmi & ~VALID,
			  s.intr = GUEST_INTR_STATE_NMI));
	REFUSED(protected, "state",
		"pending single step differs from RFLAGS.TF in a shadow",
		(s.intr = mov_ss, s.rflags |= X86_EFLAGS_TF));
	REFUSED(protected, "state",
		"pending single step differs from RFLAGS.TF in a shadow",
		(s.intr = mov_ss, s.pending_debug = DR_STEP));
	TAKEN(protected, (s.intr = mov_ss, s.rflags |= X86_EFLAGS_TF,
			  s.pending_debug = DR_STEP));
	TAKEN(protected, s.pending_debug = DR_STEP);
	REFUSED(protected, "state", "not active", s.activity = 1);
	REFUSED(protected, "state", "VMCS link pointer", s.link = 0);
}

static void controls(void)
{
	const char *lacks = "the injected exception lacks its error code";
	const char *has = "an error code is injected where there is none";
	const char *length = "a software interrupt is injected with a bad length";

	CONTROL(protected, "TPR threshold above TPR", s.tpr_threshold = 1);
	CONTROL(protected, NULL, (s.tpr_threshold = 5, s.tpr = 5));
	CONTROL(protected, "an NMI is injected with another vector",
		s.event = VALID | INTR_TYPE_NMI_INTR | 3);
	CONTROL(protected, NULL, s.event = INTR_TYPE_NMI_INTR | 3);
	CONTROL(protected, NULL, s.event = VALID | INTR_TYPE_NMI_INTR | 2);
	CONTROL(protected, "an exception is injected with a vector above 31",
		s.event = EXCEPTION | 32);
	CONTROL(protected, NULL, s.event = EXCEPTION | X86_TRAP_UD);
	CONTROL(protected, length, s.event = VALID | INTR_TYPE_SOFT_INTR | 3);
	CONTROL(protected, length, (s.event = VALID | INTR_TYPE_SOFT_INTR | 3,
				    s.event_len = 16));
	CONTROL(protected, NULL, (s.event = VALID | INTR_TYPE_SOFT_INTR | 3,
				  s.event_len = 15));
	CONTROL(protected, NULL, (s.event = VALID | INTR_TYPE_SOFT_INTR | 3,
				  s.event_len = 1));
	CONTROL(protected, length, s.event = VALID | INTR_TYPE_SOFT_EXCEPTION | 3);
	CONTROL(protected, length,
		s.event = VALID | INTR_TYPE_PRIV_SW_EXCEPTION | 1);
	CONTROL(protected, lacks, s.event = EXCEPTION | X86_TRAP_GP);
	CONTROL(protected, NULL, s.event = EXCEPTION | CODE | X86_TRAP_GP);
	CONTROL(real, has, s.event = EXCEPTION | CODE | X86_TRAP_GP);
	CONTROL(real, NULL, s.event = EXCEPTION | X86_TRAP_GP);
	CONTROL(protected, has, s.event = EXCEPTION | CODE | X86_TRAP_UD);
	CONTROL(protected, has, s.event = VALID | CODE | INTR_TYPE_EXT_INTR |
					  X86_TRAP_GP);
	CONTROL(protected, NULL, s.event = VALID | INTR_TYPE_EXT_INTR |
					   X86_TRAP_GP);
}

/* The exceptions that have an error code in protected mode, each by itself. */
static void error_codes(void)
{
	static const u8 with[] = { 8, 10, 11, 12, 13, 14, 17 };
	unsigned int vector;

	for (vector = 0; vector < 32; vector++) {
		struct vmx_entry_state s = protected();
		bool has = memchr(with, vector, sizeof(with));

		s.event = EXCEPTION | vector | (has ? CODE : 0);
		tap_ok(!vmx_check_controls(&s), "vector %u, code %d", vector, has);
		s.event ^= CODE;
		tap_ok(vmx_check_controls(&s), "vector %u, code %d", vector, !has);
	}
}

int main(void)
{
	good_states();
	control_registers();
	msrs();
	segments();
	code_segments();
	data_segments();
	levels();
	system_segments();
	virtual_8086();
	rip_and_flags();
	interruptibility();
	controls();
	error_codes();
	return tap_done();
}
