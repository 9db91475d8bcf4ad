/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the benchmark of deduplication needs of a deduplicator: areas of memory that it looks
 * after, passes, and what it says of itself.  There is one at a time in a process.
 *
 * Whatever fails ends the program.
 */
#ifndef BENCH_SIDE_H
#define BENCH_SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIDE_AREAS	16

/**
 * struct side_figures - what has come of it
 * @saved:	pages that take no frame, of those that there are
 * @zero:	of these: of zeros
 * @huge:	pages in whole blocks of 2 MiB
 * @meta_bytes:	what it keeps
 * @cost:	instructions of all passes
 * @other:	the same by another way of counting
 */
struct side_figures {
	uint64_t saved;
	uint64_t zero;
	uint64_t huge;
	uint64_t meta_bytes;
	uint64_t cost;
	uint64_t other;
};

/**
 * struct side_setup - how it is to be
 * @areas:	of memory
 * @bytes:	of each
 * @huge:	they are to be of 2 MiB blocks
 */
struct side_setup {
	unsigned int areas;
	size_t bytes;
	bool huge;
};

/**
 * struct side - a deduplicator
 * @name:	of its column
 * @begin:	areas are there, and empty: side_area[]
 * @end:	of it all
 * @written:	optional: this program has written a page
 * @discard:	a page is gone
 * @pass:	looks at all pages once; instructions
 * @figures:	at the end of a pass; @pages: how many there are
 */
struct side {
	const char *name;
	void (*begin)(const struct side_setup *setup);
	void (*end)(void);
	void (*written)(unsigned int area, unsigned long page);
	void (*discard)(unsigned int area, unsigned long page);
	uint64_t (*pass)(void);
	void (*figures)(uint64_t pages, struct side_figures *f);
};

extern const struct side side_linux, side_observe, side_merge;
extern unsigned char *side_area[SIDE_AREAS];

/**
 * struct side_linux_knobs - KSM's settings
 * @pages_to_scan: at once; 0: all
 * @use_zero_pages, @max_page_sharing: as it has them
 */
struct side_linux_knobs {
	unsigned int pages_to_scan;
	unsigned int use_zero_pages;
	unsigned int max_page_sharing;
};

extern struct side_linux_knobs side_linux_knobs;

/* Pages of a process that have the frame of zeros. */
uint64_t side_linux_zero(int pid, uint64_t addr, uint64_t bytes);

/* Files of settings and figures. */
void side_put(const char *dir, const char *file, uint64_t val);
void side_put_text(const char *dir, const char *file, const char *text);
uint64_t side_get(const char *dir, const char *file);

/* The number behind a word that begins a line of a file. */
uint64_t side_field(const char *path, const char *word);

/* Nanoseconds that this thread has run. */
uint64_t side_own_ns(void);

#endif
