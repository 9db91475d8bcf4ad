// SPDX-License-Identifier: GPL-2.0
/*
 * The registers that the executor reaches through callbacks: segments, control
 * and debug registers, MSRs, CPUID, and the instructions that act on the vCPU
 * as a whole.
 */
#include <asm/trapnr.h>

#include "core/vcpu.h"
#include "core/vm.h"
#include "emul/glue.h"
#include "emul/memory.h"
#include "uapi/linux/vmm.h"

/* Bits that MOV DR can change; the rest read as the reserved pattern. */
#define DR6_WRITABLE	(DR_TRAP_BITS | DR_STEP | DR_SWITCH | DR_GENERAL_DETECT)
#define DR7_WRITABLE	0xffff23ffULL
/* DR6 has its general-detect bit where DR7 has the enable for it. */
#define DR_GENERAL_DETECT	BIT(13)

/* Where CR3 points outside of long mode, under PAE. */
#define PAE_CR3_MASK	GENMASK_ULL(31, 5)

static struct vmm_vcpu *of_ctxt(struct emul_ctxt *ctxt)
{
	return container_of(ctxt, struct vmm_vcpu, emul);
}

static int general_protection(struct emul_ctxt *ctxt)
{
	return emul_raise_error(ctxt, X86_TRAP_GP, 0);
}

/* enum emul_segreg and enum vmm_seg agree for the segment registers. */
static void get_seg(struct emul_ctxt *ctxt, unsigned int seg,
		    struct emul_seg *val)
{
	struct vmm_segment s;

	BUILD_BUG_ON(EMUL_ES != (int)VMM_SEG_ES || EMUL_GS != (int)VMM_SEG_GS ||
		     EMUL_TR != (int)VMM_SEG_TR);
	vmm_backend->get_segment(of_ctxt(ctxt), seg, &s);
	val->base = s.base;
	val->limit = s.limit;
	val->sel = s.selector;
	val->ar = s.attr;
}

static int set_seg(struct emul_ctxt *ctxt, unsigned int seg,
		   const struct emul_seg *val)
{
	struct vmm_segment s = {
		.base = val->base,
		.limit = val->limit,
		.selector = val->sel,
		.attr = val->ar,
	};

	if (!(val->ar & EMUL_AR_P))
		s.attr |= VMM_SEG_UNUSABLE;
	vmm_backend->set_segment(of_ctxt(ctxt), seg, &s);
	return EMUL_OK;
}

static int get_cr(struct emul_ctxt *ctxt, unsigned int cr, u64 *val)
{
	struct vmm_vcpu *vcpu = of_ctxt(ctxt);

	*val = cr == 8 ? vmm_lapic_get_tpr(&vcpu->apic) :
			 vmm_backend->get_cr(vcpu, cr);
	return EMUL_OK;
}

static void current_cregs(struct vmm_vcpu *vcpu, struct vmm_cregs *c)
{
	struct vmm_cpu_mode mode;

	vmm_backend->get_mode(vcpu, &mode);
	*c = (struct vmm_cregs){
		.cr0 = mode.cr0, .cr3 = mode.cr3, .cr4 = mode.cr4,
		.efer = mode.efer, .cs_l = mode.cs_l, .cs_db = mode.cs_d,
	};
}

/*
 * PAE's top-level entries, if the write of control register @cr that makes @old
 * into @new loads them.  Where there is no memory there are no entries.
 */
static int check_pdptrs(struct vmm_vcpu *vcpu, const struct vmm_cregs *old,
			const struct vmm_cregs *new, unsigned int cr)
{
	unsigned int flags = vcpu->emul.may_sleep ? 0 : VMM_MEM_NOWAIT;
	u64 pdptrs[4];
	int i, err;

	if (!vmm_cregs_load_pdptrs(old, new, cr))
		return EMUL_OK;
	err = npt_space_read(&vcpu->vm->space, new->cr3 & PAE_CR3_MASK, pdptrs,
			     sizeof(pdptrs), flags);
	if (err)
		return err == -EWOULDBLOCK ? EMUL_RETRY_SLEEP : EMUL_OK;
	for (i = 0; i < ARRAY_SIZE(pdptrs); i++)
		if (!vmm_pdptr_valid(vmm_x86_limits(&vcpu->x86), pdptrs[i]))
			return general_protection(&vcpu->emul);
	return EMUL_OK;
}

