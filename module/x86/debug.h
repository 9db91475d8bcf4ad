/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Breakpoints on what the monitor does for the guest.  The processor looks at
 * its own accesses; one that is an exit never happens, so the breakpoints on
 * it are ours.  Pure.
 */
#ifndef VMM_X86_DEBUG_H
#define VMM_X86_DEBUG_H

#include <linux/types.h>

/* What an access can match; the values are those of DR7's R/W fields. */
enum vmm_watch {
	VMM_WATCH_WRITE = 1,
	VMM_WATCH_PORT = 2,	/* under CR4.DE, without it undefined */
	VMM_WATCH_READ = 3,	/* breakpoints on reads see writes as well */
};

/* A breakpoint of any kind is enabled. */
static inline bool vmm_dr7_armed(u64 dr7)
{
	return dr7 & 0xff;
}

/*
 * The bits of DR6 for breakpoints that an access of @len bytes at @addr, a
 * linear address or a port, meets.
 */
u64 vmm_watch_match(const u64 db[4], u64 dr7, enum vmm_watch what, u64 addr,
		    unsigned int len);

#endif
