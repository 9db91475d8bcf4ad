/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Memory objects: pages that leave memory, and come back; which are merged.
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
 * EINVAL: flags, or @pages is not 0 where it has to be.  EINTR: about to be killed.
 * ENOMEM, EIO, EBADMSG: a page did not come back from where it was; ENOMEM also at the
 * family's limit.
 */
struct vmm_mem_reclaim {
	__u64 pages;
	__u32 flags;
	__u32 pad;
	__u64 reserved[2];
};

/**
 * struct vmm_mem_swap - the swap file of an object's family
 * @fd:		a regular file or a block device, open for reading and writing; -1: no
 *		file any more
 * @flags:	0
 * @offset:	where the part of it begins that is used, a multiple of 4096
 * @size:	its length, likewise, at least 128 KiB; 0: to the end of the file
 * @keep:	bytes of compressed pages that may stay in memory; what is beyond goes to
 *		the file, oldest first, as do pages that do not compress
 *
 * With @fd -1 all that is in the file comes back into memory, compressed as it is, and the
 * rest of the fields are 0.  Where that fails the file stays in use, with what
 * has not come back.  It does so, too, when a write to it fails: what should have gone there
 * stays in memory, and is tried again.
 *
 * A page that cannot be read back is missing: accesses to it fail with EIO, or EBADMSG if
 * the file does not have what was written there.
 *
 * To name a file takes CAP_SYS_ADMIN, as for the host's own swap: what is written there
 * is charged to nobody, and has no quota.
 *
 * EPERM: that lacks.  EBADF: no file, or not open for both.  EINVAL: flags or alignment, or a file that will
 * not do: open with O_DIRECT or O_APPEND, on a file system in user space or on top of
 * another one, or nothing that is read and written like a file.  EBUSY: there is a file, or that part of
 * it serves another family.  ENOSPC: the file ends before @offset + @size, or what is
 * to be used is too small.  E2BIG: larger than 1 TiB.  ETXTBSY: the host swaps there.
 * With @fd -1, ENOENT: there is none; ENOMEM, EIO, EBADMSG, EINTR: not all is back.
 */
struct vmm_mem_swap {
	__s32 fd;
	__u32 flags;
	__u64 offset;
	__u64 size;
	__u64 keep;
	__u64 reserved[2];
};

/* Shares of a family that was given no others, and the most that one can have. */
#define VMM_MEM_SHARES		1000
#define VMM_MEM_MAX_SHARES	1000000

/* The least that a limit can be: what an instruction touches has to fit. */
#define VMM_MEM_MIN_LIMIT	(4U << 20)

/**
 * struct vmm_mem_policy - what memory an object's family may have, and whose goes first
 * @limit:	bytes in memory at most, a multiple of 4096 from VMM_MEM_MIN_LIMIT on; 0:
 *		no limit
 * @min:	bytes that others' need leaves to it, a multiple of 4096, at most the limit
 * @shares:	its claim beside those of other families, 1 to VMM_MEM_MAX_SHARES
 * @flags:	0
 *
 * Pages that are merged count as if they were not.  At the limit, who wants a page waits
 * until another of the family has left; it can be exceeded by a block of 2 MiB for each
 * processor, and by the copies that a freeze makes of pinned pages.  If nothing can leave,
 * the access fails with ENOMEM.  What is there beyond a new limit leaves before the call ends, as far
 * as it can.  Who has the object can set it: it is no means to keep him from memory, which a
 * control group is.  When the host runs out of memory, pages go from the family that has
 * most for its shares; one that is idle counts for more, as the module's parameter
 * idle_tax says.
 *
 * EINVAL: flags, or a value that is not as above.  EPERM: a minimum, or more than
 * VMM_MEM_SHARES, takes CAP_SYS_ADMIN.  EINTR: about to be killed; the policy holds.
 */
struct vmm_mem_policy {
	__u64 limit;
	__u64 min;
	__u32 shares;
	__u32 flags;
	__u64 reserved[2];
};

/* A domain that no other object has: @domain is 0, and receives it. */
#define VMM_DOMAIN_NEW		(1U << 0)

/* None: the family is neither scanned nor merged any more, and @domain is 0. */
#define VMM_DOMAIN_OFF		(1U << 1)

/**
 * struct vmm_mem_domain - whose pages an object's family may have in common with its own
 * @domain:	equal pages of families of the same domain may be merged
 * @flags:	VMM_DOMAIN_NEW, VMM_DOMAIN_OFF or 0
 *
 * A family begins in the domain whose number is that of the user who made it. What was merged
 * comes apart first. To name a domain takes CAP_SYS_ADMIN; to get away from all others
 * does not. What is off stays so, until vms/<id>/ksm/enable of sysfs tells otherwise.
 *
 * EINVAL: flags, or @domain is not 0 where it has to be. EROFS: the object is frozen. EPERM.
 * ENOMEM, EINTR: not all has come apart, and the domain is what it was.
 */
struct vmm_mem_domain {
	__u64 domain;
	__u32 flags;
	__u32 pad;
	__u64 reserved[2];
};

#define VMM_MEM_RECLAIM		_IOWR(VMM_IOC, 0x64, struct vmm_mem_reclaim)
#define VMM_MEM_SWAP		_IOW(VMM_IOC, 0x65, struct vmm_mem_swap)
#define VMM_MEM_SET_POLICY	_IOW(VMM_IOC, 0x66, struct vmm_mem_policy)
#define VMM_MEM_SET_DOMAIN	_IOWR(VMM_IOC, 0x67, struct vmm_mem_domain)

#endif /* _UAPI_LINUX_VMM_MEM_H */
