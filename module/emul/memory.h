/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_EMUL_MEMORY_H
#define VMM_EMUL_MEMORY_H

#include "emul/emul.h"
#include "npt/walk.h"

struct vmm_cpu_mode;
struct vmm_vcpu;

/**
 * struct vmm_emul_memory - translation during one run of the executor
 * @env:	how to walk the guest's page tables
 * @linear, @gpa: the page translated last; ~0: none
 * @access:	what it was translated for
 */
struct vmm_emul_memory {
	struct npt_walk_env env;
	u64 linear;
	u64 gpa;
	u32 access;
};

void vmm_emul_memory_begin(struct vmm_vcpu *vcpu,
			   const struct vmm_cpu_mode *mode);

/* Callbacks of struct emul_ops. */
int vmm_emul_fetch(struct emul_ctxt *ctxt, u64 la, void *data,
		   unsigned int len);
int vmm_emul_read(struct emul_ctxt *ctxt, u64 la, void *data, unsigned int len,
		  unsigned int flags);
int vmm_emul_write(struct emul_ctxt *ctxt, u64 la, const void *data,
		   unsigned int len, unsigned int flags);
int vmm_emul_cmpxchg(struct emul_ctxt *ctxt, u64 la, void *old, const void *new,
		     unsigned int len, unsigned int flags);
int vmm_emul_mmio(struct emul_ctxt *ctxt, const struct emul_mmio *io);
int vmm_emul_pio(struct emul_ctxt *ctxt, const struct emul_pio *io);

#endif
