// SPDX-License-Identifier: GPL-2.0
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/vmm_netlink.h>

#include "lib/container.h"
#include "lib/control.h"

/* Dumps that VMs' coming and going spoils are asked for again, so often. */
#define TRIES	100

int control_open(struct control *c, struct err *err)
{
	int ret;

	c->sock = nl_socket_alloc();
	if (!c->sock)
		return err_set(err, VMCTL_FAILED, "netlink: out of memory");
	ret = genl_connect(c->sock);
	if (ret) {
		err_set(err, VMCTL_FAILED, "netlink: cannot connect: %s",
			nl_geterror(ret));
		goto fail;
	}
	c->family = genl_ctrl_resolve(c->sock, VMM_NL_FAMILY_NAME);
	if (c->family < 0) {
		err_set(err, VMCTL_MODULE,
			"netlink: no family " VMM_NL_FAMILY_NAME "; try: modprobe vmm, or insmod vmm.ko");
		goto fail;
	}
	return 0;

fail:
	control_close(c);
	return -1;
}

void control_close(struct control *c)
{
	nl_socket_free(c->sock);
	c->sock = NULL;
}

static uint64_t number(struct nlattr *a)
{
	if (!a)
		return 0;
	return nla_len(a) == sizeof(uint64_t) ? nla_get_u64(a) : nla_get_u32(a);
}

static void text(char *to, size_t size, struct nlattr *a)
{
	snprintf(to, size, "%s", a ? nla_get_string(a) : "");
}

static void parse_vm(struct control_vm *vm, struct nlattr **a)
{
	static const char *const states[] = {
		[VMM_NL_STATE_NEW] = "new",
		[VMM_NL_STATE_RUNNING] = "running",
		[VMM_NL_STATE_PAUSED] = "paused",
		[VMM_NL_STATE_DEAD] = "dead",
	};
	uint64_t state = number(a[VMM_NL_A_STATE]);

	text(vm->name, sizeof(vm->name), a[VMM_NL_A_NAME]);
	text(vm->backend, sizeof(vm->backend), a[VMM_NL_A_BACKEND]);
	snprintf(vm->state, sizeof(vm->state), "%s",
		 state < ARRAY_SIZE(states) ? states[state] : "unknown");
	vm->id = number(a[VMM_NL_A_VM_ID]);
	vm->owner = number(a[VMM_NL_A_OWNER]);
	vm->vcpus = number(a[VMM_NL_A_VCPUS]);
	vm->max_vcpus = number(a[VMM_NL_A_MAX_VCPUS]);
	vm->memory = number(a[VMM_NL_A_MEMORY]);
	vm->max_memory = number(a[VMM_NL_A_MAX_MEMORY]);
	vm->resident = number(a[VMM_NL_A_RESIDENT]);
	vm->uptime_ns = number(a[VMM_NL_A_UPTIME_NS]);
	vm->paused_ns = number(a[VMM_NL_A_PAUSED_NS]);
}

/** struct list - what a dump has brought so far */
struct list {
	struct control_vm *vms;
	size_t count;
};

static int add_vm(struct nl_msg *msg, void *arg)
{
	/* What each is to be; libnl refuses messages where it is not so. */
	static struct nla_policy policy[VMM_NL_A_MAX + 1] = {
		[VMM_NL_A_VM_ID] = { .type = NLA_U32 },
		[VMM_NL_A_NAME] = { .type = NLA_STRING },
		[VMM_NL_A_STATE] = { .type = NLA_U32 },
		[VMM_NL_A_OWNER] = { .type = NLA_U32 },
		[VMM_NL_A_BACKEND] = { .type = NLA_STRING },
		[VMM_NL_A_VCPUS] = { .type = NLA_U32 },
		[VMM_NL_A_MAX_VCPUS] = { .type = NLA_U32 },
		[VMM_NL_A_MEMORY] = { .type = NLA_U64 },
		[VMM_NL_A_MAX_MEMORY] = { .type = NLA_U64 },
		[VMM_NL_A_RESIDENT] = { .type = NLA_U64 },
		[VMM_NL_A_UPTIME_NS] = { .type = NLA_U64 },
		[VMM_NL_A_PAUSED_NS] = { .type = NLA_U64 },
	};
	struct nlattr *a[VMM_NL_A_MAX + 1];
	struct list *list = arg;
	struct control_vm *vms;
	int ret;

	ret = genlmsg_parse(nlmsg_hdr(msg), 0, a, VMM_NL_A_MAX, policy);
	if (ret)
		return ret;
	vms = reallocarray(list->vms, list->count + 1, sizeof(*vms));
	if (!vms)
		return -NLE_NOMEM;
	list->vms = vms;
	parse_vm(&vms[list->count++], a);
	return NL_OK;
}

static int dump_vms(struct control *c, struct list *list)
{
	int ret;

	list->count = 0;
	ret = nl_socket_modify_cb(c->sock, NL_CB_VALID, NL_CB_CUSTOM, add_vm,
				  list);
	if (!ret)
		ret = genl_send_simple(c->sock, c->family, VMM_NL_CMD_VM_GET,
				       VMM_NL_FAMILY_VERSION, NLM_F_DUMP);
	return ret < 0 ? ret : nl_recvmsgs_default(c->sock);
}

static int by_id(const void *a, const void *b)
{
	const struct control_vm *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

int control_list(struct control *c, struct control_vm **vms, size_t *count,
		 struct err *err)
{
	struct list list = {};
	int ret, n = 0;

	do {
		ret = dump_vms(c, &list);
	} while (ret == -NLE_DUMP_INTR && ++n < TRIES);
	if (ret < 0) {
		free(list.vms);
		return err_set(err, VMCTL_FAILED, "netlink: cannot list VMs: %s",
			       nl_geterror(ret));
	}
	if (list.count)
		qsort(list.vms, list.count, sizeof(*list.vms), by_id);
	*vms = list.vms;
	*count = list.count;
	return 0;
}
