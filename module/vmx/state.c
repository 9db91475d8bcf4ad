// SPDX-License-Identifier: GPL-2.0
/*
 * Registers in and out of the VMCS.
 *
 * CR0 and CR4 have two values each: what the processor runs with, and for the
 * bits of the guest/host mask, whose writes are exits, a shadow that the guest
 * reads.  The shadow always has the whole value that was set last.
 */
#include <asm/msr.h>
#include <asm/processor-flags.h>
#include <asm/tlbflush.h>
#include <linux/build_bug.h>

#include "core/vm.h"
#include "uapi/linux/vmm.h"
#include "vmx/vmx.h"

/*
 * Bits of CR0 that a guest may change by itself.  Caching is the host's affair,
 * and the other bits are fixed.
 */
#define CR0_GUEST	(X86_CR0_PE | X86_CR0_MP | X86_CR0_EM | X86_CR0_TS | \
			 X86_CR0_WP | X86_CR0_AM | X86_CR0_PG)

static u64 guest_cr0(void)
{
	return (vmcs_read(GUEST_CR0) & CR0_GUEST) |
	       (vmcs_read(CR0_READ_SHADOW) & ~CR0_GUEST);
}

static u64 guest_cr4(const struct vmx_vcpu *vmx)
{
	return (vmcs_read(GUEST_CR4) & ~vmx->cr4_host) |
	       (vmcs_read(CR4_READ_SHADOW) & vmx->cr4_host);
}

void vmx_get_mode(struct vmm_vcpu *vcpu, struct vmm_cpu_mode *mode)
{
	struct vmx_vcpu *vmx = vmx_vmcs_begin(vcpu);
	u32 cs = vmcs_read(GUEST_CS_AR_BYTES);

	mode->cr0 = guest_cr0();
	mode->cr3 = vmcs_read(GUEST_CR3);
	mode->cr4 = guest_cr4(vmx);
	mode->efer = vmcs_read(GUEST_IA32_EFER);
	mode->cpl = VMX_AR_DPL(vmcs_read(GUEST_SS_AR_BYTES));
	mode->cs_l = cs & VMX_AR_L_MASK;
	mode->cs_d = cs & VMX_AR_DB_MASK;
	vmx_vmcs_end(vmx);
}

/* Fields of one kind lie in the order of enum vmm_seg, two apart. */
#define SEG_FIELD(kind, seg)	(GUEST_ES_##kind + 2 * (seg))

static_assert(SEG_FIELD(SELECTOR, VMM_SEG_TR) == GUEST_TR_SELECTOR);
static_assert(SEG_FIELD(AR_BYTES, VMM_SEG_TR) == GUEST_TR_AR_BYTES);
static_assert(SEG_FIELD(LIMIT, VMM_SEG_IDTR) == GUEST_IDTR_LIMIT);
static_assert(SEG_FIELD(BASE, VMM_SEG_IDTR) == GUEST_IDTR_BASE);
static_assert(VMM_SEG_UNUSABLE == VMX_AR_UNUSABLE_MASK);

void vmx_get_segment(struct vmm_vcpu *vcpu, enum vmm_seg seg,
		     struct vmm_segment *s)
{
	struct vmx_vcpu *vmx = vmx_vmcs_begin(vcpu);

	*s = (struct vmm_segment){
		.base = vmcs_read(SEG_FIELD(BASE, seg)),
		.limit = vmcs_read(SEG_FIELD(LIMIT, seg)),
	};
	if (seg <= VMM_SEG_TR) {
		s->selector = vmcs_read(SEG_FIELD(SELECTOR, seg));
		s->attr = vmcs_read(SEG_FIELD(AR_BYTES, seg));
	}
	vmx_vmcs_end(vmx);
}

static bool usable(const struct vmm_segment *s)
{
	return (s->attr & VMX_AR_P_MASK) && !(s->attr & VMX_AR_UNUSABLE_MASK);
}

/*
 * An entry takes only attributes that loading a descriptor could have left:
 * accessed segments, a busy TSS, and a granularity that fits the limit.
 */
