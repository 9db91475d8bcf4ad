/* SPDX-License-Identifier: GPL-2.0 */
/* The parts of the sandbox, for vm/sandbox.c alone, which knows their order. */
#ifndef VMCTL_SANDBOX_PARTS_H
#define VMCTL_SANDBOX_PARTS_H

#include "vm/sandbox.h"

/** sandbox_has() - @part worked; sandbox_lacks_part() - it did not, by errno */
static inline void sandbox_has(struct sandbox *s, enum sandbox_part part)
{
	s->has |= 1U << part;
}

static inline bool sandbox_had(const struct sandbox *s, enum sandbox_part part)
{
	return s->has & 1U << part;
}

/** sandbox_spaces() - namespaces, and in the one of mounts an empty root */
void sandbox_spaces(struct sandbox *s);

/** sandbox_landlock() - names only below the directories that are kept */
void sandbox_landlock(struct sandbox *s);

/** sandbox_filter() - the system calls; the last part, as it forbids the others */
int sandbox_filter(struct sandbox *s, struct err *err);

/** sandbox_last_words() - what is said when one is forbidden; before the filter */
int sandbox_last_words(const struct sandbox *s, struct err *err);

#endif
