// SPDX-License-Identifier: GPL-2.0
/*
 * Notices as multicast messages.
 *
 * They go to the network namespace in which the VM was made, and to the first.
 * An event that cannot be made is an overrun for those who listen.
 */
#include <linux/ktime.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

#include "core/control.h"
#include "core/vm.h"
#include "ctl/netlink.h"
#include "uapi/linux/vmm_netlink.h"

static int put_event(struct sk_buff *skb, const struct vmm_vm *vm,
		     const struct net *net, const struct vmm_notice *n)
{
	uid_t uid = from_kuid_munged(net->user_ns, vm->control.owner);

	if (nla_put_u32(skb, VMM_NL_A_EVENT, n->event) ||
	    nla_put_u32(skb, VMM_NL_A_VM_ID, vm->id) ||
	    nla_put_u32(skb, VMM_NL_A_OWNER, uid) ||
	    nla_put_u64_64bit(skb, VMM_NL_A_SEQ, n->seq, VMM_NL_A_PAD) ||
	    nla_put_u64_64bit(skb, VMM_NL_A_TIME_NS, ktime_get_boottime_ns(),
			      VMM_NL_A_PAD))
		return -EMSGSIZE;
	if (n->has_vcpu && nla_put_u32(skb, VMM_NL_A_VCPU_ID, n->vcpu))
		return -EMSGSIZE;
	if (n->reason && nla_put_u32(skb, VMM_NL_A_STOP_REASON, n->reason))
		return -EMSGSIZE;
	return 0;
}

static struct sk_buff *make(const struct vmm_vm *vm, const struct net *net,
			    const struct vmm_notice *n)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	void *hdr;

	if (!skb)
		return NULL;
	hdr = genlmsg_put(skb, 0, 0, &vmm_nl_family, 0, VMM_NL_CMD_EVENT);
	if (!hdr || put_event(skb, vm, net, n)) {
		nlmsg_free(skb);
		return NULL;
	}
	genlmsg_end(skb, hdr);
	return skb;
}

static void tell(const struct vmm_vm *vm, struct net *net,
		 const struct vmm_notice *n)
{
	struct sk_buff *skb;

	if (!genl_has_listeners(&vmm_nl_family, net, n->group))
		return;
	skb = make(vm, net, n);
	if (skb)
		genlmsg_multicast_netns(&vmm_nl_family, net, skb, 0, n->group,
					GFP_KERNEL);
	else
		genl_set_err(&vmm_nl_family, net, 0, n->group, -ENOBUFS);
}

void vmm_nl_event(struct vmm_vm *vm, const struct vmm_notice *notice)
{
	tell(vm, &init_net, notice);
	if (!net_eq(vm->control.net, &init_net))
		tell(vm, vm->control.net, notice);
}
