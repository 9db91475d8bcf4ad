// SPDX-License-Identifier: GPL-2.0
/*
 * Which check of an entry a state does not pass.
 *
 * The architecture's checks of the guest's state one by one, and of what is
 * injected.  Nothing here is on any path of a guest that runs.
 */
#include <asm/msr-index.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>
#include <asm/vmx.h>
#include <linux/bits.h>
#include <linux/kernel.h>
#include <uapi/asm/debugreg.h>

#include "vmx/check.h"
#include "x86/creg.h"
#include "x86/mtrr.h"
#include "x86/segment.h"

/* The type of CS in real mode: writable data. */
#define CS_OF_REAL_MODE	3

#define RFLAGS_RESERVED	(~0ULL << 22 | BIT(15) | BIT(5) | BIT(3))

static const char *const seg_names[] = {
	"ES", "CS", "SS", "DS", "FS", "GS", "LDTR", "TR",
};

static bool in_vm86(const struct vmx_entry_state *s)
{
	return s->rflags & X86_EFLAGS_VM;
}

static const char *check_control_registers(const struct vmx_entry_state *s)
{
	if (~s->cr0 & s->cr0_must)
		return "CR0 lacks a bit that must be set";
	if (s->cr0 & ~s->cr0_may)
		return "CR0 has a bit that must be clear";
	if ((s->cr0 & X86_CR0_PG) && !(s->cr0 & X86_CR0_PE))
		return "CR0.PG without CR0.PE";
	if (~s->cr4 & s->cr4_must)
		return "CR4 lacks a bit that must be set";
	if (s->cr4 & ~s->cr4_may)
		return "CR4 has a bit that must be clear";
	if (s->long_mode && !(s->cr0 & X86_CR0_PG))
		return "long mode without CR0.PG";
	if (s->long_mode && !(s->cr4 & X86_CR4_PAE))
		return "long mode without CR4.PAE";
	if (!s->long_mode && (s->cr4 & X86_CR4_PCIDE))
		return "CR4.PCIDE outside of long mode";
	if (s->cr3 >> s->phys_bits)
		return "CR3 beyond the width of physical addresses";
	return NULL;
}

static const char *check_msrs(const struct vmx_entry_state *s)
{
	if (!!(s->efer & EFER_LMA) != s->long_mode)
		return "EFER.LMA differs from the entry's mode";
	if ((s->cr0 & X86_CR0_PG) &&
	    !!(s->efer & EFER_LME) != !!(s->efer & EFER_LMA))
		return "EFER.LMA differs from EFER.LME under paging";
	if (s->efer & ~(u64)(EFER_SCE | EFER_LME | EFER_LMA | EFER_NX))
		return "EFER has a reserved bit";
	if (s->dr7 >> 32)
		return "DR7 has bits above 31";
	if (!vmm_canonical(s->sysenter_esp) ||
	    !vmm_canonical(s->sysenter_eip))
		return "SYSENTER_ESP or SYSENTER_EIP is not canonical";
	if (!vmm_pat_valid(s->pat))
		return "PAT has an unknown memory type";
	return NULL;
}

static const char *check_granularity(u32 limit, u32 ar)
{
	if ((limit & 0xfff) != 0xfff && (ar & VMX_AR_G_MASK))
		return "granularity set with a limit that is no page's end";
	if (limit >> 20 && !(ar & VMX_AR_G_MASK))
		return "granularity clear with a limit above 1 MiB";
	return NULL;
}

static const char *check_code_type(const struct vmx_entry_state *s, u32 ar, u32 ss_ar)
{
	u32 type = ar & VMX_AR_TYPE_MASK;

	if (!(ar & VMX_AR_S_MASK))
		return "a system segment";
	if (s->long_mode && (ar & VMX_AR_L_MASK) && (ar & VMX_AR_DB_MASK))
		return "both L and D";
	switch (type) {
	case CS_OF_REAL_MODE:
		return VMX_AR_DPL(ar) ? "a data segment above level 0" : NULL;
	case 9:
	case 11:
		return VMX_AR_DPL(ar) == VMX_AR_DPL(ss_ar) ? NULL :
			"level differs from SS's";
	case 13:
	case 15:
		return VMX_AR_DPL(ar) <= VMX_AR_DPL(ss_ar) ? NULL :
			"conforming, with a level above SS's";
	}
	return "neither code nor accessed";
}

