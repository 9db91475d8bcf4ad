// SPDX-License-Identifier: GPL-2.0
/* top without a terminal: rates between samples, rows, their order, and what keys do. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/container.h"
#include "tap.h"
#include "top/view.h"

#define SEC	1000000000ULL

/* ---- samples -------------------------------------------------------------------------- */

static struct record_vm *add_vm(struct top_sample *s, uint64_t id,
				const char *name, const char *state)
{
	struct record_vm *vm;

	s->vms = reallocarray(s->vms, s->nr_vms + 1, sizeof(*s->vms));
	vm = &s->vms[s->nr_vms++];
	*vm = (struct record_vm){
		.id = id, .vcpus = 1, .memory = 8 << 20, .resident = 2 << 20,
		.uptime_ns = id * SEC,
	};
	snprintf(vm->name, sizeof(vm->name), "%s", name);
	snprintf(vm->state, sizeof(vm->state), "%s", state);
	return vm;
}

static void add_counter(struct top_sample *s, uint64_t id, const char *name,
			uint64_t value)
{
	struct record_stats *stats;

	if (!s->nr_stats || s->stats[s->nr_stats - 1].vm != id) {
		s->stats = reallocarray(s->stats, s->nr_stats + 1,
					sizeof(*s->stats));
		stats = &s->stats[s->nr_stats++];
		memset(stats, 0, sizeof(*stats));
		stats->vm = id;
	}
	stats = &s->stats[s->nr_stats - 1];
	snprintf(stats->counter[stats->count].name,
		 sizeof(stats->counter->name), "%s", name);
	stats->counter[stats->count++].value = value;
}

static void add_vcpu(struct top_sample *s, uint64_t vm, uint64_t id,
		     uint64_t thread, uint64_t run_ns)
{
	struct record_vcpu vcpu = { .id = id, .thread = thread, .cpu = 1 };

	if (top_sample_vcpus(s, vm, &vcpu, 1))
		abort();
	s->vcpus[s->nr_vcpus - 1].run_ns = run_ns;
	s->vcpus[s->nr_vcpus - 1].wait_ns = run_ns / 2;
}

static const struct top_row *row(const struct top_row *rows, size_t count,
				 uint64_t id)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (rows[i].id == id)
			return &rows[i];
	abort();
}

/* web, 2: half a CPU and a quarter; lab, 5: new; old, 1: gone */
static struct top_sample last, now;

static void make_samples(void)
{
	last.time_ns = 10 * SEC;
	add_vm(&last, 1, "old", "running");
	add_vm(&last, 2, "web", "running");
	add_counter(&last, 1, "exits", 5);
	add_counter(&last, 2, "exits", 1000);
	add_counter(&last, 2, "injected_irqs", 10);
	add_counter(&last, 2, "injected_nmis", 3);
	add_counter(&last, 2, "exit_io", 700);
	add_counter(&last, 2, "exit_hlt", 300);
	add_counter(&last, 2, "exit_cpuid", 0);
	add_vcpu(&last, 2, 0, 100, 3 * SEC);
	add_vcpu(&last, 2, 1, 101, 1 * SEC);
	add_vcpu(&last, 2, 2, 102, 9 * SEC);
	now.time_ns = 12 * SEC;
	add_vm(&now, 2, "web", "running")->vcpus = 4;
	add_vm(&now, 5, "lab", "paused");
	add_counter(&now, 2, "exits", 4000);
	add_counter(&now, 2, "injected_irqs", 15);
	add_counter(&now, 2, "injected_nmis", 3);
	add_counter(&now, 2, "exit_io", 702);
	add_counter(&now, 2, "exit_hlt", 3298);
	add_counter(&now, 2, "exit_cpuid", 0);
	add_counter(&now, 5, "exits", 7);
	add_counter(&now, 5, "exit_hlt", 7);
	add_vcpu(&now, 2, 0, 100, 4 * SEC);
	add_vcpu(&now, 2, 1, 101, 3 * SEC / 2);
	add_vcpu(&now, 2, 2, 999, 1 * SEC);	/* another thread */
	add_vcpu(&now, 5, 0, 200, RECORD_NONE);
}

