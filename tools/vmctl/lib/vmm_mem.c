// SPDX-License-Identifier: GPL-2.0
/* Memory objects made of others: see lib/vmm.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/vmm.h"

static int failed(const char *what, struct err *err)
{
	return err_set(err, errno == ENOTTY ? VMCTL_MODULE : VMCTL_FAILED,
		       "cannot %s its memory: %s", what, strerror(errno));
}

int vmm_mem_freeze(int mem, struct err *err)
{
	const struct vmm_mem_freeze arg = {};
	int fd = ioctl(mem, VMM_MEM_FREEZE, &arg);

	return fd < 0 ? failed("freeze", err) : fd;
}

int vmm_mem_fork(int frozen, struct err *err)
{
	const struct vmm_mem_fork arg = {};
	int fd = ioctl(frozen, VMM_MEM_FORK, &arg);

	return fd < 0 ? failed("fork", err) : fd;
}

int vmm_mem_return(int mem, int frozen, struct err *err)
{
	const struct vmm_mem_return arg = { .mem_fd = frozen };

	return ioctl(mem, VMM_MEM_RETURN, &arg) ? failed("return", err) : 0;
}

int vmm_mem_differ(int mem, int other, uint64_t *next,
		   struct vmm_mem_extent *extent, unsigned int room,
		   struct err *err)
{
	struct vmm_mem_differ arg = {
		.mem_fd = other, .count = room, .next = *next,
		.extents = (uintptr_t)extent,
	};

	if (ioctl(mem, VMM_MEM_DIFFER, &arg))
		return failed("compare", err);
	*next = arg.next;
	return (int)arg.count;
}

int vmm_mem_empty(int mem, uint64_t size, struct err *err)
{
	return fallocate(mem, VMM_MEM_EMPTY, 0, (off_t)size) ?
	       failed("empty", err) : 0;
}

int vmm_mem_reclaim(int mem, uint64_t *pages, uint32_t flags, struct err *err)
{
	struct vmm_mem_reclaim arg = { .pages = *pages, .flags = flags };

	if (ioctl(mem, VMM_MEM_RECLAIM, &arg))
		return failed("reclaim", err);
	*pages = arg.pages;
	return 0;
}

int vmm_mem_domain(int mem, uint32_t flags, struct err *err)
{
	struct vmm_mem_domain arg = { .flags = flags };

	return ioctl(mem, VMM_MEM_SET_DOMAIN, &arg) ?
	       failed("set the domain of", err) : 0;
}

int vmm_mem_swap(int mem, const struct vmm_mem_swap *swap, struct err *err)
{
	if (!ioctl(mem, VMM_MEM_SWAP, swap))
		return 0;
	switch (errno) {
	case ENOENT:
		return err_set(err, VMCTL_STATE, "has no swap file");
	case EBUSY:
		return err_set(err, VMCTL_STATE,
			       "it has a swap file, or that part of the file is another's");
	case ENOSPC:
		return err_set(err, VMCTL_FAILED,
			       "the file is too small: 128K at least, and as far as was told");
	case EPERM:
		return err_set(err, VMCTL_PERM,
			       "a swap file takes the capability CAP_SYS_ADMIN");
	}
	return failed("swap", err);
}

int vmm_mem_swap_to(int mem, const char *file, const struct vmm_mem_swap *part,
		    struct err *err)
{
	struct vmm_mem_swap swap = *part;
	int ret;

	swap.fd = open(file, O_RDWR | O_CLOEXEC);
	if (swap.fd < 0)
		return err_set(err, errno == EACCES ? VMCTL_PERM : VMCTL_FAILED,
			       "cannot open %.256s: %s", file, strerror(errno));
	ret = vmm_mem_swap(mem, &swap, err);
	close(swap.fd);
	return ret;
}

int vmm_mem_set_policy(int mem, const struct vmm_mem_policy *policy,
		       struct err *err)
{
	if (!ioctl(mem, VMM_MEM_SET_POLICY, policy))
		return 0;
	if (errno == EPERM)
		return err_set(err, VMCTL_PERM,
			       "a minimum, and more than %u shares, take the capability CAP_SYS_ADMIN",
			       VMM_MEM_SHARES);
	return failed("bound", err);
}
