// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/vmm_netlink.h>

#include "lib/guard.h"
#include "lib/records.h"
#include "vm/ask.h"
#include "vm/await.h"
#include "vm/background.h"
#include "vm/conf_file.h"
#include "vm/define.h"
#include "vm/feed.h"
#include "vm/fork.h"
#include "vm/runtime.h"
#include "vm/sandbox.h"
#include "vm/spawn.h"

#define LOOK_NS	20000000	/* for a process to end */
#define LOOKS	500

/**
 * struct child - one of those that are made
 * @define:	it has no definition yet; @defined: it has got one from us
 * @to:		our end of its feed
 * @let_go:	it may run
 */
struct child {
	struct conf conf;
	bool define, defined, let_go;
	struct feed feed;
	int to;
	struct spawned process;
};

/**
 * struct forking - @store: for the state; @moment, @state: what they go on from
 *
 * @network: a namespace for all of them, as one takes 200 KiB of the host's memory; or -1
 */
struct forking {
	const struct reach *of;
	struct child *child;
	unsigned int count;
	int store, network;
	struct verb_moment moment;
	struct bytes state;
	struct guard guard;
};

/* The error names the child, unless its words do. */
static int blame(const struct child *c, struct err *err)
{
	const char *name = c->conf.opt.name;

	return strncmp(err->text, name, strlen(name)) ?
	       err_wrap(err, "%s", name) : -1;
}

/* ---- definitions ------------------------------------------------------------------------ */

/*
 * What its process tells may be a guest's, which has taken it over, and a definition names
 * files, which children open before they are in their sandboxes: so it has to be what
 * its own file says.
 */
static int check_definition(const struct forking *f, const struct bytes *text,
			    struct err *err)
{
	struct conf told;
	int ret;

	conf_init(&told);
	ret = conf_name(&told, f->of->name, err) ||
	      conf_parse(&told, (const char *)text->data, text->len,
			 f->of->name, err) ? -1 :
	      define_same(&f->of->paths, &told, "it runs", err);
	conf_free(&told);
	if (ret == 1)
		return 0;
	return err_set(err, VMCTL_STATE,
		       "%s: its definition is gone, or not as it runs; try: stop, start",
		       f->of->name);
}

static int take_definition(struct forking *f, const struct bytes *text,
			   const char *name, unsigned int i, struct err *err)
{
	struct conf *conf = &f->child[i].conf;
	char numbered[VMM_NAME_LEN + 16];

	snprintf(numbered, sizeof(numbered), "%s-%u", name, i + 1);
	if (conf_name(conf, f->count ? numbered : name, err) ||
	    conf_parse(conf, (const char *)text->data, text->len, f->of->name,
		       err))
		return -1;
	conf->opt.unique = true;
	/* The one that there is serves all of them as long as one lives. */
	conf->opt.swap = NULL;
	return 0;
}

static int take_definitions(struct forking *f, const char *name,
			    unsigned int many, struct err *err)
{
	struct bytes text = {};
	unsigned int i;
	int fd, ret;

	fd = ask_open(f->of, err);
	if (fd < 0)
		return -1;
	ret = ask_conf(fd, &text, err);
	close(fd);
	ret = ret ? err_wrap(err, "%s", f->of->name) :
	      check_definition(f, &text, err);
	for (i = 0; i < many && !ret; i++)
		ret = take_definition(f, &text, name, i, err);
	f->count = many;
	bytes_fini(&text);
	return ret;
}

static int find_definitions(struct forking *f, struct err *err)
{
	struct child *c;
	int same;

	for (c = f->child; c < f->child + f->count; c++) {
		same = define_same(&f->of->paths, &c->conf,
				   "the VM that is forked", err);
		if (same < 0)
			return -1;
		c->define = !same;
	}
	return 0;
}

/* If we are killed before they are fed: they end by themselves. */
static void undo(void *arg)
{
	struct forking *f = arg;
	struct child *c;
	struct err err;

	for (c = f->child; c < f->child + f->count; c++)
		if (c->define)
			define_remove(&f->of->paths, c->conf.opt.name, &err);
}

static int define_all(struct forking *f, struct err *err)
{
	struct child *c;

	if (guard_begin(&f->guard, undo, f, err))
		return -1;
	for (c = f->child; c < f->child + f->count; c++) {
		if (c->define && define_create(&f->of->paths, &c->conf, err))
			return -1;
		c->defined = c->define;
	}
	return 0;
}

/* ---- processes ---------------------------------------------------------------------------- */

static int begin(struct forking *f, struct child *c, struct err *err)
{
	int ret;

	if (feed_make(&c->feed, f->store, &c->to, err))
		return -1;
	ret = background_feed(&f->of->paths, &c->conf, &c->feed, f->network,
			      &c->process, err);
	close(c->feed.fd);
	return ret;
}

static int hear_all(struct forking *f, struct err *err)
{
	struct child *c;

	for (c = f->child; c < f->child + f->count; c++)
		if (spawn_hear(&c->process, err))
			return blame(c, err);
	return 0;
}

static int begin_all(struct forking *f, struct err *err)
{
	struct child *c;

	if (f->child->conf.opt.sandbox != SANDBOX_OFF) {
		sandbox_prepare();
		if (f->count > 1 && sandbox_network(&f->network, err))
			return -1;
	}
	for (c = f->child; c < f->child + f->count; c++)
		if (begin(f, c, err))
			return blame(c, err);
	return hear_all(f, err);
}

