// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ksm/set.h"

bool set_same_vm(const struct dump *a, const struct dump *b)
{
	return a->vm == b->vm && !strcmp(a->name, b->name) &&
	       !strcmp(a->host, b->host);
}

static void drop(struct dump *d)
{
	dump_free(d);
	free(d);
}

int set_add(struct set *s, struct dump *d, struct err *err)
{
	struct dump **more;

	if (s->count && dump_comparable(s->dump[0], d, err)) {
		err_wrap(err, "'%.63s'", d->name);
		drop(d);
		return -1;
	}
	more = realloc(s->dump, (s->count + 1) * sizeof(struct dump *));
	if (!more) {
		drop(d);
		return err_set(err, VMCTL_FAILED, "out of memory");
	}
	s->dump = more;
	s->dump[s->count++] = d;
	return 0;
}

int set_load(struct set *s, char *const *paths, struct err *err)
{
	struct dump *d;

	for (; *paths; paths++) {
		d = calloc(1, sizeof(*d));
		if (!d)
			return err_set(err, VMCTL_FAILED, "out of memory");
		if (dump_open(d, *paths, err)) {
			drop(d);
			return -1;
		}
		if (set_add(s, d, err))
			return err_wrap(err, "%.200s", *paths);
	}
	return 0;
}

static int by_time(const void *a, const void *b)
{
	const struct dump *x = *(struct dump *const *)a;
	const struct dump *y = *(struct dump *const *)b;
	int diff;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	diff = strcmp(x->host, y->host) ?: strcmp(x->name, y->name);
	return diff ? diff : (x->vm > y->vm) - (x->vm < y->vm);
}

static bool is_in(const struct set *s, const struct set_round *r,
		  const struct dump *d)
{
	size_t i;

	for (i = r->first; i < r->first + r->count; i++)
		if (set_same_vm(s->dump[i], d))
			return true;
	return false;
}

int set_order(struct set *s, struct err *err)
{
	struct set_round *r;
	size_t i;

	s->round = calloc(s->count + 1, sizeof(*s->round));
	if (!s->round)
		return err_set(err, VMCTL_FAILED, "out of memory");
	if (s->count)
		qsort(s->dump, s->count, sizeof(struct dump *), by_time);
	r = s->round;
	for (i = 0; i < s->count; i++) {
		if (r->count && is_in(s, r, s->dump[i])) {
			r++;
			r->first = i;
		}
		if (r->count++ == SET_MAX_ROUND)
			return err_set(err, VMCTL_FAILED,
				       "more than %d VMs at one time",
				       SET_MAX_ROUND);
	}
	s->rounds = (size_t)(r - s->round) + !!r->count;
	return 0;
}

void set_free(struct set *s)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		drop(s->dump[i]);
	free(s->dump);
	free(s->round);
	memset(s, 0, sizeof(*s));
}

const struct dump *set_before(const struct set *s, size_t round,
			      const struct dump *d)
{
	const struct set_round *r;
	size_t i;

	if (!round)
		return NULL;
	r = &s->round[round - 1];
	for (i = r->first; i < r->first + r->count; i++)
		if (set_same_vm(s->dump[i], d))
			return s->dump[i];
	return NULL;
}

void set_label(char label[SET_LABEL], const struct set *s,
	       const struct set_round *round, const struct dump *d)
{
	bool host = false, number = !*d->name;
	const struct dump *o;
	size_t i;

	for (i = round->first; i < round->first + round->count; i++) {
		o = s->dump[i];
		host |= !!strcmp(o->host, d->host);
		number |= o != d && !strcmp(o->name, d->name) &&
			  !strcmp(o->host, d->host);
	}
	if (number)
		snprintf(label, SET_LABEL, "%s#%" PRIu64 "%s%s", d->name, d->vm,
			 host ? "@" : "", host ? d->host : "");
	else
		snprintf(label, SET_LABEL, "%s%s%s", d->name, host ? "@" : "",
			 host ? d->host : "");
}
