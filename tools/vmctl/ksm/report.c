// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ksm/fields.h"
#include "ksm/html.h"
#include "ksm/report.h"
#include "lib/container.h"
#include "lib/size.h"

#define POINTS	2000	/* of a chart, at most */

static int no_memory(struct err *err)
{
	return err_set(err, VMCTL_FAILED, "out of memory");
}

static void section(FILE *out, const char *title, const char *text)
{
	fputs("<section>\n<h2>", out);
	html_text(out, title);
	fputs("</h2>\n<p>", out);
	html_text(out, text);
	fputs("</p>\n", out);
}

static void end_section(FILE *out)
{
	fputs("</section>\n", out);
}

/* ---- at a glance ------------------------------------------------------------------------ */

static void tile(FILE *out, const char *what, const char *value, const char *more)
{
	fprintf(out, "<div class=\"tile\"><dt>%s</dt><dd>%s<small>%s</small></dd></div>\n",
		what, value, more);
}

/* Pages as a size and, smaller, as what they are. */
static void pages_tile(FILE *out, const char *what, uint64_t pages, const char *fmt,
		       uint64_t other)
{
	char value[HTML_NUMBER], more[128];
	int len;

	html_number(value, (double)pages * DUMP_PAGE_SIZE, true);
	len = snprintf(more, sizeof(more), "%" PRIu64 " pages", pages);
	if (fmt)
		snprintf(more + len, sizeof(more) - (size_t)len, fmt, other);
	tile(out, what, value, more);
}

static void glance(FILE *out, const struct report *r)
{
	const struct ksm_totals *t = ksm_last(r->analysis);
	char time[DUMP_TIME_TEXT], text[64];

	fprintf(out, "<p class=\"soft\">%zu dumps of %" PRIu64
		" VMs, the last of %s UTC. Pages are of 4 KiB.</p>\n", r->set->count,
		t->vms, dump_time_text(time, t->time_ns));
	fputs("<dl class=\"tiles\">\n", out);
	pages_tile(out, "Memory that is there", t->present, ", %" PRIu64 " of zeroes",
		   t->zero);
	pages_tile(out, "Frames that it takes", t->frames, NULL, 0);
	pages_tile(out, "Saved", t->saved, ", %" PRIu64 " by merging",
		   t->saved_merged);
	pages_tile(out, "Could be saved", t->possible, ", %" PRIu64 " of zeroes",
		   t->possible_zero);
	if (t->share != DUMP_NONE) {
		snprintf(text, sizeof(text), "%u.%u %%",
			 (unsigned int)(t->share / 10),
			 (unsigned int)(t->share % 10));
		tile(out, "Saved of what could be", text, "the oracle is 100 %");
	}
	fputs("</dl>\n", out);
}

/* ---- over time --------------------------------------------------------------------------- */

enum { SAVED, POSSIBLE, MERGED, NR_LINES };

static int savings(FILE *out, const struct ksm_analysis *a, struct err *err)
{
	uint64_t *time = calloc(a->rounds, sizeof(*time));
	double *value = calloc(a->rounds * NR_LINES, sizeof(*value));
	struct chart c = {
		.title = "Savings by the dumps", .time_ns = time,
		.what = "Lines over time: what is saved, what could be, and what is saved by merging",
		.count = a->rounds, .lines = NR_LINES, .bytes = true,
		.name = { "saved", "could be saved", "saved by merging" },
	};
	unsigned int l;
	size_t i;

	if (!time || !value) {
		free(time);
		free(value);
		return no_memory(err);
	}
	for (l = 0; l < NR_LINES; l++)
		c.value[l] = value + l * a->rounds;
	for (i = 0; i < a->rounds; i++) {
		time[i] = a->round[i].time_ns;
		value[POSSIBLE * a->rounds + i] =
			(double)a->round[i].possible * DUMP_PAGE_SIZE;
		value[SAVED * a->rounds + i] =
			(double)a->round[i].saved * DUMP_PAGE_SIZE;
		value[MERGED * a->rounds + i] =
			(double)a->round[i].saved_merged * DUMP_PAGE_SIZE;
	}
	html_chart(out, &c);
	free(time);
	free(value);
	return 0;
}

/* A column of samples, of whose lines every so-manieth is drawn. */
static int sampled(FILE *out, const struct samples *s, unsigned int column,
		   struct err *err)
{
	size_t step = s->count / POINTS + 1, n = (s->count + step - 1) / step, i;
	uint64_t *time = calloc(n, sizeof(*time));
	double *value = calloc(n, sizeof(*value));
	const char *name = s->name[column];
	size_t len = strlen(name);
	const struct chart c = {
		.title = name, .what = name, .time_ns = time, .count = n,
		.lines = 1, .name = { name }, .value = { value },
		.bytes = len > 6 && !strcmp(name + len - 6, "_bytes"),
	};

