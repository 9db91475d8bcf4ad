/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMCTL_AWAIT_H
#define VMCTL_AWAIT_H

#include "lib/err.h"

/** await_running() - until the guest of a process that is ready runs, or has run */
int await_running(const char *name, struct err *err);

#endif