/* ---- rows ------------------------------------------------------------------------------ */

static void test_rows(void)
{
	const struct top_row *r;
	struct top_row *rows;
	struct top_total t;
	size_t n;

	rows = top_rows(&now, &last, &n);
	tap_ok(n == 3, "what is and what was");
	r = row(rows, n, 2);
	tap_ok(r->exits == 1500 * 1000 && r->injections == 2500,
	       "rates of two seconds, in thousandths");
	tap_ok(r->cpu == 75000 && r->wait == 37500,
	       "processors' times add up; one with another thread has none yet");
	tap_ok(r->share == 25000 && r->user_exits == RECORD_NONE,
	       "a share of memory; a counter that is not there");
	r = row(rows, n, 5);
	tap_ok(r->exits == RECORD_NONE && r->cpu == RECORD_NONE,
	       "a VM that is new has no rates");
	r = row(rows, n, 1);
	tap_ok(!strcmp(r->state, "gone") && !strcmp(r->name, "old") &&
	       r->exits == RECORD_NONE, "one that is gone is told once more");
	t = top_total(rows, n);
	tap_ok(t.vms == 2 && t.running == 1 && t.paused == 1 && t.vcpus == 5 &&
	       t.memory == 16 << 20 && t.exits == 1500 * 1000 && t.cpu == 75000,
	       "the sums, without it");
	free(rows);
}

static void test_no_past(void)
{
	struct top_sample none = {}, back = last;
	struct top_row *rows;
	size_t n;

	rows = top_rows(&now, &none, &n);
	tap_ok(n == 2 && rows[0].exits == RECORD_NONE &&
	       rows[0].cpu == RECORD_NONE && rows[0].memory == 8 << 20,
	       "the first sample has no rates");
	free(rows);
	rows = top_rows(&none, &last, &n);
	tap_ok(n == 2 && !strcmp(rows[1].state, "gone"), "all are gone");
	free(rows);
	rows = top_rows(&none, &none, &n);
	tap_ok(rows && !n, "nothing at all");
	free(rows);
	back.time_ns = now.time_ns;
	rows = top_rows(&now, &back, &n);
	tap_ok(row(rows, n, 2)->exits == RECORD_NONE, "no time has passed");
	free(rows);
	rows = top_rows(&last, &now, &n);
	tap_ok(row(rows, n, 2)->exits == RECORD_NONE, "a clock that went back");
	free(rows);
	back.time_ns = 20 * SEC;
	rows = top_rows(&back, &now, &n);
	tap_ok(row(rows, n, 2)->exits == RECORD_NONE &&
	       row(rows, n, 2)->cpu == RECORD_NONE,
	       "counters that fell: of another VM, of a module loaded anew");
	free(rows);
}

static void test_exits(void)
{
	struct top_sample none = {};
	struct top_exit e[RECORD_COUNTERS];

	tap_ok(top_exits(&now, &last, 2, e) == 2 && !strcmp(e[0].name, "hlt") &&
	       e[0].rate == 1499 * 1000 && e[0].value == 3298 &&
	       e[1].rate == 1000, "exits by reason, by rate; those that occur");
	tap_ok(e[0].share == 99933 && e[1].share == 66,
	       "and their shares of the interval");
	tap_ok(top_exits(&now, &none, 2, e) == 2 && !strcmp(e[0].name, "hlt") &&
	       e[0].rate == RECORD_NONE && e[0].share == 82450,
	       "of all time, while there is no other");
	tap_ok(top_exits(&now, &last, 5, e) == 1 && e[0].share == 100000,
	       "of a new VM");
	tap_ok(!top_exits(&now, &last, 1, e) && !top_exits(&now, &last, 99, e) &&
	       !top_exits(&none, &none, 2, e), "of none");
}