	if (!time || !value) {
		free(time);
		free(value);
		return no_memory(err);
	}
	for (i = 0; i < n; i++) {
		time[i] = s->time_ns[i * step];
		value[i] = s->value[column][i * step];
	}
	html_chart(out, &c);
	free(time);
	free(value);
	return 0;
}

static int over_time(FILE *out, const struct report *r, struct err *err)
{
	const struct rows rounds = ksm_part(r->analysis, KSM_PART_ROUNDS);
	unsigned int i;
	int ret;

	section(out, "Over time", "A point is a round of dumps: each VM once.");
	ret = savings(out, r->analysis, err);
	fputs("<details><summary>As numbers</summary>\n", out);
	html_table(out, "Totals of each round, in pages", &rounds, true);
	fputs("</details>\n", out);
	if (r->samples && r->samples->count)
		for (i = 0; i < r->samples->columns && !ret; i++)
			ret = sampled(out, r->samples, i, err);
	end_section(out);
	return ret;
}

/* ---- the matrix ------------------------------------------------------------------------------ */

static unsigned int heat(uint64_t value, uint64_t most)
{
	return value ? 1 + (unsigned int)(((__uint128_t)value * 5 - 1) / most) : 0;
}

static void heat_row(FILE *out, const struct ksm_analysis *a, size_t y,
		     uint64_t most)
{
	uint64_t value;
	unsigned int h;
	size_t x;

	fputs("<tr><th scope=\"row\">", out);
	html_text(out, a->vm[y].name);
	fputs("</th>", out);
	for (x = 0; x < a->vms; x++) {
		value = a->matrix[y * a->vms + x];
		h = heat(value, most);
		fprintf(out, "<td class=\"h%u%s\">%" PRIu64 "</td>",
			h > 5 ? 5 : h, x == y ? " own" : "", value);
	}
	fputs("</tr>\n", out);
}

static void matrix(FILE *out, const struct ksm_analysis *a)
{
	uint64_t most = 0;
	size_t i;

	for (i = 0; i < a->vms * a->vms; i++)
		most = a->matrix[i] > most ? a->matrix[i] : most;
	section(out, "What VMs have in common",
		"Contents that both VMs have, in pages, zeroes aside; the deeper the colour the more. "
		"In the dashed cells, what a VM has in common with itself: pages that are equal to an earlier one. "
		"Two VMs alone could save the sum of their two dashed cells and the cell of both.");
	fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Matrix of VMs\">\n"
	      "<table class=\"heat\">\n<caption>Pages that could be shared</caption>\n"
	      "<thead><tr><td></td>", out);
	for (i = 0; i < a->vms; i++) {
		fputs("<th scope=\"col\" class=\"n\">", out);
		html_text(out, a->vm[i].name);
		fputs("</th>", out);
	}
	fputs("</tr></thead>\n<tbody>\n", out);
	for (i = 0; i < a->vms; i++)
		heat_row(out, a, i, most);
	fputs("</tbody>\n</table>\n</div>\n", out);
	end_section(out);
}

/* ---- histograms ---------------------------------------------------------------------------------- */

static void fill_bar(struct bar *b, const struct ksm_degree *d)
{
	if (d->least == d->most)
		snprintf(b->label, sizeof(b->label), "%" PRIu64, d->least);
	else
		snprintf(b->label, sizeof(b->label), "%" PRIu64 "\xe2\x80\x93%" PRIu64,
			 d->least, d->most);
	snprintf(b->what, sizeof(b->what), "%" PRIu64 " pages with %" PRIu64
		 " contents", d->pages, d->contents);
	b->value = (double)d->pages;
}

static void degrees(FILE *out, const struct ksm_analysis *a)
{
	const struct rows rows = ksm_part(a, KSM_PART_DEGREES);
	struct bar bar[KSM_DEGREES];
	size_t i;

	section(out, "How often contents repeat",
		"Pages, zeroes aside, by how many pages have the same content.");
	for (i = 0; i < a->degrees; i++)
		fill_bar(&bar[i], &a->degree[i]);
	html_bars(out, "Pages by the number of pages that are equal",
		  "Bars: pages by the number of pages with the same content; the table below has the numbers",
		  bar, a->degrees);
	html_table(out, "Contents, by the pages that have them", &rows, true);
	end_section(out);
}

