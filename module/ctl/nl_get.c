// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink operations that tell of VMs, their vCPUs, memory and counters.
 *
 * A dump keeps no more between two messages than numbers: in cb->args[0] the id
 * of the VM or of the part of it that comes next.  Ids only grow, so that a VM
 * that exists throughout is told of exactly once.
 */
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/sched.h>

#include "compat.h"
#include "core/backend_ops.h"
#include "core/stats.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "ctl/netlink.h"
#include "uapi/linux/vmm_netlink.h"

/* A VM with labels at their longest, or all counters, fit. */
#define RECORD_SIZE	8192

static int put_u64(struct sk_buff *skb, int attr, u64 value)
{
	return nla_put_u64_64bit(skb, attr, value, VMM_NL_A_PAD);
}

/* ---- a VM --------------------------------------------------------------------- */

static int put_label(struct sk_buff *skb, const struct vmm_label *label)
{
	struct nlattr *nest = nla_nest_start(skb, VMM_NL_A_LABEL);

	if (!nest ||
	    nla_put_string(skb, VMM_NL_A_LABEL_KEY, label->key) ||
	    nla_put_string(skb, VMM_NL_A_LABEL_VALUE, label->value))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_control(struct sk_buff *skb, struct vmm_vm *vm)
{
	struct vmm_control *c = &vm->control;
	u32 i;

	lockdep_assert_held(&c->lock);
	if (nla_put_string(skb, VMM_NL_A_NAME, vm->name) ||
	    put_u64(skb, VMM_NL_A_LIFE_SEQ, c->seq[VMM_NOTICE_LIFE]) ||
	    put_u64(skb, VMM_NL_A_LIMITS_SEQ, c->seq[VMM_NOTICE_LIMITS]) ||
	    put_u64(skb, VMM_NL_A_FAULTS_SEQ, c->seq[VMM_NOTICE_FAULTS]) ||
	    nla_put_u32(skb, VMM_NL_A_STATE, vmm_control_state(vm)))
		return -EMSGSIZE;
	for (i = 0; i < c->nr_labels; i++)
		if (put_label(skb, &c->labels[i]))
			return -EMSGSIZE;
	return 0;
}

static int put_figures(struct sk_buff *skb, struct vmm_vm *vm)
{
	struct vmm_control *c = &vm->control;
	uid_t uid = from_kuid_munged(current_user_ns(), c->owner);

	return nla_put_u32(skb, VMM_NL_A_OWNER, uid) ||
	       nla_put_string(skb, VMM_NL_A_BACKEND, vmm_backend->name) ||
	       nla_put_u32(skb, VMM_NL_A_VCPUS, vmm_vm_count_vcpus(vm)) ||
	       nla_put_u32(skb, VMM_NL_A_MAX_VCPUS,
			   READ_ONCE(c->max_vcpus)) ||
	       put_u64(skb, VMM_NL_A_MEMORY, npt_space_bytes(&vm->space)) ||
	       put_u64(skb, VMM_NL_A_MAX_MEMORY, READ_ONCE(c->max_memory)) ||
	       put_u64(skb, VMM_NL_A_RESIDENT,
		       npt_space_resident(&vm->space)) ||
	       put_u64(skb, VMM_NL_A_UPTIME_NS,
		       ktime_get_boottime_ns() - c->born_ns) ||
	       put_u64(skb, VMM_NL_A_PAUSED_NS,
		       vmm_clock_vm_stopped_ns(&vm->x86.clock)) ||
	       nla_put_u32(skb, VMM_NL_A_REQUESTS, READ_ONCE(c->requests)) ?
	       -EMSGSIZE : 0;
}

/*
 * Figures may wait for locks of the VM's memory, and so are not taken inside;
 * after the numbers of events, so that what these tell of is in the figures.
 */
static int put_vm(struct sk_buff *skb, struct vmm_vm *vm)
{
	int err;

	if (nla_put_u32(skb, VMM_NL_A_VM_ID, vm->id))
		return -EMSGSIZE;
	mutex_lock(&vm->control.lock);
	err = put_control(skb, vm);
	mutex_unlock(&vm->control.lock);
	return err ? err : put_figures(skb, vm);
}

/* ---- counters ------------------------------------------------------------------ */

int vmm_nl_put_stat(struct sk_buff *skb, const char *name, u64 value)
{
	struct nlattr *nest = nla_nest_start(skb, VMM_NL_A_STAT);

	if (!nest || nla_put_string(skb, VMM_NL_A_STAT_NAME, name) ||
	    nla_put_u64_64bit(skb, VMM_NL_A_STAT_VALUE, value,
			      VMM_NL_A_STAT_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* @vm may be NULL: all since the module was loaded. */
static int put_stats(struct sk_buff *skb, struct vmm_vm *vm)
{
	unsigned int i;
	u64 value;

	if (vm && nla_put_u32(skb, VMM_NL_A_VM_ID, vm->id))
		return -EMSGSIZE;
	for (i = 0; i < VMM_NR_STATS; i++) {
		value = vm ? vmm_vm_stat(vm, i) : vmm_stat_total(i);
		if (vmm_nl_put_stat(skb, vmm_stat_names[i], value))
			return -EMSGSIZE;
	}
	return 0;
}

/* ---- answers to single requests --------------------------------------------------- */

typedef int (*put_fn)(struct sk_buff *skb, struct vmm_vm *vm);

int vmm_nl_reply(struct genl_info *info, u8 cmd, put_fn put, struct vmm_vm *vm)
{
	struct sk_buff *skb = genlmsg_new(RECORD_SIZE, GFP_KERNEL);
	void *hdr;
	int err;

	if (!skb)
		return -ENOMEM;
	err = -EMSGSIZE;
	hdr = genlmsg_put_reply(skb, info, &vmm_nl_family, 0, cmd);
	if (hdr)
		err = put(skb, vm);
	if (err) {
		nlmsg_free(skb);
		return err;
	}
	genlmsg_end(skb, hdr);
	return genlmsg_reply(skb, info);
}

int vmm_nl_vm_get(struct sk_buff *skb, struct genl_info *info)
{
	struct vmm_vm *vm = vmm_nl_find(skb, info->attrs, info->extack);
	int err;

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	err = vmm_nl_reply(info, VMM_NL_CMD_VM_GET, put_vm, vm);
	vmm_vm_put(vm);
	return err;
}

int vmm_nl_stats_get(struct sk_buff *skb, struct genl_info *info)
{
	struct vmm_vm *vm;
	int err;

	if (!info->attrs[VMM_NL_A_VM_ID] && !info->attrs[VMM_NL_A_NAME])
		return vmm_nl_reply(info, VMM_NL_CMD_STATS_GET, put_stats, NULL);
	vm = vmm_nl_find(skb, info->attrs, info->extack);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	err = vmm_nl_reply(info, VMM_NL_CMD_STATS_GET, put_stats, vm);
	vmm_vm_put(vm);
	return err;
}

/* ---- dumps ------------------------------------------------------------------------ */

static void *put_header(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	void *hdr;

	hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			  &vmm_nl_family, NLM_F_MULTI, cmd);
	if (hdr)
		genl_dump_check_consistent(cb, hdr);
	return hdr;
}

/* -EMSGSIZE: the message is full, and goes on with the next. */
static int put_record(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		      put_fn put, struct vmm_vm *vm)
{
	void *hdr = put_header(skb, cb, cmd);
	int err;

	if (!hdr)
		return -EMSGSIZE;
	err = put(skb, vm);
	if (err)
		genlmsg_cancel(skb, hdr);
	else
		genlmsg_end(skb, hdr);
	return err;
}

/*
 * The first message of a dump is made before its reader has said how much he
 * takes; without this it would be a page.
 */
int vmm_nl_dump_start(struct netlink_callback *cb)
{
	cb->min_dump_alloc = RECORD_SIZE;
	return 0;
}

/* All VMs that the reader may look at. */
static int dump_vms(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		    put_fn put)
{
	struct nlattr **attrs = vmm_genl_dump_attrs(cb);
	struct vmm_vm *vm;
	int err = 0;

	if (attrs && (attrs[VMM_NL_A_VM_ID] || attrs[VMM_NL_A_NAME])) {
		NL_SET_ERR_MSG(cb->extack, "a dump is of all VMs");
		return -EINVAL;
	}
	cb->seq = vmm_vm_generation();
	while (!err && (vm = vmm_vm_next(cb->args[0]))) {
		if (vmm_nl_may(cb->skb, vm))
			err = put_record(skb, cb, cmd, put, vm);
		if (!err)
			cb->args[0] = (long)vm->id + 1;
		vmm_vm_put(vm);
		cond_resched();
	}
	return err == -EMSGSIZE && !skb->len ? err : skb->len;
}

int vmm_nl_vm_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_vms(skb, cb, VMM_NL_CMD_VM_GET, put_vm);
}

int vmm_nl_stats_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_vms(skb, cb, VMM_NL_CMD_STATS_GET, put_stats);
}

/* ---- parts of one VM -------------------------------------------------------------- */

static int put_thread(struct sk_buff *skb, struct vmm_vcpu *vcpu)
{
	pid_t tid;

	rcu_read_lock();
	tid = pid_vnr(rcu_dereference(vcpu->pid));
	rcu_read_unlock();
	return tid ? nla_put_u32(skb, VMM_NL_A_TID, tid) : 0;
}

static int put_stop(struct sk_buff *skb, struct vmm_vcpu *vcpu)
{
	char text[VMM_STOP_TEXT];

	if (!READ_ONCE(vcpu->stopped))
		return 0;
	/* Its owner may be at it: some words, then, and an end. */
	memcpy(text, vcpu->stop_text, sizeof(text));
	text[sizeof(text) - 1] = 0;
	return nla_put_u32(skb, VMM_NL_A_STOP_REASON,
			   READ_ONCE(vcpu->stop_reason)) ||
	       nla_put_string(skb, VMM_NL_A_STOP_TEXT, text);
}

static int put_vcpu(struct sk_buff *skb, struct vmm_vcpu *vcpu)
{
	int cpu = READ_ONCE(vcpu->cpu);

	if (nla_put_u32(skb, VMM_NL_A_VM_ID, vcpu->vm->id) ||
	    nla_put_u32(skb, VMM_NL_A_VCPU_ID, vcpu->id) ||
	    nla_put_u32(skb, VMM_NL_A_MP_STATE, READ_ONCE(vcpu->mp_state)) ||
	    (cpu >= 0 && nla_put_u32(skb, VMM_NL_A_CPU, cpu)) ||
	    put_thread(skb, vcpu) || put_stop(skb, vcpu))
		return -EMSGSIZE;
	return 0;
}

static int put_slot(struct sk_buff *skb, struct vmm_vm *vm,
		    const struct npt_slot *slot)
{
	if (nla_put_u32(skb, VMM_NL_A_VM_ID, vm->id) ||
	    nla_put_u32(skb, VMM_NL_A_SLOT_ID, slot->id) ||
	    nla_put_u32(skb, VMM_NL_A_SLOT_FLAGS, slot->flags) ||
	    put_u64(skb, VMM_NL_A_GPA, slot->base) ||
	    put_u64(skb, VMM_NL_A_SIZE, slot->size) ||
	    put_u64(skb, VMM_NL_A_OFFSET, slot->first << PAGE_SHIFT))
		return -EMSGSIZE;
	return 0;
}

/* The vCPU from cb->args[0] on; 1: there is none. */
static int next_vcpu(struct sk_buff *skb, struct netlink_callback *cb,
		     struct vmm_vm *vm)
{
	u32 id = cb->args[0];
	struct vmm_vcpu *vcpu = vmm_vm_vcpu_from(vm, &id);

	if (!vcpu)
		return 1;
	cb->args[0] = id;
	return put_vcpu(skb, vcpu);
}

static int next_slot(struct sk_buff *skb, struct netlink_callback *cb,
		     struct vmm_vm *vm)
{
	struct npt_slot slot;

	if (!npt_space_slot_next(&vm->space, cb->args[0], &slot))
		return 1;
	cb->args[0] = slot.id;
	return put_slot(skb, vm, &slot);
}

typedef int (*next_fn)(struct sk_buff *skb, struct netlink_callback *cb,
		       struct vmm_vm *vm);

static int dump_records(struct sk_buff *skb, struct netlink_callback *cb,
			u8 cmd, next_fn next, struct vmm_vm *vm)
{
	void *hdr;
	int err;

	for (;;) {
		hdr = put_header(skb, cb, cmd);
		if (!hdr)
			return -EMSGSIZE;
		err = next(skb, cb, vm);
		if (err) {
			genlmsg_cancel(skb, hdr);
			return err;
		}
		genlmsg_end(skb, hdr);
		cb->args[0]++;
		cond_resched();
	}
}

/*
 * The VM is looked up, and the reader's rights, for each message; a VM that has
 * gone in the middle ends the dump, and who reads it is told.
 */
static int dump_parts(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		      next_fn next)
{
	struct vmm_vm *vm;
	int err;

	vm = vmm_nl_find(cb->skb, vmm_genl_dump_attrs(cb), cb->extack);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	cb->seq = 1;
	err = dump_records(skb, cb, cmd, next, vm);
	vmm_vm_put(vm);
	return err == -EMSGSIZE && !skb->len ? err : skb->len;
}

int vmm_nl_vcpu_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_parts(skb, cb, VMM_NL_CMD_VCPU_GET, next_vcpu);
}

int vmm_nl_slot_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return dump_parts(skb, cb, VMM_NL_CMD_SLOT_GET, next_slot);
}