static u32 entry_attr(enum vmm_seg seg, const struct vmm_segment *s)
{
	u32 attr = s->attr & ~VMX_AR_RESERVD_MASK;

	if (seg == VMM_SEG_TR) {
		/* There is always one; what it says counts in use only. */
		if (!usable(s))
			attr = VMX_AR_P_MASK | VMX_AR_TYPE_BUSY_32_TSS;
		attr |= VMX_AR_TYPE_BUSY_16_TSS;
	} else if (attr & VMX_AR_UNUSABLE_MASK) {
		return attr;
	} else if (!(attr & VMX_AR_P_MASK)) {
		return attr | VMX_AR_UNUSABLE_MASK;
	} else if (attr & VMX_AR_S_MASK) {
		attr |= VMX_AR_TYPE_ACCESSES_MASK;
	}
	if (s->limit >> 20)
		attr |= VMX_AR_G_MASK;
	else if ((s->limit & 0xfff) != 0xfff)
		attr &= ~VMX_AR_G_MASK;
	return attr;
}

void vmx_set_segment(struct vmm_vcpu *vcpu, enum vmm_seg seg,
		     const struct vmm_segment *s)
{
	struct vmx_vcpu *vmx = vmx_vmcs_begin(vcpu);
	u32 limit = s->limit, selector = s->selector;

	if (seg <= VMM_SEG_TR) {
		if (limit >> 20)
			limit |= 0xfff;
		if (seg == VMM_SEG_TR && !usable(s))
			selector &= ~SEGMENT_TI_MASK;
		vmcs_write(SEG_FIELD(SELECTOR, seg), selector);
		vmcs_write(SEG_FIELD(AR_BYTES, seg), entry_attr(seg, s));
	}
	vmcs_write(SEG_FIELD(BASE, seg), s->base);
	vmcs_write(SEG_FIELD(LIMIT, seg), limit);
	vmx_vmcs_end(vmx);
}

u64 vmx_get_cr(struct vmm_vcpu *vcpu, unsigned int nr)
{
	struct vmx_vcpu *vmx;
	u64 val = 0;

	if (nr == 2)
		return to_vmx(vcpu)->cr2;
	vmx = vmx_vmcs_begin(vcpu);
	switch (nr) {
	case 0:
		val = guest_cr0();
		break;
	case 3:
		val = vmcs_read(GUEST_CR3);
		break;
	case 4:
		val = guest_cr4(vmx);
		break;
	}
	vmx_vmcs_end(vmx);
	return val;
}

static void set_cr0(u64 val)
{
	vmcs_write(CR0_GUEST_HOST_MASK, ~(u64)CR0_GUEST);
	vmcs_write(CR0_READ_SHADOW, val);
	vmcs_write(GUEST_CR0, (val & ~(u64)(X86_CR0_CD | X86_CR0_NW)) |
			      vmx_config.cr0_fixed);
}

static void set_cr4(u64 val)
{
	vmcs_write(CR4_READ_SHADOW, val);
	vmcs_write(GUEST_CR4, val | vmx_config.cr4_fixed |
			      (cr4_read_shadow() & X86_CR4_MCE));
}

void vmx_set_cr(struct vmm_vcpu *vcpu, unsigned int nr, u64 val)
{
	struct vmx_vcpu *vmx;

	if (nr == 2) {
		to_vmx(vcpu)->cr2 = val;
		return;
	}
	vmx = vmx_vmcs_begin(vcpu);
	switch (nr) {
	case 0:
		set_cr0(val);
		break;
	case 3:
		vmcs_write(GUEST_CR3, val);
		break;
	case 4:
		set_cr4(val);
		break;
	}
	/* Hardware would have done both on a write by the guest itself. */
	vmx->pdptrs_stale = true;
	vmx->tlb.forget_guest = true;
	vmx_vmcs_end(vmx);
}

void vmx_set_efer(struct vmm_vcpu *vcpu, u64 val)
{
	struct vmx_vcpu *vmx = vmx_vmcs_begin(vcpu);
	u32 entry = vmcs_read(VM_ENTRY_CONTROLS) & ~VM_ENTRY_IA32E_MODE;

	if (val & EFER_LMA) {
		entry |= VM_ENTRY_IA32E_MODE;
		/* A TSS of 16 bits from before is used as one of 64. */
		vmcs_write(GUEST_TR_AR_BYTES, vmcs_read(GUEST_TR_AR_BYTES) |
					      VMX_AR_TYPE_BUSY_64_TSS);
	}
	vmcs_write(VM_ENTRY_CONTROLS, entry);
	vmcs_write(GUEST_IA32_EFER, val);
	vmx->pdptrs_stale = true;
	vmx->tlb.forget_guest = true;
	vmx_vmcs_end(vmx);
}

/*
 * PAE's top-level entries are registers.  The guest's own loads of them need
 * no exit; after one on its behalf they are read here, loaded, before an entry.
 */
