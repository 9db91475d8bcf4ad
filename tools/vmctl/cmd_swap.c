// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "cmds.h"
#include "lib/mem_figures.h"
#include "lib/size.h"
#include "lib/vmm.h"
#include "vm/ask.h"

#define OPT_OFF		OPT_FIRST
#define OPT_OFFSET	(OPT_FIRST + 1)
#define OPT_SIZE	(OPT_FIRST + 2)
#define OPT_KEEP	(OPT_FIRST + 3)

/** struct request - @file: NULL: to be told; @off: no file any more */
struct request {
	struct rows_view view;
	struct vmm_mem_swap swap;
	const char *file;
	bool off;
	bool sized;
};

static int tell(const struct request *q, int memory, struct err *err)
{
	struct mem_figures figures;
	const struct rows rows = {
		NULL, mem_figures_fields, &figures, sizeof(figures), 1,
	};

	if (mem_figures_read(memory, &figures, err))
		return -1;
	rows_print_one(&rows, &q->view);
	return 0;
}

static int carry_out(const struct request *q, int memory, struct err *err)
{
	static const struct vmm_mem_swap none = { .fd = -1 };

	if (q->off)
		return vmm_mem_swap(memory, &none, err);
	return q->file ? vmm_mem_swap_to(memory, q->file, &q->swap, err) :
			 tell(q, memory, err);
}

static int swap(const struct request *q, const char *vm, struct err *err)
{
	int memory, ret;

	memory = ask_find_memory(vm, err);
	if (memory < 0)
		return -1;
	ret = carry_out(q, memory, err);
	close(memory);
	return ret ? err_wrap(err, "%.64s", vm) : 0;
}

static int take_size(const struct args *a, struct request *q, int id)
{
	uint64_t value;

	if (size_parse(a->value, &value) || value > INT64_MAX ||
	    value % (id == OPT_KEEP ? 1 : 4096))
		return command_usage(a->cmd, "%.64s: not a size%s", a->value,
				     id == OPT_KEEP ? "" :
				     " that is a multiple of 4096 bytes");
	q->sized = true;
	if (id == OPT_OFFSET)
		q->swap.offset = value;
	else if (id == OPT_SIZE)
		q->swap.size = value;
	else
		q->swap.keep = value;
	return 0;
}

static int take_option(const struct args *a, struct request *q, int id)
{
	struct err err;

	switch (id) {
	case ARGS_BAD:
		return VMCTL_USAGE;
	case OPT_OFF:
		q->off = true;
		return 0;
	case OPT_OFFSET:
	case OPT_SIZE:
	case OPT_KEEP:
		return take_size(a, q, id);
	}
	return args_view(a, id, &q->view, &err) < 0 ?
	       command_fail(a->cmd, &err) : 0;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct request q = {};
	int id, code = 0;
	char **operands;
	struct args a;
	struct err err;

	args_init(&a, cmd, argc, argv);
	while (!code && (id = args_next(&a)) != ARGS_END)
		code = take_option(&a, &q, id);
	if (code)
		return code;
	operands = args_operands(&a, 1, 2);
	if (!operands)
		return VMCTL_USAGE;
	q.file = operands[1];
	if ((q.off && q.file) || (q.sized && !q.file))
		return command_usage(cmd, q.off ?
				     "--off takes no file" :
				     "a size of no file");
	if (rows_check(mem_figures_fields, &q.view, &err) ||
	    swap(&q, operands[0], &err))
		return command_fail(cmd, &err);
	return VMCTL_OK;
}

static const struct cmd_option options[] = {
	{ OPT_OFF, "off", NULL,
	  "all that is in the file comes back into memory" },
	{ OPT_OFFSET, "offset", "SIZE", "where the part that is used begins" },
	{ OPT_SIZE, "size", "SIZE", "its length (default: to the end)" },
	{ OPT_KEEP, "keep", "SIZE",
	  "what may stay in memory, compressed (default 0)" },
	ARGS_ONE_OPTIONS(ARGS_NAMELESS),
	{}
};

static const char *const operands[] = { "VM", "FILE", NULL };

const struct command cmd_swap = {
	.name = "swap",
	.summary = "Give a VM a swap file, or tell where its memory is",
	.usage = "[-o FORMAT] [--fields KEY,...] [--no-header] VM | [--offset SIZE] [--size SIZE] [--keep SIZE] VM FILE | --off VM",
	.help =
"The file, or a block device, gets what is reclaimed and does not compress, or is more than\n"
"is kept; it has to be there, and as long as it may get.  It serves the VM and all that\n"
"share memory with it by fork, until the last of them ends.\n",
	.options = options,
	.operands = operands,
	.fields = mem_figures_fields,
	.run = run,
};
