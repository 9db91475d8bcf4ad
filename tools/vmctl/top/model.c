// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "lib/container.h"
#include "top/model.h"

#define SEC_NS	1000000000ULL
#define EXIT	"exit_"

#define ROW(_key, _head, _kind, _member, _least) {			\
	.key = (_key), .head = (_head), .kind = ROWS_##_kind,		\
	.offset = offsetof(struct top_row, _member), .least = (_least) }

const struct rows_field top_fields[] = {
	ROW("id",		"ID",		NUMBER,	id,		2),
	ROW("name",		"NAME",		TEXT,	name,		8),
	ROW("state",		"STATE",	TEXT,	state,		7),
	ROW("backend",		"BACKEND",	TEXT,	backend,	0),
	ROW("owner",		"OWNER",	NUMBER,	owner,		0),
	ROW("vcpus",		"CPUS",		NUMBER,	vcpus,		0),
	ROW("memory",		"MEM",		ABOUT,	memory,		5),
	ROW("max_memory",	"MAX",		ABOUT,	max_memory,	5),
	ROW("resident",		"RESIDENT",	ABOUT,	resident,	0),
	ROW("resident_percent",	"RES%",		MILLI,	share,		5),
	ROW("cpu_percent",	"CPU%",		MILLI,	cpu,		6),
	ROW("wait_percent",	"WAIT%",	MILLI,	wait,		6),
	ROW("exit_rate",	"EXITS/S",	MILLI,	exits,		9),
	ROW("user_exit_rate",	"USER/S",	MILLI,	user_exits,	9),
	ROW("injection_rate",	"INJECT/S",	MILLI,	injections,	9),
	ROW("uptime_ns",	"UPTIME",	TIME,	uptime_ns,	6),
	ROW("paused_ns",	"PAUSED",	TIME,	paused_ns,	6),
	{}
};

#define FIELD(_type, _key, _head, _kind, _member, _least) {		\
	.key = (_key), .head = (_head), .kind = ROWS_##_kind,		\
	.offset = offsetof(struct _type, _member), .least = (_least) }

const struct rows_field top_exit_fields[] = {
	FIELD(top_exit,	"name",		"REASON",	TEXT,	name,	16),
	FIELD(top_exit,	"rate",		"PER SECOND",	MILLI,	rate,	10),
	FIELD(top_exit,	"share",	"PERCENT",	MILLI,	share,	7),
	FIELD(top_exit,	"value",	"COUNT",	NUMBER,	value,	12),
	{}
};

const struct rows_field top_cpu_fields[] = {
	FIELD(top_cpu,	"id",		"VCPU",		NUMBER,	id,	4),
	FIELD(top_cpu,	"state",	"STATE",	TEXT,	state,	13),
	FIELD(top_cpu,	"cpu",		"ON CPU",	NUMBER,	cpu,	6),
	FIELD(top_cpu,	"thread",	"THREAD",	NUMBER,	thread,	8),
	FIELD(top_cpu,	"run",		"CPU%",		MILLI,	run,	6),
	FIELD(top_cpu,	"wait",		"WAIT%",	MILLI,	wait,	6),
	{}
};

/* ---- samples ------------------------------------------------------------------- */

void top_sample_free(struct top_sample *s)
{
	free(s->vms);
	free(s->stats);
	free(s->vcpus);
	memset(s, 0, sizeof(*s));
}

int top_sample_vcpus(struct top_sample *s, uint64_t vm,
		     const struct record_vcpu *vcpus, size_t count)
{
	size_t room = s->room ? s->room : 16, i;
	struct top_vcpu *more;

	while (room < s->nr_vcpus + count)
		room *= 2;
	if (room > s->room) {
		more = reallocarray(s->vcpus, room, sizeof(*more));
		if (!more)
			return -1;
		s->vcpus = more;
		s->room = room;
	}
	for (i = 0; i < count; i++)
		s->vcpus[s->nr_vcpus++] = (struct top_vcpu){
			.vm = vm, .vcpu = vcpus[i],
			.run_ns = RECORD_NONE, .wait_ns = RECORD_NONE,
		};
	return 0;
}

/* The first of @list, @count records of @size that are by id, whose id is not below @id. */
static const void *from_id(const void *list, size_t count, size_t size,
			   size_t id_at, uint64_t id)
{
	const char *at = list;
	uint64_t this;

	while (count) {
		memcpy(&this, at + count / 2 * size + id_at, sizeof(this));
		if (this < id) {
			at += (count / 2 + 1) * size;
			count -= count / 2 + 1;
		} else {
			count /= 2;
		}
	}
	return at;
}

#define FROM_ID(list, count, member, id)				\
	from_id(list, count, sizeof(*(list)),				\
		offsetof(typeof(*(list)), member), id)

static const struct record_vm *vm_of(const struct top_sample *s, uint64_t id)
{
	const struct record_vm *vm;

	if (!s->nr_vms)
		return NULL;
	vm = FROM_ID(s->vms, s->nr_vms, id, id);
	return vm < s->vms + s->nr_vms && vm->id == id ? vm : NULL;
}