static bool write_valid(struct vmm_vcpu *vcpu, const struct vmm_cregs *cur,
			unsigned int cr, u64 val)
{
	const struct vmm_cpu_limits *limits = vmm_x86_limits(&vcpu->x86);

	switch (cr) {
	case 0:
		return vmm_cr0_write_valid(limits, cur, val);
	case 3:
		return vmm_cr3_write_valid(limits, cur, val);
	}
	return vmm_cr4_write_valid(limits, cur, val);
}

/* CR0, CR3 and CR4, on whose values together much depends. */
static int set_paging_cr(struct emul_ctxt *ctxt, unsigned int cr, u64 val)
{
	struct vmm_vcpu *vcpu = of_ctxt(ctxt);
	struct vmm_cregs cur, new;
	struct vmm_cpu_mode mode;
	int rc;

	current_cregs(vcpu, &cur);
	if (!write_valid(vcpu, &cur, cr, val))
		return general_protection(ctxt);
	new = cur;
	switch (cr) {
	case 0:
		val = vmm_cr0_after_write(val);
		new.cr0 = val;
		new.efer = vmm_efer_after_cr0(cur.efer, val);
		break;
	case 3:
		if (cur.cr4 & X86_CR4_PCIDE)
			val &= ~BIT_ULL(63);
		new.cr3 = val;
		break;
	case 4:
		new.cr4 = val;
		break;
	}
	rc = check_pdptrs(vcpu, &cur, &new, cr);
	if (rc != EMUL_OK)
		return rc;
	vmm_backend->set_cr(vcpu, cr, val);
	if (new.efer != cur.efer)
		vmm_backend->set_efer(vcpu, new.efer);
	/* What follows in the same step is translated by these. */
	vmm_backend->get_mode(vcpu, &mode);
	vmm_emul_memory_begin(vcpu, &mode);
	return EMUL_OK;
}

static int set_cr(struct emul_ctxt *ctxt, unsigned int cr, u64 val)
{
	struct vmm_vcpu *vcpu = of_ctxt(ctxt);

	switch (cr) {
	case 0:
	case 3:
	case 4:
		return set_paging_cr(ctxt, cr, val);
	case 2:
		vmm_backend->set_cr(vcpu, 2, val);
		return EMUL_OK;
	case 8:
		if (!vmm_cr8_write_valid(val))
			return general_protection(ctxt);
		vmm_lapic_set_tpr(&vcpu->apic, val);
		return EMUL_OK;
	}
	return emul_raise(ctxt, X86_TRAP_UD);
}

/* MOV DR under DR7.GD is a debug exception before it does anything. */
static bool general_detect(struct vmm_vcpu *vcpu)
{
	u64 dr7 = vmm_backend->get_dr(vcpu, 7);
	u64 dr6;

	if (!(dr7 & DR_GENERAL_DETECT))
		return false;
	dr6 = vmm_backend->get_dr(vcpu, 6);
	vmm_vcpu_set_dr7(vcpu, dr7 & ~(u64)DR_GENERAL_DETECT);
	vmm_backend->set_dr(vcpu, 6, dr6 | DR_GENERAL_DETECT);
	return true;
}

static int get_dr(struct emul_ctxt *ctxt, unsigned int dr, u64 *val)
{
	struct vmm_vcpu *vcpu = of_ctxt(ctxt);

	if (general_detect(vcpu))
		return emul_raise(ctxt, X86_TRAP_DB);
	*val = dr < 4 ? vcpu->db[dr] : vmm_backend->get_dr(vcpu, dr);
	return EMUL_OK;
}

