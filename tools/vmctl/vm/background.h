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

struct feed;
struct snap_reader;
struct spawned;

/**
 * background_start() - a process for the machine, which runs when this returns
 * @snapshot:	that it goes on from, after snap_read_begin(); NULL: it boots
 *
 * VMCTL_STATE if it runs already.  The caller has one thread.
 */
int background_start(const struct paths *paths, const struct conf *conf,
		     struct snap_reader *snapshot, struct err *err);

/**
 * background_feed() - a process for a machine that goes on from a moment of another
 * @feed:	the process's end of it
 * @network:	of sandbox_network(), for its sandbox, or -1
 * @child:	to be heard of by spawn_hear(): that it is there and wants to be fed; that
 *		it has been, and waits to be let go; that it runs.  spawn_end() must follow
 *
 * -1: there is no such process.
 */
int background_feed(const struct paths *paths, const struct conf *conf,
		    struct feed *feed, int network, struct spawned *child,
		    struct err *err);

#endif
