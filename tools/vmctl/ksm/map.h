/* SPDX-License-Identifier: GPL-2.0 */
/* A VM's memory, from a dump of it: what kind of page is where. */
#ifndef VMCTL_KSM_MAP_H
#define VMCTL_KSM_MAP_H

#include "ksm/dump.h"

/* The first that fits a page. */
enum map_kind {
	MAP_ABSENT,
	MAP_AWAY,
	MAP_ZERO,
	MAP_MERGED,
	MAP_KIN,
	MAP_REPEATED,	/* the VM has its content again */
	MAP_UNIQUE,
	MAP_KINDS,
};

/**
 * struct map_legend - @mark: on the map; @name: for programs; @what: for people
 */
struct map_legend {
	char mark;
	char name[15];
	char what[56];
};

extern const struct map_legend map_legend[MAP_KINDS];

/** map_make() - the kind of each record, allocated; NULL: out of memory */
uint8_t *map_make(const struct dump *d, uint64_t count[MAP_KINDS]);

/** map_run() - how many from @at on, before @end, are of one kind */
uint64_t map_run(const uint8_t *kind, uint64_t at, uint64_t end);

/** map_scale() - pages a character, a power of two, so that there are @most of them */
uint64_t map_scale(uint64_t pages, uint64_t most);

/** map_mark() - of the kind that most of @count pages are of; of several the last */
char map_mark(const uint8_t *kind, uint64_t count);

#endif
