// SPDX-License-Identifier: GPL-2.0
/*
 * The generic-netlink family: policies and operations as in
 * Documentation/netlink/specs/vmm.yaml, look-up, rights.
 *
 * Operations run side by side; each finds its VM with vmm_nl_find(), which looks
 * at rights, and holds a reference meanwhile.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/module.h>
#include <net/sock.h>

#include "core/vm.h"
#include "ctl/netlink.h"
#include "uapi/linux/vmm_netlink.h"

#define NAME_MAX_LEN	(VMM_NAME_LEN - 1)

/* ---- policies ---------------------------------------------------------------- */

static const struct nla_policy label_policy[VMM_NL_A_LABEL_MAX + 1] = {
	[VMM_NL_A_LABEL_KEY] = {
		.type = NLA_NUL_STRING, .len = VMM_LABEL_LEN - 1 },
	[VMM_NL_A_LABEL_VALUE] = {
		.type = NLA_NUL_STRING, .len = VMM_LABEL_VALUE_LEN - 1 },
};

#define VM_POLICY							\
	[VMM_NL_A_VM_ID] = NLA_POLICY_MIN(NLA_U32, 1),			\
	[VMM_NL_A_NAME] = { .type = NLA_NUL_STRING, .len = NAME_MAX_LEN }

static const struct nla_policy vm_policy[VMM_NL_A_NAME + 1] = {
	VM_POLICY,
};

static const struct nla_policy set_policy[VMM_NL_A_LABEL + 1] = {
	VM_POLICY,
	[VMM_NL_A_NEW_NAME] = { .type = NLA_NUL_STRING, .len = NAME_MAX_LEN },
	[VMM_NL_A_MAX_VCPUS] = NLA_POLICY_RANGE(NLA_U32, 1, VMM_MAX_VCPUS),
	[VMM_NL_A_MAX_MEMORY] = { .type = NLA_U64 },
	[VMM_NL_A_LABEL] = NLA_POLICY_NESTED(label_policy),
};

static const struct nla_policy nmi_policy[VMM_NL_A_VCPU_ID + 1] = {
	VM_POLICY,
	[VMM_NL_A_VCPU_ID] = NLA_POLICY_MAX(NLA_U32, VMM_MAX_VCPUS - 1),
};

/* ---- operations --------------------------------------------------------------- */

#define OP(_cmd, _policy, ...) {					\
	.cmd = (_cmd), .policy = (_policy),				\
	.maxattr = ARRAY_SIZE(_policy) - 1, __VA_ARGS__ }

static const struct genl_ops ops[] = {
	OP(VMM_NL_CMD_VM_GET, vm_policy, .doit = vmm_nl_vm_get,
	   .start = vmm_nl_dump_start, .dumpit = vmm_nl_vm_dump),
	OP(VMM_NL_CMD_VM_SET, set_policy, .doit = vmm_nl_vm_set),
	OP(VMM_NL_CMD_VM_PAUSE, vm_policy, .doit = vmm_nl_vm_pause),
	OP(VMM_NL_CMD_VM_RESUME, vm_policy, .doit = vmm_nl_vm_resume),
	OP(VMM_NL_CMD_VM_STOP, vm_policy, .doit = vmm_nl_vm_stop),
	OP(VMM_NL_CMD_VM_RESET, vm_policy, .doit = vmm_nl_vm_reset),
	OP(VMM_NL_CMD_VM_KILL, vm_policy, .doit = vmm_nl_vm_kill),
	OP(VMM_NL_CMD_VM_NMI, nmi_policy, .doit = vmm_nl_vm_nmi),
	OP(VMM_NL_CMD_VCPU_GET, vm_policy, .start = vmm_nl_dump_start,
	   .dumpit = vmm_nl_vcpu_dump),
	OP(VMM_NL_CMD_SLOT_GET, vm_policy, .start = vmm_nl_dump_start,
	   .dumpit = vmm_nl_slot_dump),
	OP(VMM_NL_CMD_STATS_GET, vm_policy, .doit = vmm_nl_stats_get,
	   .start = vmm_nl_dump_start, .dumpit = vmm_nl_stats_dump),
	OP(VMM_NL_CMD_KSM_GET, vm_policy, .doit = vmm_nl_ksm_get),
};

