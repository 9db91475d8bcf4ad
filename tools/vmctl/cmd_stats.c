// SPDX-License-Identifier: GPL-2.0
/* stats and exits: the module's counters, those of exits by reason apart. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "args.h"
#include "cmds.h"
#include "lib/metrics.h"
#include "lib/records.h"
#include "lib/rows.h"
#include "vm/reach.h"

#define EXIT		"exit_"
#define SEC_NS		1000000000ULL

/**
 * struct wish - what the user asked for
 * @vm:		NULL: the totals
 * @all:	each VM
 * @interval_ns: 0: once
 * @count:	how often, 0: without end
 */
struct wish {
	const struct command *cmd;
	struct rows_view view;
	const char *vm;
	bool all;
	uint64_t interval_ns;
	uint64_t count;
};

/** struct sample - all counters that are wanted, at one moment */
struct sample {
	uint64_t time_ns;
	struct record_vm *vms;
	size_t nr_vms;
	struct record_stats *stats;
	size_t nr_stats;
	struct record_stats *total;	/* for metrics alone */
};

/**
 * struct figure - a counter, as it is told
 * @vm:		RECORD_NONE: of all
 * @rate:	thousandths a second since the last sample; RECORD_NONE: there
 *		was none
 * @share:	of exits: thousandths of a percent of its VM's
 */
struct figure {
	uint64_t vm, value, rate, share, time_ns;
	char vm_name[VMM_NAME_LEN];
	char name[32];
};

#define FIGURE(key, head, kind, member) \
	ROWS_FIELD(key, head, kind, struct figure, member)

static const struct rows_field stats_fields[] = {
	FIGURE("vm",		"ID",		NUMBER,	vm),
	FIGURE("vm_name",	"NAME",		TEXT,	vm_name),
	FIGURE("name",		"COUNTER",	TEXT,	name),
	FIGURE("value",		"VALUE",	NUMBER,	value),
	FIGURE("rate",		"PER SECOND",	MILLI,	rate),
	FIGURE("time_ns",	NULL,		CLOCK,	time_ns),
	{}
};

static const struct rows_field exits_fields[] = {
	FIGURE("vm",		"ID",		NUMBER,	vm),
	FIGURE("vm_name",	"NAME",		TEXT,	vm_name),
	FIGURE("name",		"REASON",	TEXT,	name),
	FIGURE("value",		"COUNT",	NUMBER,	value),
	FIGURE("share",		"PERCENT",	MILLI,	share),
	FIGURE("rate",		"PER SECOND",	MILLI,	rate),
	FIGURE("time_ns",	NULL,		CLOCK,	time_ns),
	{}
};

/* ---- sampling ------------------------------------------------------------------ */

static void sample_free(struct sample *s)
{
	free(s->vms);
	free(s->stats);
	free(s->total);
	memset(s, 0, sizeof(*s));
}

static int alloc_one(struct record_stats **stats, struct err *err)
{
	*stats = calloc(1, sizeof(**stats));
	return *stats ? 0 : err_set(err, VMCTL_FAILED, "out of memory");
}

static int sample_vm(struct control *c, const char *name, struct sample *s,
		     struct err *err)
{
	s->vms = calloc(1, sizeof(*s->vms));
	if (!s->vms)
		return err_set(err, VMCTL_FAILED, "out of memory");
	s->nr_vms = s->nr_stats = 1;
	if (reach_vm(c, name, s->vms, err) || alloc_one(&s->stats, err))
		return -1;
	if (records_stats(c, s->vms->id, s->stats, err))
		return err_wrap(err, "%.64s", name);
	return 0;
}

static int sample_all(struct control *c, struct sample *s, struct err *err)
{
	return records_vms(c, &s->vms, &s->nr_vms, err) ||
	       records_all_stats(c, &s->stats, &s->nr_stats, err) ? -1 : 0;
}

static int sample_total(struct control *c, struct record_stats **stats,
			struct err *err)
{
	return alloc_one(stats, err) ||
	       records_stats(c, RECORD_NONE, *stats, err) ? -1 : 0;
}

static int sample_take(struct control *c, const struct wish *w,
		       struct sample *s, struct err *err)
{
	struct timespec ts;

	memset(s, 0, sizeof(*s));
	clock_gettime(CLOCK_BOOTTIME, &ts);
	s->time_ns = (uint64_t)ts.tv_sec * SEC_NS + (uint64_t)ts.tv_nsec;
	if (w->vm)
		return sample_vm(c, w->vm, s, err);
	if (w->view.format == ROWS_METRICS)
		return sample_all(c, s, err) ||
		       sample_total(c, &s->total, err) ? -1 : 0;
	if (w->all)
		return sample_all(c, s, err);
	s->nr_stats = 1;
	return sample_total(c, &s->stats, err);
}

/* ---- telling ---------------------------------------------------------------------- */

