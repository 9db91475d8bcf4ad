// SPDX-License-Identifier: GPL-2.0
/*
 * A memory object's file.
 */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "dev/dev.h"
#include "ksm/ksm.h"
#include "mem/evict.h"
#include "mem/mem.h"
#include "mem/swap.h"
#include "uapi/linux/vmm.h"
#include "uapi/linux/vmm_mem.h"

int vmm_dev_mem_open(struct vmm_mem *mem)
{
	int fd;

	if (IS_ERR(mem))
		return PTR_ERR(mem);
	fd = vmm_mem_open(mem);
	vmm_mem_unref(mem);
	return fd;
}

static long freeze(void *object, void *arg)
{
	const struct vmm_mem_freeze *freeze = arg;

	if (freeze->flags)
		return -EINVAL;
	return vmm_dev_mem_open(vmm_mem_freeze(object));
}

static long fork_from(void *object, void *arg)
{
	const struct vmm_mem_fork *fork = arg;

	if (fork->flags)
		return -EINVAL;
	return vmm_dev_mem_open(vmm_mem_fork(object));
}

static long return_to(void *object, void *arg)
{
	const struct vmm_mem_return *ret = arg;
	struct vmm_mem *frozen;
	int err;

	if (ret->flags)
		return -EINVAL;
	frozen = vmm_mem_from_fd(ret->mem_fd);
	if (IS_ERR(frozen))
		return PTR_ERR(frozen);
	err = vmm_mem_return(object, frozen);
	vmm_mem_unref(frozen);
	return err;
}

/* The kernel's ranges are what user space sees. */
static_assert(sizeof(struct vmm_mem_range) == sizeof(struct vmm_mem_extent));
static_assert(offsetof(struct vmm_mem_range, count) ==
	      offsetof(struct vmm_mem_extent, pages));

static long tell_differences(struct vmm_mem *mem, struct vmm_mem *other,
			     struct vmm_mem_differ *differ)
{
	struct vmm_mem_range *range;
	pgoff_t next = differ->next;
	long nr;

	range = kvmalloc_array(differ->count, sizeof(*range),
			       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!range)
		return -ENOMEM;
	nr = vmm_mem_differ(mem, other, &next, range, differ->count);
	if (nr > 0 && copy_to_user(u64_to_user_ptr(differ->extents), range,
				   nr * sizeof(*range)))
		nr = -EFAULT;
	kvfree(range);
	if (nr < 0)
		return nr;
	differ->count = nr;
	differ->next = next;
	return 0;
}

static long differ(void *object, void *arg)
{
	struct vmm_mem_differ *differ = arg;
	struct vmm_mem *other;
	long err;

	if (!differ->count || differ->count > VMM_MEM_MAX_EXTENTS)
		return -EINVAL;
	other = vmm_mem_from_fd(differ->mem_fd);
	if (IS_ERR(other))
		return PTR_ERR(other);
	err = tell_differences(object, other, differ);
	vmm_mem_unref(other);
	return err;
}

static long reclaim(void *object, void *arg)
{
	struct vmm_mem *mem = object;
	struct vmm_mem_reclaim *reclaim = arg;
	unsigned long pages = reclaim->pages;
	/* What others have is no business of who asks. */
	unsigned int flags = VMM_EVICT_SHARED;
	int err;

	if ((reclaim->flags & ~(VMM_RECLAIM_ALL | VMM_RECLAIM_BACK)) ||
	    reclaim->pad)
		return -EINVAL;
	if (reclaim->flags & VMM_RECLAIM_BACK)
		return pages || reclaim->flags != VMM_RECLAIM_BACK ? -EINVAL :
		       vmm_mem_fetch_all(mem);
	if (reclaim->flags & VMM_RECLAIM_ALL)
		flags |= VMM_EVICT_ALL;
	err = vmm_family_evict(mem->family, &pages, flags);
	reclaim->pages = pages;
	return err;
}

static long set_swap(void *object, void *arg)
{
	struct vmm_store *store = ((struct vmm_mem *)object)->family->totals.store;
	const struct vmm_mem_swap *swap = arg;

	if (swap->flags)
		return -EINVAL;
	/* As with the host's own swap: what is written there is nobody's charge. */
	if (swap->fd != -1 && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (swap->fd != -1)
		return vmm_swap_attach(store, swap->fd, swap->offset,
				       swap->size, swap->keep);
	if (swap->offset || swap->size || swap->keep)
		return -EINVAL;
	return vmm_swap_detach(store);
}

static_assert(VMM_MEM_SHARES == VMM_SHARES_DEFAULT);

static bool is_size(u64 bytes)
{
	return !(bytes & ~PAGE_MASK) && bytes <= VMM_MEM_MAX_BYTES;
}

static bool makes_sense(const struct vmm_mem_policy *p)
{
	if (p->flags || !p->shares || p->shares > VMM_MEM_MAX_SHARES)
		return false;
	if (!is_size(p->limit) || !is_size(p->min))
		return false;
	return !p->limit ||
	       (p->limit >= VMM_MEM_MIN_LIMIT && p->min <= p->limit);
}

static long set_policy(void *object, void *arg)
{
	struct vmm_family *family = ((struct vmm_mem *)object)->family;
	const struct vmm_mem_policy *told = arg;

	if (!makes_sense(told))
		return -EINVAL;
	if ((told->min || told->shares > VMM_MEM_SHARES) &&
	    !capable(CAP_SYS_ADMIN))
		return -EPERM;
	vmm_policy_set(&family->policy, told->limit >> PAGE_SHIFT,
		       told->min >> PAGE_SHIFT, told->shares);
	return vmm_policy_enforce(family);
}

static long set_domain(void *object, void *arg)
{
	struct vmm_mem_domain *domain = arg;
	const struct vmm_mem *mem = object;

	if (domain->flags > VMM_DOMAIN_OFF ||
	    (domain->flags && domain->domain))
		return -EINVAL;
	if (mem->frozen)
		return -EROFS;
	if (domain->flags == VMM_DOMAIN_OFF)
		return vksm_set_enabled(object, false);
	if (domain->flags)
		domain->domain = vksm_domain_new();
	else if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return vksm_set_domain(object, domain->domain);
}

static const struct vmm_cmd commands[] = {
	VMM_CMD_TAIL(VMM_MEM_FREEZE, 0, vmm_mem_freeze, pad, freeze),
	VMM_CMD_TAIL(VMM_MEM_FORK, 0, vmm_mem_fork, pad, fork_from),
	VMM_CMD_TAIL(VMM_MEM_RETURN, 0, vmm_mem_return, reserved, return_to),
	VMM_CMD_TAIL(VMM_MEM_DIFFER, 0, vmm_mem_differ, reserved, differ),
	VMM_CMD_TAIL(VMM_MEM_RECLAIM, 0, vmm_mem_reclaim, reserved, reclaim),
	VMM_CMD_TAIL(VMM_MEM_SWAP, 0, vmm_mem_swap, reserved, set_swap),
	VMM_CMD_TAIL(VMM_MEM_SET_POLICY, 0, vmm_mem_policy, reserved,
		     set_policy),
	VMM_CMD_TAIL(VMM_MEM_SET_DOMAIN, 0, vmm_mem_domain, pad, set_domain),
};

long vmm_dev_mem_ioctl(struct vmm_mem *mem, unsigned int cmd, unsigned long arg)
{
	return vmm_ioctl(commands, ARRAY_SIZE(commands), cmd, arg, mem, NULL,
			 NULL);
}
