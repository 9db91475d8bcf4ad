// SPDX-License-Identifier: GPL-2.0
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "lib/control.h"
#include "lib/rows.h"

#define FIELD(_key, _head, _kind, _member) {				\
	.key = (_key), .head = (_head), .kind = ROWS_##_kind,		\
	.offset = offsetof(struct control_vm, _member) }

static const struct rows_field fields[] = {
	FIELD("id",		"ID",		NUMBER,	id),
	FIELD("name",		"NAME",		TEXT,	name),
	FIELD("state",		"STATE",	TEXT,	state),
	FIELD("backend",	"BACKEND",	TEXT,	backend),
	FIELD("owner",		NULL,		NUMBER,	owner),
	FIELD("vcpus",		"CPUS",		NUMBER,	vcpus),
	FIELD("max_vcpus",	NULL,		NUMBER,	max_vcpus),
	FIELD("memory",		"MEM",		SIZE,	memory),
	FIELD("max_memory",	NULL,		SIZE,	max_memory),
	FIELD("resident",	"RESIDENT",	SIZE,	resident),
	FIELD("uptime_ns",	"UPTIME",	TIME,	uptime_ns),
	FIELD("paused_ns",	NULL,		TIME,	paused_ns),
	{}
};

static size_t drop_dead(struct control_vm *vms, size_t count)
{
	size_t i, kept = 0;

	for (i = 0; i < count; i++)
		if (strcmp(vms[i].state, "dead"))
			vms[kept++] = vms[i];
	return kept;
}

static int list(bool all, enum rows_format format, bool header)
{
	struct rows rows = {
		.name = "vms", .fields = fields,
		.size = sizeof(struct control_vm),
	};
	struct control_vm *vms;
	struct control control;
	struct err err;
	int ret;

	if (control_open(&control, &err))
		return command_fail(&cmd_list, &err);
	ret = control_list(&control, &vms, &rows.count, &err);
	control_close(&control);
	if (ret)
		return command_fail(&cmd_list, &err);
	if (!all)
		rows.count = drop_dead(vms, rows.count);
	rows.records = vms;
	rows_print(&rows, format, header);
	free(vms);
	return VMCTL_OK;
}

static int run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "no-header", no_argument, NULL, 'H' },
		{}
	};
	enum rows_format format = ROWS_TABLE;
	bool all = false, header = true;
	struct err err;
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, ":ao:q", options, NULL)) != -1) {
		if (c == ':')
			return command_usage(&cmd_list, "-%c needs a value",
					     optopt);
		if (c == '?')
			return command_usage(&cmd_list, "%s: unknown option",
					     argv[optind - 1]);
		if (c == 'a')
			all = true;
		if (c == 'H')
			header = false;
		if (c == 'q')
			format = ROWS_NAME;
		if (c == 'o' && rows_format_parse(optarg, &format, &err))
			return command_fail(&cmd_list, &err);
	}
	if (optind < argc)
		return command_usage(&cmd_list, "%s: takes no argument",
				     argv[optind]);
	return list(all, format, header);
}

const struct command cmd_list = {
	.name = "list",
	.summary = "List the VMs that you may see",
	.usage = "[-a] [-q] [-o table|json|jsonl|csv|name] [--no-header]",
	.help = "  -a           also VMs that are dead, but whose files are open\n"
		"  -o FORMAT    json, jsonl and csv have more fields, bytes and nanoseconds\n"
		"  -q           names only, as -o name\n"
		"  --no-header  without the line of heads or keys\n",
	.run = run,
};
