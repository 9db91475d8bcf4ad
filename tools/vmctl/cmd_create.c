// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "cmds.h"
#include "vm/define.h"

static int parse(struct conf *conf, const struct command *cmd, int argc,
		 char **argv)
{
	char **operands;
	struct args a;
	struct err err;
	int code;

	args_init(&a, cmd, argc, argv);
	code = args_conf(&a, conf);
	if (code)
		return code;
	operands = args_operands(&a, 1, 1);
	if (!operands)
		return VMCTL_USAGE;
	if (conf_name(conf, operands[0], &err) || conf_check(conf, true, &err))
		return command_usage(cmd, "%s", err.text);
	return 0;
}

/* A definition means the same files wherever it is used. */
static int pin_files(struct conf *conf, struct err *err)
{
	char dir[PATH_MAX];

	if (!getcwd(dir, sizeof(dir)))
		return err_set(err, VMCTL_FAILED, "this directory: %s",
			       strerror(errno));
	return conf_absolute(conf, strcmp(dir, "/") ? dir : "", err);
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct paths paths;
	struct conf conf;
	struct err err;
	int code;

	conf_init(&conf);
	code = parse(&conf, cmd, argc, argv);
	if (!code && (paths_find(&paths, &err) || pin_files(&conf, &err) ||
		      define_create(&paths, &conf, &err)))
		code = command_fail(cmd, &err);
	conf_free(&conf);
	return code;
}

static const char *const operands[] = { "NAME", NULL };

const struct command cmd_create = {
	.name = "create",
	.summary = "Define a VM, for later",
	.usage = "[-c CPUS] [-m SIZE] {-k KERNEL [-i INITRD] | --multiboot FILE[,MODULE...]}\n"
		 "       [-a CMDLINE] [--unpack auto|guest|host] [--debug-exit PORT]\n"
		 "       [--timeout SEC] [--weight WEIGHT | --prio NICE] [--cap PERCENT]\n"
		 "       [--pin CPU,...] [--mem-limit SIZE] [--page-limit SIZE]\n"
		 "       [--page-min SIZE] [--page-shares N] [--swap FILE]\n"
		 "       [--ksm on|off|own] NAME",
	.options = conf_options,
	.operands = operands,
	.help =
"The definition is a file that can be edited: vm.conf(5) tells where it lies and\n"
"what it may say.  The files it names need not exist yet.\n",
	.run = run,
};