static void rules(FILE *out, const struct ksm_analysis *a)
{
	const struct rows rows = ksm_part(a, KSM_PART_WHATIFS);
	struct bar bar[KSM_WHATIFS];
	size_t i;

	section(out, "Under other rules",
		"What each rule would save, if nothing else were shared. The oracle has one frame for each content and none for zeroes.");
	for (i = 0; i < a->whatifs; i++) {
		snprintf(bar[i].label, sizeof(bar[i].label), "%s", a->whatif[i].name);
		snprintf(bar[i].what, sizeof(bar[i].what), "%s", a->whatif[i].what);
		bar[i].value = (double)a->whatif[i].saved;
	}
	html_bars(out, "Pages saved", "Bars: pages saved by each rule; the table below has the numbers",
		  bar, a->whatifs);
	html_table(out, "Rules, in pages; permille of the oracle's savings", &rows, true);
	end_section(out);
}

/* ---- tables ------------------------------------------------------------------------------------------ */

static void tables(FILE *out, const struct ksm_analysis *a)
{
	const struct rows vms = ksm_part(a, KSM_PART_VMS);
	const struct rows top = ksm_part(a, KSM_PART_TOP);
	const struct rows changes = ksm_part(a, KSM_PART_CHANGES);

	section(out, "VMs",
		"Unique pages are like no other; self: equal to an earlier page of the VM; other: another VM has their content, too.");
	html_table(out, "VMs, in pages", &vms, false);
	end_section(out);
	if (top.count) {
		section(out, "The most frequent contents", "By pages, zeroes aside, and where one of them is.");
		html_table(out, "Contents", &top, false);
		end_section(out);
	}
	if (changes.count) {
		section(out, "What changed", "Pages of a VM from one of its dumps to the next.");
		html_table(out, "Changes, in pages", &changes, true);
		end_section(out);
	}
}

/* ---- manifest --------------------------------------------------------------------------------------------- */

/** struct shown - a dump, as a record of fields */
struct shown {
	char name[DUMP_LONG], host[DUMP_LONG], kernel[DUMP_LONG];
	char mode[DUMP_SHORT], policy[DUMP_SHORT], hash[DUMP_SHORT],
	     module[DUMP_SHORT], time[DUMP_TIME_TEXT];
	uint64_t vm, seed, time_ns, pages, number[DUMP_KNOWN_NUMBERS];
};

#define SHOWN(key, kind, member) ROWS_FIELD(key, NULL, kind, struct shown, member)

static const struct rows_field shown_fields[] = {
	SHOWN("vm",		TEXT,	name),
	SHOWN("id",		NUMBER,	vm),
	SHOWN("host",		TEXT,	host),
	SHOWN("kernel",		TEXT,	kernel),
	SHOWN("module",		TEXT,	module),
	SHOWN("time",		TEXT,	time),
	SHOWN("time_ns",	NUMBER,	time_ns),
	SHOWN("pages",		NUMBER,	pages),
	SHOWN("mode",		TEXT,	mode),
	SHOWN("policy",		TEXT,	policy),
	SHOWN("hash",		TEXT,	hash),
	SHOWN("seed",		NUMBER,	seed),
#define X(sym, name) SHOWN(name, NUMBER, number[DUMP_##sym]),
	DUMP_NUMBER_LIST(X)
#undef X
	{}
};

static int manifest(FILE *out, const struct set *s, struct err *err)
{
	struct shown *shown = calloc(s->count, sizeof(*shown)), *to = shown;
	const struct rows rows = { "dumps", shown_fields, shown, sizeof(*shown),
				   s->count };
	const struct dump *d;
	size_t i;

	if (!shown)
		return no_memory(err);
	for (i = 0; i < s->count; i++, to++) {
		d = s->dump[i];
		memcpy(to->name, d->name, sizeof(to->name));
		memcpy(to->host, d->host, sizeof(to->host));
		memcpy(to->kernel, d->kernel, sizeof(to->kernel));
		memcpy(to->mode, d->mode, sizeof(to->mode));
		memcpy(to->policy, d->policy, sizeof(to->policy));
		memcpy(to->hash, d->hash, sizeof(to->hash));
		memcpy(to->module, d->module, sizeof(to->module));
		dump_time_text(to->time, d->time_ns);
		to->vm = d->vm;
		to->seed = d->seed;
		to->time_ns = d->time_ns;
		to->pages = d->pages;
		memcpy(to->number, d->number, sizeof(to->number));
	}
	section(out, "Manifest",
		"The dumps, their hosts, and knobs and counters of deduplication when they were taken.");
	html_table(out, "Dumps, the earliest first", &rows, true);
	end_section(out);
	free(shown);
	return 0;
}

int report_write(const struct report *r, FILE *out, struct err *err)
{
	html_begin(out, r->title);
	glance(out, r);
	if (over_time(out, r, err))
		return -1;
	rules(out, r->analysis);
	matrix(out, r->analysis);
	degrees(out, r->analysis);
	tables(out, r->analysis);
	if (manifest(out, r->set, err))
		return -1;
	html_end(out);
	return 0;
}
