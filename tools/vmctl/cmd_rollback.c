// SPDX-License-Identifier: GPL-2.0
#include <unistd.h>

#include "args.h"
#include "cmds.h"
#include "lib/name.h"
#include "vm/ask.h"

static int rollback(const char *vm, const char *tag, struct err *err)
{
	struct reach r;
	int fd, ret;

	if (tag && name_check(tag, err))
		return -1;
	if (reach_find(&r, vm, err))
		return -1;
	fd = ask_open(&r, err);
	if (fd < 0)
		return -1;
	ret = ask_rollback(fd, tag ? tag : "", err);
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
	operands = args_operands(&a, 1, 2);
	if (!operands)
		return VMCTL_USAGE;
	return rollback(operands[0], operands[1], &err) ?
	       command_fail(cmd, &err) : VMCTL_OK;
}

static const char *const operands[] = { "VM", "TAG", NULL };

const struct command cmd_rollback = {
	.name = "rollback",
	.summary = "Let a VM go on from a snapshot in memory",
	.usage = "VM [TAG]",
	.help =
"Without TAG from the newest.  All that the guest has done since is lost; snapshots stay,\n"
"those that were taken later, too.  One that is paused stays so.\n",
	.operands = operands,
	.run = run,
};
