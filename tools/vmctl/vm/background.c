// SPDX-License-Identifier: GPL-2.0
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/fresh.h"
#include "vm/background.h"
#include "vm/console_session.h"
#include "vm/epitaph.h"
#include "vm/feed.h"
#include "vm/keeper.h"
#include "vm/machine.h"
#include "vm/place.h"
#include "vm/restore.h"
#include "vm/runtime.h"
#include "vm/sandbox.h"
#include "vm/spawn.h"
#include "vm/state.h"
#include "vm/thread.h"
#include "vm/verbs.h"

#define LAST_WORDS_MS	2000	/* for clients to read to the end */
#define MACHINE_FILES	32	/* of its devices, and of what serves it */
#define CLIENT_FILES	(2 * TALK_CLIENTS + HUB_CLIENTS + 2)
#define QUICK_RESETS	4	/* that may follow each other at once */
#define PACE_SEC	1	/* between those behind them */

/**
 * struct background - what its process has
 * @snapshot:	that the first @machine goes on from, or NULL
 * @starter:	of the pipe to who waits until it does
 * @feed:	likewise a moment of another machine
 * @network:	an empty network namespace that others are in, too, or -1
 * @files:	what each @machine is made of
 * @machine:	NULL between two, at a reset
 * @place:	entered before there is a machine, left after it
 * @verbs:	the control socket
 * @epitaph:	a file
 * @last_word:	before what is forbidden, in the log
 * @kind, @text: how the last machine ended
 */
struct background {
	const struct paths *paths;
	const struct conf *conf;
	const struct machine_options *opt;
	struct snap_reader *snapshot;
	int starter;
	struct feed *feed;
	int network;
	struct runtime runtime;
	struct place place;
	struct loop loop;
	struct console_session session;
	struct verbs verbs;
	struct machine_files files;
	struct machine *machine;
	struct sandbox sandbox;
	int epitaph;
	char last_word[VMM_NAME_LEN + 32];
	enum end_kind kind;
	char text[sizeof(((struct vm_end *)NULL)->text)];
};

/* ---- its log ------------------------------------------------------------------- */

/* "web started at 2031-05-06T07:08:09Z", or that it went on from a snapshot */
static void log_start(struct background *b)
{
	const struct snap_id *from = b->snapshot ? &b->snapshot->about.id :
				     b->feed ? &b->feed->id : NULL;
	time_t now = time(NULL);
	char when[32], id[SNAP_ID_TEXT], text[192];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	snprintf(text, sizeof(text), "%s started at %s%s%s", b->opt->name, when,
		 from ? " from snapshot " : "",
		 from ? snap_id_text(id, from) : "");
	session_mark(&b->session, text);
}

static void log_sandbox(struct background *b)
{
	char lacks[256], text[384];

	if (!sandbox_lacks(&b->sandbox, lacks, sizeof(lacks)))
		return;
	snprintf(text, sizeof(text), "the sandbox lacks %s", lacks);
	session_mark(&b->session, text);
}

/* How it ended; after a crash lines of registers follow. */
static void log_end(struct background *b)
{
	char text[sizeof(b->text) + 128];
	size_t len;

	snprintf(text, sizeof(text), "%s ended: %s", b->opt->name, b->text);
	len = strlen(text);
	if (text[len - 1] == '\n')
		text[len - 1] = 0;
	session_mark(&b->session, text);
}

static void leave_epitaph(struct background *b, const struct err *failure)
{
	if (b->epitaph < 0)
		return;
	/* the starter is told, and nobody else: it has not run */
	if (failure)
		epitaph_write(b->epitaph, true, failure->text);
	else
		epitaph_write(b->epitaph, b->kind != END_CRASH &&
			      b->kind != END_TIMEOUT, b->text);
	close(b->epitaph);
	b->epitaph = -1;
}

static void tell_clients(struct background *b)
{
	char line[256];

	snprintf(line, sizeof(line), "%.*s", (int)strcspn(b->text, "\n"),
		 b->text);
	session_end(&b->session, line, LAST_WORDS_MS);
}

/* ---- its machine ----------------------------------------------------------------- */

static int make(struct background *b, struct err *err)
{
	b->machine = machine_create(b->opt, &b->files, &b->loop,
				    &b->session.cable, err);
	verbs_speak_for(&b->verbs, b->machine);
	return b->machine ? 0 : -1;
}

/* Of another's memory, its own; and of its state, as that was then. */
static int make_fed(struct background *b, struct err *err)
{
	int ret;

	if (feed_take(b->feed, err))
		return -1;
	b->files.memory = vmm_mem_fork(b->feed->memory, err);
	ret = b->files.memory < 0 || make(b, err) ||
	      machine_load(b->machine, b->feed->state.data, b->feed->state.len,
			   err) ? -1 : 0;
	feed_done(b->feed);
	return ret;
}

