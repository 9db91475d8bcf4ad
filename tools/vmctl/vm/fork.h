/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Machines made of one that runs, each in a process of its own.  All that can be refused for
 * a name is over before the machine is held; and none of the new ones goes on before all
 * of them can.
 */
#ifndef VMCTL_FORK_H
#define VMCTL_FORK_H

#include "vm/reach.h"

#define FORK_MAX	256	/* at once: each has two files here */

/**
 * fork_machine() - @name, or @name-1 to @name-@count, of the VM @of
 * @count:	0: one, which is called @name
 *
 * They run when this returns.  On failure, and if the caller is killed, there is none, and
 * the VM runs on in any case.
 */
int fork_machine(const struct reach *of, const char *name, unsigned int count,
		 struct err *err);

#endif
