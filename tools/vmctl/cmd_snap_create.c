// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <unistd.h>

#include "args.h"
#include "cmds.h"
#include "lib/name.h"
#include "vm/ask.h"

/* The tag is told if nobody has chosen it. */
static int create(const char *vm, const char *tag, struct err *err)
{
	char made[VMM_NAME_LEN];
	struct reach r;
	int fd, ret;

	if (tag && name_check(tag, err))
		return -1;
	if (reach_find(&r, vm, err))
		return -1;
	fd = ask_open(&r, err);
	if (fd < 0)
		return -1;
	ret = ask_snap_take(fd, tag ? tag : "", made, err);
	close(fd);
	if (ret)
		return err_wrap(err, "%s", r.name);
	if (!tag)
		puts(made);
	return 0;
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
	return create(operands[0], operands[1], &err) ?
	       command_fail(cmd, &err) : VMCTL_OK;
}

static const char *const operands[] = { "VM", "TAG", NULL };

const struct command cmd_snap_create = {
	.name = "create",
	.summary = "Keep a moment of a VM in the background, in memory",
	.usage = "VM [TAG]",
	.help =
"The guest goes on at once; the snapshot costs what the guest writes from then on. It\n"
"lasts as long as the VM's process, resets included; see vmctl rollback, snap export.\n"
"TAG is a name as VMs have them; without it one is made up, and printed.\n",
	.operands = operands,
	.super = &cmd_snap,
	.run = run,
};
