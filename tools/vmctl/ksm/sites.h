/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where contents are: the pages of several VMs, those of equal content next to each other.
 */
#ifndef VMCTL_KSM_SITES_H
#define VMCTL_KSM_SITES_H

#include "ksm/set.h"

/**
 * struct site - a page that is there
 * @frame:	as in the dump, and different in each host
 * @page:	its record's place in the dump
 * @vm:		the dump's place in its round
 */
struct site {
	uint64_t hash, frame;
	uint32_t page;
	uint16_t vm, flags;
};

/** struct sites - @count of them, by content, frame, VM and page */
struct sites {
	struct site *site;
	size_t count;
};

/** sites_make() - of a round; pages of zeroes, or the others */
int sites_make(struct sites *s, struct dump *const *dump, size_t count,
	       bool zero, struct err *err);
void sites_free(struct sites *s);

/** sites_equal() - how many from @at on have one content */
size_t sites_equal(const struct sites *s, size_t at);

/** sites_frames() - in how many frames @count of one content are; that are merged, too */
size_t sites_frames(const struct site *site, size_t count, size_t *merged);

#endif
