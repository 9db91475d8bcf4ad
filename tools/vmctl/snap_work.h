/* SPDX-License-Identifier: GPL-2.0 */
/* What commands on snapshot files share: how far they are, and that they can be stopped. */
#ifndef VMCTL_SNAP_WORK_H
#define VMCTL_SNAP_WORK_H

#include "cmd.h"
#include "lib/progress.h"
#include "snap/source.h"

/** struct snap_work - a watcher that tells a terminal, and ends at a signal */
struct snap_work {
	struct snap_watcher watcher;
	struct progress progress;
};

/** snap_work_begin() - signals end the work from here on, and not the process */
void snap_work_begin(struct snap_work *w, const char *what, bool quiet);
void snap_work_end(struct snap_work *w);

/** snap_work_read() - all of a file, whose pages are only looked at */
int snap_work_read(struct snap_work *w, struct snap_reader *r, struct err *err);

#define SNAP_TIME_TEXT	32

/** snap_time_text() - nanoseconds since 1970 as a date; empty: there is none so far away */
const char *snap_time_text(char buf[SNAP_TIME_TEXT], uint64_t ns);

#define SNAP_QUIET_OPTION { 'q', "quiet", NULL, "do not show how far it is" }

#endif
