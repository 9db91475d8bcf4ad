// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "lib/progress.h"
#include "lib/size.h"

#define FIRST_NS	500000000	/* what takes less needs no words */
#define EVERY_NS	200000000

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void progress_init(struct progress *p, const char *what, bool quiet)
{
	*p = (struct progress){
		.what = what, .on = !quiet && isatty(STDERR_FILENO),
		.next_ns = now_ns() + FIRST_NS,
	};
}

void progress_text(char *buf, unsigned int size, const char *what,
		   uint64_t done, uint64_t total)
{
	char a[SIZE_TEXT_LEN], b[SIZE_TEXT_LEN];

	if (!total) {
		snprintf(buf, size, "%s: %s", what, size_about(a, done));
		return;
	}
	if (done > total)
		done = total;
	snprintf(buf, size, "%s: %s of %s, %u%%", what, size_about(a, done),
		 size_about(b, total), (unsigned int)((double)done * 100 / (double)total));
}

void progress_tell(struct progress *p, uint64_t done, uint64_t total)
{
	char text[128];
	uint64_t now;

	if (!p->on)
		return;
	now = now_ns();
	if (now < p->next_ns)
		return;
	p->next_ns = now + EVERY_NS;
	progress_text(text, sizeof(text), p->what, done, total);
	/* and the rest of a longer one before it */
	fprintf(stderr, "\r%s\033[K", text);
	fflush(stderr);
	p->shown = true;
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = p->on = false;
}
