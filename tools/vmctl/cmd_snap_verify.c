// SPDX-License-Identifier: GPL-2.0
#include "args.h"
#include "cmds.h"
#include "snap/merge.h"
#include "snap_work.h"

/* All of @file; @before, if it is not NULL, is what it must be an increment on. */
static int verify(const char *file, const struct snap_about *before,
		  struct snap_about *about, struct snap_work *work,
		  struct err *err)
{
	struct snap_reader r;
	int ret = snap_read_begin(&r, file, true, err);

	if (!ret && before)
		ret = merge_fits(before, &r.about, r.in.name, err);
	if (!ret)
		ret = snap_work_read(work, &r, err);
	*about = r.about;
	snap_read_close(&r);
	return ret;
}

static int verify_all(char **files, struct snap_work *work, struct err *err)
{
	static struct snap_about about[2];
	unsigned int i;

	for (i = 0; files[i]; i++)
		if (verify(files[i], i ? &about[(i - 1) % 2] : NULL,
			   &about[i % 2], work, err))
			return -1;
	return 0;
}

static int run(const struct command *cmd, int argc, char **argv)
{
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
		quiet = quiet || id == 'q';
	}
	files = args_operands(&a, 1, argc);
	if (!files)
		return VMCTL_USAGE;
	snap_work_begin(&work, "verified", quiet);
	ret = verify_all(files, &work, &err);
	snap_work_end(&work);
	return ret ? command_fail(cmd, &err) : VMCTL_OK;
}

static const struct cmd_option options[] = {
	SNAP_QUIET_OPTION,
	{}
};

static const char *const operands[] = { "FILE...", NULL };

const struct command cmd_snap_verify = {
	.name = "verify",
	.summary = "Check all of snapshot files, and that each is an increment on the one before",
	.usage = "[-q] FILE...",
	.help =
"Every sum is reckoned and every page unpacked.  What is wrong is told with its\n"
"place in the file.  \"-\" is standard input.\n",
	.options = options,
	.operands = operands,
	.super = &cmd_snap,
	.run = run,
};