static void test_cpus(void)
{
	struct top_cpu c[2];

	tap_ok(top_cpus(&now, &last, 2, c, 2) == 2 && c[0].run == 50000 &&
	       c[1].run == 25000 && c[1].wait == 12500 && c[1].thread == 101,
	       "processors, as many as there is room for");
	tap_ok(top_cpus(&now, &last, 5, c, 2) == 1 && c[0].run == RECORD_NONE,
	       "whose times cannot be told");
	tap_ok(!top_cpus(&now, &last, 4, c, 2), "of no VM");
}

/* ---- order ----------------------------------------------------------------------------- */

static struct top_row list[40];

static void make_list(size_t count)
{
	size_t i;

	memset(list, 0, sizeof(list));
	for (i = 0; i < count; i++) {
		list[i].id = i + 1;
		list[i].cpu = 1000 * (i % 3);
		list[i].exits = i ? i : RECORD_NONE;
		snprintf(list[i].name, sizeof(list[i].name), "vm%02zu", 99 - i);
	}
}

static bool begins(const struct top_row *rows, const char *wanted)
{
	char text[32];

	snprintf(text, sizeof(text), "%d %d %d", (int)rows[0].id,
		 (int)rows[1].id, (int)rows[2].id);
	if (!strcmp(text, wanted))
		return true;
	tap_note("it is %s", text);
	return false;
}

static void press(struct top_view *v, const char *keys, size_t count)
{
	for (; *keys; keys++)
		top_view_key(v, *keys, list, count);
	top_view_sort(v, list, count, v->lines);
}

static void test_order(void)
{
	struct top_view v;

	make_list(6);
	top_view_init(&v, NULL, NULL, SEC);
	top_view_sort(&v, list, 6, 10);
	tap_ok(begins(list, "3 6 2"), "by processor time; equals by id");
	press(&v, "R", 6);
	tap_ok(begins(list, "1 4 2"), "reversed");
	press(&v, "n", 6);
	tap_ok(begins(list, "6 5 4"), "by name, which begins with the first");
	press(&v, "i", 6);
	tap_ok(begins(list, "1 2 3"), "by id");
	press(&v, "e", 6);
	tap_ok(begins(list, "6 5 4") && list[5].id == 1,
	       "by exits: what has no rate comes last");
	press(&v, "i<", 6);
	tap_ok(!strcmp(v.by->key, "uptime_ns"), "< goes around");
	press(&v, ">>", 6);
	tap_ok(!strcmp(v.by->key, "name"), "> as well");
	press(&v, "j", 6);
	press(&v, "m>", 6);
	tap_ok(!strcmp(v.by->key, "id") && !strcmp(v.column[5]->key, "resident_percent"),
	       "columns of memory; an order of none of them");
	top_view_init(&v, "name,exit_rate", "-name", SEC);
	tap_ok(!strcmp(v.column[1]->key, "exit_rate") && !v.column[2] && v.down &&
	       !strcmp(v.by->key, "name"), "columns and order of options");
}

/* ---- the chosen row ---------------------------------------------------------------------- */

static void test_choice(void)
{
	struct top_view v;
	size_t i;

	make_list(30);
	top_view_init(&v, NULL, "id", SEC);
	top_view_sort(&v, list, 30, 10);
	tap_ok(v.selected == 1 && !v.first, "the first row is chosen");
	for (i = 0; i < 12; i++)
		top_view_key(&v, TOP_KEY_DOWN, list, 30);
	tap_ok(v.selected == 13 && v.first == 3, "the list follows");
	top_view_key(&v, TOP_KEY_PAGE_DOWN, list, 30);
	top_view_key(&v, TOP_KEY_PAGE_DOWN, list, 30);
	tap_ok(v.selected == 30 && v.first == 20, "to its end");
	top_view_key(&v, TOP_KEY_UP, list, 30);
	press(&v, "R", 30);
	tap_ok(v.selected == 29 && v.at == 1, "it stays chosen in another order");
	tap_ok(v.first == 1 || !v.first, "and on the screen");
	top_view_key(&v, TOP_KEY_END, list, 30);
	top_view_sort(&v, list, 30, 4);
	tap_ok(v.selected == 1 && v.first == 26, "a screen that became small");
	top_view_sort(&v, list, 30, 100);
	tap_ok(!v.first, "and large");
	top_view_sort(&v, list, 30, 0);
	tap_ok(v.lines == 1 && v.first == v.at, "and has no line left");
	make_list(7);
	top_view_sort(&v, list, 7, 3);
	tap_ok(v.selected == 1 && v.first == 4, "many are gone");
	top_view_sort(&v, list, 0, 3);
	tap_ok(v.selected == RECORD_NONE && !v.first, "all are");
	top_view_key(&v, TOP_KEY_UP, list, 0);
	top_view_key(&v, TOP_KEY_PAGE_DOWN, list, 0);
	top_view_key(&v, TOP_KEY_END, list, 0);
	tap_ok(v.selected == RECORD_NONE && !v.at && !v.first, "nothing to choose");
	make_list(2);
	top_view_sort(&v, list, 2, 3);
	tap_ok(v.selected == 2, "the next that comes is chosen");
}

