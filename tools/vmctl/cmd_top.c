// SPDX-License-Identifier: GPL-2.0
/*
 * top: all VMs, live.  What is shown is top/model.h's, what the operator wants
 * top/view.h's; here is the round of sampling, drawing and waiting.
 *
 * A module that goes away, or an answer that fails, is told on the screen, and asked again
 * with the next sample.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "args.h"
#include "cmds.h"
#include "lib/container.h"
#include "top/sampler.h"
#include "top/screen.h"

#define SEC_NS		1000000000ULL
#define USUAL_NS	(2 * SEC_NS)

/**
 * struct top - the command at work
 * @left:	samples to be shown before the end
 * @rows:	of @now, and what @last alone had
 * @trouble:	why @now is empty, or nothing
 */
struct top {
	const struct command *cmd;
	struct rows_view print;
	bool batch;
	uint64_t interval_ns, left;
	struct control control;
	struct top_sample now, last;
	struct top_row *rows;
	size_t count;
	struct top_view view;
	struct err trouble;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SEC_NS + (uint64_t)ts.tv_nsec;
}

/* ---- samples ---------------------------------------------------------------------------- */

/* After trouble the module may be another one, or none, which says more. */
static int ask(struct top *t, struct top_sample *s, struct err *err)
{
	memset(s, 0, sizeof(*s));
	if (!t->control.sock && control_open(&t->control, err))
		return -1;
	if (!top_sample_take(&t->control, s, err))
		return 0;
	control_close(&t->control);
	control_open(&t->control, err);
	return -1;
}

static int make_rows(struct top *t, struct err *err)
{
	struct top_row *rows;
	size_t count;

	rows = top_rows(&t->now, &t->last, &count);
	if (!rows)
		return err_set(err, VMCTL_FAILED, "out of memory");
	free(t->rows);
	t->rows = rows;
	t->count = count;
	return 0;
}

/* 0; -1: the sample is empty, and @err says why. */
static int sample(struct top *t, struct err *err)
{
	struct top_sample s;
	int ret = ask(t, &s, err);

	top_sample_free(&t->last);
	t->last = t->now;
	t->now = s;
	return make_rows(t, err) ?: ret;
}

static void clean_up(struct top *t)
{
	control_close(&t->control);
	top_sample_free(&t->now);
	top_sample_free(&t->last);
	free(t->rows);
}

/* ---- line by line -------------------------------------------------------------------------- */

static void sleep_until(uint64_t ns)
{
	const struct timespec ts = {
		.tv_sec = (time_t)(ns / SEC_NS), .tv_nsec = (long)(ns % SEC_NS),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) ==
	       EINTR)
		;
}

static void print(struct top *t)
{
	const struct rows rows = {
		.name = "top", .fields = top_fields, .records = t->rows,
		.size = sizeof(*t->rows), .count = t->count,
	};

	rows_print(&rows, &t->print);
	if (t->print.format == ROWS_CSV)
		t->print.no_header = true;
}

/* Each time it tells of the interval before. */
static int batch(struct top *t, struct err *err)
{
	bool table = t->print.format == ROWS_TABLE ||
		     t->print.format == ROWS_WIDE, first = true;
	uint64_t due = now_ns();

	if (sample(t, err))
		return -1;
	while (t->left--) {
		due += t->interval_ns;
		sleep_until(due);
		if (sample(t, err))
			return -1;
		if (table && !first)
			putchar('\n');
		first = false;
		print(t);
		if (fflush(stdout))
			break;	/* main() tells */
	}
	return 0;
}

/* ---- on a terminal --------------------------------------------------------------------------- */

static volatile sig_atomic_t told_to_end;

static void end(int sig)
{
	told_to_end = sig;
}

/* Signals come while it waits, and then only: ncurses hears of sizes and stops by some. */
static void catch_signals(sigset_t *waiting)
{
	static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	static const int others[] = { SIGWINCH, SIGTSTP };
	struct sigaction sa = { .sa_handler = end };
	sigset_t block;
	unsigned int i;

	sigemptyset(&block);
	for (i = 0; i < ARRAY_SIZE(ends); i++) {
		sigaction(ends[i], &sa, NULL);
		sigaddset(&block, ends[i]);
	}
	for (i = 0; i < ARRAY_SIZE(others); i++)
		sigaddset(&block, others[i]);
	sigprocmask(SIG_BLOCK, &block, waiting);
	for (i = 0; i < ARRAY_SIZE(ends); i++)
		sigdelset(waiting, ends[i]);
	for (i = 0; i < ARRAY_SIZE(others); i++)
		sigdelset(waiting, others[i]);
}

/* ^C is one of the ways to leave; who is told otherwise ends by what he was told. */
static void die_if_told(const sigset_t *waiting)
{
	int sig = told_to_end;

	if (!sig || sig == SIGINT)
		return;
	signal(sig, SIG_DFL);
	raise(sig);
	sigprocmask(SIG_SETMASK, waiting, NULL);
}

static void draw(struct top *t)
{
	const struct screen s = {
		.view = &t->view, .rows = t->rows, .count = t->count,
		.now = &t->now, .last = &t->last, .trouble = t->trouble.text,
	};

	top_view_sort(&t->view, t->rows, t->count, screen_lines(&t->view));
	screen_draw(&s);
}

