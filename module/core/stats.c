// SPDX-License-Identifier: GPL-2.0
/*
 * Names of the counters.
 */
#include "core/stats.h"

const char *const vmm_stat_names[VMM_NR_STATS] = {
#define X(sym, name) [VMM_STAT_##sym] = name,
	VMM_STATS(X)
#undef X
#define X(sym, name) [VMM_STAT_EXIT_FIRST + VMM_EXIT_##sym] = "exit_" name,
	VMM_EXIT_REASONS(X)
#undef X
};
