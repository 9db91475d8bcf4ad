/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Several dumps, and what belongs together among them.
 *
 * A VM is known by its host, number and name.  Dumps follow each other by time; a *round* is as many of
 * them as come before a VM is there again: each of its VMs once, at about one time.
 */
#ifndef VMCTL_KSM_SET_H
#define VMCTL_KSM_SET_H

#include "ksm/dump.h"

#define SET_MAX_ROUND	256	/* VMs in a round */
#define SET_LABEL	(2 * DUMP_LONG + 24)

/** struct set_round - @count dumps from the one at @first on */
struct set_round {
	size_t first, count;
};

/**
 * struct set - @count dumps, the earliest first, and @rounds of them
 * @dump:	the set's own
 */
struct set {
	struct dump **dump;
	size_t count;
	struct set_round *round;
	size_t rounds;
};

/**
 * set_add() - a dump, allocated, that the set frees, on failure too
 *
 * All of a set can be compared with each other; -1: this one cannot.
 */
int set_add(struct set *s, struct dump *d, struct err *err);

/** set_load() - adds files; @paths is closed by NULL */
int set_load(struct set *s, char *const *paths, struct err *err);

/** set_order() - when all are there: fills in rounds */
int set_order(struct set *s, struct err *err);
void set_free(struct set *s);

/** set_same_vm() - whether both are of one */
bool set_same_vm(const struct dump *a, const struct dump *b);

/** set_before() - the dump of the same VM in the round before @round; NULL: none */
const struct dump *set_before(const struct set *s, size_t round,
			      const struct dump *d);

/** set_label() - what to call a VM so that no other of the round is called so */
void set_label(char label[SET_LABEL], const struct set *s,
	       const struct set_round *round, const struct dump *d);

#endif
