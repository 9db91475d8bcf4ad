// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "args.h"
#include "cmds.h"
#include "vm/await.h"
#include "vm/background.h"
#include "vm/define.h"

static int start(const struct paths *paths, const char *name, struct err *err)
{
	struct conf conf;
	int ret;

	conf_init(&conf);
	ret = define_read(paths, name, &conf, err);
	if (!ret) {
		conf.opt.unique = true;
		ret = background_start(paths, &conf, NULL, err);
		if (!ret)
			ret = await_running(name, err);
		/* some words begin with the name, some do not */
		if (ret && strncmp(err->text, name, strlen(name)))
			err_wrap(err, "%s", name);
	}
	conf_free(&conf);
	return ret;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct paths paths;
	int code = VMCTL_OK;
	struct args a;
	struct err err;
	char **names;

	args_init(&a, cmd, argc, argv);
	if (args_next(&a) != ARGS_END)
		return VMCTL_USAGE;
	names = args_operands(&a, 1, argc);
	if (!names)
		return VMCTL_USAGE;
	if (paths_find(&paths, &err))
		return command_fail(cmd, &err);
	for (; *names; names++) {
		if (!start(&paths, *names, &err))
			continue;
		command_fail(cmd, &err);
		code = code ? code : err.code;
	}
	return code;
}

static const char *const operands[] = { "DEFINITION...", NULL };

const struct command cmd_start = {
	.name = "start",
	.summary = "Boot VMs that are defined, in the background",
	.usage = "NAME...",
	.operands = operands,
	.help =
"Each has a process of its own, which ends with it.  A reset boots it again.\n"
"When the command ends the VMs run; see also: vmctl console, vmctl logs.\n"
"Exit code: of the first that failed; the others are started nevertheless.\n",
	.run = run,
};
