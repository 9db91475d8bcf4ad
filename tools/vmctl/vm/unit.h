/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Units of systemd: where it is the init system, groups are its to make.  The process of
 * a VM asks the manager of its user for a scope, vmm-NAME.scope, with itself in it,
 * which goes when the process ends.
 *
 * libsystemd is loaded for that and only then: a host without systemd needs none.
 */
#ifndef VMCTL_UNIT_H
#define VMCTL_UNIT_H

#include <stdbool.h>
#include <sys/types.h>

#include "vm/sched.h"

/** unit_present() - whether the caller has a manager */
bool unit_present(void);

/** unit_enter() - puts this process into the scope of the VM @name, as @s wants it */
int unit_enter(const char *name, const struct sched *s, struct err *err);

/** unit_change() - asks the manager of @owner to change the unit */
int unit_change(uid_t owner, const char *unit, const struct sched *s,
		struct err *err);

#endif
