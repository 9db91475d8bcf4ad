// SPDX-License-Identifier: GPL-2.0
/*
 * Verbs of snapshots in memory, and of moments that somebody wants to make something of: a
 * file, or other machines.  What there is to tell of one is kept for the client that asked,
 * to be read piece by piece.
 */
#include <stdlib.h>
#include <string.h>

#include "vm/conf_file.h"
#include "vm/verbs_parts.h"

/* ---- snapshots ----------------------------------------------------------------------- */

/* A tag is all of a request; a zero follows it. */
static int take_tag(const struct talk_message *asked, struct err *err)
{
	return asked->len < VMM_NAME_LEN && strlen(asked->data) == asked->len ?
	       0 : verbs_nonsense(err);
}

static void reply_tag(struct talk_message *reply, const struct tagged *t)
{
	reply->len = strlen(t->tag);
	memcpy(reply->data, t->tag, reply->len);
}

VERB(snap_take)
{
	struct verbs *v = verbs_of(server);
	struct machine *m = verbs_free_machine(v, err);
	const struct tagged *t;

	if (!m || take_tag(asked, err))
		return -1;
	t = tags_add(&v->tags, asked->data, m, err);
	if (!t)
		return -1;
	reply_tag(reply, t);
	return 0;
}

VERB(snap_list)
{
	const struct tags *tags = &verbs_of(server)->tags;
	const struct moment *moment;
	struct verb_snap out;
	__u32 i;

	if (asked->len != sizeof(i))
		return verbs_nonsense(err);
	memcpy(&i, asked->data, sizeof(i));
	for (; i < tags->count && reply->len + sizeof(out) <= TALK_MAX_DATA; i++) {
		moment = &tags->list[i]->moment;
		memcpy(out.tag, tags->list[i]->tag, sizeof(out.tag));
		memcpy(out.id, moment->id.byte, sizeof(out.id));
		out.time_ns = moment->time_ns;
		out.state = moment->state.len - moment->cpuid;
		memcpy(reply->data + reply->len, &out, sizeof(out));
		reply->len += sizeof(out);
	}
	return 0;
}

VERB(snap_drop)
{
	(void)reply;
	return take_tag(asked, err) ?:
	       tags_remove(&verbs_of(server)->tags, asked->data, err);
}

VERB(rollback)
{
	struct verbs *v = verbs_of(server);
	struct machine *m = verbs_free_machine(v, err);
	const struct tagged *t;

	if (!m || take_tag(asked, err))
		return -1;
	t = tags_find(&v->tags, asked->data, err);
	if (!t || moment_return(&t->moment, m, err))
		return -1;
	reply_tag(reply, t);
	return 0;
}

/* ---- what is read piece by piece ------------------------------------------------------ */

static struct told *told_to(struct verbs *v)
{
	return &v->told[v->server.asking - v->server.client];
}

void verbs_forget_told(struct told *told)
{
	moment_fini(&told->moment);
	bytes_fini(&told->bytes);
}

static int tell_conf(struct verbs *v, struct bytes *to, struct err *err)
{
	char *text = conf_print(v->conf);
	int ret = text ? bytes_add(to, text, strlen(text)) : -1;

	free(text);
	return ret ? err_set(err, VMCTL_FAILED, "out of memory") : 0;
}

static int tell(struct verbs *v, const struct moment *t,
		struct talk_message *reply, struct err *err)
{
	const struct vmm *vmm = &v->machine->files->vmm;
	struct bytes *to = &told_to(v)->bytes;
	struct verb_moment out = {};

	if (bytes_add(to, t->state.data, t->state.len))
		return err_set(err, VMCTL_FAILED, "out of memory");
	if (tell_conf(v, to, err))
		return -1;
	memcpy(out.what.backend, vmm->info.backend,
	       sizeof(out.what.backend) - 1);
	memcpy(out.id, t->id.byte, sizeof(out.id));
	out.time_ns = t->time_ns;
	out.what.state = t->state.len - t->cpuid;
	out.what.cpuid = t->cpuid;
	out.what.conf = to->len - t->state.len;
	memcpy(reply->data, &out, sizeof(out));
	reply->len = sizeof(out);
	reply->fd = t->memory;
	return 0;
}

/* One of now is the client's, until he wants another or goes. */
static const struct moment *find_moment(struct verbs *v,
					const struct verb_which *which,
					struct err *err)
{
	static const struct snap_id none;
	const struct tagged *found;
	struct machine *m;
	struct snap_id id;

	memcpy(id.byte, which->id, sizeof(id.byte));
	if (*which->tag || !snap_id_equal(&id, &none)) {
		found = *which->tag ? tags_find(&v->tags, which->tag, err) :
				      tags_find_id(&v->tags, &id, err);
		return found ? &found->moment : NULL;
	}
	m = verbs_free_machine(v, err);
	return !m || moment_take(&told_to(v)->moment, m, err) ? NULL :
	       &told_to(v)->moment;
}

VERB(moment)
{
	struct verbs *v = verbs_of(server);
	const struct moment *moment;
	struct verb_which which;

	if (!verbs_machine(v, err))
		return -1;
	if (asked->len != sizeof(which))
		return verbs_nonsense(err);
	memcpy(&which, asked->data, sizeof(which));
	if (which.tag[sizeof(which.tag) - 1])
		return verbs_nonsense(err);
	verbs_forget_told(told_to(v));
	moment = find_moment(v, &which, err);
	return moment ? tell(v, moment, reply, err) : -1;
}

VERB(conf)
{
	struct told *told = told_to(verbs_of(server));
	__u64 len;

	if (asked->len)
		return verbs_nonsense(err);
	verbs_forget_told(told);
	if (tell_conf(verbs_of(server), &told->bytes, err))
		return -1;
	len = told->bytes.len;
	memcpy(reply->data, &len, sizeof(len));
	reply->len = sizeof(len);
	return 0;
}

VERB(told)
{
	const struct bytes *bytes = &told_to(verbs_of(server))->bytes;
	__u64 at;

	if (asked->len != sizeof(at))
		return verbs_nonsense(err);
	memcpy(&at, asked->data, sizeof(at));
	if (at >= bytes->len)
		return 0;
	reply->len = bytes->len - at < TALK_MAX_DATA ? bytes->len - at :
						      TALK_MAX_DATA;
	memcpy(reply->data, bytes->data + at, reply->len);
	return 0;
}
