// SPDX-License-Identifier: GPL-2.0
#include <math.h>
#include <string.h>

#include "ksm/html.h"
#include "lib/out.h"

/* ---- text ------------------------------------------------------------------------------- */

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Of controls and bytes that are no text a page may have none. */
static bool is_bad(const unsigned char *p, unsigned int len)
{
	return !len || *p < ' ' || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0) ||
	       (*p == 0xef && p[1] == 0xbf && p[2] > 0xbd);
}

void html_text(FILE *out, const char *text)
{
	unsigned int len;

	for (; *text; text += len) {
		len = out_utf8_len(text);
		if (is_bad((const unsigned char *)text, len))
			fputs("\xef\xbf\xbd", out);
		else if (len == 1 && entity(*text))
			fputs(entity(*text), out);
		else
			fwrite(text, 1, len, out);
		len = len ? len : 1;
	}
}

const char *html_number(char buf[HTML_NUMBER], double value, bool bytes)
{
	static const char *const units[2][6] = {
		{ "", "k", "M", "G", "T", "P" },
		{ " B", " KiB", " MiB", " GiB", " TiB", " PiB" },
	};
	double step = bytes ? 1024 : 1000;
	unsigned int i = 0;

	while (fabs(value) >= step && i < 5) {
		value /= step;
		i++;
	}
	snprintf(buf, HTML_NUMBER, "%.*f%s",
		 fabs(value - round(value)) < 0.05 || fabs(value) >= 100 ? 0 : 1,
		 value, units[bytes][i]);
	return buf;
}

/* ---- the page ------------------------------------------------------------------------------ */

/* Blues from pale to deep, each with a colour of text that can be read on it. */
static const char style[] =
":root{color-scheme:light dark;--bg:#fff;--fg:#1c1e21;--soft:#5b626c;--line:#d9dde3;"
"--card:#f5f6f8;--s0:#2563c9;--s1:#c2570c;--s2:#6b7280;--s3:#7a3fb0;"
"--h1:#e3edfb;--h2:#bcd5f6;--h3:#8db7ee;--h4:#3a70c4;--h5:#1f4f9f;--ht:#fff}\n"
"@media (prefers-color-scheme:dark){:root{--bg:#15171a;--fg:#e6e8eb;--soft:#a0a7b1;"
"--line:#353a41;--card:#1e2125;--s0:#6fa5f5;--s1:#f0954f;--s2:#9aa3ae;--s3:#bf93ea;"
"--h1:#182a44;--h2:#1d3d6b;--h3:#275798;--h4:#5d9bee;--h5:#a9cbfa;--ht:#0d1117}}\n"
"body{margin:0 auto;max-width:70rem;padding:1.5rem;background:var(--bg);color:var(--fg);"
"font:16px/1.5 system-ui,sans-serif}\n"
"h1{font-size:1.7rem;margin:0}h2{font-size:1.2rem;margin:2.5rem 0 .5rem}\n"
"p{max-width:45rem}.soft{color:var(--soft)}\n"
".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.75rem;"
"margin:1.5rem 0}.tile{background:var(--card);border-radius:.5rem;padding:.75rem 1rem;margin:0}\n"
".tile dt{color:var(--soft);font-size:.85rem}.tile dd{margin:0;font-size:1.5rem;"
"font-weight:600}.tile dd small{display:block;font-size:.8rem;font-weight:400;"
"color:var(--soft)}\n"
".scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem;"
"font-variant-numeric:tabular-nums}\n"
"caption{text-align:left;color:var(--soft);padding-bottom:.35rem}\n"
"th,td{padding:.3rem .7rem;text-align:left;border-bottom:1px solid var(--line);"
"white-space:nowrap}\n"
"th{font-weight:600}td.n,th.n{text-align:right}\n"
".heat td{text-align:right;border:1px solid var(--bg)}.heat .h1{background:var(--h1)}"
".heat .h2{background:var(--h2)}.heat .h3{background:var(--h3)}"
".heat .h4{background:var(--h4);color:var(--ht)}.heat .h5{background:var(--h5);color:var(--ht)}\n"
".heat td.own{outline:1px dashed var(--soft);outline-offset:-3px}\n"
"figure{margin:1rem 0}figcaption{color:var(--soft);font-size:.9rem}\n"
"svg{display:block;width:100%;height:auto;max-width:60rem}svg text{fill:var(--soft);"
"font:12px system-ui,sans-serif}svg .grid{stroke:var(--line)}svg .val{fill:var(--fg)}\n"
".l0{stroke:var(--s0)}.l1{stroke:var(--s1)}.l2{stroke:var(--s2)}.l3{stroke:var(--s3)}\n"
"path.l0,path.l1,path.l2,path.l3{fill:none;stroke-width:2}\n"
"path.l1{stroke-dasharray:7 3}path.l2{stroke-dasharray:2 3}path.l3{stroke-dasharray:9 3 2 3}\n"
".d0{fill:var(--s0)}.d1{fill:var(--s1)}.d2{fill:var(--s2)}.d3{fill:var(--s3)}\n"
"rect.bar{fill:var(--s0)}rect.bar:hover{fill:var(--s1)}\n"
".key{display:flex;gap:1.25rem;flex-wrap:wrap;padding:0;margin:.25rem 0;list-style:none;"
"font-size:.9rem}.key svg{display:inline-block;width:28px;height:10px;margin-right:.4rem}\n"
"details{margin:.5rem 0}summary{cursor:pointer;color:var(--soft)}\n"
"@media print{.scroll{overflow:visible}body{max-width:none}}\n";

