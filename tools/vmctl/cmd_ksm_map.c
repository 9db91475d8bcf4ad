// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "args.h"
#include "cmds.h"
#include "ksm/map.h"
#include "ksm_take.h"
#include "lib/out.h"
#include "lib/size.h"

#define COLUMNS	64
#define LINES	32	/* of an object, at most */

/* ---- for people ------------------------------------------------------------------- */

static void print_object(const uint8_t *kind, const struct dump_object *o)
{
	uint64_t scale = map_scale(o->pages, COLUMNS * LINES), at, n, size;
	char text[SIZE_TEXT_LEN];

	printf("\nobject %u: %s, %" PRIu64 " pages%s a character\n", o->id,
	       size_text(text, o->pages * DUMP_PAGE_SIZE), scale,
	       scale == 1 ? ", one" : "");
	for (at = 0, n = 0; at < o->pages; at += scale, n++) {
		if (!(n % COLUMNS))
			printf("%s%10" PRIx64 "  ", n ? "\n" : "",
			       at * DUMP_PAGE_SIZE);
		size = o->pages - at < scale ? o->pages - at : scale;
		putchar(map_mark(kind + o->first + at, size));
	}
	putchar('\n');
}

static void print_legend(const uint64_t count[MAP_KINDS])
{
	char text[SIZE_TEXT_LEN];
	unsigned int i;

	putchar('\n');
	for (i = 0; i < MAP_KINDS; i++)
		printf("%c  %-8s  %10" PRIu64 " pages  %6s  %s\n",
		       map_legend[i].mark, map_legend[i].name, count[i],
		       size_about(text, count[i] * DUMP_PAGE_SIZE),
		       map_legend[i].what);
}

static void print_map(const struct dump *d, const uint8_t *kind,
		      const uint64_t count[MAP_KINDS])
{
	char time[DUMP_TIME_TEXT];
	unsigned int i;

	printf("%s, VM %" PRIu64 " of %s, %s UTC\n", *d->name ? d->name : "-",
	       d->vm, d->host, dump_time_text(time, d->time_ns));
	for (i = 0; i < d->nr_objects; i++)
		print_object(kind, &d->object[i]);
	print_legend(count);
}

/* ---- for programs ------------------------------------------------------------------ */

static void json_runs(const uint8_t *kind, const struct dump_object *o)
{
	uint64_t end = o->first + o->pages, at, n;

	for (at = o->first; at < end; at += n) {
		n = map_run(kind, at, end);
		printf("%s{\"page\": %" PRIu64 ", \"pages\": %" PRIu64
		       ", \"kind\": \"%s\"}", at > o->first ? ", " : "",
		       at - o->first, n, map_legend[kind[at]].name);
	}
}

static void json_map(const struct dump *d, const uint8_t *kind,
		     const uint64_t count[MAP_KINDS])
{
	unsigned int i;

	fputs("{\"schema\": 1, \"map\": {\"name\": ", stdout);
	out_json_string(d->name);
	printf(", \"id\": %" PRIu64 ", \"host\": ", d->vm);
	out_json_string(d->host);
	printf(", \"time_ns\": %" PRIu64 ", \"pages\": {", d->time_ns);
	for (i = 0; i < MAP_KINDS; i++)
		printf("%s\"%s\": %" PRIu64, i ? ", " : "",
		       map_legend[i].name, count[i]);
	fputs("}, \"objects\": [", stdout);
	for (i = 0; i < d->nr_objects; i++) {
		printf("%s{\"object\": %u, \"pages\": %" PRIu64 ", \"runs\": [",
		       i ? ", " : "", d->object[i].id, d->object[i].pages);
		json_runs(kind, &d->object[i]);
		fputs("]}", stdout);
	}
	puts("]}}");
}

/* ------------------------------------------------------------------------------------ */

static int show(const char *word, bool json, struct err *err)
{
	uint64_t count[MAP_KINDS];
	uint8_t *kind = NULL;
	struct dump d;
	int ret = dump_find(&d, word, err);

	if (!ret) {
		kind = map_make(&d, count);
		if (!kind)
			ret = err_set(err, VMCTL_FAILED, "out of memory");
	}
	if (kind)
		(json ? json_map : print_map)(&d, kind, count);
	free(kind);
	dump_free(&d);
	return ret;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	bool json = false;
	char **words;
	struct args a;
	struct err err;
	int id;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		if (args_whole(&a, &json, &err))
			return command_fail(cmd, &err);
	}
	words = args_operands(&a, 1, 1);
	if (!words)
		return VMCTL_USAGE;
	return show(words[0], json, &err) ? command_fail(cmd, &err) : VMCTL_OK;
}

static const struct cmd_option options[] = {
	ARGS_WHOLE_OPTION,
	{}
};

static const char *const operands[] = { "VM|FILE", NULL };

const struct command cmd_ksm_map = {
	.name = "map",
	.summary = "Show a VM's memory: where pages are zero, merged, repeated, absent",
	.usage = "[-o FORMAT] VM|FILE",
	.help =
"A character stands for as many pages as make the map fit; it is the kind that most of\n"
"them are of.  JSON has all pages, as runs of one kind.  A word with a slash, \"-\" and\n"
"what is no VM is a file of vmctl ksm hashes.\n",
	.options = options,
	.operands = operands,
	.super = &cmd_ksm,
	.run = run,
};