static const struct record_stats *stats_of(const struct sample *s, uint64_t vm)
{
	size_t i;

	for (i = 0; i < s->nr_stats; i++)
		if (s->stats[i].vm == vm)
			return &s->stats[i];
	return NULL;
}

/* Counters come in the same order each time. */
static uint64_t rate(const struct sample *now, const struct sample *last,
		     const struct record_stats *stats, size_t i)
{
	const struct record_stats *old = stats_of(last, stats->vm);
	uint64_t ns = now->time_ns - last->time_ns, delta;

	if (!old || i >= old->count || !ns ||
	    strcmp(old->counter[i].name, stats->counter[i].name))
		return RECORD_NONE;
	delta = stats->counter[i].value - old->counter[i].value;
	return (uint64_t)((unsigned __int128)delta * 1000 * SEC_NS / ns);
}

static uint64_t share(const struct record_stats *stats, uint64_t value)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < stats->count; i++)
		if (!strncmp(stats->counter[i].name, EXIT, strlen(EXIT)))
			sum += stats->counter[i].value;
	return sum ? (uint64_t)((unsigned __int128)value * 100000 / sum) : 0;
}

static void name_vm(struct figure *f, const struct sample *s)
{
	size_t i;

	for (i = 0; i < s->nr_vms; i++)
		if (s->vms[i].id == f->vm)
			memcpy(f->vm_name, s->vms[i].name, sizeof(f->vm_name));
}

/* The counters of one VM that the command is about. */
static size_t figures_of(const struct wish *w, const struct sample *now,
			 const struct sample *last,
			 const struct record_stats *stats, struct figure *f)
{
	bool exits = w->cmd == &cmd_exits;
	const char *name;
	size_t i, n = 0;

	for (i = 0; i < stats->count; i++) {
		name = stats->counter[i].name;
		if (exits != !strncmp(name, EXIT, strlen(EXIT)))
			continue;
		/* most reasons never occur */
		if (exits && w->view.format == ROWS_TABLE &&
		    !stats->counter[i].value)
			continue;
		memset(&f[n], 0, sizeof(f[n]));
		f[n].vm = stats->vm;
		f[n].value = stats->counter[i].value;
		f[n].time_ns = now->time_ns;
		f[n].rate = rate(now, last, stats, i);
		f[n].share = share(stats, f[n].value);
		snprintf(f[n].name, sizeof(f[n].name), "%s",
			 name + (exits ? strlen(EXIT) : 0));
		name_vm(&f[n++], now);
	}
	return n;
}

static int print_rows(const struct wish *w, const struct sample *now,
		      const struct sample *last, struct err *err)
{
	struct figure *figures = calloc(now->nr_stats * RECORD_COUNTERS + 1,
					sizeof(*figures));
	struct rows rows = {
		.name = w->cmd == &cmd_exits ? "exits" : "stats",
		.fields = w->cmd->fields,
		.records = figures, .size = sizeof(*figures),
	};
	size_t i;

	if (!figures)
		return err_set(err, VMCTL_FAILED, "out of memory");
	for (i = 0; i < now->nr_stats; i++)
		rows.count += figures_of(w, now, last, &now->stats[i],
					 figures + rows.count);
	rows_print(&rows, &w->view);
	free(figures);
	return 0;
}

static void print_metrics(const struct sample *s)
{
	const struct metrics m = {
		.total = s->total, .vms = s->vms, .nr_vms = s->nr_vms,
		.stats = s->stats, .nr_stats = s->nr_stats,
	};

	metrics_print(&m);
}

/* ---- once, or again and again -------------------------------------------------------- */

static int tell(struct control *c, const struct wish *w, struct sample *last,
		struct err *err)
{
	struct sample now;
	int ret = sample_take(c, w, &now, err);

	if (!ret && w->view.format == ROWS_METRICS)
		print_metrics(&now);
	else if (!ret)
		ret = print_rows(w, &now, last, err);
	sample_free(last);
	*last = now;
	return ret;
}

/* Ticks do not drift by the time that telling takes. */
static void sleep_until(const struct timespec *begun, uint64_t ns)
{
	struct timespec ts;

	ns += (uint64_t)begun->tv_nsec;
	ts.tv_sec = begun->tv_sec + (time_t)(ns / SEC_NS);
	ts.tv_nsec = (long)(ns % SEC_NS);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) ==
	       EINTR)
		;
}

static int repeat(struct control *c, struct wish *w, struct err *err)
{
	struct sample last = {};
	struct timespec begun;
	uint64_t n;
	int ret = 0;

	clock_gettime(CLOCK_MONOTONIC, &begun);
	for (n = 0; !ret && (!w->count || n < w->count); n++) {
		if (n)
			sleep_until(&begun, n * w->interval_ns);
		if (n && (w->view.format == ROWS_TABLE ||
			  w->view.format == ROWS_WIDE))
			putchar('\n');
		ret = tell(c, w, &last, err);
		if (w->view.format == ROWS_CSV)
			w->view.no_header = true;
		if (fflush(stdout))
			break;	/* main() tells */
	}
	sample_free(&last);
	return ret;
}

