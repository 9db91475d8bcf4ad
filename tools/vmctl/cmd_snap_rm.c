// SPDX-License-Identifier: GPL-2.0
#include <unistd.h>

#include "args.h"
#include "cmds.h"
#include "lib/name.h"
#include "vm/ask.h"

/* All of them, or those up to the first that is not there. */
static int remove_all(const char *vm, char **tags, struct err *err)
{
	struct reach r;
	int fd, ret = 0;
	char **tag;

	for (tag = tags; *tag; tag++)
		if (name_check(*tag, err))
			return -1;
	if (reach_find(&r, vm, err))
		return -1;
	fd = ask_open(&r, err);
	if (fd < 0)
		return -1;
	for (; *tags && !ret; tags++)
		ret = ask_snap_drop(fd, *tags, err);
	close(fd);
	return ret ? err_wrap(err, "%s", r.name) : 0;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	char **operands;
	struct args a;
	struct err err;

	args_init(&a, cmd, argc, argv);
	if (args_next(&a) != ARGS_END)
		return VMCTL_USAGE;
	operands = args_operands(&a, 2, argc);
	if (!operands)
		return VMCTL_USAGE;
	return remove_all(operands[0], operands + 1, &err) ?
	       command_fail(cmd, &err) : VMCTL_OK;
}

static const char *const operands[] = { "VM", "TAG...", NULL };

const struct command cmd_snap_rm = {
	.name = "rm",
	.summary = "Drop snapshots of a VM from memory",
	.usage = "VM TAG...",
	.help =
"What only they had is freed.  Others, before and after them, stay as they are.\n",
	.operands = operands,
	.super = &cmd_snap,
	.run = run,
};
