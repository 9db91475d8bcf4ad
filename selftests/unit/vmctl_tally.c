// SPDX-License-Identifier: GPL-2.0
/* Losses of events: which gaps are some, and which are not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/tally.h"
#include "tap.h"

static struct tally tally;
static struct record_vm vms[4];

static struct record_vm vm(uint64_t id, const char *name, uint64_t life,
			   uint64_t limits)
{
	struct record_vm v = { .id = id, .seq = { life, limits } };

	snprintf(v.name, sizeof(v.name), "%s", name);
	return v;
}

/* What an event's arrival says was lost before it. */
static uint64_t lost(uint64_t id, enum control_group group, uint64_t seq,
		     const char *what)
{
	struct record_event e = { .vm = id, .group = group, .seq = seq };

	snprintf(e.event, sizeof(e.event), "%s", what);
	return tally_event(&tally, &e) ? UINT64_MAX : e.lost;
}

static void restart(void)
{
	tally_free(&tally);
	vms[0] = vm(1, "web", 10, 0);
	vms[1] = vm(2, "lab", 3, 2);
	tally_list(&tally, vms, 2);
}

static void test_gaps(void)
{
	struct record_event e = { .vm = 2, .group = CONTROL_LIFE, .seq = 4 };

	restart();
	tap_ok(!lost(1, CONTROL_LIFE, 11, "paused") &&
	       !lost(1, CONTROL_LIFE, 12, "resumed"), "one after another");
	tap_ok(lost(1, CONTROL_LIFE, 15, "paused") == 2, "two are missing");
	tap_ok(!lost(1, CONTROL_LIFE, 16, "paused"), "and are told of once");
	tap_ok(!lost(1, CONTROL_LIMITS, 1, "limit-memory") &&
	       lost(2, CONTROL_LIMITS, 4, "limit-memory") == 1,
	       "groups count for themselves");
	tap_ok(!tally_event(&tally, &e) && !strcmp(e.name, "lab") && !e.lost,
	       "an event gets its VM's name");
	restart();
	tap_ok(!lost(1, CONTROL_LIFE, 9, "paused") &&
	       !lost(1, CONTROL_LIFE, 10, "paused") &&
	       !lost(1, CONTROL_LIFE, 11, "paused"),
	       "events that the list includes are not late");
}

static void test_strangers(void)
{
	restart();
	tap_ok(!lost(7, CONTROL_LIFE, 40, "paused"),
	       "of a VM that is not listed, the first is believed");
	tap_ok(lost(7, CONTROL_LIFE, 42, "paused") == 1, "then it counts");
	tap_ok(!lost(8, CONTROL_LIFE, 1, "created") &&
	       !lost(8, CONTROL_LIFE, 2, "started"), "a VM that is made");
}

static void test_end(void)
{
	restart();
	lost(1, CONTROL_LIFE, 11, "gone");
	tap_ok(!tally_find(&tally, 1) && tally_find(&tally, 2),
	       "who is gone is forgotten, others are not");
}

/* ---- after an overrun ---------------------------------------------------------------- */

static char told[256];

static void tell(const struct record_event *loss, void *arg)
{
	size_t at = strlen(told);

	snprintf(told + at, sizeof(told) - at, "%d %s %s %d;", (int)loss->vm,
		 loss->name, loss->group_name, (int)loss->lost);
}

static bool compare_tells(size_t count, const char *wanted)
{
	told[0] = 0;
	if (tally_compare(&tally, vms, count, tell, NULL) ||
	    strcmp(told, wanted)) {
		tap_note("told: %s", told);
		return false;
	}
	return true;
}

static void test_compare(void)
{
	restart();
	tap_ok(compare_tells(2, ""), "nothing was lost");
	vms[0].seq[CONTROL_LIFE] = 14;
	vms[0].seq[CONTROL_FAULTS] = 1;
	tap_ok(compare_tells(2, "1 web life 4;1 web faults 1;"),
	       "what the VM has counted and nobody heard");
	tap_ok(compare_tells(2, ""), "is told of once");
	tap_ok(!lost(1, CONTROL_LIFE, 15, "paused"), "the next is no gap");
	vms[2] = vm(3, "new", 2, 0);
	vms[0].seq[CONTROL_LIFE] = 15;
	tap_ok(compare_tells(3, "3 new life 2;"), "a VM made unheard");
	vms[1] = vms[2];
	tap_ok(compare_tells(2, "2 lab life 1;") && !tally_find(&tally, 2),
	       "a VM gone unheard");
	lost(4, CONTROL_LIFE, 1, "created");
	vms[2] = vm(4, "late", 1, 2);
	tap_ok(compare_tells(3, "4 late limits 2;"),
	       "of a VM whose making was heard, all counts");
	lost(4, CONTROL_LIFE, 2, "gone");
	lost(8, CONTROL_LIFE, 1, "created");
	lost(9, CONTROL_LIFE, 5, "paused");
	tap_ok(compare_tells(2, "") && tally_find(&tally, 8) &&
	       tally_find(&tally, 9),
	       "another user's is in no list");
}

static void test_many(void)
{
	struct record_vm *many = calloc(3000, sizeof(*many));
	unsigned int i, bad = 0;

	tally_free(&tally);
	for (i = 0; i < 3000; i++)
		many[i] = vm(i + 1, "x", i, 0);
	tally_list(&tally, many, 3000);
	for (i = 3000; i-- > 0;)
		bad += lost(i + 1, CONTROL_LIFE, i + 2, "gone") != 1;
	tap_ok(!bad && !tally.count, "3000 VMs, each with a gap");
	free(many);
}

int main(void)
{
	test_gaps();
	test_strangers();
	test_end();
	test_compare();
	test_many();
	tally_free(&tally);
	return tap_done();
}
