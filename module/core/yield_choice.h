/* SPDX-License-Identifier: GPL-2.0 */
/*
 * To which vCPU a spinning one gives way: the choice.  Pure.
 *
 * The candidates are walked round robin from behind the one that was given way
 * to last, so that no wrong guess is made twice in a row; the likely ones first,
 * in a round of their own.
 */
#ifndef VMM_CORE_YIELD_CHOICE_H
#define VMM_CORE_YIELD_CHOICE_H

#include <linux/types.h>

enum vmm_yield_rank {
	VMM_YIELD_LIKELY,	/* may hold what is waited for */
	VMM_YIELD_SPINNER,	/* waits for something itself */
	VMM_YIELD_NR_RANKS,
	VMM_YIELD_NEVER = VMM_YIELD_NR_RANKS,
};

/**
 * struct vmm_yield_view - what is known of a candidate
 * @waits:	its thread wants to run and waits for a processor
 * @spins:	because it has given way itself
 * @in_user:	its guest was in user mode when it lost the processor
 * @interrupted: and has an interrupt to take
 */
struct vmm_yield_view {
	bool waits;
	bool spins;
	bool in_user;
	bool interrupted;
};

/*
 * User mode holds no lock of the kernel, but may be asked by an interrupt to
 * answer; @kernel: the guest spins in kernel mode.
 */
static inline enum vmm_yield_rank
vmm_yield_rank(const struct vmm_yield_view *v, bool kernel)
{
	if (!v->waits)
		return VMM_YIELD_NEVER;
	if (kernel && v->in_user && !v->interrupted)
		return VMM_YIELD_NEVER;
	return v->spins ? VMM_YIELD_SPINNER : VMM_YIELD_LIKELY;
}

/**
 * struct vmm_yield_walk - candidates, one after another
 * @nr:		vCPU ids are below this
 * @self:	the spinner, which is none
 * @last:	the walk begins behind this one, and ends with it; below @nr
 * @steps:	made in this round
 * @rank:	that this round is for
 */
struct vmm_yield_walk {
	u32 nr;
	u32 self;
	u32 last;
	u32 steps;
	enum vmm_yield_rank rank;
};

/* The next id to look at, if its rank is w->rank; false: that was all. */
static inline bool vmm_yield_next(struct vmm_yield_walk *w, u32 *id)
{
	while (w->rank < VMM_YIELD_NR_RANKS) {
		while (w->steps < w->nr) {
			w->steps++;
			*id = (w->last + w->steps) % w->nr;
			if (*id != w->self)
				return true;
		}
		w->steps = 0;
		w->rank++;
	}
	return false;
}

#endif