/* ---- the moment ------------------------------------------------------------------------------ */

static int feed_all(struct forking *f, int memory, struct err *err)
{
	size_t size = f->moment.what.state;
	struct snap_id id;
	struct child *c;

	memcpy(id.byte, f->moment.id, sizeof(id.byte));
	if (feed_fill(f->store, f->state.data, size, err))
		return -1;
	for (c = f->child; c < f->child + f->count; c++)
		if (feed_give(c->to, &id, memory, size, err))
			return blame(c, err);
	return hear_all(f, err);
}

static int take_moment(struct forking *f, struct err *err)
{
	const struct verb_which now = {};
	int fd = ask_open(f->of, err), memory, ret;

	if (fd < 0)
		return -1;
	ret = ask_moment(fd, &now, &f->moment, &f->state, &memory, err);
	close(fd);
	if (ret)
		return err_wrap(err, "%s", f->of->name);
	ret = feed_all(f, memory, err);
	close(memory);
	return ret;
}

static void kill_one(const char *name)
{
	struct record_vm vm;
	struct control c;
	struct err err;

	if (control_open(&c, &err))
		return;
	if (!records_vm_own(&c, name, &vm, &err))
		control_act(&c, VMM_NL_CMD_VM_KILL, vm.id, &err);
	control_close(&c);
}

/* If we are killed when some of them may run; no others have their names. */
static void undo_running(void *arg)
{
	struct forking *f = arg;
	struct child *c;

	for (c = f->child; c < f->child + f->count; c++)
		kill_one(c->conf.opt.name);
	undo(arg);
}

static int let_go(struct forking *f, struct err *err)
{
	struct guard before = f->guard;
	struct child *c;
	int ret;

	ret = guard_begin(&f->guard, undo_running, f, err);
	guard_end(&before);
	for (c = f->child; c < f->child + f->count && !ret; c++) {
		c->let_go = true;
		ret = feed_let_go(c->to, err) ? blame(c, err) : 0;
	}
	if (ret || hear_all(f, err))
		return -1;
	guard_end(&f->guard);
	return 0;
}

static int await_all(struct forking *f, struct err *err)
{
	struct child *c;

	for (c = f->child; c < f->child + f->count; c++)
		if (await_running(c->conf.opt.name, err))
			return blame(c, err);
	return 0;
}

/* ---- if it fails -------------------------------------------------------------------------------- */

/* So that the name is free when we say that it failed. */
static void await_end(const struct forking *f, const struct child *c)
{
	const struct timespec nap = { .tv_nsec = LOOK_NS };
	unsigned int looks;
	struct err err;

	for (looks = 0; looks < LOOKS; looks++) {
		if (runtime_alive(&f->of->paths, c->conf.opt.name, &err) <= 0)
			break;
		nanosleep(&nap, NULL);
	}
}

static void undo_all(struct forking *f)
{
	struct child *c;
	struct err err;

	for (c = f->child; c < f->child + f->count; c++) {
		if (c->to >= 0)
			close(c->to);
		c->to = -1;
		if (c->let_go)
			kill_one(c->conf.opt.name);
	}
	for (c = f->child; c < f->child + f->count; c++) {
		if (c->process.fd >= 0)
			await_end(f, c);
		if (c->defined)
			define_remove(&f->of->paths, c->conf.opt.name, &err);
	}
	guard_end(&f->guard);
}

/* ---- all ------------------------------------------------------------------------------------------ */

static int forking_init(struct forking *f, const struct reach *of,
			unsigned int many, struct err *err)
{
	unsigned int i;

	*f = (struct forking){
		.of = of, .store = -1, .network = -1, .guard.fd = -1,
	};
	f->child = calloc(many, sizeof(*f->child));
	if (!f->child)
		return err_set(err, VMCTL_FAILED, "out of memory");
	for (i = 0; i < many; i++) {
		conf_init(&f->child[i].conf);
		f->child[i].to = f->child[i].process.fd = -1;
	}
	f->store = feed_store(err);
	return f->store < 0 ? -1 : 0;
}

static void forking_fini(struct forking *f, unsigned int many)
{
	unsigned int i;

	for (i = 0; f->child && i < many; i++) {
		if (f->child[i].to >= 0)
			close(f->child[i].to);
		spawn_end(&f->child[i].process);
		conf_free(&f->child[i].conf);
	}
	if (f->store >= 0)
		close(f->store);
	if (f->network >= 0)
		close(f->network);
	bytes_fini(&f->state);
	free(f->child);
}

int fork_machine(const struct reach *of, const char *name, unsigned int count,
		 struct err *err)
{
	unsigned int many = count ? count : 1;
	struct forking f;
	int ret;

	ret = forking_init(&f, of, many, err);
	f.count = count;
	ret = ret ?: take_definitions(&f, name, many, err);
	if (!ret) {
		ret = find_definitions(&f, err) ?: define_all(&f, err) ?:
		      begin_all(&f, err) ?: take_moment(&f, err) ?:
		      let_go(&f, err) ?: await_all(&f, err);
		if (ret)
			undo_all(&f);
	}
	forking_fini(&f, many);
	return ret;
}
