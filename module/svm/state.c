// SPDX-License-Identifier: GPL-2.0
/*
 * Registers in and out of the VMCB, with the clean bits that follow.
 */
#include <asm/msr-index.h>
#include <linux/build_bug.h>

#include "svm/svm.h"
#include "uapi/linux/vmm.h"

void svm_get_mode(struct vmm_vcpu *vcpu, struct vmm_cpu_mode *mode)
{
	const struct vmcb_save_area *s = &to_svm(vcpu)->vmcb->save;

	mode->cr0 = s->cr0;
	mode->cr3 = s->cr3;
	mode->cr4 = s->cr4;
	mode->efer = s->efer & ~EFER_SVME;
	mode->cpl = s->cpl;
	mode->cs_l = s->cs.attrib & BIT(9);
	mode->cs_d = s->cs.attrib & BIT(10);
}

static struct vmcb_seg *find_segment(struct svm_vcpu *svm, enum vmm_seg seg)
{
	struct vmcb_save_area *s = &svm->vmcb->save;

	switch (seg) {
	case VMM_SEG_ES:	return &s->es;
	case VMM_SEG_CS:	return &s->cs;
	case VMM_SEG_SS:	return &s->ss;
	case VMM_SEG_DS:	return &s->ds;
	case VMM_SEG_FS:	return &s->fs;
	case VMM_SEG_GS:	return &s->gs;
	case VMM_SEG_LDTR:	return &s->ldtr;
	case VMM_SEG_TR:	return &s->tr;
	case VMM_SEG_GDTR:	return &s->gdtr;
	case VMM_SEG_IDTR:	return &s->idtr;
	}
	return &s->ds;
}

/* The VMCB packs a descriptor's attribute bits 8-11 (there 20-23) together. */
static u32 attr_unpack(u16 packed)
{
	return (packed & 0xff) | (packed & 0xf00) << 4;
}

static u16 attr_pack(u32 attr)
{
	if (attr & VMM_SEG_UNUSABLE)
		return 0;
	return (attr & 0xff) | (attr >> 4 & 0xf00);
}

void svm_get_segment(struct vmm_vcpu *vcpu, enum vmm_seg seg,
		     struct vmm_segment *s)
{
	struct svm_vcpu *svm = to_svm(vcpu);
	const struct vmcb_seg *v = find_segment(svm, seg);

	*s = (struct vmm_segment){
		.base = v->base,
		.limit = v->limit,
		.selector = v->selector,
		.attr = attr_unpack(v->attrib),
	};
	/* The processor keeps the privilege level apart from SS. */
	if (seg == VMM_SEG_SS)
		s->attr = (s->attr & ~0x60) | svm->vmcb->save.cpl << 5;
	if (!(s->attr & 0x80) && seg < VMM_SEG_GDTR)
		s->attr |= VMM_SEG_UNUSABLE;
}

void svm_set_segment(struct vmm_vcpu *vcpu, enum vmm_seg seg,
		     const struct vmm_segment *s)
{
	struct svm_vcpu *svm = to_svm(vcpu);
	struct vmcb_seg *v = find_segment(svm, seg);

	v->base = s->base;
	v->limit = s->limit;
	v->selector = s->selector;
	v->attrib = attr_pack(s->attr);
	if (seg == VMM_SEG_SS)
		svm->vmcb->save.cpl = s->attr >> 5 & 3;
	if (seg == VMM_SEG_GDTR || seg == VMM_SEG_IDTR)
		svm_dirty(svm, SVM_CLEAN_DT);
	else
		svm_dirty(svm, SVM_CLEAN_SEG);
}

u64 svm_get_cr(struct vmm_vcpu *vcpu, unsigned int nr)
{
	const struct vmcb_save_area *s = &to_svm(vcpu)->vmcb->save;

	switch (nr) {
	case 0:	return s->cr0;
	case 2:	return s->cr2;
	case 3:	return s->cr3;
	case 4:	return s->cr4;
	}
	return 0;
}

