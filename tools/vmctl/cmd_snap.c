// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>

#include "cmds.h"

static const struct command *const subs[] = {
	&cmd_snap_create,
	&cmd_snap_export,
	&cmd_snap_import,
	&cmd_snap_list,
	&cmd_snap_merge,
	&cmd_snap_rm,
	&cmd_snap_show,
	&cmd_snap_verify,
	NULL,
};

const struct command cmd_snap = {
	.name = "snap",
	.summary = "Keep moments of VMs in memory, or in files; go on from files, look at them",
	.usage = "COMMAND [ARGUMENT...]",
	.help =
"A unique prefix will do here, too.  See also: vmctl help snap COMMAND.\n",
	.subs = subs,
	.run = command_run_sub,
};
