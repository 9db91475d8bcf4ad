// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <linux/vmm_netlink.h>

#include "args.h"
#include "cmds.h"
#include "lib/container.h"
#include "lib/name.h"
#include "lib/watch.h"
#include "snap/diff.h"
#include "snap/merge.h"
#include "snap/object_diff.h"
#include "snap_work.h"
#include "vm/ask.h"

#define EFFECT_NS	10000000000ULL	/* for a process to end */
#define CHECK_MS	1000

/**
 * struct export - a moment of a VM that becomes a file
 * @fd:		to its process, which holds a VM that shall end as long as this is open
 * @id:		the VM's
 * @stop:	it shall end with that
 * @tag:	the moment is that of this snapshot; NULL: it is now
 * @on:		files that it is an increment on, each on the one before; @nr_on of them
 * @moment, @bytes: what its process told of it
 */
struct export {
	struct reach reach;
	int fd;
	uint32_t id;
	bool stop;
	const char *tag;
	char *on[MERGE_MAX];
	unsigned int nr_on;
	struct merge merge;
	struct verb_moment moment;
	struct bytes bytes;
	struct verb_memory memory;
	struct snap_about about;
	struct snap_work work;
};

/* ---- what is told ahead of the pages ---------------------------------------------- */

/* The parts of what its process told. */
static int take_parts(struct export *e, struct err *err)
{
	const struct verb_hold *what = &e->moment.what;
	struct snap_about *a = &e->about;
	const uint8_t *from = e->bytes.data;
	uint64_t entries = what->cpuid / sizeof(a->cpuid[0]);

	if (entries > SNAP_MAX_CPU || what->cpuid % sizeof(a->cpuid[0]))
		return err_set(err, VMCTL_FAILED, "more CPUID leaves than there can be");
	a->state = e->bytes.data;
	a->state_size = what->state;
	from += what->state;
	memcpy(a->cpuid, from, what->cpuid);
	a->nr_cpuid = (unsigned int)entries;
	from += what->cpuid;
	a->conf = strndup((const char *)from, what->conf);
	return a->conf ? 0 : err_set(err, VMCTL_FAILED, "out of memory");
}

/* Its process has had a guest in it: what it says is held against the object. */
static int check_memory(const struct verb_memory *m, int object,
			struct err *err)
{
	const struct verb_range *r = m->range;
	uint64_t end = 0, rest;
	struct stat st;
	unsigned int i;

	if (fstat(object, &st))
		return err_set(err, VMCTL_FAILED, "guest memory: %s",
			       strerror(errno));
	for (i = 0; i < m->count && i < VERB_RANGES; i++, r++) {
		rest = (uint64_t)st.st_size - end;
		if (!r->size || r->size > rest || r->offset != end ||
		    (r->size | r->gpa) % SNAP_PAGE_SIZE)
			break;
		end += r->size;
	}
	return i && i == m->count && end == (uint64_t)st.st_size ? 0 :
	       err_set(err, VMCTL_FAILED,
		       "its process tells of guest memory that there is not");
}

static void take_memory(struct export *e)
{
	struct snap_about *a = &e->about;
	const struct verb_range *r = e->memory.range;
	unsigned int i;

	a->nr_objects = 1;
	a->nr_slots = e->memory.count < VERB_RANGES ? e->memory.count : VERB_RANGES;
	for (i = 0; i < a->nr_slots; i++, r++) {
		a->slot[i] = (struct snap_slot){
			.id = i, .gpa = r->gpa, .size = r->size,
			.offset = r->offset,
		};
		a->object[0] += r->size;
	}
}

static int take_parent(struct export *e, struct err *err)
{
	const struct snap_about *last;

	last = &e->merge.input[e->nr_on - 1].reader.about;
	e->about.parent = last->id;
	return merge_fits(last, &e->about, "the VM", err);
}

