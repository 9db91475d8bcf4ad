// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cmds.h"
#include "lib/container.h"
#include "lib/ksm.h"

/* ---- status --------------------------------------------------------------------- */

/** struct status - files of sysfs, of the same names */
struct status {
	char mode[16], policy[16], hash[16], security[16];
	uint64_t run, pages_to_scan, sleep_millisecs, budget_cpu_pct,
		 max_page_sharing;
	uint64_t full_scans, pages_total, frames_total, pages_shared,
		 pages_sharing, ksm_zero_pages, merges, observed_shared,
		 observed_sharing, observed_zero, pages_unique, pages_volatile,
		 pages_unscanned, pages_unshareable, pages_scanned,
		 pages_skipped_clean, pages_hashed, pages_changed, scan_ns,
		 metadata_bytes, breaks, breaks_unmerge, breaks_early,
		 merge_ns, break_ns;
};

#define STATUS(key, kind) ROWS_FIELD(#key, #key, kind, struct status, key)

static const struct rows_field fields[] = {
	STATUS(mode,			TEXT),
	STATUS(policy,			TEXT),
	STATUS(hash,			TEXT),
	STATUS(run,			NUMBER),
	STATUS(pages_to_scan,		NUMBER),
	STATUS(sleep_millisecs,		NUMBER),
	STATUS(budget_cpu_pct,		NUMBER),
	STATUS(security,		TEXT),
	STATUS(max_page_sharing,	NUMBER),
	STATUS(full_scans,		NUMBER),
	STATUS(pages_total,		NUMBER),
	STATUS(frames_total,		NUMBER),
	STATUS(pages_shared,		NUMBER),
	STATUS(pages_sharing,		NUMBER),
	STATUS(ksm_zero_pages,		NUMBER),
	STATUS(merges,			NUMBER),
	STATUS(observed_shared,		NUMBER),
	STATUS(observed_sharing,	NUMBER),
	STATUS(observed_zero,		NUMBER),
	STATUS(pages_unique,		NUMBER),
	STATUS(pages_volatile,		NUMBER),
	STATUS(pages_unscanned,		NUMBER),
	STATUS(pages_unshareable,	NUMBER),
	STATUS(pages_scanned,		NUMBER),
	STATUS(pages_skipped_clean,	NUMBER),
	STATUS(pages_hashed,		NUMBER),
	STATUS(pages_changed,		NUMBER),
	STATUS(breaks,			NUMBER),
	STATUS(breaks_unmerge,		NUMBER),
	STATUS(breaks_early,		NUMBER),
	STATUS(scan_ns,			TIME),
	STATUS(merge_ns,		TIME),
	STATUS(break_ns,		TIME),
	STATUS(metadata_bytes,		SIZE),
	{}
};

static int read_status(struct status *s, struct err *err)
{
	const struct rows_field *f;
	int ret = 0;

	for (f = fields; f->key && !ret; f++) {
		if (f->kind == ROWS_TEXT)
			ret = ksm_read(f->key, (char *)s + f->offset,
				       sizeof(s->mode), err);
		else
			ret = ksm_number(f->key,
					 (uint64_t *)((char *)s + f->offset),
					 err);
	}
	return ret;
}

static int run_status(const struct command *cmd, int argc, char **argv)
{
	struct rows_view view = {};
	struct status s = {};
	const struct rows rows = { NULL, fields, &s, sizeof(s), 1 };
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
	if (!args_operands(&a, 0, 0))
		return VMCTL_USAGE;
	if (rows_check(fields, &view, &err) || read_status(&s, &err))
		return command_fail(cmd, &err);
	rows_print_one(&rows, &view);
	return VMCTL_OK;
}

static const struct cmd_option status_options[] = {
	ARGS_ONE_OPTIONS(ARGS_NAMELESS),
	{}
};

const struct command cmd_ksm_status = {
	.name = "status",
	.summary = "Print the knobs of deduplication and what it has found",
	.usage = "[-o FORMAT] [--fields KEY,...] [--no-header]",
	.help = "Fields are files of /sys/kernel/vmm/ksm.\n",
	.options = status_options,
	.fields = fields,
	.super = &cmd_ksm,
	.run = run_status,
};

/* ---- set ------------------------------------------------------------------------ */

static const char *const keys[] = {
	"mode", "run", "policy", "hash", "seed", "pages_to_scan",
	"sleep_millisecs", "budget_cpu_pct", "security", "max_page_sharing",
};

/* The key of KEY=VALUE; NULL: there is none. */
static const char *key_of(const char *word)
{
	size_t len = strcspn(word, "="), i;

	for (i = 0; i < ARRAY_SIZE(keys) && word[len]; i++) {
		if (strlen(keys[i]) == len && !strncmp(keys[i], word, len))
			return keys[i];
	}
	return NULL;
}

