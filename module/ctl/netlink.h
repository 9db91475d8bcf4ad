/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the netlink family share.
 */
#ifndef VMM_CTL_NETLINK_H
#define VMM_CTL_NETLINK_H

#include <net/genetlink.h>

struct vmm_notice;
struct vmm_vm;

int vmm_netlink_init(void);
void vmm_netlink_exit(void);

extern struct genl_family vmm_nl_family;

/* Whether the caller, and who opened the socket of @skb, may act on @vm. */
bool vmm_nl_may(const struct sk_buff *skb, const struct vmm_vm *vm);

/*
 * The VM that @attrs name, with a reference, if the caller may act on it; else an
 * errno with words in @extack.
 */
struct vmm_vm *vmm_nl_find(const struct sk_buff *skb, struct nlattr **attrs,
			   struct netlink_ext_ack *extack);

/* Begins any dump. */
int vmm_nl_dump_start(struct netlink_callback *cb);

/* An answer of what @put puts; a counter. */
int vmm_nl_reply(struct genl_info *info, u8 cmd,
		 int (*put)(struct sk_buff *skb, struct vmm_vm *vm),
		 struct vmm_vm *vm);
int vmm_nl_put_stat(struct sk_buff *skb, const char *name, u64 value);

/* Operations that tell (nl_get.c, nl_ksm.c) and that change (nl_act.c). */
int vmm_nl_vm_get(struct sk_buff *skb, struct genl_info *info);
int vmm_nl_vm_dump(struct sk_buff *skb, struct netlink_callback *cb);
int vmm_nl_vcpu_dump(struct sk_buff *skb, struct netlink_callback *cb);
int vmm_nl_slot_dump(struct sk_buff *skb, struct netlink_callback *cb);
int vmm_nl_stats_get(struct sk_buff *skb, struct genl_info *info);
int vmm_nl_stats_dump(struct sk_buff *skb, struct netlink_callback *cb);
int vmm_nl_ksm_get(struct sk_buff *skb, struct genl_info *info);
int vmm_nl_vm_set(struct sk_buff *skb, struct genl_info *info);
int vmm_nl_vm_pause(struct sk_buff *skb, struct genl_info *info);
int vmm_nl_vm_resume(struct sk_buff *skb, struct genl_info *info);
int vmm_nl_vm_stop(struct sk_buff *skb, struct genl_info *info);
int vmm_nl_vm_reset(struct sk_buff *skb, struct genl_info *info);
int vmm_nl_vm_kill(struct sk_buff *skb, struct genl_info *info);
int vmm_nl_vm_nmi(struct sk_buff *skb, struct genl_info *info);

/* events.c; for struct vmm_watch_ops. */
void vmm_nl_event(struct vmm_vm *vm, const struct vmm_notice *notice);

#endif