static int describe(struct export *e, struct err *err)
{
	struct snap_about *a = &e->about;

	memcpy(a->id.byte, e->moment.id, sizeof(a->id.byte));
	a->time_ns = e->moment.time_ns;
	memcpy(a->backend, e->moment.what.backend, sizeof(a->backend) - 1);
	snprintf(a->name, sizeof(a->name), "%s", e->reach.name);
	take_memory(e);
	return take_parts(e, err) ?: e->nr_on ? take_parent(e, err) : 0;
}

/* ---- the file ------------------------------------------------------------------------ */

/*
 * The memory of the moment that the file is an increment on, if its process still has
 * that; -1.  Then nobody has to look for what differs.
 */
static int find_old(struct export *e)
{
	struct verb_which which = {};
	struct err err;
	int memory;

	memcpy(which.id, e->about.parent.byte, sizeof(which.id));
	return ask_moment_memory(e->fd, &which, &memory, &err) ? -1 : memory;
}

static int write_kin(struct export *e, struct snap_writer *w, int object,
		     int old, struct err *err)
{
	static struct object_diff diff;
	int ret;

	object_diff_init(&diff, object, old, e->about.object[0]);
	ret = snap_copy(&diff.source, w, &e->work.watcher, err);
	object_diff_fini(&diff);
	close(old);
	return ret;
}

static int write_pages(struct export *e, struct snap_writer *w, int object,
		       struct err *err)
{
	int old = e->nr_on ? find_old(e) : -1, ret;
	struct object_source memory;
	struct diff_source diff;
	struct snap_source *source = &memory.source;

	if (old >= 0)
		return write_kin(e, w, object, old, err);
	object_source_init(&memory, &object, e->about.object, 1);
	if (e->nr_on) {
		diff_source_init(&diff, &e->merge.source, source);
		source = &diff.source;
	}
	ret = snap_copy(source, w, &e->work.watcher, err);
	object_source_fini(&memory);
	return ret;
}

static int find_id(struct export *e, struct err *err)
{
	struct record_vm vm;
	struct control c;
	int ret;

	if (control_open(&c, err))
		return -1;
	ret = records_vm_own(&c, e->reach.name, &vm, err);
	control_close(&c);
	if (!ret)
		e->id = vm.id;
	return ret;
}

/* One that shall end does not run from here on. */
static int hold(struct export *e, int *object, struct err *err)
{
	struct timespec now;
	struct snap_id id;

	if (snap_id_make(&id, err) ||
	    ask_hold(e->fd, &e->moment.what, &e->bytes, err) ||
	    find_id(e, err) || ask_memory(e->fd, &e->memory, object, err))
		return -1;
	clock_gettime(CLOCK_REALTIME, &now);
	memcpy(e->moment.id, id.byte, sizeof(id.byte));
	e->moment.time_ns = (uint64_t)now.tv_sec * 1000000000 +
			    (uint64_t)now.tv_nsec;
	return 0;
}

/* It runs on, or already has for long. */
static int keep(struct export *e, int *object, struct err *err)
{
	struct verb_which which = {};
	int live;

	if (e->tag)
		snprintf(which.tag, sizeof(which.tag), "%s", e->tag);
	if (ask_memory(e->fd, &e->memory, &live, err))
		return -1;
	close(live);
	return ask_moment(e->fd, &which, &e->moment, &e->bytes, object, err);
}

static int write_all(struct export *e, struct snap_writer *w, struct err *err)
{
	int object, ret;

	if (e->stop ? hold(e, &object, err) : keep(e, &object, err))
		return -1;
	ret = check_memory(&e->memory, object, err) ?: describe(e, err) ?:
	      snap_write_about(w, &e->about, err) ?:
	      write_pages(e, w, object, err);
	close(object);
	return ret;
}

static enum watch_sight is_gone(const struct record_vm *vm)
{
	return vm ? WATCH_NOT_YET : WATCH_DONE;
}

