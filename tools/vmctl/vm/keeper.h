/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The process that keeps a VM in the background, as others see it: that it is there,
 * that it made the VM anew, that it has gone.  A VM's end is not its process's, which
 * may reset it, and is not through with it at once.
 */
#ifndef VMCTL_KEEPER_H
#define VMCTL_KEEPER_H

#include "lib/records.h"

/** struct keeper - @lock: as it was when looked at; -1: the VM has no such process */
struct keeper {
	int lock;
};

/** keeper_find() - of the caller's VM of that name */
void keeper_find(struct keeper *k, const char *name);
void keeper_forget(struct keeper *k);

/** keeper_vm() - records_vm(), which waits where the VM is just being reset */
int keeper_vm(struct keeper *k, struct control *c, const char *name,
	      struct record_vm *vm, struct err *err);

/**
 * keeper_outlive() - waits for a process whose VM has gone already, but not for long
 *
 * The kernel takes a process that was killed apart in an order of its own: its VM can have
 * gone when its lock has not.  For who is about to take the lock.
 */
void keeper_outlive(const char *name);

/**
 * keeper_settle() - what becomes of the process of @vm, which has ended
 *
 * 0: it has gone, or there was none; 1: it made the VM anew, and @vm is that;
 * -1: neither in @timeout_ns.
 */
int keeper_settle(struct keeper *k, struct control *c, struct record_vm *vm,
		  uint64_t timeout_ns, struct err *err);

#endif
