// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "cmds.h"
#include "lib/container.h"
#include "lib/vmm.h"
#include "snap_work.h"
#include "vm/ask.h"

#define EXTENTS	1024

/** struct listed - what is told of a snapshot; @changed: of its memory since */
struct listed {
	char name[VMM_NAME_LEN], vm[VMM_NAME_LEN];
	char id[SNAP_ID_TEXT], taken[SNAP_TIME_TEXT];
	uint64_t time_ns, changed, memory, state;
};

#define FIELD(key, head, kind, member) \
	ROWS_FIELD(key, head, kind, struct listed, member)

static const struct rows_field fields[] = {
	FIELD("name",		"TAG",		TEXT,	name),
	FIELD("vm",		NULL,		TEXT,	vm),
	FIELD("id",		NULL,		TEXT,	id),
	FIELD("taken",		"TAKEN",	TEXT,	taken),
	FIELD("time_ns",	NULL,		NUMBER,	time_ns),
	FIELD("changed",	"CHANGED",	ABOUT,	changed),
	FIELD("memory",		"MEM",		SIZE,	memory),
	FIELD("state",		"STATE",	ABOUT,	state),
	{}
};

/* Bytes of the memory @object that are not as @frozen has them. */
static int count_changed(int object, int frozen, uint64_t pages, uint64_t *bytes,
			 struct err *err)
{
	static struct vmm_mem_extent extent[EXTENTS];
	uint64_t at = 0, before;
	int n, i;

	*bytes = 0;
	while (at < pages) {
		before = at;
		n = vmm_mem_differ(object, frozen, &at, extent, EXTENTS, err);
		if (n < 0)
			return -1;
		if (at == before)
			return err_set(err, VMCTL_FAILED,
				       "its process tells of more memory than there is");
		for (i = 0; i < n; i++)
			*bytes += extent[i].pages * SNAP_PAGE_SIZE;
	}
	return 0;
}

/* Of one that was dropped meanwhile, nobody can tell any more. */
static int fill_changed(struct listed *l, int fd, int object, struct err *err)
{
	struct verb_which which = {};
	int frozen, ret;

	memcpy(which.tag, l->name, sizeof(which.tag));
	if (ask_moment_memory(fd, &which, &frozen, err)) {
		l->changed = ROWS_NONE;
		return err->code == VMCTL_STATE ? 0 : -1;
	}
	ret = count_changed(object, frozen, l->memory / SNAP_PAGE_SIZE,
			    &l->changed, err);
	close(frozen);
	return ret;
}

static void fill(struct listed *l, const struct verb_snap *s, const char *vm,
		 uint64_t memory)
{
	struct snap_id id;

	memcpy(id.byte, s->id, sizeof(id.byte));
	memcpy(l->name, s->tag, sizeof(l->name));
	snprintf(l->vm, sizeof(l->vm), "%s", vm);
	snap_id_text(l->id, &id);
	snap_time_text(l->taken, s->time_ns);
	l->time_ns = s->time_ns;
	l->memory = memory;
	l->state = s->state;
}

static int fill_all(struct rows *rows, const struct verb_snap *s, int fd,
		    const char *vm, struct err *err)
{
	struct verb_memory memory;
	uint64_t size = 0;
	struct listed *l;
	int object, ret = 0;
	unsigned int i;

	rows->records = l = calloc(rows->count + 1, sizeof(*l));
	if (!l)
		return err_set(err, VMCTL_FAILED, "out of memory");
	if (!rows->count)
		return 0;
	if (ask_memory(fd, &memory, &object, err))
		return -1;
	for (i = 0; i < memory.count && i < VERB_RANGES; i++)
		size += memory.range[i].size;
	for (i = 0; i < rows->count && !ret; i++) {
		fill(&l[i], &s[i], vm, size);
		ret = fill_changed(&l[i], fd, object, err);
	}
	close(object);
	return ret;
}

static int list(const char *vm, const struct rows_view *view, struct err *err)
{
	struct rows rows = { "tags", fields, NULL, sizeof(struct listed), 0 };
	struct verb_snap *snaps = NULL;
	struct reach r;
	int fd, ret;

	if (reach_find(&r, vm, err))
		return -1;
	fd = ask_open(&r, err);
	if (fd < 0)
		return -1;
	ret = ask_snap_list(fd, &snaps, &rows.count, err) ?:
	      fill_all(&rows, snaps, fd, r.name, err);
	close(fd);
	if (!ret)
		rows_print(&rows, view);
	free(rows.records);
	free(snaps);
	return ret ? err_wrap(err, "%s", r.name) : 0;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct rows_view view = {};
	char **operands;
	struct args a;
	struct err err;
	int id;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		if (args_view(&a, id, &view, &err) < 0)
			return command_fail(cmd, &err);
	}
	operands = args_operands(&a, 1, 1);
	if (!operands)
		return VMCTL_USAGE;
	if (rows_check(fields, &view, &err) || list(operands[0], &view, &err))
		return command_fail(cmd, &err);
	return VMCTL_OK;
}

static const struct cmd_option options[] = {
	ARGS_VIEW_OPTIONS(ARGS_FORMATS),
	{}
};

const struct command cmd_snap_list = {
	.name = "list",
	.summary = "Tell which snapshots of a VM are kept in memory",
	.usage = "[-o FORMAT] [--fields KEY,...] [--sort KEY] [--no-header] [-q] VM",
	.help =
"The oldest first.  CHANGED is how much of the VM's memory is not as in the snapshot.\n",
	.options = options,
	.operands = operand_vm,
	.fields = fields,
	.super = &cmd_snap,
	.run = run,
};