/* What a table has, unless told. */
static const char *usual_fields(const struct wish *w)
{
	static const char *const fields[2][2][2] = {
		{ { "name,value", "name,value,rate" },
		  { "vm,vm_name,name,value", "vm,vm_name,name,value,rate" } },
		{ { "name,value,share", "name,value,share,rate" },
		  { "vm,vm_name,name,value,share",
		    "vm,vm_name,name,value,share,rate" } },
	};

	return fields[w->cmd == &cmd_exits][w->all][w->interval_ns != 0];
}

static int carry_out(struct wish *w)
{
	struct control c;
	struct err err;
	int ret;

	if (!w->view.fields && w->view.format == ROWS_TABLE)
		w->view.fields = usual_fields(w);
	if (!w->view.sort && w->cmd == &cmd_exits &&
	    w->view.format == ROWS_TABLE && !w->all)
		w->view.sort = "-value";
	if (control_open(&c, &err))
		return command_fail(w->cmd, &err);
	ret = repeat(&c, w, &err);
	control_close(&c);
	return ret ? command_fail(w->cmd, &err) : VMCTL_OK;
}

/* ---- command lines ---------------------------------------------------------------------- */

static int parse_option(struct args *a, int id, struct wish *w)
{
	struct err err;

	switch (id) {
	case ARGS_BAD:
		return VMCTL_USAGE;
	case 'a':
		w->all = true;
		return 0;
	case 'n':
		return args_number(a, "-n", 1, UINT32_MAX, &w->count);
	case 'i':
		if (args_seconds(a, "-i", &w->interval_ns))
			return VMCTL_USAGE;
		if (w->interval_ns < SEC_NS / 100)
			return command_usage(w->cmd, "-i %s: less than 0.01 seconds",
					     a->value);
		return 0;
	default:
		break;
	}
	if (id == 'o' && !strcmp(a->value, "openmetrics") &&
	    w->cmd == &cmd_stats) {
		w->view.format = ROWS_METRICS;
		return 0;
	}
	return args_view(a, id, &w->view, &err) < 0 ?
	       command_fail(w->cmd, &err) : 0;
}

static int parse(int argc, char **argv, struct wish *w)
{
	struct args a;
	struct err err;
	char **operands;
	int id;

	args_init(&a, w->cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END)
		if (parse_option(&a, id, w))
			return VMCTL_USAGE;
	operands = args_operands(&a, 0, 1);
	if (!operands)
		return VMCTL_USAGE;
	w->vm = operands[0];
	if (w->vm && w->all)
		return command_usage(w->cmd, "%s: not with -a", w->vm);
	if (w->count && !w->interval_ns)
		return command_usage(w->cmd, "-n goes with -i");
	if (!w->interval_ns)
		w->count = 1;
	if (rows_check(w->cmd->fields, &w->view, &err))
		return command_fail(w->cmd, &err);
	return 0;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct wish w = { .cmd = cmd };

	return parse(argc, argv, &w) ?: carry_out(&w);
}

#define COMMON_OPTIONS							\
	{ 'a', "all", NULL, "each VM, instead of the sum since the module was loaded" }, \
	{ 'i', "interval", "SEC", "again and again, with what came in between" }, \
	{ 'n', "count", "COUNT", "so often, then end" }

static const struct cmd_option stats_options[] = {
	COMMON_OPTIONS,
	ARGS_VIEW_OPTIONS(ARGS_FORMATS "|openmetrics"),
	{}
};

const struct command cmd_stats = {
	.name = "stats",
	.summary = "Print the counters of a VM, of each, or of all together",
	.usage = "[-a] [-i SEC [-n COUNT]] [-o FORMAT] [--fields KEY,...] [--sort [-]KEY]\n"
		 "       [--no-header] [-q] [VM]",
	.help = "-o openmetrics is for scrapers: all VMs, with their figures, and the sums.\n",
	.options = stats_options,
	.operands = operand_vm,
	.fields = stats_fields,
	.run = run,
};

static const struct cmd_option exits_options[] = {
	COMMON_OPTIONS,
	ARGS_VIEW_OPTIONS(ARGS_FORMATS),
	{}
};

const struct command cmd_exits = {
	.name = "exits",
	.summary = "Count why guests left to the host, by reason",
	.usage = "[-a] [-i SEC [-n COUNT]] [-o FORMAT] [--fields KEY,...] [--sort [-]KEY]\n"
		 "       [--no-header] [-q] [VM]",
	.help = "The table leaves out reasons that have not occurred.\n",
	.options = exits_options,
	.operands = operand_vm,
	.fields = exits_fields,
	.run = run,
};