static int set(const struct command *cmd, const char *word)
{
	const char *key = key_of(word), *value = strchr(word, '=') + 1;
	struct err err;

	if (!ksm_write(key, value, &err))
		return VMCTL_OK;
	err_wrap(&err, "%.64s", word);
	return command_fail(cmd, &err);
}

static int run_set(const struct command *cmd, int argc, char **argv)
{
	int i, code = VMCTL_OK;
	struct args a;
	char **words;

	args_init(&a, cmd, argc, argv);
	if (args_next(&a) != ARGS_END)
		return VMCTL_USAGE;
	words = args_operands(&a, 0, argc);
	if (!words)
		return VMCTL_USAGE;
	if (!words[0])
		return command_usage(cmd, "nothing to set");
	for (i = 0; words[i]; i++) {
		if (!key_of(words[i]))
			return command_usage(cmd, "%.64s: not KEY=VALUE of a known key",
					     words[i]);
		if (!strchr(words[i], '=')[1])
			return command_usage(cmd, "%.64s: no value", words[i]);
	}
	for (i = 0; words[i] && !code; i++)
		code = set(cmd, words[i]);
	return code;
}

static const char *const set_operands[] = {
	"mode=|run=|policy=|hash=|seed=|pages_to_scan=|sleep_millisecs=|budget_cpu_pct=|"
	"security=|max_page_sharing=...",
	NULL
};

const struct command cmd_ksm_set = {
	.name = "set",
	.summary = "Change knobs of deduplication, one after the other",
	.usage = "KEY=VALUE...",
	.help = "  mode=off|observe|merge  whether pages are looked at, and merged\n"
		"  run=0|1|2             stop the scanner; run it; stop and forget\n"
		"  policy=NAME           linear, random, ksm or dirty-clock; forgets\n"
		"  hash=aes|mul          how pages are hashed; forgets\n"
		"  seed=N                of hashes and orders; forgets\n"
		"  pages_to_scan=N       before the scanner sleeps\n"
		"  sleep_millisecs=N     for how long it does, at least\n"
		"  budget_cpu_pct=N      of one CPU, 1 to 100\n"
		"  security=domain|shared|uniform\n"
		"                        which pages may become one: those of a domain; all;\n"
		"                        those of a domain, and nobody can tell by the time\n"
		"                        that an access takes; takes all apart, and forgets\n"
		"  max_page_sharing=N    pages that may have one frame\n",
	.operands = set_operands,
	.super = &cmd_ksm,
	.run = run_set,
};

/* ---- scan ------------------------------------------------------------------------ */

static int run_scan(const struct command *cmd, int argc, char **argv)
{
	char pages[32], **words;
	uint64_t all;
	struct args a;
	struct err err;

	args_init(&a, cmd, argc, argv);
	if (args_next(&a) != ARGS_END)
		return VMCTL_USAGE;
	words = args_operands(&a, 0, 1);
	if (!words)
		return VMCTL_USAGE;
	if (words[0] && (strspn(words[0], "0123456789") != strlen(words[0]) ||
			 !words[0][0]))
		return command_usage(cmd, "%.64s: not a number of pages", words[0]);
	if (!words[0]) {
		if (ksm_number("pages_total", &all, &err))
			return command_fail(cmd, &err);
		snprintf(pages, sizeof(pages), "%" PRIu64, all);
	}
	if (ksm_write("step", words[0] ? words[0] : pages, &err))
		return command_fail(cmd, &err);
	return VMCTL_OK;
}

static const char *const scan_operands[] = { "PAGES", NULL };

const struct command cmd_ksm_scan = {
	.name = "scan",
	.summary = "Look at so many pages, or as many as there are, and wait for it",
	.usage = "[PAGES]",
	.operands = scan_operands,
	.super = &cmd_ksm,
	.run = run_scan,
};

/* ---- all ------------------------------------------------------------------------- */

static const struct command *const subs[] = {
	&cmd_ksm_analyze,
	&cmd_ksm_hashes,
	&cmd_ksm_map,
	&cmd_ksm_pairs,
	&cmd_ksm_report,
	&cmd_ksm_scan,
	&cmd_ksm_set,
	&cmd_ksm_status,
	NULL,
};

const struct command cmd_ksm = {
	.name = "ksm",
	.summary = "Deduplication: what guests have in common",
	.usage = "COMMAND [ARGUMENT...]",
	.help =
"A unique prefix will do here, too.  See also: vmctl help ksm COMMAND.\n",
	.subs = subs,
	.run = command_run_sub,
};
