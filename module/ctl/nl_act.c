// SPDX-License-Identifier: GPL-2.0
/*
 * Netlink operations that change something.  Each either does all that was asked
 * or refuses and changes nothing.
 */
#include <linux/slab.h>

#include "core/control.h"
#include "core/pause.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "ctl/netlink.h"
#include "uapi/linux/vmm_netlink.h"

/* ---- verbs ---------------------------------------------------------------------- */

typedef int (*verb_fn)(struct vmm_vm *vm);

static int act(struct sk_buff *skb, struct genl_info *info, verb_fn verb,
	       const char *already)
{
	struct vmm_vm *vm = vmm_nl_find(skb, info->attrs, info->extack);
	int err;

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	err = verb(vm);
	vmm_vm_put(vm);
	if (err == -ESHUTDOWN)
		GENL_SET_ERR_MSG(info, "the VM is dead");
	else if (err == -ETIMEDOUT)
		GENL_SET_ERR_MSG(info, "a vCPU did not park in time");
	else if (err == -EALREADY && info->extack)
		info->extack->_msg = already;
	return err;
}

int vmm_nl_vm_pause(struct sk_buff *skb, struct genl_info *info)
{
	return act(skb, info, vmm_vm_pause, "the VM is paused already");
}

int vmm_nl_vm_resume(struct sk_buff *skb, struct genl_info *info)
{
	return act(skb, info, vmm_vm_resume, "the VM is not paused");
}

static int stop(struct vmm_vm *vm)
{
	return vmm_control_request(vm, VMM_REQUEST_STOP);
}

int vmm_nl_vm_stop(struct sk_buff *skb, struct genl_info *info)
{
	return act(skb, info, stop, NULL);
}

static int reset(struct vmm_vm *vm)
{
	return vmm_control_request(vm, VMM_REQUEST_RESET);
}

int vmm_nl_vm_reset(struct sk_buff *skb, struct genl_info *info)
{
	return act(skb, info, reset, NULL);
}

int vmm_nl_vm_kill(struct sk_buff *skb, struct genl_info *info)
{
	return act(skb, info, vmm_vm_kill, NULL);
}

int vmm_nl_vm_nmi(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[VMM_NL_A_VCPU_ID];
	struct vmm_vm *vm = vmm_nl_find(skb, info->attrs, info->extack);
	struct vmm_vcpu *vcpu;
	int err = 0;

	if (IS_ERR(vm))
		return PTR_ERR(vm);
	vcpu = vmm_vm_vcpu(vm, attr ? nla_get_u32(attr) : 0);
	if (vmm_vm_is_dead(vm)) {
		GENL_SET_ERR_MSG(info, "the VM is dead");
		err = -ESHUTDOWN;
	} else if (!vcpu) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "the VM has no such vCPU");
		err = -ENOENT;
	} else {
		vmm_vcpu_nmi(vcpu);
	}
	vmm_vm_put(vm);
	return err;
}

/* ---- settings --------------------------------------------------------------------- */

/**
 * struct changes - labels as they will be
 * @labels:	room for VMM_MAX_LABELS
 * @nr:		how many there are
 */
struct changes {
	struct vmm_label *labels;
	u32 nr;
};

static struct vmm_label *find_label(struct changes *c, const char *key)
{
	u32 i;

	for (i = 0; i < c->nr; i++)
		if (!strcmp(c->labels[i].key, key))
			return &c->labels[i];
	return NULL;
}

static int change_label(struct changes *c, struct nlattr *nest,
			struct netlink_ext_ack *extack)
{
	struct nlattr *tb[VMM_NL_A_LABEL_MAX + 1];
	struct vmm_label *label;
	const char *key;
	int err;

	/* The operation's policy has looked at what is inside. */
	err = nla_parse_nested(tb, VMM_NL_A_LABEL_MAX, nest, NULL, extack);
	if (err)
		return err;
	if (!tb[VMM_NL_A_LABEL_KEY]) {
		NL_SET_ERR_ATTR_MISS(extack, nest, VMM_NL_A_LABEL_KEY);
		NL_SET_ERR_MSG(extack, "a label without a key");
		return -EINVAL;
	}
	key = nla_data(tb[VMM_NL_A_LABEL_KEY]);
	if (!key[0] || !vmm_name_valid(key, VMM_LABEL_LEN)) {
		NL_SET_ERR_MSG_ATTR(extack, tb[VMM_NL_A_LABEL_KEY],
				    "a key is a letter, then letters, digits, '.', '_', '-'");
		return -EINVAL;
	}
	label = find_label(c, key);
	if (!tb[VMM_NL_A_LABEL_VALUE]) {
		if (label)
			*label = c->labels[--c->nr];
		return 0;
	}
	if (!label && c->nr == VMM_MAX_LABELS) {
		NL_SET_ERR_MSG_ATTR(extack, nest, "too many labels");
		return -ENOSPC;
	}
	if (!label)
		label = &c->labels[c->nr++];
	strscpy(label->key, key, sizeof(label->key));
	strscpy(label->value, nla_data(tb[VMM_NL_A_LABEL_VALUE]),
		sizeof(label->value));
	return 0;
}

