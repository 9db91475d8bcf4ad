// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "args.h"
#include "cmds.h"
#include "lib/watch.h"
#include "vm/background.h"
#include "vm/define.h"

#define EFFECT_NS	10000000000ULL	/* for a processor to run */
#define CHECK_MS	1000

/* One that has ended by now did run. */
static enum watch_sight has_run(const struct record_vm *vm)
{
	return vm && !strcmp(vm->state, "new") ? WATCH_NOT_YET : WATCH_DONE;
}

/* Its process is ready; now let the guest be, too. */
static int await(const char *name, struct err *err)
{
	struct record_vm vm;
	struct control c;
	int ret;

	if (control_open(&c, err))
		return -1;
	ret = records_vm_own(&c, name, &vm, err);
	if (!ret)
		ret = watch_until(&c, vm.id, has_run, EFFECT_NS, CHECK_MS, err);
	else if (err->code == VMCTL_NO_VM)
		ret = 0;
	control_close(&c);
	return ret <= 0 ? ret : err_set(err, VMCTL_TIMEOUT,
					"its processors do not run yet");
}

static int start(const struct paths *paths, const char *name, struct err *err)
{
	struct conf conf;
	int ret;

	conf_init(&conf);
	ret = define_read(paths, name, &conf, err);
	if (!ret) {
		conf.opt.unique = true;
		ret = background_start(paths, &conf.opt, err);
		if (!ret)
			ret = await(name, err);
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
