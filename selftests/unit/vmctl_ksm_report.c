// SPDX-License-Identifier: GPL-2.0
/*
 * The report on dumps: a page whose elements are closed in their order, which asks for nothing from
 * elsewhere, and in which no name and no value is markup; and the samples that it draws.
 */
#include <ctype.h>
#include <math.h>

#include "rnd.h"
#include "tap.h"
#include "vmctl_ksm_dumps.h"
#include "ksm/html.h"
#include "ksm/report.h"

static struct err err;

/* ---- a reader of pages ------------------------------------------------------------------- */

#define DEPTH	64

/** struct reader - @why: what is wrong; NULL: nothing so far */
struct reader {
	char open[DEPTH][16];
	unsigned int depth, tags;
	const char *why;
};

static bool is_void(const char *tag)
{
	return !strcmp(tag, "meta") || !strcmp(tag, "!doctype");
}

static const char *read_word(const char *p, char word[16])
{
	unsigned int n = 0;

	while (*p && !isspace((unsigned char)*p) && *p != '>' && *p != '/' && *p != '=') {
		if (n < 15)
			word[n++] = (char)tolower((unsigned char)*p);
		p++;
	}
	word[n] = 0;
	return p;
}

/* Names, each with a value in quotes; behind the tag's end. @own: closed by itself */
static const char *read_attributes(struct reader *r, const char *p, bool *own)
{
	char word[16];

	*own = false;
	for (;;) {
		while (isspace((unsigned char)*p))
			p++;
		if (*p == '/' && p[1] == '>') {
			*own = true;
			return p + 2;
		}
		if (*p == '>')
			return p + 1;
		p = read_word(p, word);
		if (!*word || !*p) {
			r->why = "no attribute";
			return p;
		}
		if (!strcmp(word, "href") || !strcmp(word, "src") ||
		    !strncmp(word, "on", 2))
			r->why = "an attribute that leads elsewhere";
		if (*p != '=')
			continue;
		if (p[1] != '"' || !strchr(p + 2, '"')) {
			r->why = "a value without quotes";
			return p;
		}
		p = strchr(p + 2, '"') + 1;
	}
}

static const char *read_tag(struct reader *r, const char *p)
{
	bool close = *p == '/', own;
	char tag[16];

	p = read_word(p + close, tag);
	p = read_attributes(r, p, &own);
	r->tags++;
	if (!strcmp(tag, "script") || !strcmp(tag, "link") || !strcmp(tag, "img") ||
	    !strcmp(tag, "b"))
		r->why = "an element that is none of ours";
	if (close) {
		if (!r->depth || strcmp(r->open[r->depth - 1], tag))
			r->why = "an end of what is not open";
		else
			r->depth--;
	} else if (!own && !is_void(tag)) {
		if (r->depth == DEPTH)
			r->why = "too deep";
		else
			strcpy(r->open[r->depth++], tag);
	}
	return p;
}

