// SPDX-License-Identifier: GPL-2.0
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cmds.h"
#include "snap_work.h"

/** struct shown - what is told of a file */
struct shown {
	char file[ROWS_CELL_LEN - 1], name[VMM_NAME_LEN], backend[16];
	char id[SNAP_ID_TEXT], parent[SNAP_ID_TEXT], saved[SNAP_TIME_TEXT];
	uint64_t time_ns, memory, pages, zero, state, size;
};

#define FIELD(key, head, kind, member) \
	ROWS_FIELD(key, head, kind, struct shown, member)

static const struct rows_field fields[] = {
	FIELD("file",		"FILE",		TEXT,	file),
	FIELD("name",		"NAME",		TEXT,	name),
	FIELD("backend",	"BACKEND",	TEXT,	backend),
	FIELD("id",		"ID",		TEXT,	id),
	FIELD("parent",		"PARENT",	TEXT,	parent),
	FIELD("saved",		"SAVED",	TEXT,	saved),
	FIELD("time_ns",	NULL,		NUMBER,	time_ns),
	FIELD("memory",		"MEM",		SIZE,	memory),
	FIELD("pages",		"PAGES",	NUMBER,	pages),
	FIELD("zero_pages",	NULL,		NUMBER,	zero),
	FIELD("state",		NULL,		SIZE,	state),
	FIELD("size",		"SIZE",		ABOUT,	size),
	{}
};

static void fill(struct shown *s, const struct snap_reader *r)
{
	const struct snap_about *a = &r->about;
	unsigned int i;

	snprintf(s->file, sizeof(s->file), "%s", r->in.name);
	snprintf(s->name, sizeof(s->name), "%s", a->name);
	snprintf(s->backend, sizeof(s->backend), "%s", a->backend);
	snap_id_text(s->id, &a->id);
	snap_id_text(s->parent, &a->parent);
	snap_time_text(s->saved, a->time_ns);
	s->time_ns = a->time_ns;
	s->memory = 0;
	for (i = 0; i < a->nr_objects; i++)
		s->memory += a->object[i];
	s->pages = r->totals.pages;
	s->zero = r->totals.zero;
	s->state = a->state_size;
	s->size = r->totals.bytes;
}

/* Read to its end, so that nothing is told of what is wrong. */
static int look(const char *file, struct snap_work *work, struct shown *s,
		bool conf, struct err *err)
{
	struct snap_reader r;
	int ret = snap_read_begin(&r, file, false, err);

	if (!ret)
		ret = snap_work_read(work, &r, err);
	if (!ret)
		fill(s, &r);
	if (!ret && conf) {
		progress_end(&work->progress);
		fputs(r.about.conf, stdout);
	}
	snap_read_close(&r);
	return ret;
}

static int show(char **files, const struct rows_view *view, bool conf,
		struct err *err)
{
	struct rows rows = { "snapshots", fields, NULL, sizeof(struct shown), 0 };
	struct snap_work work;
	struct shown *shown;
	int ret = 0;

	while (files[rows.count])
		rows.count++;
	rows.records = shown = calloc(rows.count, sizeof(*shown));
	if (!shown)
		return err_set(err, VMCTL_FAILED, "out of memory");
	snap_work_begin(&work, "read", conf || view->format == ROWS_ONLY_NAME);
	for (; *files && !ret; files++, shown++)
		ret = look(*files, &work, shown, conf, err);
	snap_work_end(&work);
	if (!ret && !conf)
		rows_print(&rows, view);
	free(rows.records);
	return ret;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct rows_view view = {};
	bool conf = false;
	struct args a;
	char **files;
	struct err err;
	int id;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		if (id == 'o' && !strcmp(a.value, "conf"))
			conf = true;
		else if (args_view(&a, id, &view, &err) < 0)
			return command_fail(cmd, &err);
	}
	files = args_operands(&a, 1, conf ? 1 : argc);
	if (!files)
		return VMCTL_USAGE;
	if (rows_check(fields, &view, &err) || show(files, &view, conf, &err))
		return command_fail(cmd, &err);
	return VMCTL_OK;
}

static const struct cmd_option options[] = {
	ARGS_VIEW_OPTIONS(ARGS_FORMATS "|conf"),
	{}
};

static const char *const operands[] = { "FILE...", NULL };

const struct command cmd_snap_show = {
	.name = "show",
	.summary = "Tell what snapshot files have",
	.usage = "[-o FORMAT] [--fields KEY,...] [--sort KEY] [--no-header] [-q] FILE...",
	.help =
"All of a file is read and its sums are checked, but pages are not unpacked.\n"
"-o conf is the definition, vm.conf(5), in one file.  \"-\" is standard input.\n",
	.options = options,
	.operands = operands,
	.fields = fields,
	.super = &cmd_snap,
	.run = run,
};
