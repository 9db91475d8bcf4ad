/* SPDX-License-Identifier: GPL-2.0 */
/* Dumps of VMs that live: what commands share. */
#ifndef VMCTL_KSM_TAKE_H
#define VMCTL_KSM_TAKE_H

#include "ksm/set.h"

/** dump_take_named() - of a VM; dump_free() must follow, on failure too */
int dump_take_named(struct dump *d, const char *name, struct err *err);

/** dump_find() - of the VM that @word names, or else, as if it has a slash or is "-", of a file */
int dump_find(struct dump *d, const char *word, struct err *err);

/** set_take() - a round of the VMs that @words name, NULL behind them; of all, if none */
int set_take(struct set *s, char *const *words, struct err *err);

#endif
