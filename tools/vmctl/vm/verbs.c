// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "lib/container.h"
#include "lib/verb.h"
#include "vm/machine.h"
#include "vm/sandbox.h"
#include "vm/verbs.h"

#define READ_MS	1000	/* for a vCPU to leave the guest */

static struct machine *machine_of(struct talk_server *server, struct err *err)
{
	struct verbs *v = container_of(server, struct verbs, server);

	if (!v->machine)
		err_set(err, VMCTL_STATE, "the VM is being reset");
	return v->machine;
}

static int nonsense(struct err *err)
{
	return err_set(err, VMCTL_FAILED, "a request that cannot be understood");
}

/* A thread that is held does not answer. */
static int not_held(struct talk_server *server, struct err *err)
{
	struct verbs *v = container_of(server, struct verbs, server);

	return v->saving.by ? err_set(err, VMCTL_STATE, "is being saved") : 0;
}

static int regs(struct talk_server *server, const struct talk_message *asked,
		struct talk_message *reply, struct err *err)
{
	struct machine *m = machine_of(server, err);
	struct verb_regs out = {};
	struct vcpu_state state;
	__u32 vcpu;

	if (!m || not_held(server, err))
		return -1;
	if (asked->len != sizeof(vcpu))
		return nonsense(err);
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
	struct machine *m = machine_of(server, err);
	struct verb_memory out = { .count = 1 };
	const struct layout *layout;

	if (!m)
		return -1;
	if (asked->len)
		return nonsense(err);
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
	struct machine *m = machine_of(server, err);
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
	const struct sandbox *s = container_of(server, struct verbs, server)->sandbox;
	struct verb_sandbox out = { .mode = s->mode, .has = s->has };

	if (asked->len)
		return nonsense(err);
	memcpy(reply->data, &out, sizeof(out));
	reply->len = sizeof(out);
	return 0;
}

/* ---- of a machine that is held ------------------------------------------------------ */

static int hold(struct talk_server *server, const struct talk_message *asked,
		struct talk_message *reply, struct err *err)
{
	struct verbs *v = container_of(server, struct verbs, server);
	struct machine *m = machine_of(server, err);
	struct verb_hold out;

	if (!m)
		return -1;
	if (asked->len)
		return nonsense(err);
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
	struct verbs *v = container_of(server, struct verbs, server);
	__u64 at;

	if (asked->len != sizeof(at))
		return nonsense(err);
	if (v->saving.by != server->asking)
		return err_set(err, VMCTL_STATE, "the VM is not held");
	memcpy(&at, asked->data, sizeof(at));
	reply->len = saving_read(&v->saving, at, reply->data, TALK_MAX_DATA);
	return 0;
}

static int release(struct talk_server *server, const struct talk_message *asked,
		   struct talk_message *reply, struct err *err)
{
	struct verbs *v = container_of(server, struct verbs, server);

	(void)reply;
	if (asked->len)
		return nonsense(err);
	if (v->saving.by != server->asking)
		return err_set(err, VMCTL_STATE, "the VM is not held");
	saving_end(&v->saving);
	server->staying = NULL;
	return 0;
}

static void gone(struct talk_server *server, const struct talk_client *client)
{
	struct verbs *v = container_of(server, struct verbs, server);

	if (v->saving.by == client)
		saving_end(&v->saving);
	if (server->staying == client)
		server->staying = NULL;
}

static const struct talk_verb table[] = {
	{ VERB_KEYS, keys },
	{ VERB_BREAK, keys },
	{ VERB_REGS, regs },
	{ VERB_MEMORY, memory },
	{ VERB_SANDBOX, sandbox },
	{ VERB_HOLD, hold },
	{ VERB_HELD, held },
	{ VERB_RELEASE, release },
	{}
};

void verbs_init(struct verbs *v, struct loop *loop,
		const struct sandbox *s, const struct conf *conf)
{
	v->sandbox = s;
	v->conf = conf;
	v->machine = NULL;
	v->saving = (struct saving){ .by = NULL };
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
}
