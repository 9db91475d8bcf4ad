// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "cmd.h"

static void list(void)
{
	const struct command *const *c;

	puts("usage: vmctl COMMAND [ARGUMENT...]\n");
	for (c = command_table(); *c; c++)
		printf("  %-10s %s\n", (*c)->name, (*c)->summary);
	puts("\nA unique prefix of a command will do.  See also: vmctl help COMMAND, vmctl(8)");
}

static int run(int argc, char **argv)
{
	const struct command *cmd;
	struct err err;

	if (argc > 2)
		return command_usage(&cmd_help, "%s: one command at a time",
				     argv[2]);
	if (argc < 2) {
		list();
		return VMCTL_OK;
	}
	cmd = command_find(argv[1], &err);
	if (!cmd)
		return command_fail(&cmd_help, &err);
	printf("usage: vmctl %s%s%s\n%s.\n", cmd->name, *cmd->usage ? " " : "",
	       cmd->usage, cmd->summary);
	if (cmd->help)
		printf("\n%s", cmd->help);
	return VMCTL_OK;
}

const struct command cmd_help = {
	.name = "help",
	.summary = "List the commands, or explain one",
	.usage = "[COMMAND]",
	.run = run,
};
