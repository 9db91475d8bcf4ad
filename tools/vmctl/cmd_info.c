// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>

#include "args.h"
#include "cmds.h"
#include "lib/vmm.h"

/** struct offer - what there is to tell; @features: words */
struct offer {
	char version[32], backend[16];
	char features[512];
	uint64_t abi, max_vcpus, max_slots, max_mem, phys_bits, tsc_khz, xcr0;
};

#define OFFER(key, kind) ROWS_FIELD(#key, #key, kind, struct offer, key)

static const struct rows_field fields[] = {
	OFFER(version,		TEXT),
	OFFER(abi,		NUMBER),
	OFFER(backend,		TEXT),
	OFFER(features,		WORDS),
	OFFER(max_vcpus,	NUMBER),
	OFFER(max_slots,	NUMBER),
	OFFER(max_mem,		SIZE),
	OFFER(phys_bits,	NUMBER),
	OFFER(tsc_khz,		NUMBER),
	OFFER(xcr0,		HEX),
	{}
};

static void name_features(char *words, size_t size, uint64_t features)
{
	unsigned int bit;
	const char *name;
	size_t at = 0;

	words[0] = 0;
	for (bit = 0; bit < 64 && at < size; bit++) {
		if (!(features >> bit & 1))
			continue;
		name = vmm_feature_name(bit);
		if (name)
			at += (size_t)snprintf(words + at, size - at, "%s%s",
					       at ? " " : "", name);
		else
			at += (size_t)snprintf(words + at, size - at,
					       "%sbit%u", at ? " " : "", bit);
	}
}

static void print(const struct vmm_info *info, const struct rows_view *view)
{
	struct offer o = {
		.abi = info->abi, .max_vcpus = info->max_vcpus,
		.max_slots = info->max_slots, .max_mem = info->max_mem,
		.phys_bits = info->phys_bits, .tsc_khz = info->tsc_khz,
		.xcr0 = info->xcr0,
	};
	const struct rows rows = { NULL, fields, &o, sizeof(o), 1 };

	snprintf(o.version, sizeof(o.version), "%.31s", info->version);
	snprintf(o.backend, sizeof(o.backend), "%.15s", info->backend);
	name_features(o.features, sizeof(o.features), info->features);
	rows_print_one(&rows, view);
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct rows_view view = {};
	struct args a;
	struct err err;
	struct vmm vmm;
	int id;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		if (args_view(&a, id, &view, &err) < 0)
			return command_fail(cmd, &err);
	}
	if (!args_operands(&a, 0, 0))
		return VMCTL_USAGE;
	if (rows_check(fields, &view, &err) || vmm_open_any(&vmm, &err))
		return command_fail(cmd, &err);
	print(&vmm.info, &view);
	vmm_close(&vmm);
	return VMCTL_OK;
}

static const struct cmd_option options[] = {
	ARGS_ONE_OPTIONS(ARGS_NAMELESS),
	{}
};

const struct command cmd_info = {
	.name = "info",
	.summary = "Print what the module on this host offers",
	.usage = "[-o FORMAT] [--fields KEY,...] [--no-header]",
	.options = options,
	.fields = fields,
	.run = run,
};