void html_begin(FILE *out, const char *title)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" "
	      "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>", out);
	html_text(out, title);
	fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<main>\n<h1>",
		style);
	html_text(out, title);
	fputs("</h1>\n", out);
}

void html_end(FILE *out)
{
	fputs("</main>\n</body>\n</html>\n", out);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static bool is_number(const struct rows_field *f)
{
	return f->kind != ROWS_TEXT && f->kind != ROWS_WORDS &&
	       f->kind != ROWS_LABELS;
}

/* For people: ZERO-FRAMES as "Zero frames". */
static void head_text(FILE *out, const struct rows_field *f)
{
	char buf[ROWS_CELL_LEN];
	size_t i;

	snprintf(buf, sizeof(buf), "%s", rows_head(buf, f));
	for (i = 0; buf[i]; i++) {
		if (buf[i] == '-' || buf[i] == '_')
			buf[i] = ' ';
		else if (i && buf[i] >= 'A' && buf[i] <= 'Z' && strcmp(buf, "VMS"))
			buf[i] = (char)(buf[i] + 'a' - 'A');
	}
	html_text(out, !strcmp(buf, "Vm") ? "VM" : !strcmp(buf, "Vms") ? "VMs" : buf);
}

void html_table(FILE *out, const char *caption, const struct rows *rows, bool wide)
{
	const struct rows_field *f;
	char buf[ROWS_CELL_LEN];
	bool first;
	size_t i;

	fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"", out);
	html_text(out, caption);
	fputs("\">\n<table>\n<caption>", out);
	html_text(out, caption);
	fputs("</caption>\n<thead><tr>", out);
	for (f = rows->fields; f->key; f++) {
		if (!wide && !f->head)
			continue;
		fprintf(out, "<th scope=\"col\"%s>", is_number(f) ? " class=\"n\"" : "");
		head_text(out, f);
		fputs("</th>", out);
	}
	fputs("</tr></thead>\n<tbody>\n", out);
	for (i = 0; i < rows->count; i++) {
		fputs("<tr>", out);
		first = true;
		for (f = rows->fields; f->key; f++) {
			if (!wide && !f->head)
				continue;
			fputs(first && !is_number(f) ? "<th scope=\"row\">" :
			      is_number(f) ? "<td class=\"n\">" : "<td>", out);
			html_text(out, rows_cell(buf, f, (char *)rows->records +
						 i * rows->size));
			fputs(first && !is_number(f) ? "</th>" : "</td>", out);
			first = false;
		}
		fputs("</tr>\n", out);
	}
	fputs("</tbody>\n</table>\n</div>\n", out);
}
