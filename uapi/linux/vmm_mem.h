/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Memory objects: pages that leave memory, and come back.
 *
 * What leaves is away for all objects of its family, and comes back for all of them
 * when one of them is looked at there, by whomever: nobody but the clock can tell.
 */
#ifndef _UAPI_LINUX_VMM_MEM_H
#define _UAPI_LINUX_VMM_MEM_H

#include <linux/types.h>
#include <linux/vmm.h>

/* Pages that are in use, too. */
#define VMM_RECLAIM_ALL		(1U << 0)
/* The other way round: all pages of this object come back; @pages is 0. */
#define VMM_RECLAIM_BACK	(1U << 1)

/**
 * struct vmm_mem_reclaim - take pages of an object out of memory
 * @pages:	in: how many of 4 KiB to try; out: how many have left
 * @flags:	VMM_RECLAIM_*
 * @pad:	0
 *
 * Takes pages of any object of the family that nobody has used for a while, and goes on
 * where the call before ended.  Pages that are zero are given up.  Pinned ones stay, and those
 * for which there is no room.
 *
 * EINVAL: flags, or @pages is not 0 where it has to be.  ENOMEM, EINTR: some have
 * left all the same.  EIO, EBADMSG: a page did not come back from where it was.
 */
struct vmm_mem_reclaim {
	__u64 pages;
	__u32 flags;
	__u32 pad;
	__u64 reserved[2];
};

#define VMM_MEM_RECLAIM		_IOWR(VMM_IOC, 0x64, struct vmm_mem_reclaim)

#endif /* _UAPI_LINUX_VMM_MEM_H */
