/* SPDX-License-Identifier: GPL-2.0 */
/* How commands reach the process of a machine in the background. */
#ifndef VMCTL_REACH_H
#define VMCTL_REACH_H

#include <linux/vmm.h>

#include "lib/paths.h"
#include "lib/records.h"

/**
 * struct reach - whose
 * @name:	the operator may have given the number of one that runs
 */
struct reach {
	struct paths paths;
	char name[VMM_NAME_LEN];
};

/** reach_find() - @vm as the operator named it; it need not run */
int reach_find(struct reach *r, const char *vm, struct err *err);

/**
 * reach_connect() - to its socket @which: "control", "console"
 *
 * VMCTL_STATE if it does not run, VMCTL_NO_VM if it is not even defined.
 */
int reach_connect(const struct reach *r, const char *which, int type,
		  struct err *err);

/**
 * reach_explain() - after a look for the VM @vm failed, with @err: it may be defined
 *
 * That it does not run is another state, not an unknown name; and if its last run had a
 * bad end, that is the reason.  -1
 */
int reach_explain(const char *vm, struct err *err);

/** reach_vm() - records_vm(), so explained */
int reach_vm(struct control *c, const char *vm, struct record_vm *record,
	     struct err *err);

/** reach_defined() - 0 if it is; it need not be right */
int reach_defined(const struct reach *r, struct err *err);

#endif
