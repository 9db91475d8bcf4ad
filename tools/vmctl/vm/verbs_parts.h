/* SPDX-License-Identifier: GPL-2.0 */
/* What the files that carry verbs out have in common; for them alone. */
#ifndef VMCTL_VERBS_PARTS_H
#define VMCTL_VERBS_PARTS_H

#include "lib/container.h"
#include "lib/verb.h"
#include "vm/verbs.h"

/* As the table of verbs wants them. */
#define VERB(name)							\
	int verb_##name(struct talk_server *server,			\
			const struct talk_message *asked,		\
			struct talk_message *reply, struct err *err)

/* vm/verbs_snap.c */
VERB(snap_take);
VERB(snap_list);
VERB(snap_drop);
VERB(rollback);
VERB(moment);
VERB(told);
VERB(conf);

static inline struct verbs *verbs_of(struct talk_server *server)
{
	return container_of(server, struct verbs, server);
}

/** verbs_machine() - NULL between two */
struct machine *verbs_machine(struct verbs *v, struct err *err);

/** verbs_free_machine() - likewise one that nobody holds, to save it */
struct machine *verbs_free_machine(struct verbs *v, struct err *err);

/** verbs_forget_told() - nothing was told */
void verbs_forget_told(struct told *told);

/** verbs_nonsense() - refuses a request that is none; -1 */
int verbs_nonsense(struct err *err);

#endif
