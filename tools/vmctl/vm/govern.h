/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The policy of a VM that runs, as others see and change it: in its control group and its
 * threads, wherever vm/place.h put them.  What is told is what the host does, not what
 * was asked for.
 */
#ifndef VMCTL_GOVERN_H
#define VMCTL_GOVERN_H

#include "lib/records.h"
#include "vm/sched.h"

/** govern_read() - fills vm->policy; what cannot be known stays absent */
void govern_read(struct control *c, struct record_vm *vm);

/** govern_defined() - likewise of a VM that would be made by @s */
void govern_defined(struct record_vm *vm, const struct sched *s);

/** govern_change() - all of @s, or nothing */
int govern_change(struct control *c, const struct record_vm *vm,
		  const struct sched *s, struct err *err);

#endif