static const struct record_stats *stats_of(const struct top_sample *s,
					   uint64_t id)
{
	const struct record_stats *stats;

	if (!s->nr_stats)
		return NULL;
	stats = FROM_ID(s->stats, s->nr_stats, vm, id);
	return stats < s->stats + s->nr_stats && stats->vm == id ? stats : NULL;
}

/* The vCPUs of a VM stand together. */
static const struct top_vcpu *vcpus_of(const struct top_sample *s, uint64_t id,
				       size_t *count)
{
	const struct top_vcpu *first, *v, *end = s->vcpus + s->nr_vcpus;

	*count = 0;
	if (!s->nr_vcpus)
		return NULL;
	first = FROM_ID(s->vcpus, s->nr_vcpus, vm, id);
	for (v = first; v < end && v->vm == id; v++)
		++*count;
	return first;
}

static uint64_t counter(const struct record_stats *stats, const char *name)
{
	size_t i;

	for (i = 0; stats && i < stats->count; i++)
		if (!strcmp(stats->counter[i].name, name))
			return stats->counter[i].value;
	return RECORD_NONE;
}

/* ---- rates --------------------------------------------------------------------- */

/** struct span - between two samples; @ns: how long, 0: there is but one */
struct span {
	const struct top_sample *now, *last;
	uint64_t ns;
};

static struct span span(const struct top_sample *now,
			const struct top_sample *last)
{
	bool ahead = last->time_ns && now->time_ns > last->time_ns;

	return (struct span){ now, last, ahead ? now->time_ns - last->time_ns : 0 };
}

/* How much a value grew in each @scale nanoseconds, of which a thousandth is told. */
static uint64_t growth(const struct span *s, uint64_t now, uint64_t last,
		       uint64_t scale)
{
	if (!s->ns || now == RECORD_NONE || last == RECORD_NONE || now < last)
		return RECORD_NONE;
	return (uint64_t)((unsigned __int128)(now - last) * scale / s->ns);
}

static uint64_t per_second(const struct span *s, uint64_t now, uint64_t last)
{
	return growth(s, now, last, 1000 * SEC_NS);
}

/* Of nanoseconds: thousandths of a percent. */
static uint64_t percent(const struct span *s, uint64_t now, uint64_t last)
{
	return growth(s, now, last, 100000);
}

/* What is absent adds nothing. */
static uint64_t plus(uint64_t a, uint64_t b)
{
	if (a == RECORD_NONE || b == RECORD_NONE)
		return a == RECORD_NONE ? b : a;
	return a + b;
}

static uint64_t rate_of(const struct span *s, uint64_t id, const char *name)
{
	return per_second(s, counter(stats_of(s->now, id), name),
			  counter(stats_of(s->last, id), name));
}

static const struct top_vcpu *past_of(const struct span *s,
				      const struct top_vcpu *v)
{
	const struct top_vcpu *old;
	size_t count, i;

	old = vcpus_of(s->last, v->vm, &count);
	for (i = 0; i < count; i++)
		if (old[i].vcpu.id == v->vcpu.id &&
		    old[i].vcpu.thread == v->vcpu.thread)
			return &old[i];
	return NULL;
}

/* A thread that is another than last time has no past. */
static void times_of(const struct span *s, const struct top_vcpu *v,
		     uint64_t *run, uint64_t *wait)
{
	const struct top_vcpu *old = past_of(s, v);

	*run = old ? percent(s, v->run_ns, old->run_ns) : RECORD_NONE;
	*wait = old ? percent(s, v->wait_ns, old->wait_ns) : RECORD_NONE;
}

/* ---- rows ---------------------------------------------------------------------- */

static struct top_row still(const struct record_vm *vm)
{
	struct top_row r = {
		.id = vm->id, .owner = vm->owner, .vcpus = vm->vcpus,
		.memory = vm->memory, .max_memory = vm->max_memory,
		.resident = vm->resident, .share = RECORD_NONE,
		.cpu = RECORD_NONE, .wait = RECORD_NONE, .exits = RECORD_NONE,
		.user_exits = RECORD_NONE, .injections = RECORD_NONE,
		.uptime_ns = vm->uptime_ns, .paused_ns = vm->paused_ns,
	};

	memcpy(r.name, vm->name, sizeof(r.name));
	memcpy(r.state, vm->state, sizeof(r.state));
	memcpy(r.backend, vm->backend, sizeof(r.backend));
	if (vm->memory && vm->memory != RECORD_NONE && vm->resident != RECORD_NONE)
		r.share = (uint64_t)((unsigned __int128)vm->resident * 100000 /
				     vm->memory);
	return r;
}

static struct top_row moving(const struct span *s, const struct record_vm *vm)
{
	struct top_row r = still(vm);
	const struct top_vcpu *v;
	uint64_t run, wait;
	size_t count, i;

	r.exits = rate_of(s, vm->id, "exits");
	r.user_exits = rate_of(s, vm->id, "user_exits");
	r.injections = plus(plus(rate_of(s, vm->id, "injected_irqs"),
				 rate_of(s, vm->id, "injected_nmis")),
			    rate_of(s, vm->id, "injected_exceptions"));
	v = vcpus_of(s->now, vm->id, &count);
	for (i = 0; i < count; i++) {
		times_of(s, &v[i], &run, &wait);
		r.cpu = plus(r.cpu, run);
		r.wait = plus(r.wait, wait);
	}
	return r;
}

