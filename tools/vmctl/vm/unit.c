// SPDX-License-Identifier: GPL-2.0
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "lib/container.h"
#include "vm/unit.h"

#define MANAGER		"org.freedesktop.systemd1"
#define MANAGER_PATH	"/org/freedesktop/systemd1"
#define MANAGER_IFACE	"org.freedesktop.systemd1.Manager"
#define PATIENCE_US	10000000ULL	/* for a reply, and for a job */

/* ---- the library -------------------------------------------------------------------- */

#define FUNCTION(name)	__typeof__(&sd_bus_##name) name
#define SYMBOL(name)	{ "sd_bus_" #name, offsetof(struct library, name) }

struct library {
	void *handle;
	FUNCTION(new);
	FUNCTION(set_address);
	FUNCTION(start);
	FUNCTION(flush_close_unref);
	FUNCTION(message_new_method_call);
	FUNCTION(message_append);
	FUNCTION(message_open_container);
	FUNCTION(message_close_container);
	FUNCTION(message_read);
	FUNCTION(message_unref);
	FUNCTION(call);
	FUNCTION(error_free);
	FUNCTION(match_signal);
	FUNCTION(process);
	FUNCTION(wait);
};

static const struct {
	const char *name;
	size_t offset;
} symbols[] = {
	SYMBOL(new), SYMBOL(set_address), SYMBOL(start),
	SYMBOL(flush_close_unref), SYMBOL(message_new_method_call),
	SYMBOL(message_append), SYMBOL(message_open_container),
	SYMBOL(message_close_container), SYMBOL(message_read),
	SYMBOL(message_unref), SYMBOL(call), SYMBOL(error_free),
	SYMBOL(match_signal), SYMBOL(process), SYMBOL(wait),
};

static int load(struct library *lib, struct err *err)
{
	unsigned int i;
	void *at;

	lib->handle = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
	for (i = 0; lib->handle && i < ARRAY_SIZE(symbols); i++) {
		at = dlsym(lib->handle, symbols[i].name);
		if (!at)
			break;
		memcpy((char *)lib + symbols[i].offset, &at, sizeof(at));
	}
	if (lib->handle && i == ARRAY_SIZE(symbols))
		return 0;
	err_set(err, VMCTL_HOST, "%s", dlerror());
	if (lib->handle)
		dlclose(lib->handle);
	return -1;
}

/* ---- a connection ------------------------------------------------------------------- */

/** struct talk - @answer: what has been said last, or NULL */
struct talk {
	struct library lib;
	sd_bus *bus;
	sd_bus_message *request, *answer;
};

/* The manager's own socket, which needs no bus daemon. */
static int socket_of(uid_t owner, char *path, size_t size)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");
	int len;

	if (!owner)
		len = snprintf(path, size, "/run/systemd/private");
	else if (owner == geteuid() && dir && *dir == '/')
		len = snprintf(path, size, "%s/systemd/private", dir);
	else
		len = snprintf(path, size, "/run/user/%lu/systemd/private",
			       (unsigned long)owner);
	return len > 0 && (size_t)len < size ? 0 : -1;
}

bool unit_present(void)
{
	char path[256];

	return !access("/run/systemd/system", F_OK) &&
	       (!geteuid() || (!socket_of(geteuid(), path, sizeof(path)) &&
			       !access(path, F_OK)));
}

static int no_answer(int code, const char *why, struct err *err)
{
	bool rights = code == -EACCES || code == -EPERM;

	return err_set(err, rights ? VMCTL_PERM : VMCTL_HOST, "systemd: %s",
		       why ? why : strerror(-code));
}

/* A path in an address has what could be taken for syntax as %XX. */
static void make_address(char *to, const char *path)
{
	to += sprintf(to, "unix:path=");
	for (; *path; path++)
		to += sprintf(to, strchr(",;=%: ", *path) ? "%%%02x" : "%c",
			      (unsigned char)*path);
}

static int connect_to(struct talk *t, uid_t owner, struct err *err)
{
	char path[256], address[sizeof(path) * 3 + 16];
	int ret;

	if (socket_of(owner, path, sizeof(path)))
		return no_answer(-ENAMETOOLONG, NULL, err);
	make_address(address, path);
	ret = t->lib.new(&t->bus);
	if (ret >= 0)
		ret = t->lib.set_address(t->bus, address);
	if (ret >= 0)
		ret = t->lib.start(t->bus);
	return ret < 0 ? no_answer(ret, NULL, err) : 0;
}

static void talk_close(struct talk *t)
{
	t->lib.message_unref(t->answer);
	t->lib.message_unref(t->request);
	t->lib.flush_close_unref(t->bus);
	dlclose(t->lib.handle);
}

static int talk_open(struct talk *t, uid_t owner, struct err *err)
{
	*t = (struct talk){};
	if (load(&t->lib, err))
		return -1;
	if (!connect_to(t, owner, err))
		return 0;
	talk_close(t);
	return -1;
}

/* ---- requests ----------------------------------------------------------------------- */

static int put_number(struct talk *t, const char *key, uint64_t value)
{
	return t->lib.message_append(t->request, "(sv)", key, "t", value);
}

/* A number without a limit is the greatest. */
static int put_limit(struct talk *t, const char *key, uint64_t value)
{
	return put_number(t, key, value ? value : UINT64_MAX);
}