static const char *check_data_type(enum vmm_seg seg, u32 ar)
{
	u32 type = ar & VMX_AR_TYPE_MASK;

	if (!(ar & VMX_AR_S_MASK))
		return "a system segment";
	if (!(type & VMX_AR_TYPE_ACCESSES_MASK))
		return "not accessed";
	if (seg == VMM_SEG_SS && type != 3 && type != 7)
		return "not writable data";
	if ((type & VMX_AR_TYPE_CODE_MASK) &&
	    !(type & VMX_AR_TYPE_READABLE_MASK))
		return "code that cannot be read";
	return NULL;
}

static const char *check_system_type(const struct vmx_entry_state *s, enum vmm_seg seg,
				     u32 ar, u16 selector)
{
	u32 type = ar & VMX_AR_TYPE_MASK;

	if (ar & VMX_AR_S_MASK)
		return "not a system segment";
	if (selector & 4)
		return "selector is of the LDT";
	if (seg == VMM_SEG_LDTR)
		return type == VMX_AR_TYPE_LDT ? NULL : "not an LDT";
	if (type == VMX_AR_TYPE_BUSY_64_TSS ||
	    (type == VMX_AR_TYPE_BUSY_16_TSS && !s->long_mode))
		return NULL;
	return "not a busy TSS";
}

static const char *check_base(enum vmm_seg seg, u64 base)
{
	if (seg >= VMM_SEG_FS)
		return vmm_canonical(base) ? NULL : "base is not canonical";
	return base >> 32 ? "base above 4 GiB" : NULL;
}

/* As virtual-8086 mode has them all; nothing else is asked of them. */
static const char *check_vm86(const struct vmm_segment *v)
{
	if (v->base == (u64)v->selector << 4 && v->limit == 0xffff &&
	    v->attr == VMM_ATTR_VM86)
		return NULL;
	return "not as in virtual-8086 mode";
}

/* A register without a segment.  FS and GS have a base even so. */
static const char *check_unusable(enum vmm_seg seg, u64 base)
{
	if (seg == VMM_SEG_CS || seg == VMM_SEG_TR)
		return "unusable";
	if (seg == VMM_SEG_FS || seg == VMM_SEG_GS)
		return check_base(seg, base);
	return NULL;
}

/* SS has the level, used or not. */
static const char *check_level(const struct vmx_entry_state *s)
{
	if (!VMX_AR_DPL(s->seg[VMM_SEG_SS].attr))
		return NULL;
	if (!(s->cr0 & X86_CR0_PE))
		return "a level above 0 in real mode";
	if ((s->seg[VMM_SEG_CS].attr & VMX_AR_TYPE_MASK) == CS_OF_REAL_MODE)
		return "a level above 0 with a data segment in CS";
	return NULL;
}

static const char *check_segment(const struct vmx_entry_state *s,
				 enum vmm_seg seg)
{
	const struct vmm_segment *v = &s->seg[seg];
	const char *why;

	if (in_vm86(s) && seg < VMM_SEG_LDTR)
		return check_vm86(v);
	why = seg == VMM_SEG_SS ? check_level(s) : NULL;
	if (why)
		return why;
	if (v->attr & VMX_AR_UNUSABLE_MASK)
		return check_unusable(seg, v->base);
	if (v->attr & VMX_AR_RESERVD_MASK)
		return "reserved attributes";
	if (!(v->attr & VMX_AR_P_MASK))
		return "not present";
	why = check_base(seg, v->base) ?: check_granularity(v->limit, v->attr);
	if (why)
		return why;
	if (seg == VMM_SEG_CS)
		return check_code_type(s, v->attr, s->seg[VMM_SEG_SS].attr);
	if (seg >= VMM_SEG_LDTR)
		return check_system_type(s, seg, v->attr, v->selector);
	return check_data_type(seg, v->attr);
}

static const char *check_tables(const struct vmx_entry_state *s)
{
	const struct vmm_segment *gdtr = &s->seg[VMM_SEG_GDTR];
	const struct vmm_segment *idtr = &s->seg[VMM_SEG_IDTR];

	if (!vmm_canonical(gdtr->base) || !vmm_canonical(idtr->base))
		return "GDTR or IDTR is not canonical";
	if (gdtr->limit >> 16 || idtr->limit >> 16)
		return "GDTR or IDTR has a limit above 64 KiB";
	return NULL;
}

/* Bits beyond the width of addresses must be alike, even if the last within is not. */
static bool rip_fits(u64 rip)
{
	return vmm_canonical(rip) || vmm_canonical(rip ^ BIT_ULL(47));
}

