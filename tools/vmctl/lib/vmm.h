/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ioctls of /dev/vmm as functions.
 *
 * Every function that returns a descriptor or 0 returns -1 on failure and
 * fills its struct err with what was asked for and the kernel's reason.
 * The hot calls of a running vCPU are not here: vm/vcpu.c makes them.
 */
#ifndef VMCTL_VMM_H
#define VMCTL_VMM_H

#include <fcntl.h>
#include <stdbool.h>
#include <linux/vmm.h>
#include <linux/vmm_mem.h>

#include "lib/buffer.h"
#include "lib/err.h"

#define VMM_DEVICE	"/dev/vmm"

/** struct vmm - the opened device and what it offers */
struct vmm {
	int fd;
	struct vmm_info info;
};

/** vmm_open() - also checks that the module speaks our ABI. */
int vmm_open(struct vmm *vmm, struct err *err);
/** vmm_open_any() - likewise, whatever the ABI. */
int vmm_open_any(struct vmm *vmm, struct err *err);
void vmm_close(struct vmm *vmm);

/** vmm_create_vm() - @unique: refused if its owner has another of that name */
int vmm_create_vm(struct vmm *vmm, const char *name, bool unique,
		  unsigned int vcpus, struct err *err);
int vmm_create_mem(struct vmm *vmm, uint64_t size, struct err *err);
int vmm_create_vcpu(int vm, unsigned int id, struct err *err);
int vmm_set_slot(int vm, const struct vmm_set_slot *slot, struct err *err);

int vmm_get_regs(int vcpu, struct vmm_regs *regs, struct err *err);
int vmm_set_regs(int vcpu, const struct vmm_regs *regs, struct err *err);
int vmm_get_sregs(int vcpu, struct vmm_sregs *sregs, struct err *err);
int vmm_set_sregs(int vcpu, const struct vmm_sregs *sregs, struct err *err);
/** vmm_set_msrs() - at most VMM_MAX_MSRS; the error names the one refused. */
int vmm_set_msrs(int vcpu, const struct vmm_msr_entry *entry,
		 unsigned int count, struct err *err);

/**
 * vmm_pause() - 0; 1: it was paused already; vmm_resume() likewise not
 */
int vmm_pause(int vm, struct err *err);
int vmm_resume(int vm, struct err *err);

/** vmm_get_state() - adds the kernel's stream of a VM that is paused to @out. */
int vmm_get_state(int vm, struct bytes *out, struct err *err);

/**
 * vmm_set_state() - a VM that is paused takes @size bytes over; @flags: VMM_STATE_*
 *
 * What this host lacks is named in the error.
 */
int vmm_set_state(const struct vmm *vmm, int vm, const void *data, size_t size,
		  unsigned int flags, struct err *err);

/** vmm_mem_freeze() - keeps what a memory object has: a descriptor of that, or -1 */
int vmm_mem_freeze(int mem, struct err *err);
/** vmm_mem_fork() - makes an object that can be written of a frozen one, likewise */
int vmm_mem_fork(int frozen, struct err *err);
/** vmm_mem_return() - gives an object again what the frozen one has */
int vmm_mem_return(int mem, int frozen, struct err *err);

/**
 * vmm_mem_differ() - pages that two objects do not have in common, from @next on
 *
 * How many of @extent there are, which may be none before the end; or -1.
 */
int vmm_mem_differ(int mem, int other, uint64_t *next,
		   struct vmm_mem_extent *extent, unsigned int room,
		   struct err *err);

#define VMM_MEM_EMPTY	(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

/** vmm_mem_empty() - all @size bytes of an object are zero, and cost nothing */
int vmm_mem_empty(int mem, uint64_t size, struct err *err);

/**
 * vmm_mem_reclaim() - has pages of an object and its family leave memory
 * @pages:	how many to try; receives how many have left
 * @flags:	VMM_RECLAIM_*
 */
int vmm_mem_reclaim(int mem, uint64_t *pages, uint32_t flags, struct err *err);
/** vmm_mem_domain() - with whose pages its family's may be merged; @flags: VMM_DOMAIN_* */
int vmm_mem_domain(int mem, uint32_t flags, struct err *err);
/** vmm_mem_swap() - the swap file of its family from now on; none if its fd is -1 */
int vmm_mem_swap(int mem, const struct vmm_mem_swap *swap, struct err *err);
/** vmm_mem_swap_to() - likewise, by the name of the file; @part->fd does not count */
int vmm_mem_swap_to(int mem, const char *file, const struct vmm_mem_swap *part,
		    struct err *err);
/** vmm_mem_set_policy() - what memory its family may have, and whose goes first */
int vmm_mem_set_policy(int mem, const struct vmm_mem_policy *policy,
		       struct err *err);

/** vmm_feature_name() - of bit @bit of vmm_info.features, or NULL. */
const char *vmm_feature_name(unsigned int bit);

#endif