/* Only if it has not run since it was saved, however long the disk took. */
static int kill_it(struct export *e, struct err *err)
{
	struct control c;
	int ret;

	if (ask_held(e->fd, &e->bytes, err))
		return err_wrap(err, "is saved, but has run since and is not stopped");
	if (control_open(&c, err))
		return -1;
	ret = control_act(&c, VMM_NL_CMD_VM_KILL, e->id, err);
	if (!ret)
		ret = watch_until(&c, e->id, is_gone, EFFECT_NS, CHECK_MS, err);
	control_close(&c);
	if (ret > 0)
		ret = err_set(err, VMCTL_TIMEOUT,
			      "is saved and dead, but its process has not let go of it; try: vmctl list -a");
	return ret;
}

/* Had it been let go in between, by its process, the file would be of no moment. */
static int write_file(struct export *e, const char *path, struct err *err)
{
	struct snap_writer w;
	int ret;

	if (snap_write_begin(&w, path, err))
		return -1;
	ret = write_all(e, &w, err) ?:
	      e->stop ? ask_held(e->fd, &e->bytes, err) : 0;
	if (!ret)
		return snap_write_end(&w, err) ?: e->stop ? kill_it(e, err) : 0;
	snap_write_give_up(&w);
	return ret;
}

static int export(struct export *e, const char *vm, const char *path,
		  struct err *err)
{
	int ret;

	if ((e->tag && name_check(e->tag, err)) ||
	    reach_find(&e->reach, vm, err))
		return -1;
	e->fd = ask_open(&e->reach, err);
	if (e->fd < 0)
		return -1;
	/* what is wrong with the files that it is on is told before it is held */
	ret = e->nr_on ? merge_open(&e->merge, e->on, e->nr_on, err) : 0;
	if (!ret)
		ret = write_file(e, path, err);
	if (e->nr_on)
		merge_close(&e->merge);
	close(e->fd);
	free(e->about.conf);
	bytes_fini(&e->bytes);
	return ret ? err_wrap(err, "%s", e->reach.name) : 0;
}

#define OPT_ON	OPT_FIRST
#define OPT_TAG	(OPT_FIRST + 1)

static int run(const struct command *cmd, int argc, char **argv)
{
	static struct export e;
	bool quiet = false;
	char **operands;
	struct args a;
	struct err err;
	int id, ret;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		e.stop = e.stop || id == 's';
		if (id == OPT_ON && e.nr_on == MERGE_MAX)
			return command_usage(cmd, "--on: at most %u", MERGE_MAX);
		if (id == OPT_ON)
			e.on[e.nr_on++] = (char *)a.value;
		if (id == OPT_TAG)
			e.tag = a.value;
		quiet = quiet || id == 'q';
	}
	if (e.stop && e.tag)
		return command_usage(cmd, "--stop and --tag: it does not end there");
	operands = args_operands(&a, 2, 2);
	if (!operands)
		return VMCTL_USAGE;
	snap_work_begin(&e.work, "saved", quiet);
	ret = export(&e, operands[0], operands[1], &err);
	snap_work_end(&e.work);
	return ret ? command_fail(cmd, &err) : VMCTL_OK;
}

static const struct cmd_option options[] = {
	{ 's', "stop", NULL, "the VM ends there: it goes on from the file alone" },
	{ OPT_ON, "on", "FILE",
	  "only pages that differ from this one; of increments\n"
	  "as often as there are, the whole one first" },
	{ OPT_TAG, "tag", "TAG", "the moment of this snapshot in memory, not of now" },
	SNAP_QUIET_OPTION,
	{}
};

static const char *const operands[] = { "VM", "FILE", NULL };

const struct command cmd_snap_export = {
	.name = "export",
	.summary = "Save a VM in the background, its state and its memory, to a file",
	.usage = "[-sq] [--tag TAG] [--on FILE]... VM FILE",
	.help =
"FILE, which must not exist, is a snapshot file, of one moment of the VM, which goes on\n"
"while it is written.  With --stop it is held meanwhile, and killed when the file is\n"
"whole; whatever goes wrong before, it goes on.  An increment on the file of a snapshot\n"
"that is still in memory is made without reading all of either.\n",
	.options = options,
	.operands = operands,
	.super = &cmd_snap,
	.run = run,
};
