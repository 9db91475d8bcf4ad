// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>

#include "args.h"
#include "cmds.h"
#include "ksm/fields.h"
#include "ksm_matrix.h"
#include "lib/size.h"

/* ---- for people ------------------------------------------------------------------- */

static void line(const char *what, uint64_t pages, const char *fmt, uint64_t other)
{
	char text[SIZE_TEXT_LEN];

	printf("%-10s %10" PRIu64 " pages  %6s", what, pages,
	       size_about(text, pages * DUMP_PAGE_SIZE));
	if (fmt)
		printf(fmt, other);
	putchar('\n');
}

static void print_totals(const struct ksm_analysis *a)
{
	const struct ksm_totals *t = ksm_last(a);
	char time[DUMP_TIME_TEXT];

	printf("%" PRIu64 " VMs, %s UTC\n", t->vms, dump_time_text(time, t->time_ns));
	line("memory", t->pages, NULL, 0);
	line("present", t->present, "  of which %" PRIu64 " are zero", t->zero);
	line("contents", t->contents, NULL, 0);
	line("frames", t->frames, NULL, 0);
	line("saved", t->saved, "  of which %" PRIu64 " by merging", t->saved_merged);
	line("possible", t->possible, "  of which %" PRIu64 " are zero",
	     t->possible_zero);
	if (t->share != DUMP_NONE)
		printf("%-10s %8u.%u %%      of what is possible\n", "saved",
		       (unsigned int)(t->share / 10), (unsigned int)(t->share % 10));
}

static void print_part(const struct ksm_analysis *a, enum ksm_part part,
		       const char *title)
{
	const struct rows rows = ksm_part(a, part);
	const struct rows_view view = {};

	if (!rows.count)
		return;
	printf("\n%s\n", title);
	rows_print(&rows, &view);
}

static void print(const struct ksm_analysis *a)
{
	print_totals(a);
	print_part(a, KSM_PART_WHATIFS, "Under other rules:");
	print_part(a, KSM_PART_VMS, "VMs:");
	puts("\nContents that VMs have in common, in pages:");
	matrix_print(a, true);
	print_part(a, KSM_PART_DEGREES, "Contents, by the pages that have them:");
	print_part(a, KSM_PART_TOP, "The most frequent contents:");
	print_part(a, KSM_PART_CHANGES, "Pages from one dump of a VM to the next:");
	if (a->rounds > 1)
		print_part(a, KSM_PART_ROUNDS, "Over time:");
}

/* ---- for programs ------------------------------------------------------------------ */

static void json(const struct ksm_analysis *a)
{
	struct rows rows = ksm_part(a, KSM_PART_ROUNDS);
	unsigned int i;

	fputs("{\"schema\": 1, \"totals\": ", stdout);
	rows_object(&rows, a->rounds - 1);
	for (i = 0; i < KSM_PARTS; i++) {
		rows = ksm_part(a, i);
		printf(", \"%s\": ", rows.name);
		rows_list(&rows);
	}
	fputs(", \"matrix\": ", stdout);
	matrix_json(a);
	puts("}");
}

/* ------------------------------------------------------------------------------------ */

static int analyze(char *const *files, bool for_programs, struct err *err)
{
	struct ksm_analysis a = {};
	struct set s = {};
	int ret = set_load(&s, files, err) ?: set_order(&s, err) ?:
		  ksm_analyze(&a, &s, err);

	if (!ret)
		(for_programs ? json : print)(&a);
	ksm_analysis_free(&a);
	set_free(&s);
	return ret;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	bool for_programs = false;
	char **files;
	struct args a;
	struct err err;
	int id;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		if (args_whole(&a, &for_programs, &err))
			return command_fail(cmd, &err);
	}
	files = args_operands(&a, 1, argc);
	if (!files)
		return VMCTL_USAGE;
	return analyze(files, for_programs, &err) ? command_fail(cmd, &err) :
						    VMCTL_OK;
}

static const struct cmd_option options[] = {
	ARGS_WHOLE_OPTION,
	{}
};

static const char *const operands[] = { "FILE...", NULL };

const struct command cmd_ksm_analyze = {
	.name = "analyze",
	.summary = "Tell what dumps of page hashes have in common, and what could be saved",
	.usage = "[-o FORMAT] FILE...",
	.help =
"Files are of vmctl ksm hashes.  Those of one VM are its memory at different times: the\n"
"last dumps of all VMs are analyzed, and each is compared with the one before.\n",
	.options = options,
	.operands = operands,
	.super = &cmd_ksm,
	.run = run,
};
