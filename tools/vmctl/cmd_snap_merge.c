// SPDX-License-Identifier: GPL-2.0
#include "args.h"
#include "cmds.h"
#include "snap/merge.h"
#include "snap_work.h"

static int run(const struct command *cmd, int argc, char **argv)
{
	const char *out = NULL;
	struct snap_work work;
	bool quiet = false;
	struct args a;
	char **files;
	struct err err;
	int id, ret;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		if (id == 'o')
			out = a.value;
		quiet = quiet || id == 'q';
	}
	files = args_operands(&a, 2, argc);
	if (!files)
		return VMCTL_USAGE;
	if (!out)
		return command_usage(cmd, "-o FILE is missing");
	for (argc = 0; files[argc];)
		argc++;
	snap_work_begin(&work, "merged", quiet);
	ret = merge_files(files, (unsigned int)argc, out, &work.watcher, &err);
	snap_work_end(&work);
	return ret ? command_fail(cmd, &err) : VMCTL_OK;
}

static const struct cmd_option options[] = {
	{ 'o', "output", "FILE", "write this one, which must not exist" },
	SNAP_QUIET_OPTION,
	{}
};

static const char *const operands[] = { "FILE", "FILE...", NULL };

const struct command cmd_snap_merge = {
	.name = "merge",
	.summary = "Make one snapshot file of one and the increments on it",
	.usage = "[-q] -o FILE BASE INCREMENT...",
	.help =
"Each INCREMENT is on the one before it.  The result is the moment of the last; if\n"
"BASE is an increment itself, so is it.  \"-\" is standard input.\n",
	.options = options,
	.operands = operands,
	.super = &cmd_snap,
	.run = run,
};
