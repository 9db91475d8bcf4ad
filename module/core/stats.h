/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_CORE_STATS_H
#define VMM_CORE_STATS_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "core/exit.h"
#include "core/stats_list.h"

enum vmm_stat {
#define X(sym, name) VMM_STAT_##sym,
	VMM_STATS(X)
#undef X
	VMM_STAT_EXIT_FIRST,
	VMM_NR_STATS = VMM_STAT_EXIT_FIRST + VMM_NR_EXIT_REASONS
};

/**
 * struct vmm_stats_block - counters of one vCPU
 * Written by the vCPU's owner alone (but for KICKS and NOTIFIES, which
 * tolerate a lost count from senders that race), read by anybody without a lock.
 */
struct vmm_stats_block {
	u64 c[VMM_NR_STATS];
};

static inline void vmm_stat_inc(struct vmm_stats_block *b, unsigned int stat)
{
	WRITE_ONCE(b->c[stat], b->c[stat] + 1);
}

static inline void vmm_stat_add(struct vmm_stats_block *b, unsigned int stat,
				u64 n)
{
	WRITE_ONCE(b->c[stat], b->c[stat] + n);
}

extern const char *const vmm_stat_names[VMM_NR_STATS];

#endif
