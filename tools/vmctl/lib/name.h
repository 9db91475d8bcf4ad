/* SPDX-License-Identifier: GPL-2.0 */
/* Names of VMs. */
#ifndef VMCTL_NAME_H
#define VMCTL_NAME_H

#include "lib/err.h"

/** name_check() - a letter, then letters, digits, dots, underscores, dashes */
int name_check(const char *name, struct err *err);

#endif
