// SPDX-License-Identifier: GPL-2.0
#include <getopt.h>
#include <stdio.h>

#include "cmd.h"
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

static int run(int argc, char **argv)
{
	enum out_format format = OUT_TABLE;
	struct err err;
	struct vmm vmm;
	int c;

	opterr = 0;
	while ((c = getopt(argc, argv, ":o:")) != -1) {
		if (c == ':')
			return command_usage(&cmd_info, "-%c needs a value",
					     optopt);
		if (c == '?')
			return command_usage(&cmd_info, "%s: unknown option",
					     argv[optind - 1]);
		if (out_format_parse(optarg, &format, &err))
			return command_fail(&cmd_info, &err);
	}
	if (optind < argc)
		return command_usage(&cmd_info, "%s: takes no argument",
				     argv[optind]);
	if (vmm_open_any(&vmm, &err))
		return command_fail(&cmd_info, &err);
	print(format, &vmm.info);
	vmm_close(&vmm);
	return VMCTL_OK;
}

const struct command cmd_info = {
	.name = "info",
	.summary = "Print what the module on this host offers",
	.usage = "[-o table|json]",
	.run = run,
};
