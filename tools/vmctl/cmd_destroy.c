// SPDX-License-Identifier: GPL-2.0
#include "args.h"
#include "cmds.h"
#include "vm/console_log.h"
#include "vm/define.h"
#include "vm/epitaph.h"
#include "vm/keeper.h"
#include "vm/runtime.h"

/* While it is ours, nobody can start it. */
static int claim(struct runtime *rt, const struct paths *paths,
		 const char *name, struct err *err)
{
	int ret;

	keeper_outlive(name);
	ret = runtime_claim(rt, paths, name, err);
	if (ret && err->code == VMCTL_STATE)
		err_set(err, VMCTL_STATE,
			"%s: runs; try: vmctl stop %s", name, name);
	return ret;
}

static int destroy(const char *name, struct err *err)
{
	struct paths paths;
	struct runtime rt;
	int ret;

	if (paths_find(&paths, err) || claim(&rt, &paths, name, err))
		return -1;
	ret = define_remove(&paths, name, err) ||
	      epitaph_remove(&paths, name, err) ||
	      console_log_remove(&paths, name, err) ? -1 : 0;
	runtime_release(&rt);
	return ret;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	char **names;
	struct args a;
	struct err err;

	args_init(&a, cmd, argc, argv);
	if (args_next(&a) != ARGS_END)
		return VMCTL_USAGE;
	names = args_operands(&a, 1, 1);
	if (!names)
		return VMCTL_USAGE;
	return destroy(names[0], &err) ? command_fail(cmd, &err) : VMCTL_OK;
}

static const char *const operands[] = { "DEFINITION", NULL };

const struct command cmd_destroy = {
	.name = "destroy",
	.summary = "Remove the definition of a VM, and its log",
	.usage = "NAME",
	.help = "The files that it boots from stay.  A VM that runs is refused.\n",
	.operands = operands,
	.run = run,
};
