// SPDX-License-Identifier: GPL-2.0
/* Charts as SVG, in a box of fixed size that the page stretches. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "ksm/html.h"

#define WIDTH	800.0
#define HEIGHT	300.0
#define LEFT	70.0
#define RIGHT	20.0
#define TOP	14.0
#define BOTTOM	34.0
#define MARKS	120	/* points that are so few have a mark each */

/** struct scale - from values to places: @low is at the bottom */
struct scale {
	double low, high, step;
};

/* ---- axes ------------------------------------------------------------------------------- */

/* A step of 1, 2 or 5, of powers of two for bytes, for at most five of them. */
static double nice_step(double span, bool bytes)
{
	static const double parts[] = { 1, 2, 5, 10 };
	double want = span / 5, power;
	unsigned int i;

	if (!(want > 0))
		return 1;
	if (bytes)
		return fmax(exp2(ceil(log2(want))), 1);
	power = pow(10, floor(log10(want)));
	for (i = 0; i < 3 && parts[i] * power < want; i++)
		;
	return fmax(parts[i] * power, 1);
}

static struct scale scale_of(double low, double high, bool bytes)
{
	struct scale s = { .low = fmin(low, 0), .high = fmax(high, 0) };

	if (s.high - s.low < 1)
		s.high = s.low + 1;
	s.step = nice_step(s.high - s.low, bytes);
	s.low = floor(s.low / s.step) * s.step;
	s.high = ceil(s.high / s.step) * s.step;
	return s;
}

static double y_of(const struct scale *s, double value)
{
	return TOP + (s->high - value) / (s->high - s->low) *
	       (HEIGHT - TOP - BOTTOM);
}

static void grid(FILE *out, const struct scale *s, bool bytes)
{
	char text[HTML_NUMBER];
	unsigned int i, n = (unsigned int)round((s->high - s->low) / s->step);
	double value, y;

	for (i = 0; i <= n; i++) {
		value = s->low + i * s->step;
		y = y_of(s, value);
		fprintf(out, "<line class=\"grid\" x1=\"%.1f\" x2=\"%.1f\" "
			"y1=\"%.1f\" y2=\"%.1f\"/>", LEFT, WIDTH - RIGHT, y, y);
		fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
			LEFT - 8, y + 4, html_number(text, value, bytes));
	}
}

static void begin(FILE *out, const char *title, const char *what)
{
	fputs("<figure>\n<figcaption>", out);
	html_text(out, title);
	fprintf(out, "</figcaption>\n<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-label=\"",
		WIDTH, HEIGHT);
	html_text(out, what);
	fputs("\">\n", out);
}

/* ---- over time ------------------------------------------------------------------------------ */

static double x_of(const struct chart *c, size_t i)
{
	uint64_t span = c->time_ns[c->count - 1] - c->time_ns[0];

	if (!span)
		return (LEFT + WIDTH - RIGHT) / 2;
	return LEFT + (double)(c->time_ns[i] - c->time_ns[0]) / (double)span *
	       (WIDTH - LEFT - RIGHT);
}

static void clock_text(char *buf, size_t size, uint64_t ns, uint64_t span)
{
	time_t s = (time_t)(ns / 1000000000);
	struct tm tm;

	buf[0] = 0;
	if (gmtime_r(&s, &tm) && tm.tm_year < 8100)
		strftime(buf, size, span > 172800ULL * 1000000000 ? "%m-%d %H:%M" :
			 "%H:%M:%S", &tm);
}

static void times(FILE *out, const struct chart *c)
{
	uint64_t first = c->time_ns[0], span = c->time_ns[c->count - 1] - first, ns;
	unsigned int i, n = span ? 4 : 0;
	char text[32];
	double x;

	for (i = 0; i <= n; i++) {
		ns = first + (n ? span / n * i : 0);
		x = n ? LEFT + i * (WIDTH - LEFT - RIGHT) / n :
			(LEFT + WIDTH - RIGHT) / 2;
		clock_text(text, sizeof(text), ns, span);
		fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n",
			x, HEIGHT - BOTTOM + 20,
			n && i == n ? "end" : "middle", text);
	}
}