static int make_restored(struct background *b, struct err *err)
{
	int ret = make(b, err);

	if (!ret) {
		/* a file that does not come would keep us from signals */
		b->snapshot->in.stop[0] = b->machine->signals.fd;
		b->snapshot->in.stop[1] = b->starter;
		b->files.any_tsc = b->snapshot->any_tsc;
		ret = restore(b->machine, b->snapshot, err);
	}
	snap_read_close(b->snapshot);
	return ret;
}

/* Those after it boot. */
static int make_first(struct background *b, struct err *err)
{
	int ret;

	b->files.bare = b->snapshot || b->feed;
	ret = b->feed ? make_fed(b, err) :
	      b->snapshot ? make_restored(b, err) : make(b, err);
	b->files.bare = false;
	return ret;
}

/* Some ends speak for themselves. */
static void note_end(struct background *b, const struct vm_end *end)
{
	b->kind = end->kind;
	if (*end->text)
		strcpy(b->text, end->text);
	else if (end->kind == END_CODE)
		snprintf(b->text, sizeof(b->text), "by its guest, with code %d",
			 end->code);
	else
		strcpy(b->text, "powered off");
}

/* @again: another takes its place, and its memory object with all that was kept of it */
static void unmake(struct background *b, bool again)
{
	verbs_speak_for(&b->verbs, NULL);
	if (b->machine && again)
		machine_replace(b->machine);
	else if (b->machine)
		machine_destroy(b->machine);
	b->machine = NULL;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/*
 * A guest that resets as soon as it runs shall not make VMs, their events and numbers
 * as fast as it can.  It waits in a VM that is there to be found, and killed.
 */
static void keep_pace(unsigned int *quick, uint64_t begun)
{
	const struct timespec pace = { .tv_sec = PACE_SEC };

	if (now_ns() - begun >= PACE_SEC * 1000000000ULL)
		*quick = 0;
	else if (++*quick > QUICK_RESETS)
		nanosleep(&pace, NULL);
}

/* From power-on to the end that is no reset. */
static void live(struct background *b)
{
	unsigned int quick = 0;
	uint64_t begun;
	struct err err;
	int ret;

	for (;;) {
		begun = now_ns();
		machine_run(b->machine);
		note_end(b, &b->machine->end);
		unmake(b, b->kind == END_RESET);
		if (b->kind != END_RESET)
			return;
		ret = make(b, &err);
		if (!ret) {
			keep_pace(&quick, begun);
			ret = machine_start(b->machine, &err);
		}
		if (ret) {
			snprintf(b->text, sizeof(b->text), "after a reset: %s",
				 err.text);
			b->kind = END_CRASH;
			unmake(b, false);
			return;
		}
	}
}

/* ---- its process ------------------------------------------------------------------ */

static int listen_at(struct background *b, struct err *err)
{
	const char *dir = b->runtime.dir;
	char path[PATHS_LEN];

	if (paths_join(path, dir, "control", "", err) ||
	    verbs_listen(&b->verbs, path, err) ||
	    paths_join(path, dir, "console", "", err))
		return -1;
	return session_listen(&b->session, path, err);
}

/* Opened by name for the last time; from here on it is in the sandbox. */
static int enter_sandbox(struct background *b, struct err *err)
{
	struct sandbox *s = &b->sandbox;

	b->session.log.stays = true;
	b->epitaph = epitaph_open(b->paths, b->opt->name, err);
	if (b->epitaph < 0)
		return -1;
	s->files = b->opt->cpus + MACHINE_FILES + CLIENT_FILES + TAGS_MAX;
	/* the snapshot, or what is fed */
	s->files += 4;
	s->file_size = CONSOLE_LOG_LIMIT;
	sandbox_keep_dir(s, &b->session.log.dir, b->session.log.where,
			 SANDBOX_USE_LOG);
	sandbox_keep_dir(s, &b->runtime.at, b->runtime.dir,
			 SANDBOX_USE_UNLINK);
	sandbox_keep_dir(s, &b->runtime.above, b->paths->run,
			 SANDBOX_USE_RMDIR);
	snprintf(b->last_word, sizeof(b->last_word), "\n[vmctl: %s ended: ",
		 b->opt->name);
	if (b->place.base >= 0)
		sandbox_keep_dir(s, &b->place.base, b->place.base_path,
				 SANDBOX_USE_RMDIR);
	sandbox_tell(s, &b->session.log.fd, b->last_word, "]\n");
	sandbox_tell(s, &b->epitaph, EPITAPH_SUDDEN, "\n");
	s->network = b->network;
	return sandbox_enter(s, err);
}

/* What has a name, and what can be refused for it. */
static int prepare(struct background *b, struct err *err)
{
	sandbox_init(&b->sandbox, b->opt->sandbox);
	verbs_init(&b->verbs, &b->loop, &b->sandbox, b->conf);
	return place_enter(&b->place, b->opt->name, &b->opt->sched, err) ||
	       loop_init(&b->loop, err) || runtime_adopt(&b->runtime, err) ||
	       session_open(&b->session, b->paths, b->opt->name, err) ||
	       machine_files_open(&b->files, b->opt, err) ||
	       (!b->feed && machine_memory_open(&b->files, b->opt, err)) ||
	       listen_at(b, err) || enter_sandbox(b, err) ? -1 : 0;
}

/* One that is fed says how far it is, and goes on only if its brothers can. */
static int get_made(struct background *b, struct spawn *spawn, struct err *err)
{
	if (prepare(b, err))
		return -1;
	if (b->feed)
		spawn_step(spawn);
	if (make_first(b, err))
		return -1;
	if (b->feed)
		spawn_step(spawn);
	return b->feed ? feed_await(b->feed, err) : 0;
}

/* What may fail, fails before it is ready; the log has only what ran. */
static int get_ready(struct background *b, struct spawn *spawn, struct err *err)
{
	if (get_made(b, spawn, err))
		return -1;
	/* what making the sandbox's filter and the machine took */
	malloc_trim(0);
	log_start(b);
	log_sandbox(b);
	if (!session_serve(&b->session, err) && !machine_start(b->machine, err))
		return 0;
	snprintf(b->text, sizeof(b->text), "%s", err->text);
	session_end(&b->session, b->text, 0);
	log_end(b);
	return -1;
}

static int body(struct spawn *spawn, void *arg)
{
	struct background *b = arg;
	struct err err;
	int ret;

	b->starter = spawn->fd;
	thread_name(b->opt->name);
	thread_block_signals();
	ret = get_ready(b, spawn, &err);
	if (!ret) {
		spawn_ready(spawn);
		live(b);
		tell_clients(b);
		log_end(b);
	}
	unmake(b, false);
	leave_epitaph(b, ret ? &err : NULL);
	machine_files_close(&b->files);
	session_close(&b->session);
	verbs_fini(&b->verbs);
	loop_fini(&b->loop);
	place_leave(&b->place);
	runtime_release(&b->runtime);
	/* now, so that the next start finds the name free */
	if (ret)
		spawn_fail(spawn, &err);
	return ret ? VMCTL_FAILED : VMCTL_OK;
}

/* Most of it is a ring that few guests fill. */
static struct background *background_new(const struct paths *paths,
					 const struct conf *conf,
					 struct err *err)
{
	struct background *b = fresh_alloc(sizeof(*b));

	if (!b) {
		err_set(err, VMCTL_FAILED, "out of memory");
		return NULL;
	}
	b->paths = paths;
	b->conf = conf;
	b->opt = &conf->opt;
	b->loop.epoll = b->files.vmm.fd = b->epitaph = -1;
	b->files.memory = b->network = -1;
	b->files.boot.kernel.fd = b->files.boot.initrd.fd = -1;
	return b;
}

/* @keep: besides its lock, for which there is room in front */
static int begin(struct background *b, struct spawned *child, int *keep,
		 struct err *err)
{
	int ret;

	keeper_outlive(b->opt->name);
	if (runtime_claim(&b->runtime, b->paths, b->opt->name, err))
		return -1;
	keep[0] = b->runtime.lock;
	ret = spawn_begin(child, body, b, keep, b->opt->sandbox != SANDBOX_OFF,
			  err);
	runtime_leave(&b->runtime);	/* it is the child's */
	return ret;
}

int background_start(const struct paths *paths, const struct conf *conf,
		     struct snap_reader *snapshot, struct err *err)
{
	int keep[3] = { -1, snapshot ? snapshot->in.fd : -1, -1 }, ret;
	struct background *b = background_new(paths, conf, err);
	struct spawned child;

	if (!b)
		return -1;
	b->snapshot = snapshot;
	ret = begin(b, &child, keep, err);
	if (!ret) {
		ret = spawn_hear(&child, err);
		spawn_end(&child);
	}
	fresh_free(b, sizeof(*b));
	return ret;
}

int background_feed(const struct paths *paths, const struct conf *conf,
		    struct feed *feed, int network, struct spawned *child,
		    struct err *err)
{
	int keep[5] = { -1, feed->fd, feed->store, network, -1 }, ret;
	struct background *b = background_new(paths, conf, err);

	if (!b)
		return -1;
	b->feed = feed;
	b->network = network;
	ret = begin(b, child, keep, err);
	fresh_free(b, sizeof(*b));
	return ret;
}
