// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "cmds.h"
#include "lib/container.h"
#include "lib/mem_figures.h"
#include "lib/size.h"
#include "lib/vmm.h"
#include "vm/ask.h"
#include "vm/pages.h"

#define PAGE		4096

/* And those after it, as of enum pages_word. */
#define OPT_PAGES	OPT_FIRST

/**
 * struct request - what is wanted
 * @size:	of what is to leave; 0: nothing is
 * @flags:	VMM_RECLAIM_*
 * @pages:	what holds from now on
 */
struct request {
	struct rows_view view;
	uint64_t size;
	uint32_t flags;
	struct pages pages;
};

/* What is told of it. */
struct outcome {
	uint64_t reclaimed, resident, away;
};

#define OUTCOME(key) ROWS_FIELD(#key, #key, SIZE, struct outcome, key)

static const struct rows_field fields[] = {
	OUTCOME(reclaimed),
	OUTCOME(resident),
	OUTCOME(away),
	{}
};

static int reclaim(const struct request *q, int memory, struct err *err)
{
	uint64_t pages = q->size / PAGE;
	struct mem_figures figures;
	struct outcome out = {};
	const struct rows rows = { NULL, fields, &out, sizeof(out), 1 };

	if (vmm_mem_reclaim(memory, &pages, q->flags, err) ||
	    mem_figures_read(memory, &figures, err))
		return -1;
	out.reclaimed = q->flags & VMM_RECLAIM_BACK ? 0 : pages * PAGE;
	out.resident = figures.resident;
	out.away = figures.away;
	rows_print_one(&rows, &q->view);
	return 0;
}

static int reclaim_from(const struct request *q, const char *vm, struct err *err)
{
	int memory, ret;

	memory = ask_find_memory(vm, err);
	if (memory < 0)
		return -1;
	ret = pages_set(&q->pages, memory, err);
	if (!ret && (q->size || q->flags))
		ret = reclaim(q, memory, err);
	close(memory);
	return ret ? err_wrap(err, "%.64s", vm) : 0;
}

static int take_policy(const struct args *a, struct request *q,
		       enum pages_word word)
{
	struct err err;

	if (!pages_parse(&q->pages, word, a->value, &err))
		return 0;
	err_wrap(&err, "%.64s", a->value);
	return command_fail(a->cmd, &err);
}

static int take_option(const struct args *a, struct request *q, int id)
{
	struct err err;

	switch (id) {
	case ARGS_BAD:
		return VMCTL_USAGE;
	case 'a':
		q->flags |= VMM_RECLAIM_ALL;
		return 0;
	case 'b':
		q->flags |= VMM_RECLAIM_BACK;
		return 0;
	case OPT_PAGES + PAGES_LIMIT:
	case OPT_PAGES + PAGES_MIN:
	case OPT_PAGES + PAGES_SHARES:
		return take_policy(a, q, (enum pages_word)(id - OPT_PAGES));
	}
	return args_view(a, id, &q->view, &err) < 0 ?
	       command_fail(a->cmd, &err) : 0;
}

static int take_size(const struct command *cmd, struct request *q,
		     const char *text)
{
	bool back = q->flags & VMM_RECLAIM_BACK;

	if (back && (text || q->flags != VMM_RECLAIM_BACK))
		return command_usage(cmd, "all of it comes back: neither a size nor --all goes with --back");
	if (back)
		return 0;
	if (!text && q->pages.told && !q->flags)
		return 0;
	if (!text)
		return command_usage(cmd, "how much is to leave memory?");
	if (size_parse(text, &q->size) || !q->size || q->size % PAGE)
		return command_usage(cmd, "%.64s: not a size that is a multiple of %d bytes",
				     text, PAGE);
	return 0;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct request q = {};
	char **operands;
	struct args a;
	struct err err;
	int id, code = 0;

	args_init(&a, cmd, argc, argv);
	while (!code && (id = args_next(&a)) != ARGS_END)
		code = take_option(&a, &q, id);
	if (code)
		return code;
	operands = args_operands(&a, 1, 2);
	if (!operands)
		return VMCTL_USAGE;
	code = take_size(cmd, &q, operands[1]);
	if (code)
		return code;
	if (rows_check(fields, &q.view, &err) ||
	    reclaim_from(&q, operands[0], &err))
		return command_fail(cmd, &err);
	return VMCTL_OK;
}

static const struct cmd_option options[] = {
	{ 'a', "all", NULL, "pages that the guest uses, too" },
	{ 'b', "back", NULL, "all of it comes back into memory" },
	{ OPT_PAGES + PAGES_LIMIT, "limit", "SIZE|none", "never more than this in memory" },
	{ OPT_PAGES + PAGES_MIN, "min", "SIZE|none",
	  "what the host leaves to it when it needs memory" },
	{ OPT_PAGES + PAGES_SHARES, "shares", "N",
	  "its claim then, against others: they have 1000" },
	ARGS_ONE_OPTIONS(ARGS_NAMELESS),
	{}
};

static const char *const operands[] = { "VM", "SIZE", NULL };

const struct command cmd_reclaim = {
	.name = "reclaim",
	.summary = "Have memory of a VM compressed, or written to its swap file",
	.usage = "[-a] [--limit SIZE] [--min SIZE] [--shares N] [-o FORMAT] [--fields KEY,...] [--no-header] VM [SIZE] | -b VM",
	.help =
"Pages that have not been used for a while leave, and come back when they are: the guest\n"
"does not notice but by its clock.  What VMs share by fork or snapshots leaves for all.\n"
"Told is how much has left; it is less where not so much is idle, or compresses.\n"
"A limit, a minimum and shares hold from now on, for all that share memory with the VM;\n"
"vmctl swap tells them.  At its limit a guest waits until something of it has left.\n",
	.options = options,
	.operands = operands,
	.fields = fields,
	.run = run,
};
