// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>

#include "args.h"
#include "cmds.h"
#include "ksm/fields.h"
#include "ksm_take.h"
#include "ksm_matrix.h"

/* The matrix is for people who have not chosen fields. */
static int print(const struct ksm_analysis *a, const struct rows_view *view,
		 struct err *err)
{
	struct rows rows = { "pairs", ksm_pair_fields, NULL,
			     sizeof(struct ksm_pair), 0 };

	if (view->format == ROWS_TABLE && !view->fields && !view->sort) {
		matrix_print(a, !view->no_header);
		return 0;
	}
	rows.records = ksm_pairs(a, &rows.count);
	if (!rows.records)
		return err_set(err, VMCTL_FAILED, "out of memory");
	rows_print(&rows, view);
	free(rows.records);
	return 0;
}

static int pairs(char *const *words, const struct rows_view *view,
		 struct err *err)
{
	static const struct ksm_analysis none;
	struct ksm_analysis a = {};
	struct set s = {};
	int ret = set_take(&s, words, err);

	if (!ret && !s.count)
		ret = print(&none, view, err);
	else if (!ret)
		ret = ksm_analyze(&a, &s, err) ?: print(&a, view, err);
	ksm_analysis_free(&a);
	set_free(&s);
	return ret;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct rows_view view = {};
	char **words;
	struct args a;
	struct err err;
	int id;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		if (args_view(&a, id, &view, &err) < 0)
			return command_fail(cmd, &err);
	}
	words = args_operands(&a, 0, argc);
	if (!words)
		return VMCTL_USAGE;
	if (rows_check(ksm_pair_fields, &view, &err) || pairs(words, &view, &err))
		return command_fail(cmd, &err);
	return VMCTL_OK;
}

static const struct cmd_option options[] = {
	ARGS_ONE_OPTIONS(ARGS_NAMELESS),
	{ OPT_SORT, "sort", "[-]KEY", "by this field; -: the greatest first" },
	{}
};

static const char *const operands[] = { "VM...", NULL };

const struct command cmd_ksm_pairs = {
	.name = "pairs",
	.summary = "Tell how many pages each two VMs could share",
	.usage = "[-o FORMAT] [--fields KEY,...] [--sort KEY] [--no-header] [VM...]",
	.help =
"Of all VMs unless some are named.  Counted are contents that both have, zeroes aside; of\n"
"a VM with itself, pages that are equal to an earlier one.  All pages are looked at for\n"
"this, and nothing is kept: see vmctl help ksm hashes for dumps.\n",
	.options = options,
	.operands = operands,
	.fields = ksm_pair_fields,
	.super = &cmd_ksm,
	.run = run,
};
