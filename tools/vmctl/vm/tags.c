// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/name.h"
#include "vm/tags.h"

static unsigned int position(const struct tags *t, const char *tag)
{
	unsigned int i;

	for (i = 0; i < t->count; i++)
		if (!strcmp(t->list[i]->tag, tag))
			break;
	return i;
}

static void make_up(struct tags *t, char tag[VMM_NAME_LEN])
{
	do {
		snprintf(tag, VMM_NAME_LEN, "s%u", ++t->made);
	} while (position(t, tag) < t->count);
}

static int check(const struct tags *t, const char *tag, struct err *err)
{
	if (*tag && name_check(tag, err))
		return -1;
	if (*tag && position(t, tag) < t->count)
		return err_set(err, VMCTL_STATE,
			       "has a snapshot %s already; try: vmctl snap rm",
			       tag);
	if (t->count == TAGS_MAX)
		return err_set(err, VMCTL_STATE,
			       "has %d snapshots, which is the limit; try: vmctl snap rm",
			       TAGS_MAX);
	return 0;
}

const struct tagged *tags_add(struct tags *t, const char *tag,
			      struct machine *m, struct err *err)
{
	struct tagged *new;

	if (check(t, tag, err))
		return NULL;
	new = calloc(1, sizeof(*new));
	if (!new) {
		err_set(err, VMCTL_FAILED, "out of memory");
		return NULL;
	}
	if (moment_take(&new->moment, m, err)) {
		free(new);
		return NULL;
	}
	if (*tag)
		snprintf(new->tag, sizeof(new->tag), "%s", tag);
	else
		make_up(t, new->tag);
	t->list[t->count++] = new;
	return new;
}

static void *none(const char *tag, struct err *err)
{
	if (*tag)
		err_set(err, VMCTL_STATE,
			"has no snapshot %.63s; try: vmctl snap list", tag);
	else
		err_set(err, VMCTL_STATE,
			"has no snapshot; try: vmctl snap create");
	return NULL;
}

const struct tagged *tags_find(const struct tags *t, const char *tag,
			       struct err *err)
{
	unsigned int i = *tag ? position(t, tag) : t->count - 1;

	return i < t->count ? t->list[i] : none(tag, err);
}

const struct tagged *tags_find_id(const struct tags *t,
				  const struct snap_id *id, struct err *err)
{
	unsigned int i;

	for (i = 0; i < t->count; i++)
		if (snap_id_equal(&t->list[i]->moment.id, id))
			return t->list[i];
	return none("of this id", err);
}

int tags_remove(struct tags *t, const char *tag, struct err *err)
{
	unsigned int i = position(t, tag);

	if (i == t->count) {
		none(*tag ? tag : "''", err);
		return -1;
	}
	moment_fini(&t->list[i]->moment);
	free(t->list[i]);
	t->count--;
	memmove(&t->list[i], &t->list[i + 1],
		(t->count - i) * sizeof(t->list[0]));
	return 0;
}

void tags_fini(struct tags *t)
{
	while (t->count) {
		moment_fini(&t->list[--t->count]->moment);
		free(t->list[t->count]);
	}
}