static int set_dr(struct emul_ctxt *ctxt, unsigned int dr, u64 val)
{
	struct vmm_vcpu *vcpu = of_ctxt(ctxt);

	if (general_detect(vcpu))
		return emul_raise(ctxt, X86_TRAP_DB);
	if (dr < 4) {
		vcpu->db[dr] = val;
		return EMUL_OK;
	}
	if (val >> 32)
		return general_protection(ctxt);
	if (dr == 6)
		vmm_backend->set_dr(vcpu, 6,
				    (val & DR6_WRITABLE) | DR6_RESERVED);
	else
		vmm_vcpu_set_dr7(vcpu, (val & DR7_WRITABLE) | VMM_DR7_FIXED);
	return EMUL_OK;
}

static int get_msr(struct emul_ctxt *ctxt, u32 msr, u64 *val)
{
	if (vmm_msr_read(&of_ctxt(ctxt)->x86, msr, val))
		return general_protection(ctxt);
	return EMUL_OK;
}

static int set_msr(struct emul_ctxt *ctxt, u32 msr, u64 val)
{
	if (vmm_msr_write(&of_ctxt(ctxt)->x86, msr, val))
		return general_protection(ctxt);
	return EMUL_OK;
}

static enum vmm_seg table_seg(enum emul_table which)
{
	return which == EMUL_GDT ? VMM_SEG_GDTR : VMM_SEG_IDTR;
}

static int get_table(struct emul_ctxt *ctxt, enum emul_table which, u64 *base,
		     u16 *limit)
{
	struct vmm_segment s;

	vmm_backend->get_segment(of_ctxt(ctxt), table_seg(which), &s);
	*base = s.base;
	*limit = s.limit;
	return EMUL_OK;
}

static int set_table(struct emul_ctxt *ctxt, enum emul_table which, u64 base,
		     u16 limit)
{
	struct vmm_segment s = { .base = base, .limit = limit };

	vmm_backend->set_segment(of_ctxt(ctxt), table_seg(which), &s);
	return EMUL_OK;
}

static int get_xcr0(struct emul_ctxt *ctxt, u64 *val)
{
	*val = vmm_fpu_get_xcr0(&of_ctxt(ctxt)->x86.fpu);
	return EMUL_OK;
}

static void get_vec(struct emul_ctxt *ctxt, enum emul_vec file,
		    unsigned int reg, void *val)
{
	struct vmm_fpu *fpu = &of_ctxt(ctxt)->x86.fpu;
	u64 v[4] = {};

	switch (file) {
	case EMUL_VEC_MMX:
		v[0] = vmm_fpu_get_mm(fpu, reg);
		memcpy(val, v, 8);
		break;
	case EMUL_VEC_XMM:
		vmm_fpu_get_xmm(fpu, reg, v);
		memcpy(val, v, 16);
		break;
	case EMUL_VEC_YMM:
		vmm_fpu_get_ymm(fpu, reg, v);
		memcpy(val, v, 32);
		break;
	}
}

static void set_vec(struct emul_ctxt *ctxt, enum emul_vec file,
		    unsigned int reg, const void *val)
{
	struct vmm_fpu *fpu = &of_ctxt(ctxt)->x86.fpu;
	u64 v[4];

	switch (file) {
	case EMUL_VEC_MMX:
		memcpy(v, val, 8);
		vmm_fpu_set_mm(fpu, reg, v[0]);
		break;
	case EMUL_VEC_XMM:
		memcpy(v, val, 16);
		vmm_fpu_set_xmm(fpu, reg, v);
		break;
	case EMUL_VEC_YMM:
		memcpy(v, val, 32);
		vmm_fpu_set_ymm(fpu, reg, v);
		break;
	}
}

static void enter_mmx(struct emul_ctxt *ctxt)
{
	vmm_fpu_enter_mmx(&of_ctxt(ctxt)->x86.fpu);
}

static const enum vmm_fpu_word fpu_words[] = {
	[EMUL_FPU_CW]		= VMM_FPU_CW,
	[EMUL_FPU_SW]		= VMM_FPU_SW,
	[EMUL_FPU_MXCSR]	= VMM_FPU_MXCSR,
};

