// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <unistd.h>

#include "args.h"
#include "cmds.h"
#include "ksm/save.h"
#include "ksm_take.h"

static int write_dump(int fd, void *d, struct err *err)
{
	return dump_write(d, fd, err);
}

static int save(const char *name, const char *path, struct err *err)
{
	struct dump d;
	int ret = dump_take_named(&d, name, err) ?:
		  save_file(path, 0600, write_dump, &d, err);

	dump_free(&d);
	return ret;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	const char *path = NULL;
	char **words;
	struct args a;
	struct err err;
	int id;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		path = a.value;
	}
	words = args_operands(&a, 1, 1);
	if (!words)
		return VMCTL_USAGE;
	if (!path && isatty(STDOUT_FILENO))
		return command_usage(cmd, "a dump is nothing for a terminal, and there is no -o");
	return save(words[0], path, &err) ? command_fail(cmd, &err) : VMCTL_OK;
}

static const struct cmd_option options[] = {
	{ 'o', "output", "FILE", "write it there, not on standard output" },
	{}
};

const struct command cmd_ksm_hashes = {
	.name = "hashes",
	.summary = "Dump the hashes of all pages of a VM",
	.usage = "[-o FILE] VM",
	.help =
"The VM runs on: pages are looked at one after the other.  The dump has the seed of the\n"
"hashes in it; dumps can be compared if seed and kind of hash are the same, so set a seed\n"
"first (vmctl help ksm set) to compare hosts.  See also: vmctl help ksm analyze, ksm map.\n",
	.options = options,
	.operands = operand_vm,
	.super = &cmd_ksm,
	.run = run,
};