/* ---- other keys -------------------------------------------------------------------------- */

static void test_keys(void)
{
	struct top_view v;
	unsigned int i;

	make_list(3);
	top_view_init(&v, NULL, NULL, 2 * SEC);
	press(&v, "++", 3);
	tap_ok(v.interval_ns == 8 * SEC && !strcmp(v.message, "every 8 s"),
	       "+ doubles the interval");
	press(&v, "-", 3);
	tap_ok(v.interval_ns == 4 * SEC, "- halves it");
	for (i = 0; i < 20; i++)
		press(&v, "-", 3);
	tap_ok(v.interval_ns == TOP_LEAST_NS, "not below the least");
	for (i = 0; i < 40; i++)
		press(&v, "+", 3);
	tap_ok(v.interval_ns == TOP_MOST_NS, "nor above the most");
	press(&v, "d1.5q", 3);
	tap_ok(v.interval_ns == TOP_MOST_NS && !v.over && !v.typing,
	       "q ends typing alone");
	press(&v, "dx1..", 3);
	top_view_key(&v, TOP_KEY_ERASE, list, 3);
	top_view_key(&v, '5', list, 3);
	tap_ok(!strcmp(v.input, "1.5"), "digits, and their erasure");
	top_view_key(&v, TOP_KEY_ENTER, list, 3);
	tap_ok(v.interval_ns == 3 * SEC / 2 && !v.pane, "an interval that was typed");
	press(&v, "d1.2.3", 3);
	top_view_key(&v, TOP_KEY_ENTER, list, 3);
	tap_ok(v.interval_ns == 3 * SEC / 2 && strstr(v.message, "1.2.3: not"),
	       "what is no number");
	press(&v, "d123456789012345", 3);
	tap_ok(strlen(v.input) == sizeof(v.input) - 1, "no more than there is room for");
	top_view_key(&v, TOP_KEY_ENTER, list, 3);
	press(&v, " ", 3);
	tap_ok(v.frozen && !v.due, "it stands still");
	press(&v, " ", 3);
	tap_ok(!v.frozen && v.due, "and goes on at once");
	press(&v, "?", 3);
	tap_ok(v.help && v.message[0] == 0, "help");
	press(&v, "q", 3);
	tap_ok(!v.help && !v.over, "any key leaves it");
	for (i = 0; i < TOP_PANES; i++)
		top_view_key(&v, TOP_KEY_ENTER, list, 3);
	tap_ok(v.pane == TOP_PANE_NONE, "panes come round");
	for (i = 0; i < 300; i++)
		if (i != 'q')
			top_view_key(&v, (int)i, list, 3);
	top_view_key(&v, -1, list, 3);
	tap_ok(!v.over, "no other key ends it");
	top_view_init(&v, NULL, NULL, 2 * SEC);
	press(&v, "q", 3);
	tap_ok(v.over, "q does");
}

int main(void)
{
	make_samples();
	test_rows();
	test_no_past();
	test_exits();
	test_cpus();
	top_sample_free(&now);
	top_sample_free(&last);
	test_order();
	test_choice();
	test_keys();
	return tap_done();
}
