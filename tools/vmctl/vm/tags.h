/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The moments of a machine that its operator has named: snapshots in memory.  They last as
 * long as the machine's process, resets included.  All is for the main thread.
 */
#ifndef VMCTL_TAGS_H
#define VMCTL_TAGS_H

#include "vm/moment.h"

#define TAGS_MAX	64	/* each has an open file */

/** struct tagged - @tag: checked as names of VMs are */
struct tagged {
	char tag[VMM_NAME_LEN];
	struct moment moment;
};

/** struct tags - @count of @list, the oldest first; @made: names that were made up */
struct tags {
	struct tagged *list[TAGS_MAX];
	unsigned int count, made;
};

/** tags_add() - the moment is now; @tag: empty: one is made up.  NULL: refused */
const struct tagged *tags_add(struct tags *t, const char *tag,
			      struct machine *m, struct err *err);

/** tags_find() - that of the name; empty: the newest; NULL: there is none */
const struct tagged *tags_find(const struct tags *t, const char *tag,
			       struct err *err);
/** tags_find_id() - that of the moment @id, likewise */
const struct tagged *tags_find_id(const struct tags *t,
				  const struct snap_id *id, struct err *err);

int tags_remove(struct tags *t, const char *tag, struct err *err);
void tags_fini(struct tags *t);

#endif