/* Holding vmm_vm.lock, under which alone labels are changed. */
static int change_labels(struct vmm_vm *vm, struct genl_info *info,
			 struct changes *c)
{
	struct vmm_control *ctl = &vm->control;
	struct nlattr *attr;
	int rest, err;

	lockdep_assert_held(&vm->lock);
	c->labels = kcalloc(VMM_MAX_LABELS, sizeof(*c->labels),
			    GFP_KERNEL_ACCOUNT);
	if (!c->labels)
		return -ENOMEM;
	c->nr = ctl->nr_labels;
	if (c->nr)
		memcpy(c->labels, ctl->labels, c->nr * sizeof(*c->labels));
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rest) {
		if (nla_type(attr) != VMM_NL_A_LABEL)
			continue;
		err = change_label(c, attr, info->extack);
		if (err)
			return err;
	}
	return 0;
}

static int check_limits(struct vmm_vm *vm, struct genl_info *info)
{
	struct nlattr *vcpus = info->attrs[VMM_NL_A_MAX_VCPUS];
	struct nlattr *memory = info->attrs[VMM_NL_A_MAX_MEMORY];
	u64 limit = memory ? nla_get_u64(memory) : 0;

	lockdep_assert_held(&vm->lock);
	if (vcpus && nla_get_u32(vcpus) > vm->nr_vcpus) {
		NL_SET_ERR_MSG_ATTR(info->extack, vcpus,
				    "the VM was made for fewer vCPUs");
		return -ERANGE;
	}
	if (vcpus && nla_get_u32(vcpus) < vmm_vm_count_vcpus(vm)) {
		NL_SET_ERR_MSG_ATTR(info->extack, vcpus,
				    "the VM has more vCPUs already");
		return -EBUSY;
	}
	if (limit && limit < npt_space_bytes(&vm->space)) {
		NL_SET_ERR_MSG_ATTR(info->extack, memory,
				    "the VM has more memory already");
		return -EBUSY;
	}
	return 0;
}

/* The last thing that can be refused. */
static int change_name(struct vmm_vm *vm, struct genl_info *info)
{
	struct nlattr *attr = info->attrs[VMM_NL_A_NEW_NAME];
	int err;

	if (!attr)
		return 0;
	if (!vmm_name_valid(nla_data(attr), VMM_NAME_LEN)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "a name is a letter, then letters, digits, '.', '_', '-'");
		return -EINVAL;
	}
	err = vmm_control_rename(vm, nla_data(attr));
	if (err)
		NL_SET_ERR_MSG_ATTR(info->extack, attr,
				    "another VM has this name");
	return err;
}

static void commit(struct vmm_vm *vm, struct genl_info *info, struct changes *c)
{
	struct nlattr *vcpus = info->attrs[VMM_NL_A_MAX_VCPUS];
	struct nlattr *memory = info->attrs[VMM_NL_A_MAX_MEMORY];
	struct vmm_control *ctl = &vm->control;

	lockdep_assert_held(&vm->lock);
	if (vcpus)
		WRITE_ONCE(ctl->max_vcpus, nla_get_u32(vcpus));
	if (memory)
		WRITE_ONCE(ctl->max_memory, nla_get_u64(memory));
	if (c->labels) {
		mutex_lock(&ctl->lock);
		swap(ctl->labels, c->labels);
		ctl->nr_labels = c->nr;
		mutex_unlock(&ctl->lock);
	}
	vmm_control_life(vm, VMM_NL_EVENT_CHANGED);
}

static int set(struct vmm_vm *vm, struct genl_info *info)
{
	struct changes c = {};
	int err = 0;

	mutex_lock(&vm->lock);
	if (vmm_vm_is_dead(vm)) {
		GENL_SET_ERR_MSG(info, "the VM is dead");
		err = -ESHUTDOWN;
	}
	if (!err)
		err = check_limits(vm, info);
	if (!err && info->attrs[VMM_NL_A_LABEL])
		err = change_labels(vm, info, &c);
	if (!err)
		err = change_name(vm, info);
	if (!err)
		commit(vm, info, &c);
	mutex_unlock(&vm->lock);
	kfree(c.labels);
	return err;
}

int vmm_nl_vm_set(struct sk_buff *skb, struct genl_info *info)
{
	struct vmm_vm *vm;
	int err;

	if (!info->attrs[VMM_NL_A_NEW_NAME] && !info->attrs[VMM_NL_A_LABEL] &&
	    !info->attrs[VMM_NL_A_MAX_VCPUS] &&
	    !info->attrs[VMM_NL_A_MAX_MEMORY]) {
		GENL_SET_ERR_MSG(info, "nothing to set");
		return -EINVAL;
	}
	vm = vmm_nl_find(skb, info->attrs, info->extack);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	err = set(vm, info);
	vmm_vm_put(vm);
	return err;
}
