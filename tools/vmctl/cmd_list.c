// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cmds.h"
#include "lib/records.h"
#include "lib/tell.h"

static size_t drop_dead(struct record_vm *vms, size_t count)
{
	size_t i, kept = 0;

	for (i = 0; i < count; i++)
		if (strcmp(vms[i].state, "dead"))
			vms[kept++] = vms[i];
	return kept;
}

static int list(const struct command *cmd, bool all,
		const struct rows_view *view)
{
	struct rows rows = {
		.name = "vms", .fields = tell_vm, .size = sizeof(struct record_vm),
	};
	struct record_vm *vms;
	struct control control;
	struct err err;
	int ret;

	if (control_open(&control, &err))
		return command_fail(cmd, &err);
	ret = records_vms(&control, &vms, &rows.count, &err);
	control_close(&control);
	if (ret)
		return command_fail(cmd, &err);
	if (!all)
		rows.count = drop_dead(vms, rows.count);
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
		else if (id == 'q')
			view.format = ROWS_ONLY_NAME;
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
	{ 'a', "all", NULL, "also VMs that are dead, but whose files are open" },
	{ 'q', "quiet", NULL, "names only, as -o name" },
	ARGS_VIEW_OPTIONS(ARGS_FORMATS),
	{}
};

const struct command cmd_list = {
	.name = "list",
	.summary = "List the VMs that you may see",
	.usage = "[-a] [-q] [-o FORMAT] [--fields KEY,...] [--sort [-]KEY] [--no-header]",
	.options = options,
	.run = run,
};
