// SPDX-License-Identifier: GPL-2.0
#include <linux/vmm.h>
#include <stdio.h>

#include "cmd.h"

static int run(int argc, char **argv)
{
	if (argc > 1)
		return command_usage(&cmd_version, "%s: takes no argument",
				     argv[1]);
	printf("vmctl %s, ABI %d\n", VMCTL_VERSION, VMM_ABI_VERSION);
	return VMCTL_OK;
}

const struct command cmd_version = {
	.name = "version",
	.summary = "Print the version of vmctl and the ABI that it speaks",
	.usage = "",
	.run = run,
};
