/* SPDX-License-Identifier: GPL-2.0 */
/* A machine that goes on from a snapshot file. */
#ifndef VMCTL_RESTORE_H
#define VMCTL_RESTORE_H

#include "snap/file.h"
#include "vm/machine.h"

/**
 * restore() - a machine that is bare and has not started becomes that of a file
 * @r:		after snap_read_begin(), with pages; it is read to its end
 *
 * After a failure the machine must not be started.
 */
int restore(struct machine *m, struct snap_reader *r, struct err *err);

#endif