static int put_policy(struct talk *t, const struct sched *s)
{
	const uint64_t usec = 1000000 / SCHED_FULL_CPU;
	int ret = 0;

	if (sched_wants_weight(s))
		ret = put_number(t, "CPUWeight", sched_weight(s));
	if (ret >= 0 && sched_wants(s, SCHED_CAP))
		ret = put_limit(t, "CPUQuotaPerSecUSec", s->cap * usec);
	if (ret >= 0 && sched_wants(s, SCHED_MEM_LIMIT))
		ret = put_limit(t, "MemoryMax", s->mem_limit);
	return ret;
}

/*
 * What makes it a scope of ours.  Accounting is what brings the controllers.  The process
 * 0 is the one that asks: in a namespace of processes our own number is another's.
 */
static int put_scope(struct talk *t, const char *name)
{
	char text[128];

	snprintf(text, sizeof(text), "Virtual machine %s", name);
	return t->lib.message_append(t->request,
		"(sv)(sv)(sv)(sv)(sv)(sv)",
		"Description", "s", text,
		"Slice", "s", "vmm.slice",
		"PIDs", "au", 1, 0,
		"CollectMode", "s", "inactive-or-failed",
		"CPUAccounting", "b", 1,
		"MemoryAccounting", "b", 1);
}

static int begin(struct talk *t, const char *method)
{
	return t->lib.message_new_method_call(t->bus, &t->request, MANAGER,
						     MANAGER_PATH, MANAGER_IFACE,
						     method);
}

static int call(struct talk *t, struct err *err)
{
	sd_bus_error why = {};
	int ret;

	ret = t->lib.call(t->bus, t->request, PATIENCE_US, &why,
				 &t->answer);
	if (ret < 0)
		no_answer(ret, why.message, err);
	t->lib.error_free(&why);
	return ret < 0 ? -1 : 0;
}

/* StartTransientUnit(name, mode, properties, auxiliary units) */
static int ask_scope(struct talk *t, const char *unit, const char *name,
		     const struct sched *s, struct err *err)
{
	int ret = begin(t, "StartTransientUnit");

	if (ret >= 0)
		ret = t->lib.message_append(t->request, "ss", unit, "fail");
	if (ret >= 0)
		ret = t->lib.message_open_container(t->request, 'a', "(sv)");
	if (ret >= 0)
		ret = put_scope(t, name);
	if (ret >= 0)
		ret = put_policy(t, s);
	if (ret >= 0)
		ret = t->lib.message_close_container(t->request);
	if (ret >= 0)
		ret = t->lib.message_append(t->request, "a(sa(sv))", 0);
	return ret < 0 ? no_answer(ret, NULL, err) : call(t, err);
}

/* SetUnitProperties(name, runtime, properties) */
static int ask_change(struct talk *t, const char *unit, const struct sched *s,
		      struct err *err)
{
	int ret = begin(t, "SetUnitProperties");

	if (ret >= 0)
		ret = t->lib.message_append(t->request, "sb", unit, 1);
	if (ret >= 0)
		ret = t->lib.message_open_container(t->request, 'a', "(sv)");
	if (ret >= 0)
		ret = put_policy(t, s);
	if (ret >= 0)
		ret = t->lib.message_close_container(t->request);
	return ret < 0 ? no_answer(ret, NULL, err) : call(t, err);
}

/* ---- its job ------------------------------------------------------------------------ */

/** struct job - the one whose end is waited for; @unit: it is known by */
struct job {
	struct talk *talk;
	const char *unit;
	bool ended, done;
};

/* JobRemoved(id, path, unit, result) */
static int job_removed(sd_bus_message *m, void *arg, sd_bus_error *error)
{
	const char *path, *unit, *result;
	struct job *job = arg;
	uint32_t id;

	(void)error;
	if (job->talk->lib.message_read(m, "uoss", &id, &path, &unit,
					       &result) < 0 ||
	    strcmp(unit, job->unit))
		return 0;
	job->ended = true;
	job->done = !strcmp(result, "done");
	return 0;
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int await(struct talk *t, const struct job *job, struct err *err)
{
	uint64_t until = now_us() + PATIENCE_US, now;
	int ret;

	while (!job->ended) {
		ret = t->lib.process(t->bus, NULL);
		if (ret > 0)
			continue;
		now = now_us();
		if (ret >= 0 && now < until)
			ret = t->lib.wait(t->bus, until - now);
		else if (ret >= 0)
			ret = -ETIMEDOUT;
		if (ret < 0 && ret != -EINTR)
			return no_answer(ret, NULL, err);
	}
	return job->done ? 0 : no_answer(0, "it could not start the scope", err);
}

static int start_scope(struct talk *t, const char *name, const struct sched *s,
		       struct err *err)
{
	char unit[128];
	struct job job = { .talk = t, .unit = unit };
	int ret;

	snprintf(unit, sizeof(unit), "vmm-%s.scope", name);
	/* before the request: the job may have ended with its reply */
	ret = t->lib.match_signal(t->bus, NULL, NULL, MANAGER_PATH,
					 MANAGER_IFACE, "JobRemoved",
					 job_removed, &job);
	if (ret < 0)
		return no_answer(ret, NULL, err);
	if (ask_scope(t, unit, name, s, err))
		return -1;
	return await(t, &job, err);
}

int unit_enter(const char *name, const struct sched *s, struct err *err)
{
	struct talk t;
	int ret;

	if (talk_open(&t, geteuid(), err))
		return -1;
	ret = start_scope(&t, name, s, err);
	talk_close(&t);
	return ret;
}

int unit_change(uid_t owner, const char *unit, const struct sched *s,
		struct err *err)
{
	struct talk t;
	int ret;

	if (talk_open(&t, owner, err))
		return -1;
	ret = ask_change(&t, unit, s, err);
	talk_close(&t);
	return ret;
}
