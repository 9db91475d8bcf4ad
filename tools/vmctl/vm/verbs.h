/* SPDX-License-Identifier: GPL-2.0 */
/* The verbs of a machine's control socket (lib/verb.h), carried out. */
#ifndef VMCTL_VERBS_H
#define VMCTL_VERBS_H

#include "vm/saving.h"
#include "vm/tags.h"
#include "vm/talk_server.h"

struct machine;
struct sandbox;

/** struct told - @moment: taken for a client; @bytes: what he has to read of it */
struct told {
	struct moment moment;
	struct bytes bytes;
};

/**
 * struct verbs - all is the loop's
 * @conf:	what the machine is made by
 * @machine:	whom they are about, or NULL
 * @tags:	of it, and of those before it
 * @told:	to each client
 */
struct verbs {
	struct talk_server server;
	const struct sandbox *sandbox;
	const struct conf *conf;
	struct machine *machine;
	struct saving saving;
	struct tags tags;
	struct told told[TALK_CLIENTS];
};

void verbs_init(struct verbs *v, struct loop *loop,
		const struct sandbox *sandbox, const struct conf *conf);
int verbs_listen(struct verbs *v, const char *path, struct err *err);
void verbs_speak_for(struct verbs *v, struct machine *machine);
void verbs_fini(struct verbs *v);

#endif