static u32 get_fpu(struct emul_ctxt *ctxt, enum emul_fpu which)
{
	return vmm_fpu_get_word(&of_ctxt(ctxt)->x86.fpu, fpu_words[which]);
}

static int set_fpu(struct emul_ctxt *ctxt, enum emul_fpu which, u32 val)
{
	if (vmm_fpu_set_word(&of_ctxt(ctxt)->x86.fpu, fpu_words[which], val))
		return general_protection(ctxt);
	return EMUL_OK;
}

static int run_cpuid(struct emul_ctxt *ctxt, u32 regs[4])
{
	struct vmm_vcpu *vcpu = of_ctxt(ctxt);
	struct vmm_cpuid_dyn dyn = {
		.cr4 = vmm_backend->get_cr(vcpu, 4),
		.xcr0 = vmm_fpu_get_xcr0(&vcpu->x86.fpu),
		.apic_enabled = vmm_lapic_enabled(&vcpu->apic),
	};

	vmm_cpuid_exec(&vcpu->x86.cpuid, &dyn, regs);
	return EMUL_OK;
}

static int run_rdtsc(struct emul_ctxt *ctxt, u64 *tsc, u32 *aux)
{
	struct vmm_vcpu *vcpu = of_ctxt(ctxt);

	*tsc = vmm_clock_guest_tsc(&vcpu->x86);
	*aux = vcpu->x86.msr.tsc_aux;
	return EMUL_OK;
}

static int system(struct emul_ctxt *ctxt, enum emul_sys what, u64 arg)
{
	struct vmm_vcpu *vcpu = of_ctxt(ctxt);

	switch (what) {
	case EMUL_SYS_HLT:
		vcpu->mp_state = VMM_MP_HALTED;
		return EMUL_OK;
	case EMUL_SYS_HYPERCALL:
		/* An exit of its own; here only if code changed on the way. */
		return emul_raise(ctxt, X86_TRAP_UD);
	case EMUL_SYS_INVLPG:
		vmm_backend->flush_tlb(vcpu);
		return EMUL_OK;
	case EMUL_SYS_XSETBV:
		if ((u32)vcpu->gpr[EMUL_RCX] ||
		    vmm_fpu_set_xcr0(&vcpu->x86.fpu,
				     vmm_x86_limits(&vcpu->x86), arg))
			return general_protection(ctxt);
		return EMUL_OK;
	case EMUL_SYS_WBINVD:
	case EMUL_SYS_PAUSE:
		return EMUL_OK;
	}
	return EMUL_STOP;
}

static const struct emul_ops ops = {
	.fetch		= vmm_emul_fetch,
	.read		= vmm_emul_read,
	.write		= vmm_emul_write,
	.cmpxchg	= vmm_emul_cmpxchg,
	.pio		= vmm_emul_pio,
	.mmio		= vmm_emul_mmio,
	.get_seg	= get_seg,
	.set_seg	= set_seg,
	.get_cr		= get_cr,
	.set_cr		= set_cr,
	.get_dr		= get_dr,
	.set_dr		= set_dr,
	.get_msr	= get_msr,
	.set_msr	= set_msr,
	.get_table	= get_table,
	.set_table	= set_table,
	.get_xcr0	= get_xcr0,
	.get_vec	= get_vec,
	.set_vec	= set_vec,
	.enter_mmx	= enter_mmx,
	.get_fpu	= get_fpu,
	.set_fpu	= set_fpu,
	.cpuid		= run_cpuid,
	.rdtsc		= run_rdtsc,
	.system		= system,
};

void vmm_emul_init(struct vmm_vcpu *vcpu)
{
	vcpu->emul.gpr = vcpu->gpr;
	emul_init(&vcpu->emul, &ops, (void *)vcpu->run + VMM_RUN_DATA_OFFSET,
		  VMM_RUN_DATA_SIZE);
}
