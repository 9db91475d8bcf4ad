/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest's FPU, vector registers and XCR0.
 *
 * A vCPU's state rests in an XSAVE area of our own, standard form, big enough
 * for every component that guests of this host may have.  Between
 * vmm_fpu_load() and vmm_fpu_put() it is in the processor instead ("live"),
 * inside a kernel_fpu_begin_mask() section: preemption stays off, the current
 * task's own state is saved and comes back on its return to user space, and
 * no interrupt handler touches the registers.  The guest's XCR0 is then in
 * the processor, and XSS is zero.
 *
 * AMX, PKRU and supervisor components are not for guests: they are in no mask
 * here, so that the host's PKRU stays in force throughout.
 *
 * All of it is for the thread that owns the vCPU.
 */
#ifndef VMM_X86_FPU_H
#define VMM_X86_FPU_H

#include <linux/types.h>

#include "x86/xsave.h"

struct vmm_cpu_limits;

/**
 * struct vmm_fpu - FPU state of one vCPU
 * @area:	XSAVE area, 64-byte aligned; stale while @live
 * @xcr0:	the guest's XCR0; ask vmm_fpu_get_xcr0()
 * @live:	the state is in the processor
 */
struct vmm_fpu {
	void *area;
	u64 xcr0;
	bool live;
};

/* Reads what XSAVE of this host can do.  Process context, once. */
int vmm_fpu_setup(void);

/* Components that guests may have, the layout of the area; constant. */
const struct vmm_xsave_layout *vmm_fpu_layout(void);

int vmm_fpu_init(struct vmm_fpu *fpu);		/* process context; -ENOMEM */
void vmm_fpu_free(struct vmm_fpu *fpu);

/*
 * Power-on clears everything.  INIT leaves registers and XCR0 as they are
 * (@init): the architecture changes nothing of them.
 */
void vmm_fpu_reset(struct vmm_fpu *fpu, bool init);

/* Preemption off, interrupts on. */
void vmm_fpu_load(struct vmm_fpu *fpu);
void vmm_fpu_put(struct vmm_fpu *fpu);

/* XCR0 as the guest has it at this moment. */
u64 vmm_fpu_get_xcr0(struct vmm_fpu *fpu);

/* XSETBV of register 0.  -EINVAL: the guest gets #GP.  Live or not. */
int vmm_fpu_set_xcr0(struct vmm_fpu *fpu, const struct vmm_cpu_limits *limits,
		     u64 xcr0);

/*
 * XMM and MMX registers and control words, live or not; as xsave.h has them.
 * -EINVAL: a reserved bit of MXCSR.
 */
void vmm_fpu_get_xmm(struct vmm_fpu *fpu, unsigned int nr, u64 val[2]);
void vmm_fpu_set_xmm(struct vmm_fpu *fpu, unsigned int nr, const u64 val[2]);
u64 vmm_fpu_get_mm(struct vmm_fpu *fpu, unsigned int nr);
void vmm_fpu_set_mm(struct vmm_fpu *fpu, unsigned int nr, u64 val);
void vmm_fpu_enter_mmx(struct vmm_fpu *fpu);
u32 vmm_fpu_get_word(struct vmm_fpu *fpu, enum vmm_fpu_word which);
int vmm_fpu_set_word(struct vmm_fpu *fpu, enum vmm_fpu_word which, u32 val);

/* YMM registers, live or not.  Only while the guest's XCR0 has AVX. */
void vmm_fpu_get_ymm(struct vmm_fpu *fpu, unsigned int nr, u64 val[4]);
void vmm_fpu_set_ymm(struct vmm_fpu *fpu, unsigned int nr, const u64 val[4]);

/*
 * For user space, not live.  @buf: kernel memory of @size bytes.  Get returns
 * how many bytes it wrote, or -ENOSPC; vmm_fpu_xsave_size() is what it takes, and
 * vmm_fpu_layout()->size is enough for any.  Set takes nothing that would fault when
 * loaded: -EINVAL, and nothing changed; check tells the same, of any vCPU.
 */
u32 vmm_fpu_xsave_size(const struct vmm_fpu *fpu);
int vmm_fpu_check_xsave(const struct vmm_cpu_limits *limits, const void *buf,
			size_t size, u64 xcr0);
int vmm_fpu_get_xsave(struct vmm_fpu *fpu, void *buf, size_t size, u64 *xcr0);
int vmm_fpu_set_xsave(struct vmm_fpu *fpu, const struct vmm_cpu_limits *limits,
		      const void *buf, size_t size, u64 xcr0);

#endif
