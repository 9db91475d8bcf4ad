// SPDX-License-Identifier: GPL-2.0
#include "args.h"
#include "cmds.h"
#include "lib/name.h"
#include "vm/fork.h"

static int run(const struct command *cmd, int argc, char **argv)
{
	uint64_t count = 0;
	struct reach of;
	char **operands;
	struct args a;
	struct err err;
	int id, code;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		code = args_number(&a, "-n", 1, FORK_MAX, &count);
		if (code)
			return code;
	}
	operands = args_operands(&a, 2, 2);
	if (!operands)
		return VMCTL_USAGE;
	if (name_check(operands[1], &err) || reach_find(&of, operands[0], &err) ||
	    fork_machine(&of, operands[1], (unsigned int)count, &err))
		return command_fail(cmd, &err);
	return VMCTL_OK;
}

static const struct cmd_option options[] = {
	{ 'n', "number", "N", "so many of them: NEW-1 to NEW-N" },
	{}
};

static const char *const operands[] = { "VM", "NEW", NULL };

const struct command cmd_fork = {
	.name = "fork",
	.summary = "Make VMs of one in the background, which go on where it is",
	.usage = "[-n N] VM NEW",
	.help =
"The VM is held for a moment only, and no memory is copied: each has its own from the first\n"
"write on.  Each has a process, a control group, a log and a definition of its own.  All of\n"
"them run when the command ends, or none is left.\n",
	.options = options,
	.operands = operands,
	.run = run,
};