/* An entity that is known. */
static const char *read_entity(struct reader *r, const char *p)
{
	static const char *const known[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&#39;" };
	unsigned int i;

	for (i = 0; i < 5; i++)
		if (!strncmp(p, known[i], strlen(known[i])))
			return p + strlen(known[i]);
	r->why = "an entity that is none";
	return p + 1;
}

static const char *read_page(const char *p)
{
	struct reader r = {};
	const char *style;

	if (strncmp(p, "<!DOCTYPE html>", 15))
		return "no page of HTML";
	while (*p && !r.why) {
		if (r.depth && !strcmp(r.open[r.depth - 1], "style")) {
			style = strstr(p, "</style>");
			if (!style)
				return "no end of the style";
			p = style;
		}
		if (*p == '<')
			p = read_tag(&r, p + 1);
		else if (*p == '&')
			p = read_entity(&r, p);
		else if (*p == '>')
			r.why = "an end of no tag";
		else
			p++;
	}
	return r.why ? r.why : r.depth ? "not closed" : r.tags < 50 ? "hardly anything" : NULL;
}

/* ---- pages ------------------------------------------------------------------------------- */

static char *page_of(const struct set *s, const struct samples *samples,
		     const char *title)
{
	struct ksm_analysis a;
	struct report r = { title, s, &a, samples };
	size_t len;
	char *text;
	FILE *out = open_memstream(&text, &len);

	if (!out || ksm_analyze(&a, s, &err) || report_write(&r, out, &err) ||
	    fclose(out))
		abort();
	ksm_analysis_free(&a);
	if (strlen(text) != len)
		abort();
	return text;
}

static void fill(struct dump *d)
{
	unsigned int i;

	for (i = 0; i < 700; i++)
		add_page(d, 1, VMM_KSM_PAGE_PRESENT | (i % 9 ? 0 : VMM_KSM_PAGE_ZERO),
			 i % 9 ? 1 + rnd() % 90 : 0, rnd() >> 1);
}

static void make_set(struct set *s, unsigned int rounds, unsigned int vms)
{
	unsigned int r, v;
	struct dump *d;
	char name[16];

	memset(s, 0, sizeof(*s));
	for (r = 0; r < rounds; r++) {
		for (v = 0; v < vms; v++) {
			snprintf(name, sizeof(name), "vm%u", v);
			d = dump_of(name, v + 1, 60 * r + v);
			fill(d);
			set_add(s, d, &err);
		}
	}
	if (set_order(s, &err))
		abort();
}

static void test_page(unsigned int rounds, unsigned int vms)
{
	const char *why;
	struct set s;
	char *page;

	make_set(&s, rounds, vms);
	page = page_of(&s, NULL, "A title");
	why = read_page(page);
	tap_ok(!why, "%u rounds of %u VMs: a page%s%s", rounds, vms, why ? ": " : "",
	       why ? why : "");
	tap_ok(strstr(page, "<title>A title</title>") && strstr(page, "vm0") &&
	       strstr(page, "prefers-color-scheme:dark") &&
	       strstr(page, "default-src 'none'") && !strstr(page, "http://") &&
	       !strstr(page, "https://"), "with what it must have");
	free(page);
	set_free(&s);
}

static void test_escape(void)
{
	static const char wild[] = "</title><script>x(\"'&</script>\x01\x1b[2J\xff\xc2\x9b";
	struct samples samples = {};
	const char *why;
	struct set s;
	char *page;

	make_set(&s, 2, 2);
	/* As a file could not have them, but for the title. */
	strcpy(s.dump[3]->name, "<b>vm1</b>");
	strcpy(s.dump[1]->name, "<b>vm1</b>");
	strcpy(s.dump[3]->host, "a\" onload=\"x");
	strcpy(s.dump[2]->kernel, wild);
	samples.columns = 1;
	strcpy(samples.name[0], "<img src=x>");
	samples.count = 2;
	samples.time_ns = calloc(2, 8);
	samples.value[0] = calloc(2, 8);
	page = page_of(&s, &samples, wild);
	why = read_page(page);
	tap_ok(!why, "names of markup%s%s", why ? ": " : "", why ? why : "");
	tap_ok(!strpbrk(page, "\x01\x1b\xff") && !strstr(page, "<script") &&
	       !strstr(page, "<img") && strstr(page, "&lt;b&gt;vm1"),
	       "are text, and what is no text is none");
	free(page);
	samples_free(&samples);
	set_free(&s);
}

static void test_numbers(void)
{
	char a[HTML_NUMBER], b[HTML_NUMBER], c[HTML_NUMBER], d[HTML_NUMBER];

	html_number(a, 0, false);
	html_number(b, 1536, true);
	html_number(c, -2500000, false);
	html_number(d, 3.0 * (1 << 20), true);
	tap_ok(!strcmp(a, "0") && !strcmp(b, "1.5 KiB") && !strcmp(c, "-2.5M") &&
	       !strcmp(d, "3 MiB"), "numbers: %s, %s, %s, %s", a, b, c, d);
}

/* ---- samples ------------------------------------------------------------------------------- */

static int read_samples(struct samples *s, const char *text)
{
	FILE *in = fmemopen((void *)text, strlen(text) + !*text, "r");
	int ret = samples_read(s, in, "s", &err);

	fclose(in);
	return ret;
}

static void test_samples(void)
{
	struct samples s;

	tap_ok(!read_samples(&s, "a,time_ns,b\n1,1000,-2.5\r\n,1000,7\n\n3,2000,\n") &&
	       s.count == 3 && s.columns == 2 && !strcmp(s.name[1], "b") &&
	       s.value[0][0] == 1 && isnan(s.value[0][1]) && s.value[1][0] == -2.5 &&
	       isnan(s.value[1][2]) && s.time_ns[2] == 2000, "samples");
	samples_free(&s);
	tap_ok(!read_samples(&s, "time_ns\n") && !s.count && !s.columns, "none");
	samples_free(&s);
}

static const struct {
	const char *text, *why;
} wrong[] = {
	{ "\n", "line 1: no name of a column" },
	{ "a,b\n", "line 1: no column time_ns" },
	{ "time_ns,<b>\n", "line 1: no name of a column" },
	{ "time_ns,time_ns\n", "line 1: time_ns twice" },
	{ "time_ns,a\n1\n", "line 2: fewer values" },
	{ "time_ns,a\n1,2,3\n", "line 2: more values" },
	{ "time_ns,a\nx,2\n", "line 2: no time" },
	{ "time_ns,a\n,2\n", "line 2: no time" },
	{ "time_ns,a\n-1,2\n", "line 2: no time" },
	{ "time_ns,a\n99999999999999999999,2\n", "line 2: no time" },
	{ "time_ns,a\n5,2\n4,2\n", "line 3: before the line before" },
	{ "time_ns,a\n5,inf\n", "line 2: no number" },
	{ "time_ns,a\n5,1-\n", "line 2: no number" },
};

static void test_wrong(void)
{
	static char names[SAMPLES_COLUMNS * 4 + 64] = "time_ns", line[9000];
	struct samples s;
	unsigned int i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		err.text[0] = 0;
		tap_ok(read_samples(&s, wrong[i].text) && strstr(err.text, wrong[i].why) &&
		       !strchr(err.text, '\n'), "refused: %s", err.text);
		samples_free(&s);
	}
	for (i = 0; i <= SAMPLES_COLUMNS; i++)
		strcat(names, ",a");
	tap_ok(read_samples(&s, names) && strstr(err.text, "more columns"), "%s", err.text);
	samples_free(&s);
	memset(line, 'a', sizeof(line) - 1);
	tap_ok(read_samples(&s, line) && strstr(err.text, "too long"), "%s", err.text);
	samples_free(&s);
}

static void test_many(void)
{
	static char text[400000];
	struct samples s;
	unsigned int i;
	size_t at = (size_t)sprintf(text, "time_ns,x_bytes,flat\n");
	struct set set;
	char *page;

	for (i = 0; i < 9000; i++)
		at += (size_t)sprintf(text + at, "%u,%d,0\n", i * 1000, (int)(i % 70) - 9);
	make_set(&set, 1, 1);
	tap_ok(!read_samples(&s, text) && s.count == 9000, "many samples");
	page = page_of(&set, &s, "many");
	tap_ok(!read_page(page) && strlen(page) < 200000, "drawn in %zu bytes", strlen(page));
	free(page);
	samples_free(&s);
	set_free(&set);
}

int main(void)
{
	test_page(1, 1);
	test_page(1, 4);
	test_page(5, 3);
	test_escape();
	test_numbers();
	test_samples();
	test_wrong();
	test_many();
	return tap_done();
}
