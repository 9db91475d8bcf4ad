/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine in the background, from the claim of its name to its end: its process,
 * its sockets, its console session, and the machine, again and again if it resets.
 * Documentation/background.rst has the rules.
 */
#ifndef VMCTL_BACKGROUND_H
#define VMCTL_BACKGROUND_H

#include "lib/paths.h"
#include "vm/conf.h"

struct snap_reader;

/**
 * background_start() - a process for the machine, which runs when this returns
 * @snapshot:	that it goes on from, after snap_read_begin(); NULL: it boots
 *
 * VMCTL_STATE if it runs already.  The caller has one thread.
 */
int background_start(const struct paths *paths, const struct conf *conf,
		     struct snap_reader *snapshot, struct err *err);

#endif