void vmx_load_pdptrs(struct vmx_vcpu *vmx)
{
	u64 pdptrs[4] = {}, cr3 = vmcs_read(GUEST_CR3) & 0xffffffe0ULL;
	int i;

	vmx->pdptrs_stale = false;
	if (!(vmcs_read(GUEST_CR0) & X86_CR0_PG) ||
	    !(vmcs_read(GUEST_CR4) & X86_CR4_PAE) ||
	    (vmcs_read(GUEST_IA32_EFER) & EFER_LMA))
		return;
	/* Where there is no memory there are no entries either. */
	if (npt_space_read(&vmx->vcpu.vm->space, cr3, pdptrs, sizeof(pdptrs),
			   VMM_MEM_NOWAIT))
		memset(pdptrs, 0, sizeof(pdptrs));
	for (i = 0; i < ARRAY_SIZE(pdptrs); i++) {
		/* An entry would be refused; this is a page fault on use. */
		if (!vmm_pdptr_valid(vmm_x86_limits(&vmx->vcpu.x86), pdptrs[i]))
			pdptrs[i] = 0;
		vmcs_write(GUEST_PDPTR0 + 2 * i, pdptrs[i]);
	}
}

u64 vmx_get_dr(struct vmm_vcpu *vcpu, unsigned int nr)
{
	return nr == 6 ? to_vmx(vcpu)->dr6 : to_vmx(vcpu)->dr7;
}

void vmx_set_dr(struct vmm_vcpu *vcpu, unsigned int nr, u64 val)
{
	struct vmx_vcpu *vmx;

	if (nr == 6) {
		to_vmx(vcpu)->dr6 = val;
		return;
	}
	vmx = vmx_vmcs_begin(vcpu);
	vmx->dr7 = val;
	vmcs_write(GUEST_DR7, val);
	vmx_vmcs_end(vmx);
}

/* MSRs that have a field; 0: none. */
static unsigned long msr_field(u32 index)
{
	switch (index) {
	case MSR_IA32_SYSENTER_CS:	return GUEST_SYSENTER_CS;
	case MSR_IA32_SYSENTER_ESP:	return GUEST_SYSENTER_ESP;
	case MSR_IA32_SYSENTER_EIP:	return GUEST_SYSENTER_EIP;
	case MSR_FS_BASE:		return GUEST_FS_BASE;
	case MSR_GS_BASE:		return GUEST_GS_BASE;
	case MSR_IA32_CR_PAT:		return GUEST_IA32_PAT;
	case MSR_EFER:			return GUEST_IA32_EFER;
	}
	return 0;
}

static int switched_msr(u32 index)
{
	int i;

	for (i = 0; i < VMX_NR_SWITCHED_MSRS; i++)
		if (vmx_switched_msrs[i] == index)
			return i;
	return -ENOENT;
}

int vmx_get_msr(struct vmm_vcpu *vcpu, u32 index, u64 *val)
{
	struct vmx_vcpu *vmx = to_vmx(vcpu);
	unsigned long field = msr_field(index);
	int i;

	if (field) {
		vmx_vmcs_begin(vcpu);
		*val = vmcs_read(field);
		vmx_vmcs_end(vmx);
		return 0;
	}
	i = switched_msr(index);
	if (i < 0)
		return i;
	if (i >= VMX_NR_STABLE_MSRS && vmx->loaded)
		rdmsrl(index, vmx->msrs[i]);
	*val = vmx->msrs[i];
	return 0;
}

int vmx_set_msr(struct vmm_vcpu *vcpu, u32 index, u64 val)
{
	struct vmx_vcpu *vmx = to_vmx(vcpu);
	unsigned long field = msr_field(index);
	int i;

	if (index == MSR_EFER) {
		vmx_set_efer(vcpu, val);
		return 0;
	}
	if (field) {
		vmx_vmcs_begin(vcpu);
		vmcs_write(field, val);
		vmx_vmcs_end(vmx);
		return 0;
	}
	i = switched_msr(index);
	if (i < 0)
		return i;
	vmx->msrs[i] = val;
	if (vmx->loaded)
		wrmsrl(index, val);
	return 0;
}

void vmx_set_tsc_offset(struct vmm_vcpu *vcpu, u64 offset)
{
	struct vmx_vcpu *vmx = vmx_vmcs_begin(vcpu);

	vmx->tsc_offset = offset;
	vmcs_write(TSC_OFFSET, offset);
	vmx_vmcs_end(vmx);
}