void svm_set_cr(struct vmm_vcpu *vcpu, unsigned int nr, u64 val)
{
	struct svm_vcpu *svm = to_svm(vcpu);
	struct vmcb_save_area *s = &svm->vmcb->save;

	switch (nr) {
	case 0:
		s->cr0 = val;
		break;
	case 2:
		s->cr2 = val;
		svm_dirty(svm, SVM_CLEAN_CR2);
		return;
	case 3:
		s->cr3 = val;
		break;
	case 4:
		s->cr4 = val;
		break;
	}
	svm_dirty(svm, SVM_CLEAN_CR);
	/* Hardware would have flushed on a write by the guest itself. */
	svm->forget = true;
}

void svm_set_efer(struct vmm_vcpu *vcpu, u64 val)
{
	struct svm_vcpu *svm = to_svm(vcpu);

	svm->vmcb->save.efer = val | EFER_SVME;
	svm_dirty(svm, SVM_CLEAN_CR);
	svm->forget = true;
}

u64 svm_get_dr(struct vmm_vcpu *vcpu, unsigned int nr)
{
	const struct vmcb_save_area *s = &to_svm(vcpu)->vmcb->save;

	return nr == 6 ? s->dr6 : s->dr7;
}

void svm_set_dr(struct vmm_vcpu *vcpu, unsigned int nr, u64 val)
{
	struct svm_vcpu *svm = to_svm(vcpu);

	if (nr == 6)
		svm->vmcb->save.dr6 = val;
	else
		svm->vmcb->save.dr7 = val;
	svm_dirty(svm, SVM_CLEAN_DR);
}

static u64 *find_msr(struct vmcb_save_area *s, u32 index)
{
	/* None of these fields is aligned to less than its size. */
	switch (index) {
	case MSR_STAR:			return &s->star;
	case MSR_LSTAR:			return &s->lstar;
	case MSR_CSTAR:			return &s->cstar;
	case MSR_SYSCALL_MASK:		return &s->sfmask;
	case MSR_KERNEL_GS_BASE:	return &s->kernel_gs_base;
	case MSR_IA32_SYSENTER_CS:	return &s->sysenter_cs;
	case MSR_IA32_SYSENTER_ESP:	return &s->sysenter_esp;
	case MSR_IA32_SYSENTER_EIP:	return &s->sysenter_eip;
	case MSR_FS_BASE:		return &s->fs.base;
	case MSR_GS_BASE:		return &s->gs.base;
	case MSR_IA32_CR_PAT:		return &s->g_pat;
	}
	return NULL;
}

int svm_get_msr(struct vmm_vcpu *vcpu, u32 index, u64 *val)
{
	struct svm_vcpu *svm = to_svm(vcpu);
	u64 *field = find_msr(&svm->vmcb->save, index);

	if (index == MSR_EFER) {
		*val = svm->vmcb->save.efer & ~EFER_SVME;
		return 0;
	}
	if (!field)
		return -ENOENT;
	*val = *field;
	return 0;
}

int svm_set_msr(struct vmm_vcpu *vcpu, u32 index, u64 val)
{
	struct svm_vcpu *svm = to_svm(vcpu);
	u64 *field = find_msr(&svm->vmcb->save, index);

	if (index == MSR_EFER) {
		svm_set_efer(vcpu, val);
		return 0;
	}
	if (!field)
		return -ENOENT;
	*field = val;
	if (index == MSR_IA32_CR_PAT)
		svm_dirty(svm, SVM_CLEAN_NPT);
	return 0;
}

void svm_set_tsc_offset(struct vmm_vcpu *vcpu, u64 offset)
{
	struct svm_vcpu *svm = to_svm(vcpu);

	svm->vmcb->control.tsc_offset = offset;
	svm_dirty(svm, SVM_CLEAN_INTERCEPTS);
}
