// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/name.h"
#include "lib/talk.h"
#include "snap/format.h"
#include "vm/ask.h"

/* A request of a tag, whose reply is none or another. */
static int ask_tag(int fd, uint16_t verb, const char *tag,
		   char made[VMM_NAME_LEN], struct err *err)
{
	struct talk_message *reply = malloc(sizeof(*reply));
	int ret;

	if (!reply)
		return err_set(err, VMCTL_FAILED, "out of memory");
	ret = talk_ask(fd, verb, tag, strlen(tag), ASK_WORK_MS, reply, err);
	if (reply->fd >= 0)
		close(reply->fd);
	if (!ret && reply->len >= VMM_NAME_LEN)
		ret = err_set(err, VMCTL_FAILED, "its process says too much");
	if (!ret) {
		memcpy(made, reply->data, reply->len);
		made[reply->len] = 0;
		ret = *made ? name_check(made, err) : 0;
	}
	free(reply);
	return ret;
}

int ask_snap_take(int fd, const char *tag, char made[VMM_NAME_LEN],
		  struct err *err)
{
	return ask_tag(fd, VERB_SNAP_TAKE, tag, made, err);
}

int ask_snap_drop(int fd, const char *tag, struct err *err)
{
	char none[VMM_NAME_LEN];

	return ask_tag(fd, VERB_SNAP_DROP, tag, none, err);
}

int ask_rollback(int fd, const char *tag, struct err *err)
{
	char used[VMM_NAME_LEN];

	return ask_tag(fd, VERB_ROLLBACK, tag, used, err);
}

/* 1: there may be more */
static int list_more(int fd, struct bytes *list, struct talk_message *reply,
		     struct err *err)
{
	__u32 passed = (__u32)(list->len / sizeof(struct verb_snap));

	if (talk_ask(fd, VERB_SNAP_LIST, &passed, sizeof(passed), ASK_MS, reply,
		     err))
		return -1;
	if (reply->fd >= 0)
		close(reply->fd);
	if (reply->len % sizeof(struct verb_snap) ||
	    list->len > SNAP_MAX_STATE)
		return err_set(err, VMCTL_FAILED, "its process talks nonsense");
	if (reply->len && bytes_add(list, reply->data, reply->len))
		return err_set(err, VMCTL_FAILED, "out of memory");
	return reply->len != 0;
}

int ask_snap_list(int fd, struct verb_snap **list, size_t *count,
		  struct err *err)
{
	struct talk_message *reply = malloc(sizeof(*reply));
	struct bytes bytes = {};
	size_t i;
	int ret;

	if (!reply)
		return err_set(err, VMCTL_FAILED, "out of memory");
	do {
		ret = list_more(fd, &bytes, reply, err);
	} while (ret > 0);
	free(reply);
	if (ret) {
		bytes_fini(&bytes);
		return ret;
	}
	*list = (struct verb_snap *)bytes.data;
	*count = bytes.len / sizeof(**list);
	for (i = 0; i < *count; i++)
		(*list)[i].tag[sizeof((*list)->tag) - 1] = 0;
	return 0;
}

int ask_moment_memory(int fd, const struct verb_which *which, int *memory,
		      struct err *err)
{
	struct verb_moment moment;

	return ask_within(fd, ASK_WORK_MS, VERB_MOMENT, which, sizeof(*which),
			  &moment, sizeof(moment), memory, err);
}

int ask_moment(int fd, const struct verb_which *which,
	       struct verb_moment *moment, struct bytes *bytes, int *memory,
	       struct err *err)
{
	const struct verb_hold *what = &moment->what;

	if (ask_within(fd, ASK_WORK_MS, VERB_MOMENT, which, sizeof(*which),
		       moment, sizeof(*moment), memory, err))
		return -1;
	if (!ask_check_told(what, err) &&
	    !ask_pieces(fd, VERB_TOLD, bytes,
			what->conf + what->cpuid + what->state, err))
		return 0;
	close(*memory);
	return -1;
}

int ask_conf(int fd, struct bytes *text, struct err *err)
{
	__u64 len;

	if (ask_within(fd, ASK_MS, VERB_CONF, NULL, 0, &len, sizeof(len), NULL,
		       err))
		return -1;
	if (len > SNAP_MAX_CONF)
		return err_set(err, VMCTL_FAILED, "more state than there can be");
	return ask_pieces(fd, VERB_TOLD, text, len, err);
}