static struct top_row gone(const struct record_vm *vm)
{
	struct top_row r = still(vm);

	snprintf(r.state, sizeof(r.state), "gone");
	return r;
}

struct top_row *top_rows(const struct top_sample *now,
			 const struct top_sample *last, size_t *count)
{
	struct span s = span(now, last);
	struct top_row *rows;
	size_t i, n = 0;

	rows = calloc(now->nr_vms + last->nr_vms + 1, sizeof(*rows));
	if (!rows)
		return NULL;
	for (i = 0; i < now->nr_vms; i++)
		rows[n++] = moving(&s, &now->vms[i]);
	for (i = 0; i < last->nr_vms; i++)
		if (!vm_of(now, last->vms[i].id))
			rows[n++] = gone(&last->vms[i]);
	*count = n;
	return rows;
}

struct order {
	const struct rows_field *by;
	bool down;
};

static int compare(const void *a, const void *b, void *arg)
{
	const struct top_row *x = a, *y = b;
	const struct order *o = arg;
	int ret = rows_compare(o->by, x, y);

	if (ret)
		return o->down ? -ret : ret;
	return (x->id > y->id) - (x->id < y->id);
}

void top_sort(struct top_row *rows, size_t count, const struct rows_field *by,
	      bool down)
{
	struct order o = { by, down };

	if (count)
		qsort_r(rows, count, sizeof(*rows), compare, &o);
}

struct top_total top_total(const struct top_row *rows, size_t count)
{
	struct top_total t = {};
	const struct top_row *r;

	for (r = rows; r < rows + count; r++) {
		if (!strcmp(r->state, "gone"))
			continue;
		t.vms++;
		t.running += !strcmp(r->state, "running");
		t.paused += !strcmp(r->state, "paused");
		t.vcpus = plus(t.vcpus, r->vcpus);
		t.memory = plus(t.memory, r->memory);
		t.resident = plus(t.resident, r->resident);
		t.cpu = plus(t.cpu, r->cpu);
		t.exits = plus(t.exits, r->exits);
		t.injections = plus(t.injections, r->injections);
	}
	return t;
}

/* ---- one VM --------------------------------------------------------------------- */

/* By rate, or, where there is none, by count. */
static int more_frequent(const void *a, const void *b)
{
	const struct top_exit *x = a, *y = b;

	if (x->rate != y->rate)
		return x->rate + 1 < y->rate + 1 ? 1 : -1;
	if (x->value != y->value)
		return x->value < y->value ? 1 : -1;
	return strcmp(x->name, y->name);
}

/* Of what all had in the interval; of all there was, if that is not known. */
static void share_out(struct top_exit *exits, size_t count)
{
	uint64_t rates = 0, values = 0, part, whole;
	bool rated = false;
	size_t i;

	for (i = 0; i < count; i++) {
		rated |= exits[i].rate != RECORD_NONE;
		rates = plus(rates, exits[i].rate);
		values += exits[i].value;
	}
	whole = rated ? rates : values;
	for (i = 0; i < count; i++) {
		part = !rated ? exits[i].value :
		       exits[i].rate == RECORD_NONE ? 0 : exits[i].rate;
		exits[i].share = !whole ? 0 :
			(uint64_t)((unsigned __int128)part * 100000 / whole);
	}
}

size_t top_exits(const struct top_sample *now, const struct top_sample *last,
		 uint64_t id, struct top_exit exits[RECORD_COUNTERS])
{
	const struct record_stats *stats = stats_of(now, id);
	struct span s = span(now, last);
	const struct record_counter *c;
	size_t i, n = 0;

	for (i = 0; stats && i < stats->count; i++) {
		c = &stats->counter[i];
		if (strncmp(c->name, EXIT, strlen(EXIT)) || !c->value)
			continue;
		exits[n].value = c->value;
		exits[n].rate = rate_of(&s, id, c->name);
		snprintf(exits[n++].name, sizeof(exits->name), "%s",
			 c->name + strlen(EXIT));
	}
	share_out(exits, n);
	qsort(exits, n, sizeof(*exits), more_frequent);
	return n;
}

size_t top_cpus(const struct top_sample *now, const struct top_sample *last,
		uint64_t id, struct top_cpu *cpus, size_t room)
{
	struct span s = span(now, last);
	const struct top_vcpu *v;
	size_t count, i;

	v = vcpus_of(now, id, &count);
	for (i = 0; i < count && i < room; i++) {
		cpus[i] = (struct top_cpu){
			.id = v[i].vcpu.id, .cpu = v[i].vcpu.cpu,
			.thread = v[i].vcpu.thread,
		};
		memcpy(cpus[i].state, v[i].vcpu.state, sizeof(cpus[i].state));
		times_of(&s, &v[i], &cpus[i].run, &cpus[i].wait);
	}
	return i;
}
