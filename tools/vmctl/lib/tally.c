// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/tally.h"

void tally_free(struct tally *t)
{
	free(t->vms);
	memset(t, 0, sizeof(*t));
}

struct tally_vm *tally_find(struct tally *t, uint64_t vm)
{
	size_t i;

	for (i = 0; i < t->count; i++)
		if (t->vms[i].vm == vm)
			return &t->vms[i];
	return NULL;
}

static struct tally_vm *find_or_add(struct tally *t, uint64_t vm)
{
	struct tally_vm *v = tally_find(t, vm), *vms;
	size_t room = t->room ? 2 * t->room : 16;

	if (v)
		return v;
	if (t->count == t->room) {
		vms = reallocarray(t->vms, room, sizeof(*vms));
		if (!vms)
			return NULL;
		t->vms = vms;
		t->room = room;
	}
	v = &t->vms[t->count++];
	memset(v, 0, sizeof(*v));
	v->vm = vm;
	return v;
}

static void forget(struct tally *t, struct tally_vm *v)
{
	*v = t->vms[--t->count];
}

static void learn(struct tally_vm *v, const struct record_vm *vm)
{
	unsigned int g;

	memcpy(v->name, vm->name, sizeof(v->name));
	for (g = 0; g < CONTROL_NR_GROUPS; g++)
		if (!v->known && !v->heard[g])
			v->last[g] = vm->seq[g];
	v->listed = v->known = true;
}

int tally_list(struct tally *t, const struct record_vm *vms, size_t count)
{
	struct tally_vm *v;
	size_t i;

	for (i = 0; i < count; i++) {
		v = find_or_add(t, vms[i].id);
		if (!v)
			return -1;
		learn(v, &vms[i]);
	}
	return 0;
}

/* How many numbers are missing before @seq. */
static uint64_t missing(const struct tally_vm *v, unsigned int g, uint64_t seq)
{
	if (v->heard[g] || v->known)
		return seq > v->last[g] ? seq - v->last[g] - 1 : 0;
	return 0;
}

int tally_event(struct tally *t, struct record_event *event)
{
	struct tally_vm *v = find_or_add(t, event->vm);
	unsigned int g = (unsigned int)event->group;

	if (!v)
		return -1;
	event->lost = missing(v, g, event->seq);
	memcpy(event->name, v->name, sizeof(event->name));
	v->heard[g] = true;
	if (!strcmp(event->event, "created"))
		v->known = true;
	if (event->seq > v->last[g])
		v->last[g] = event->seq;
	if (!strcmp(event->event, "gone"))
		forget(t, v);
	return 0;
}

static void report(const struct tally_vm *v, unsigned int g, uint64_t seq,
		   uint64_t lost, tally_fn fn, void *arg)
{
	struct record_event loss = {
		.time_ns = RECORD_NONE, .vm = v->vm, .owner = RECORD_NONE,
		.seq = seq, .vcpu = RECORD_NONE, .lost = lost, .group = g,
	};

	memcpy(loss.name, v->name, sizeof(loss.name));
	snprintf(loss.event, sizeof(loss.event), "lost");
	snprintf(loss.group_name, sizeof(loss.group_name), "%s",
		 control_group_names[g]);
	fn(&loss, arg);
}

static void compare(struct tally_vm *v, const struct record_vm *vm, tally_fn fn,
		    void *arg)
{
	unsigned int g;

	memcpy(v->name, vm->name, sizeof(v->name));
	for (g = 0; g < CONTROL_NR_GROUPS; g++) {
		if (vm->seq[g] <= v->last[g] || (!v->known && !v->heard[g]))
			continue;
		report(v, g, vm->seq[g], vm->seq[g] - v->last[g], fn, arg);
		v->last[g] = vm->seq[g];
		v->heard[g] = true;
	}
	learn(v, vm);
	v->seen = true;
}

int tally_compare(struct tally *t, const struct record_vm *vms, size_t count,
		  tally_fn fn, void *arg)
{
	struct tally_vm *v;
	size_t i;

	for (i = 0; i < t->count; i++)
		t->vms[i].seen = false;
	for (i = 0; i < count; i++) {
		v = find_or_add(t, vms[i].id);
		if (!v)
			return -1;
		/* a VM made meanwhile has lost all that it has counted */
		v->known |= !v->heard[CONTROL_LIFE];
		compare(v, &vms[i], fn, arg);
	}
	for (i = t->count; i-- > 0;) {
		v = &t->vms[i];
		if (v->seen || !v->listed)
			continue;
		report(v, CONTROL_LIFE, v->last[CONTROL_LIFE] + 1, 1, fn, arg);
		forget(t, v);
	}
	return 0;
}