static void take_keys(struct top *t)
{
	int key;

	while ((key = screen_key()) >= 0) {
		top_view_key(&t->view, key, t->rows, t->count);
		/* what another key does may depend on the order */
		top_view_sort(&t->view, t->rows, t->count,
			      screen_lines(&t->view));
	}
}

/* Until a key, a signal or @due; false: the terminal has gone. */
static bool wait_for_more(const struct top *t, uint64_t due,
			  const sigset_t *waiting)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	uint64_t now = now_ns(), ns = due > now ? due - now : 0;
	const struct timespec ts = {
		.tv_sec = (time_t)(ns / SEC_NS), .tv_nsec = (long)(ns % SEC_NS),
	};

	if (ppoll(&p, 1, t->view.frozen ? NULL : &ts, waiting) < 0)
		return errno == EINTR;
	return !(p.revents & (POLLHUP | POLLERR | POLLNVAL));
}

static void refresh_rows(struct top *t)
{
	struct err err = {};

	t->view.due = false;
	sample(t, &err);
	t->trouble = err;
}

static void live(struct top *t, const sigset_t *waiting)
{
	uint64_t due = now_ns() + t->view.interval_ns;
	bool there = true;

	while (there && !t->view.over && !told_to_end) {
		draw(t);
		there = wait_for_more(t, due, waiting);
		take_keys(t);
		if (!t->view.due && (t->view.frozen || now_ns() < due)) {
			/* the interval may be another now */
			if (due > now_ns() + t->view.interval_ns)
				due = now_ns() + t->view.interval_ns;
			continue;
		}
		if (!t->left--)
			break;
		refresh_rows(t);
		due = now_ns() + t->view.interval_ns;
	}
}

/* The first sample is taken before: what keeps it from being is told as words. */
static int interactive(struct top *t, struct err *err)
{
	sigset_t waiting;

	if (screen_terminal(err) || sample(t, err))
		return -1;
	catch_signals(&waiting);
	if (screen_open(err))
		return -1;
	top_view_init(&t->view, t->print.fields, t->print.sort, t->interval_ns);
	live(t, &waiting);
	screen_close();
	die_if_told(&waiting);
	return 0;
}

/* ---- the command line -------------------------------------------------------------------------- */

static int parse_option(struct args *a, int id, struct top *t)
{
	struct err err;

	switch (id) {
	case ARGS_BAD:
		return VMCTL_USAGE;
	case 'b':
		t->batch = true;
		return 0;
	case 'n':
		return args_number(a, "-n", 1, UINT32_MAX, &t->left);
	case 'i':
		if (args_seconds(a, "-i", &t->interval_ns))
			return VMCTL_USAGE;
		if (t->interval_ns < TOP_LEAST_NS || t->interval_ns > TOP_MOST_NS)
			return command_usage(t->cmd,
					     "-i %s: from 0.1 to 3600 seconds",
					     a->value);
		return 0;
	default:
		break;
	}
	return args_view(a, id, &t->print, &err) < 0 ?
	       command_fail(t->cmd, &err) : 0;
}

static int parse(int argc, char **argv, struct top *t)
{
	struct args a;
	struct err err;
	int id;

	args_init(&a, t->cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END)
		if (parse_option(&a, id, t))
			return VMCTL_USAGE;
	if (!args_operands(&a, 0, 0))
		return VMCTL_USAGE;
	if (!t->batch && (t->print.format != ROWS_TABLE || t->print.no_header))
		return command_usage(t->cmd, "-o, -q and --no-header go with -b");
	if (rows_check(top_fields, &t->print, &err))
		return command_fail(t->cmd, &err);
	if (t->batch && !t->print.sort)
		t->print.sort = "-cpu_percent";
	if (t->batch && !t->print.fields && t->print.format == ROWS_TABLE)
		t->print.fields = TOP_USUAL;
	return 0;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct top t = {
		.cmd = cmd, .interval_ns = USUAL_NS, .left = UINT64_MAX,
	};
	struct err err;
	int ret = parse(argc, argv, &t);

	if (ret)
		return ret;
	ret = t.batch ? batch(&t, &err) : interactive(&t, &err);
	clean_up(&t);
	return ret ? command_fail(cmd, &err) : VMCTL_OK;
}

static const struct cmd_option options[] = {
	{ 'b', "batch", NULL, "print tables, without a terminal" },
	{ 'i', "interval", "SEC", "between refreshes (default 2)" },
	{ 'n', "count", "COUNT", "end after so many refreshes" },
	ARGS_VIEW_OPTIONS(ARGS_FORMATS),
	{}
};

const struct command cmd_top = {
	.name = "top",
	.summary = "Show what VMs do, live",
	.usage = "[-b] [-i SEC] [-n COUNT] [-o FORMAT] [--fields KEY,...] [--sort [-]KEY]\n"
		 "       [--no-header] [-q]",
	.help =
"On a terminal h tells what keys do, and q ends it; -o, -q and --no-header go with -b.\n"
"CPU% is of one processor; rates are those of the last interval.\n",
	.options = options,
	.fields = top_fields,
	.run = run,
};
