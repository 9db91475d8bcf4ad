/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_KSM_TIMES_H
#define VMM_KSM_TIMES_H

/*
 * How long pages are what they are.  To know that of each would take as much memory as the rest
 * of what is known of it; so some are followed (engine.h).
 */

#include <linux/types.h>

/* Milliseconds or so, for 50 days: as followed pages have them. */
static inline u32 vksm_clock(u64 ns)
{
	return ns >> 20;
}

/* Times of less than 2 ns, of 2 to 3, 4 to 7, ...; the last place has all above, too. */
#define VKSM_TIMES	48

/**
 * struct vksm_times - how long followed pages were what they were
 * @change:	until a look found another content
 * @found:	until they were merged
 * @changes:	sum of @change
 * @merges:	sum of @found
 */
struct vksm_times {
	u64 change[VKSM_TIMES];
	u64 found[VKSM_TIMES];
	u64 changes;
	u64 merges;
};

#endif /* VMM_KSM_TIMES_H */