static void path(FILE *out, const struct chart *c, const struct scale *s,
		 unsigned int line)
{
	bool down = false;
	double value;
	size_t i;

	fprintf(out, "<path class=\"l%u\" d=\"", line);
	for (i = 0; i < c->count; i++) {
		value = c->value[line][i];
		if (!isnan(value))
			fprintf(out, "%s%.1f %.1f", down ? "L" : "M", x_of(c, i),
				y_of(s, value));
		down = !isnan(value);
	}
	fputs("\"/>\n", out);
}

static void marks(FILE *out, const struct chart *c, const struct scale *s,
		  unsigned int line)
{
	char text[HTML_NUMBER], clock[32];
	double value;
	size_t i;

	for (i = 0; i < c->count && c->count <= MARKS; i++) {
		value = c->value[line][i];
		if (isnan(value))
			continue;
		clock_text(clock, sizeof(clock), c->time_ns[i], 0);
		fprintf(out, "<circle class=\"d%u\" cx=\"%.1f\" cy=\"%.1f\" r=\"3.5\"><title>",
			line, x_of(c, i), y_of(s, value));
		html_text(out, c->name[line]);
		fprintf(out, ": %s, %s</title></circle>\n",
			html_number(text, value, c->bytes), clock);
	}
}

static void key(FILE *out, const struct chart *c)
{
	unsigned int i;

	fputs("<ul class=\"key\">", out);
	for (i = 0; i < c->lines; i++) {
		fprintf(out, "<li><svg viewBox=\"0 0 28 10\" aria-hidden=\"true\">"
			"<path class=\"l%u\" d=\"M0 5L28 5\"/></svg>", i);
		html_text(out, c->name[i]);
		fputs("</li>", out);
	}
	fputs("</ul>\n", out);
}

void html_chart(FILE *out, const struct chart *c)
{
	double low = 0, high = 0;
	struct scale s;
	unsigned int l;
	size_t i;

	if (!c->count)
		return;
	for (l = 0; l < c->lines; l++)
		for (i = 0; i < c->count; i++) {
			low = fmin(low, c->value[l][i]);
			high = fmax(high, c->value[l][i]);
		}
	s = scale_of(low, high, c->bytes);
	begin(out, c->title, c->what);
	grid(out, &s, c->bytes);
	times(out, c);
	for (l = 0; l < c->lines; l++) {
		path(out, c, &s, l);
		marks(out, c, &s, l);
	}
	fputs("</svg>\n", out);
	if (c->lines > 1)
		key(out, c);
	fputs("</figure>\n", out);
}

/* ---- bars -------------------------------------------------------------------------------------- */

static void one_bar(FILE *out, const struct bar *b, const struct scale *s,
		    double x, double width)
{
	double y = y_of(s, b->value), gap = width > 12 ? 3 : width / 4;
	char text[HTML_NUMBER];

	fprintf(out, "<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
		"height=\"%.1f\" rx=\"2\"><title>", x + gap, y, width - 2 * gap,
		y_of(s, 0) - y);
	html_text(out, b->what);
	fprintf(out, "</title></rect>\n<text class=\"val\" x=\"%.1f\" y=\"%.1f\" "
		"text-anchor=\"middle\">%s</text>\n", x + width / 2, y - 4,
		html_number(text, b->value, false));
	fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">",
		x + width / 2, HEIGHT - BOTTOM + 20);
	html_text(out, b->label);
	fputs("</text>\n", out);
}

void html_bars(FILE *out, const char *title, const char *what,
	       const struct bar *bar, size_t count)
{
	double high = 0, width;
	struct scale s;
	size_t i;

	if (!count)
		return;
	for (i = 0; i < count; i++)
		high = fmax(high, bar[i].value);
	s = scale_of(0, high * 1.08, false);
	width = fmin((WIDTH - LEFT - RIGHT) / (double)count, 90);
	begin(out, title, what);
	grid(out, &s, false);
	for (i = 0; i < count; i++)
		one_bar(out, &bar[i], &s, LEFT + (double)i * width, width);
	fputs("</svg>\n</figure>\n", out);
}
