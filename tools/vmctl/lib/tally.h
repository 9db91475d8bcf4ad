/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which events should have come: each VM counts those of each group from 1, so
 * that a gap is a loss.
 *
 * Of a VM that was listed, or whose making was heard, the numbers are known from
 * then on.  Of another, as it is another user's, the first event is believed.
 */
#ifndef VMCTL_TALLY_H
#define VMCTL_TALLY_H

#include <stdbool.h>

#include "lib/records.h"

/**
 * struct tally_vm - a VM that exists, for all we know
 * @listed:	it was in a list, and so will be until it is gone
 * @known:	@last holds for all groups
 * @seen:	during tally_compare(), it still is
 * @heard:	an event of the group has come, so that @last holds for it
 * @last:	number of the last event that has come, or is not expected
 */
struct tally_vm {
	uint64_t vm;
	char name[VMM_NAME_LEN];
	bool listed, known, seen;
	bool heard[CONTROL_NR_GROUPS];
	uint64_t last[CONTROL_NR_GROUPS];
};

struct tally {
	struct tally_vm *vms;
	size_t count, room;
};

void tally_free(struct tally *t);

/** tally_list() - learns of VMs, without a judgement; 0, or -1: no memory */
int tally_list(struct tally *t, const struct record_vm *vms, size_t count);

/** tally_find() - NULL if it is not known */
struct tally_vm *tally_find(struct tally *t, uint64_t vm);

/**
 * tally_event() - an event came: fills in its name, if known, and what was lost
 *
 * 0, or -1: no memory.
 */
int tally_event(struct tally *t, struct record_event *event);

/* Told of a loss that no later event showed. */
typedef void (*tally_fn)(const struct record_event *loss, void *arg);

/**
 * tally_compare() - after all events are in: what @vms have counted beyond them
 *
 * VMs that had been listed and are no more lost at least the event that says so.
 */
int tally_compare(struct tally *t, const struct record_vm *vms, size_t count,
		  tally_fn fn, void *arg);

#endif
