// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "cmds.h"
#include "lib/records.h"
#include "lib/tell.h"
#include "vm/define.h"
#include "vm/govern.h"
#include "vm/place.h"

static size_t drop_dead(struct record_vm *vms, size_t count)
{
	size_t i, kept = 0;

	for (i = 0; i < count; i++)
		if (strcmp(vms[i].state, "dead"))
			vms[kept++] = vms[i];
	return kept;
}

static bool runs(const struct record_vm *vms, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (!strcmp(vms[i].name, name) && vms[i].owner == geteuid() &&
		    strcmp(vms[i].state, "dead"))
			return true;
	return false;
}

/* What a definition tells; a broken one little more than its name. */
static void defined(struct record_vm *vm, const struct paths *paths,
		    const char *name)
{
	struct conf conf;
	struct err err;

	*vm = (struct record_vm){
		.state = "stopped", .id = RECORD_NONE, .owner = geteuid(),
		.vcpus = RECORD_NONE, .max_vcpus = RECORD_NONE,
		.memory = RECORD_NONE, .max_memory = RECORD_NONE,
		.resident = RECORD_NONE, .uptime_ns = RECORD_NONE,
		.paused_ns = RECORD_NONE,
		.policy = { RECORD_NONE, RECORD_NONE, RECORD_NONE, "" },
	};
	snprintf(vm->name, sizeof(vm->name), "%s", name);
	conf_init(&conf);
	if (!define_read(paths, name, &conf, &err)) {
		vm->vcpus = conf.opt.cpus;
		vm->memory = conf.opt.memory;
		govern_defined(vm, &conf.opt.sched);
	}
	conf_free(&conf);
}

/* Adds this user's definitions of VMs that do not run. */
static int add_defined(struct record_vm **vms, size_t *count, struct err *err)
{
	size_t live = *count, nr_names, i;
	struct record_vm *more;
	struct paths paths;
	char **names;

	if (paths_find(&paths, err) ||
	    define_names(&paths, &names, &nr_names, err))
		return -1;
	more = reallocarray(*vms, live + nr_names + 1, sizeof(**vms));
	if (more)
		*vms = more;
	for (i = 0; more && i < nr_names; i++)
		if (!runs(more, live, names[i]))
			defined(&more[(*count)++], &paths, names[i]);
	define_free_names(names, nr_names);
	return more ? 0 : err_set(err, VMCTL_FAILED, "out of memory");
}

/* It takes a question for each VM, which is spared where nobody wants the answer. */
static void add_policies(struct control *c, struct record_vm *vms, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		govern_read(c, &vms[i]);
}

static bool shows_policies(const struct rows_view *view)
{
	return view->fields || view->sort ||
	       (view->format != ROWS_TABLE && view->format != ROWS_ONLY_NAME);
}

static int gather(bool all, const struct rows_view *view, struct record_vm **vms,
		  size_t *count, struct err *err)
{
	struct control control;
	int ret;

	if (control_open(&control, err))
		return -1;
	ret = records_vms(&control, vms, count, err);
	if (!ret && shows_policies(view))
		add_policies(&control, *vms, *count);
	control_close(&control);
	if (ret)
		return -1;
	if (!all) {
		*count = drop_dead(*vms, *count);
		return 0;
	}
	if (!add_defined(vms, count, err))
		return 0;
	free(*vms);
	return -1;
}

static int list(const struct command *cmd, bool all,
		const struct rows_view *view)
{
	struct rows rows = {
		.name = "vms", .fields = tell_vm, .size = sizeof(struct record_vm),
	};
	struct record_vm *vms = NULL;
	struct err err;

	place_sweep();
	if (gather(all, view, &vms, &rows.count, &err))
		return command_fail(cmd, &err);
	rows.records = vms;
	rows_print(&rows, view);
	free(vms);
	return VMCTL_OK;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct rows_view view = {};
	bool all = false;
	struct args args;
	struct err err;
	int id;

	args_init(&args, cmd, argc, argv);
	while ((id = args_next(&args)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		if (id == 'a')
			all = true;
		else if (args_view(&args, id, &view, &err) < 0)
			return command_fail(cmd, &err);
	}
	if (!args_operands(&args, 0, 0))
		return VMCTL_USAGE;
	if (rows_check(tell_vm, &view, &err))
		return command_fail(cmd, &err);
	return list(cmd, all, &view);
}

static const struct cmd_option options[] = {
	{ 'a', "all", NULL, "also VMs that are dead, but whose files are open,\n"
	  "and those that are defined, but do not run" },
	ARGS_VIEW_OPTIONS(ARGS_FORMATS),
	{}
};

const struct command cmd_list = {
	.name = "list",
	.summary = "List the VMs that you may see",
	.usage = "[-a] [-q] [-o FORMAT] [--fields KEY,...] [--sort [-]KEY] [--no-header]",
	.options = options,
	.fields = tell_vm,
	.run = run,
};
