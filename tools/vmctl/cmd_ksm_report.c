// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>

#include "args.h"
#include "cmds.h"
#include "ksm/report.h"
#include "ksm/save.h"

#define OPT_SAMPLES	(OPT_FIRST + 0)
#define OPT_TITLE	(OPT_FIRST + 1)

/** struct page - what was written; it is all there before a file is */
struct page {
	char *text;
	size_t len;
};

static int write_page(int fd, void *arg, struct err *err)
{
	const struct page *page = arg;

	return save_bytes(fd, page->text, page->len, err);
}

static int fill_page(struct page *page, const struct report *r, struct err *err)
{
	FILE *out = open_memstream(&page->text, &page->len);
	int ret;

	if (!out)
		return err_set(err, VMCTL_FAILED, "out of memory");
	ret = report_write(r, out, err);
	if (!ret && ferror(out))
		ret = err_set(err, VMCTL_FAILED, "out of memory");
	if (fclose(out) && !ret)
		ret = err_set(err, VMCTL_FAILED, "out of memory");
	return ret;
}

static int report(const char *path, const char *title, const char *samples,
		  char *const *files, struct err *err)
{
	struct ksm_analysis a = {};
	struct samples sampled = {};
	struct set s = {};
	struct page page = {};
	const struct report r = {
		.title = title, .set = &s, .analysis = &a,
		.samples = samples ? &sampled : NULL,
	};
	int ret;

	ret = (samples ? samples_open(&sampled, samples, err) : 0) ?:
	      set_load(&s, files, err) ?: set_order(&s, err) ?:
	      ksm_analyze(&a, &s, err) ?: fill_page(&page, &r, err) ?:
	      save_file(path, 0666, write_page, &page, err);
	free(page.text);
	samples_free(&sampled);
	ksm_analysis_free(&a);
	set_free(&s);
	return ret;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	const char *path = NULL, *title = "Deduplication of VMs", *samples = NULL;
	char **files;
	struct args a;
	struct err err;
	int id;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		*(id == 'o' ? &path : id == OPT_TITLE ? &title : &samples) = a.value;
	}
	files = args_operands(&a, 1, argc);
	if (!files)
		return VMCTL_USAGE;
	return report(path, title, samples, files, &err) ?
	       command_fail(cmd, &err) : VMCTL_OK;
}

static const struct cmd_option options[] = {
	{ 'o', "output", "FILE", "write it there, not on standard output" },
	{ OPT_SAMPLES, "samples", "FILE",
	  "counters over time, as comma-separated values with names in\n"
	  "the first line, one of them time_ns" },
	{ OPT_TITLE, "title", "TEXT", "the page's" },
	{}
};

static const char *const operands[] = { "FILE...", NULL };

const struct command cmd_ksm_report = {
	.name = "report",
	.summary = "Make a page of HTML of dumps: savings, matrix, histograms",
	.usage = "[-o FILE] [--samples FILE] [--title TEXT] FILE...",
	.help =
"Files are of vmctl ksm hashes, as for vmctl ksm analyze.  The page needs no network and\n"
"nothing beside it.\n",
	.options = options,
	.operands = operands,
	.super = &cmd_ksm,
	.run = run,
};
