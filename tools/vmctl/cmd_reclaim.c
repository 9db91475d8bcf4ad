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

#define PAGE		4096

#define OPT_LIMIT	OPT_FIRST
#define OPT_MIN		(OPT_FIRST + 1)
#define OPT_SHARES	(OPT_FIRST + 2)

/**
 * struct request - what is wanted
 * @size:	of what is to leave; 0: nothing is
 * @flags:	VMM_RECLAIM_*
 * @told:	bits 1 << (an option's id - OPT_FIRST) of those that are in @policy
 */
struct request {
	struct rows_view view;
	uint64_t size;
	uint32_t flags;
	unsigned int told;
	struct vmm_mem_policy policy;
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

static bool has_told(const struct request *q, int id)
{
	return q->told & 1U << (id - OPT_FIRST);
}

/* What was not told stays as it is. */
static int set_policy(const struct request *q, int memory, struct err *err)
{
	struct vmm_mem_policy policy = q->policy;
	struct mem_figures figures;

	if (!q->told)
		return 0;
	if (mem_figures_read(memory, &figures, err))
		return -1;
	if (!has_told(q, OPT_LIMIT))
		policy.limit = figures.limit;
	if (!has_told(q, OPT_MIN))
		policy.min = figures.min;
	if (!has_told(q, OPT_SHARES))
		policy.shares = figures.shares;
	if (policy.limit && policy.min > policy.limit)
		return err_set(err, VMCTL_USAGE,
			       "the minimum, %llu bytes, is above the limit, %llu",
			       (unsigned long long)policy.min,
			       (unsigned long long)policy.limit);
	return vmm_mem_set_policy(memory, &policy, err);
}

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
	ret = set_policy(q, memory, err);
	if (!ret && (q->size || q->flags))
		ret = reclaim(q, memory, err);
	close(memory);
	return ret ? err_wrap(err, "%.64s", vm) : 0;
}

/* --limit, --min: "none" is as good as 0. */
static int take_bound(const struct args *a, struct request *q, int id)
{
	uint64_t value = 0, least = id == OPT_LIMIT ? VMM_MEM_MIN_LIMIT : 0;
	char text[SIZE_TEXT_LEN];

	if (strcmp(a->value, "none") &&
	    (size_parse(a->value, &value) || value % PAGE || value > INT64_MAX))
		return command_usage(a->cmd, "%.64s: neither a size that is a multiple of %d bytes nor none",
				     a->value, PAGE);
	if (value && value < least)
		return command_usage(a->cmd, "%.64s: a limit is %s at least", a->value,
				     size_text(text, least));
	if (id == OPT_LIMIT)
		q->policy.limit = value;
	else
		q->policy.min = value;
	q->told |= 1U << (id - OPT_FIRST);
	return 0;
}

static int take_shares(const struct args *a, struct request *q)
{
	uint64_t value;
	int code = args_number(a, "--shares", 1, VMM_MEM_MAX_SHARES, &value);

	q->policy.shares = (__u32)value;
	q->told |= 1U << (OPT_SHARES - OPT_FIRST);
	return code;
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
	case OPT_LIMIT:
	case OPT_MIN:
		return take_bound(a, q, id);
	case OPT_SHARES:
		return take_shares(a, q);
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
	if (!text && q->told && !q->flags)
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
	{ OPT_LIMIT, "limit", "SIZE|none", "never more than this in memory" },
	{ OPT_MIN, "min", "SIZE|none",
	  "what the host leaves to it when it needs memory" },
	{ OPT_SHARES, "shares", "N",
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
