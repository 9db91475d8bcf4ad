// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "vm/machine.h"
#include "vm/sandbox.h"
#include "vm/verbs_parts.h"

#define READ_MS	1000	/* for a vCPU to leave the guest */

struct machine *verbs_machine(struct verbs *v, struct err *err)
{
	if (!v->machine)
		err_set(err, VMCTL_STATE, "the VM is being reset");
	return v->machine;
}

/* A thread that is held does not answer. */
struct machine *verbs_free_machine(struct verbs *v, struct err *err)
{
	if (!v->saving.by)
		return verbs_machine(v, err);
	err_set(err, VMCTL_STATE, "is being saved");
	return NULL;
}

int verbs_nonsense(struct err *err)
{
	return err_set(err, VMCTL_FAILED, "a request that cannot be understood");
}

static int regs(struct talk_server *server, const struct talk_message *asked,
		struct talk_message *reply, struct err *err)
{
	struct machine *m = verbs_free_machine(verbs_of(server), err);
	struct verb_regs out = {};
	struct vcpu_state state;
	__u32 vcpu;

	if (!m)
		return -1;
	if (asked->len != sizeof(vcpu))
		return verbs_nonsense(err);
	memcpy(&vcpu, asked->data, sizeof(vcpu));
	if (vcpu >= m->cpus)
		return err_set(err, VMCTL_FAILED, "the VM has no vCPU %u", vcpu);
	if (vcpu_read(&m->vcpu[vcpu], READ_MS, &state, err))
		return -1;
	out.vcpus = m->cpus;
	out.regs = state.regs;
	out.sregs = state.sregs;
	memcpy(reply->data, &out, sizeof(out));
	reply->len = sizeof(out);
	return 0;
}

static int memory(struct talk_server *server, const struct talk_message *asked,
		  struct talk_message *reply, struct err *err)
{
	struct machine *m = verbs_machine(verbs_of(server), err);
	struct verb_memory out = { .count = 1 };
	const struct layout *layout;

	if (!m)
		return -1;
	if (asked->len)
		return verbs_nonsense(err);
	layout = &m->ram.layout;
	out.range[0].size = layout->low;
	if (layout->high) {
		out.range[1].gpa = LAYOUT_4G;
		out.range[1].size = layout->high;
		out.range[1].offset = layout->low;
		out.count++;
	}
	memcpy(reply->data, &out, sizeof(out));
	reply->len = sizeof(out);
	reply->fd = m->ram.fd;
	return 0;
}

/* All or nothing: half of what was typed may mean something else. */
static int keys(struct talk_server *server, const struct talk_message *asked,
		struct talk_message *reply, struct err *err)
{
	struct machine *m = verbs_machine(verbs_of(server), err);
	bool is_break = asked->head.verb == VERB_BREAK;

	(void)reply;
	if (!m)
		return -1;
	if (asked->len + is_break > serial_room(&m->serial))
		return err_set(err, VMCTL_STATE,
			       "the guest does not read what it was sent before");
	if (is_break)
		serial_receive_break(&m->serial);
	serial_receive(&m->serial, (const uint8_t *)asked->data, asked->len);
	return 0;
}

static int sandbox(struct talk_server *server, const struct talk_message *asked,
		   struct talk_message *reply, struct err *err)
{
	const struct sandbox *s = verbs_of(server)->sandbox;
	struct verb_sandbox out = { .mode = s->mode, .has = s->has };

	if (asked->len)
		return verbs_nonsense(err);
	memcpy(reply->data, &out, sizeof(out));
	reply->len = sizeof(out);
	return 0;
}

/* ---- of a machine that is held ------------------------------------------------------ */

static int hold(struct talk_server *server, const struct talk_message *asked,
		struct talk_message *reply, struct err *err)
{
	struct verbs *v = verbs_of(server);
	struct machine *m = verbs_machine(verbs_of(server), err);
	struct verb_hold out;

	if (!m)
		return -1;
	if (asked->len)
		return verbs_nonsense(err);
	if (saving_begin(&v->saving, m, v->conf, server->asking, &out, err))
		return -1;
	/* its going would let the machine go */
	server->staying = server->asking;
	memcpy(reply->data, &out, sizeof(out));
	reply->len = sizeof(out);
	return 0;
}

static int held(struct talk_server *server, const struct talk_message *asked,
		struct talk_message *reply, struct err *err)
{
	struct verbs *v = verbs_of(server);
	__u64 at;

	if (asked->len != sizeof(at))
		return verbs_nonsense(err);
	if (v->saving.by != server->asking)
		return err_set(err, VMCTL_STATE, "the VM is not held");
	memcpy(&at, asked->data, sizeof(at));
	reply->len = saving_read(&v->saving, at, reply->data, TALK_MAX_DATA);
	return 0;
}

static void gone(struct talk_server *server, const struct talk_client *client)
{
	struct verbs *v = verbs_of(server);

	if (v->saving.by == client)
		saving_end(&v->saving);
	if (server->staying == client)
		server->staying = NULL;
	verbs_forget_told(&v->told[client - server->client]);
}

static const struct talk_verb table[] = {
	{ VERB_KEYS, keys },
	{ VERB_BREAK, keys },
	{ VERB_REGS, regs },
	{ VERB_MEMORY, memory },
	{ VERB_SANDBOX, sandbox },
	{ VERB_HOLD, hold },
	{ VERB_HELD, held },
	{ VERB_SNAP_TAKE, verb_snap_take },
	{ VERB_SNAP_LIST, verb_snap_list },
	{ VERB_SNAP_DROP, verb_snap_drop },
	{ VERB_ROLLBACK, verb_rollback },
	{ VERB_MOMENT, verb_moment },
	{ VERB_TOLD, verb_told },
	{ VERB_CONF, verb_conf },
	{}
};

void verbs_init(struct verbs *v, struct loop *loop,
		const struct sandbox *s, const struct conf *conf)
{
	unsigned int i;

	v->sandbox = s;
	v->conf = conf;
	v->machine = NULL;
	v->saving = (struct saving){ .by = NULL };
	v->tags.count = v->tags.made = 0;
	for (i = 0; i < TALK_CLIENTS; i++)
		v->told[i] = (struct told){ .moment.memory = -1 };
	talk_server_init(&v->server, table, loop);
	v->server.gone = gone;
}

int verbs_listen(struct verbs *v, const char *path, struct err *err)
{
	return talk_server_listen(&v->server, path, err);
}

void verbs_speak_for(struct verbs *v, struct machine *machine)
{
	/* one that is gone will not be let go */
	saving_forget(&v->saving);
	v->machine = machine;
}

void verbs_fini(struct verbs *v)
{
	talk_server_fini(&v->server);
	tags_fini(&v->tags);
}
