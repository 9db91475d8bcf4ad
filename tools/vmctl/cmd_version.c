// SPDX-License-Identifier: GPL-2.0
#include <linux/vmm.h>
#include <stdio.h>

#include "args.h"
#include "cmds.h"

static int run(const struct command *cmd, int argc, char **argv)
{
	struct args a;

	args_init(&a, cmd, argc, argv);
	if (args_next(&a) != ARGS_END || !args_operands(&a, 0, 0))
		return VMCTL_USAGE;
	printf("vmctl %s, ABI %d\n", VMCTL_VERSION, VMM_ABI_VERSION);
	return VMCTL_OK;
}

const struct command cmd_version = {
	.name = "version",
	.summary = "Print the version of vmctl and the ABI that it speaks",
	.usage = "",
	.run = run,
};