static const char *check_rip_and_flags(const struct vmx_entry_state *s)
{
	bool code64 = s->long_mode &&
		      (s->seg[VMM_SEG_CS].attr & VMX_AR_L_MASK);

	if (!code64 && s->rip >> 32)
		return "RIP above 4 GiB outside of 64-bit code";
	if (code64 && !rip_fits(s->rip))
		return "RIP is not canonical";
	if (in_vm86(s) && (s->long_mode || !(s->cr0 & X86_CR0_PE)))
		return "RFLAGS.VM outside of protected mode";
	if ((s->event & INTR_INFO_VALID_MASK) &&
	    (s->event & INTR_INFO_INTR_TYPE_MASK) == INTR_TYPE_EXT_INTR &&
	    !(s->rflags & X86_EFLAGS_IF))
		return "an interrupt is injected with RFLAGS.IF clear";
	if (!(s->rflags & X86_EFLAGS_FIXED) || (s->rflags & RFLAGS_RESERVED))
		return "RFLAGS has reserved bits";
	return NULL;
}

static const char *check_non_register(const struct vmx_entry_state *s)
{
	const u32 shadow = GUEST_INTR_STATE_STI | GUEST_INTR_STATE_MOV_SS;
	u32 type = s->event & INTR_INFO_INTR_TYPE_MASK;
	bool event = s->event & INTR_INFO_VALID_MASK;
	bool step = s->pending_debug & DR_STEP;

	if ((s->intr & shadow) == shadow)
		return "shadows of both STI and MOV SS";
	if ((s->intr & GUEST_INTR_STATE_STI) && !(s->rflags & X86_EFLAGS_IF))
		return "shadow of STI with RFLAGS.IF clear";
	if (event && type == INTR_TYPE_EXT_INTR && (s->intr & shadow))
		return "an interrupt is injected in a shadow";
	if (event && type == INTR_TYPE_NMI_INTR &&
	    (s->intr & (GUEST_INTR_STATE_MOV_SS | GUEST_INTR_STATE_NMI)))
		return "an NMI is injected where none can be";
	if ((s->intr & shadow) && step != !!(s->rflags & X86_EFLAGS_TF))
		return "pending single step differs from RFLAGS.TF in a shadow";
	if (s->activity)
		return "not active";
	if (~s->link)
		return "VMCS link pointer";
	return NULL;
}

const char *vmx_check_guest(const struct vmx_entry_state *s, const char **where)
{
	const char *why;
	int i;

	for (i = VMM_SEG_ES; i <= VMM_SEG_TR; i++) {
		*where = seg_names[i];
		why = check_segment(s, i);
		if (why)
			return why;
	}
	*where = "state";
	return check_control_registers(s) ?: check_msrs(s) ?: check_tables(s) ?:
	       check_rip_and_flags(s) ?: check_non_register(s);
}

/* Exceptions that have an error code. */
#define WITH_ERROR	(BIT(X86_TRAP_DF) | BIT(X86_TRAP_TS) | BIT(X86_TRAP_NP) | \
			 BIT(X86_TRAP_SS) | BIT(X86_TRAP_GP) | BIT(X86_TRAP_PF) | \
			 BIT(X86_TRAP_AC))

static const char *check_error_code(const struct vmx_entry_state *s)
{
	u32 event = s->event;
	u32 vector = event & INTR_INFO_VECTOR_MASK;
	bool exception = (event & INTR_INFO_INTR_TYPE_MASK) ==
			 INTR_TYPE_HARD_EXCEPTION;
	bool due = exception && vector < 32 && BIT(vector) & WITH_ERROR &&
		   s->cr0 & X86_CR0_PE;

	if (!!(event & INTR_INFO_DELIVER_CODE_MASK) == due)
		return NULL;
	return due ? "the injected exception lacks its error code" :
		     "an error code is injected where there is none";
}

static const char *check_event(const struct vmx_entry_state *s)
{
	u32 vector = s->event & INTR_INFO_VECTOR_MASK;

	if (!(s->event & INTR_INFO_VALID_MASK))
		return NULL;
	switch (s->event & INTR_INFO_INTR_TYPE_MASK) {
	case INTR_TYPE_NMI_INTR:
		if (vector != X86_TRAP_NMI)
			return "an NMI is injected with another vector";
		break;
	case INTR_TYPE_HARD_EXCEPTION:
		if (vector > 31)
			return "an exception is injected with a vector above 31";
		break;
	case INTR_TYPE_SOFT_INTR:
	case INTR_TYPE_SOFT_EXCEPTION:
	case INTR_TYPE_PRIV_SW_EXCEPTION:
		if (s->event_len < 1 || s->event_len > 15)
			return "a software interrupt is injected with a bad length";
	}
	return check_error_code(s);
}

const char *vmx_check_controls(const struct vmx_entry_state *s)
{
	if (s->tpr_threshold > s->tpr)
		return "TPR threshold above TPR";
	return check_event(s);
}
