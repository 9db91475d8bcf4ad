// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "args.h"
#include "cmds.h"
#include "lib/out.h"
#include "lib/vmm.h"

static void print_features(enum out_format f, uint64_t features)
{
	unsigned int bit;
	bool first = true;
	const char *name;
	char number[16];

	out_list_begin(f, "features");
	for (bit = 0; bit < 64; bit++) {
		if (!(features >> bit & 1))
			continue;
		name = vmm_feature_name(bit);
		if (!name) {
			snprintf(number, sizeof(number), "bit%u", bit);
			name = number;
		}
		out_list_item(f, name, first);
		first = false;
	}
	out_list_end(f);
}

static void print(enum out_format f, const struct vmm_info *info)
{
	char text[40];

	out_begin(f);
	snprintf(text, sizeof(text), "%.31s", info->version);
	out_text(f, "version", text);
	out_number(f, "abi", info->abi);
	snprintf(text, sizeof(text), "%.15s", info->backend);
	out_text(f, "backend", text);
	print_features(f, info->features);
	out_number(f, "max_vcpus", info->max_vcpus);
	out_number(f, "max_slots", info->max_slots);
	out_size(f, "max_mem", info->max_mem);
	out_number(f, "phys_bits", info->phys_bits);
	out_number(f, "tsc_khz", info->tsc_khz);
	out_hex(f, "xcr0", info->xcr0);
	out_end(f);
}

static int run(const struct command *cmd, int argc, char **argv)
{
	enum out_format format = OUT_TABLE;
	struct args a;
	struct err err;
	struct vmm vmm;
	int id;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		if (out_format_parse(a.value, &format, &err))
			return command_fail(cmd, &err);
	}
	if (!args_operands(&a, 0, 0))
		return VMCTL_USAGE;
	if (vmm_open_any(&vmm, &err))
		return command_fail(cmd, &err);
	print(format, &vmm.info);
	vmm_close(&vmm);
	return VMCTL_OK;
}

static const struct cmd_option options[] = {
	{ 'o', "output", "table|json", "for people, or for programs" },
	{}
};

const struct command cmd_info = {
	.name = "info",
	.summary = "Print what the module on this host offers",
	.usage = "[-o table|json]",
	.options = options,
	.run = run,
};
