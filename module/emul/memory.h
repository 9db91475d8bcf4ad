/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_EMUL_MEMORY_H
#define VMM_EMUL_MEMORY_H

#include "emul/emul.h"
#include "npt/walk.h"

struct vmm_cpu_mode;
struct vmm_vcpu;

#define VMM_EMUL_MEMOS		4
#define VMM_EMUL_MEMO_DEPTH	5

/**
 * struct vmm_emul_memo - a walk of the guest's page tables, remembered
 * @linear:	page that was translated
 * @access:	NPT_WALK_* it was translated for
 * @flags, @cr3: of the walk's environment
 * @generation:	npt_space_generation() when it was made; 0: empty
 * @gpa:	the page found
 * @va:		where that lies; NULL: a device
 * @depth:	entries on the way
 * @entry:	where they lie
 * @value:	what they were
 *
 * A walk is a function of its environment and of the entries it reads.  While
 * these are what they were, and the host has moved no page, another walk would
 * find the same: so they are compared, every time, and the walk is spared.
 */
struct vmm_emul_memo {
	u64 linear;
	u32 access;
	u32 flags;
	u64 cr3;
	unsigned long generation;
	u64 gpa;
	const void *va;
	unsigned int depth;
	const u64 *entry[VMM_EMUL_MEMO_DEPTH];
	u64 value[VMM_EMUL_MEMO_DEPTH];
};

/**
 * struct vmm_emul_memory - translation during one run of the executor
 * @env:	how to walk the guest's page tables
 * @record:	the memo that the walk under way writes, or NULL
 * @memo:	the first for code, the others for data
 */
struct vmm_emul_memory {
	struct npt_walk_env env;
	struct vmm_emul_memo *record;
	struct vmm_emul_memo memo[VMM_EMUL_MEMOS];
};

void vmm_emul_memory_begin(struct vmm_vcpu *vcpu,
			   const struct vmm_cpu_mode *mode);

/*
 * Whether the code at linear address @la starts with @len bytes that are known:
 * only for what a remembered walk leads to; false tells nothing.
 */
bool vmm_emul_code_is(struct vmm_vcpu *vcpu, u64 la, unsigned int cpl,
		      const u8 *bytes, unsigned int len);

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
