/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine in the background, from the claim of its name to its end: its process,
 * its sockets, its console session, and the machine, again and again if it resets.
 * Documentation/background.rst has the rules.
 */
#ifndef VMCTL_BACKGROUND_H
#define VMCTL_BACKGROUND_H

#include "lib/paths.h"
#include "vm/options.h"

/**
 * background_start() - a process for the machine, which runs when this returns
 *
 * VMCTL_STATE if it runs already.  The caller has one thread.
 */
int background_start(const struct paths *paths,
		     const struct machine_options *opt, struct err *err);

#endif