/* In the order of enum vmm_notice_group. */
static const struct genl_multicast_group groups[] = {
	[VMM_NOTICE_LIFE]	= { .name = VMM_NL_GROUP_LIFE },
	[VMM_NOTICE_LIMITS]	= { .name = VMM_NL_GROUP_LIMITS },
	[VMM_NOTICE_FAULTS]	= { .name = VMM_NL_GROUP_FAULTS },
};

struct genl_family vmm_nl_family __ro_after_init = {
	.name		= VMM_NL_FAMILY_NAME,
	.version	= VMM_NL_FAMILY_VERSION,
	.netnsok	= true,
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= ops,
	.n_ops		= ARRAY_SIZE(ops),
	.mcgrps		= groups,
	.n_mcgrps	= ARRAY_SIZE(groups),
};

int vmm_netlink_init(void)
{
	BUILD_BUG_ON(ARRAY_SIZE(groups) != VMM_NR_NOTICE_GROUPS);
	return genl_register_family(&vmm_nl_family);
}

void vmm_netlink_exit(void)
{
	genl_unregister_family(&vmm_nl_family);
}

/* ---- rights and look-up ---------------------------------------------------------- */

bool vmm_nl_may(const struct sk_buff *skb, const struct vmm_vm *vm)
{
	const struct vmm_control *c = &vm->control;

	if (uid_eq(c->owner, current_euid()) &&
	    uid_eq(c->owner, NETLINK_CB(skb).sk->sk_uid))
		return true;
	return netlink_ns_capable(skb, c->user_ns, CAP_SYS_ADMIN);
}

/* Of the VMs that the caller may act on, the one of that name. */
static struct vmm_vm *find_by_name(const struct sk_buff *skb,
				   const struct nlattr *attr,
				   struct netlink_ext_ack *extack)
{
	struct vmm_vm *vm, *found = NULL;
	u32 id = 0;

	while ((vm = vmm_vm_next(id))) {
		id = vm->id + 1;
		if (!vmm_nl_may(skb, vm) ||
		    !vmm_vm_has_name(vm, nla_data(attr))) {
			vmm_vm_put(vm);
			cond_resched();
			continue;
		}
		if (found) {
			vmm_vm_put(vm);
			vmm_vm_put(found);
			NL_SET_ERR_MSG_ATTR(extack, attr,
					    "several VMs have this name");
			return ERR_PTR(-ENOTUNIQ);
		}
		found = vm;
	}
	if (found)
		return found;
	NL_SET_ERR_MSG_ATTR(extack, attr, "no VM of this name");
	return ERR_PTR(-ENOENT);
}

static struct vmm_vm *find_by_id(const struct sk_buff *skb,
				 const struct nlattr *id,
				 const struct nlattr *name,
				 struct netlink_ext_ack *extack)
{
	struct vmm_vm *vm = vmm_vm_find(nla_get_u32(id));
	int err = -EPERM;

	if (!vm) {
		NL_SET_ERR_MSG_ATTR(extack, id, "no VM of this id");
		return ERR_PTR(-ENOENT);
	}
	if (!vmm_nl_may(skb, vm)) {
		NL_SET_ERR_MSG_ATTR(extack, id, "the VM is another user's");
	} else if (name && !vmm_vm_has_name(vm, nla_data(name))) {
		err = -ENOENT;
		NL_SET_ERR_MSG_ATTR(extack, name,
				    "the VM of this id has another name");
	} else {
		err = 0;
	}
	if (!err)
		return vm;
	vmm_vm_put(vm);
	return ERR_PTR(err);
}

struct vmm_vm *vmm_nl_find(const struct sk_buff *skb, struct nlattr **attrs,
			   struct netlink_ext_ack *extack)
{
	struct nlattr *id = attrs[VMM_NL_A_VM_ID];
	struct nlattr *name = attrs[VMM_NL_A_NAME];

	if (id)
		return find_by_id(skb, id, name, extack);
	if (name)
		return find_by_name(skb, name, extack);
	NL_SET_ERR_ATTR_MISS(extack, NULL, VMM_NL_A_VM_ID);
	NL_SET_ERR_MSG(extack, "a VM must be named by id or by name");
	return ERR_PTR(-EINVAL);
}
