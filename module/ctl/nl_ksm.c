// SPDX-License-Identifier: GPL-2.0
/*
 * The netlink operation that tells of deduplication: all of its figures at one time, or those of a
 * VM.  Figures tell what is equal to what, so they are for who is capable, as their files
 * in sysfs are; a VM's owner is not enough.
 */
#include <linux/capability.h>

#include "core/vm.h"
#include "ctl/netlink.h"
#include "ctl/sysfs_ksm.h"
#include "ksm/ksm.h"
#include "ksm/survey.h"
#include "uapi/linux/vmm_netlink.h"

static int put_all(struct sk_buff *skb, struct vmm_vm *unused)
{
	s64 stat[VKSM_NR_STATS];
	unsigned int i;
	int err = 0;

	vksm_stats(stat, NULL);
	for (i = 0; i < VKSM_NR_STATS && !err; i++)
		err = vmm_nl_put_stat(skb, vksm_stat_names[i], stat[i]);
	return err;
}

static void add_object(void *stat, struct vmm_mem *mem)
{
	vksm_add_object_stats(mem, stat);
}

static int put_vm(struct sk_buff *skb, struct vmm_vm *vm)
{
	u64 stat[VKSM_NR_VM_STATS] = { }, val;
	unsigned int i;
	int err = 0;

	if (nla_put_u32(skb, VMM_NL_A_VM_ID, vm->id))
		return -EMSGSIZE;
	npt_space_each_mem(&vm->space, add_object, stat);
	for (i = 0; i < VKSM_NR_VM_STATS && !err; i++)
		err = vmm_nl_put_stat(skb, vksm_vm_stat_names[i], stat[i]);
	for (i = 0; i < VKSM_NR_ROW_STATS && !err; i++) {
		err = vmm_sysfs_ksm_row_stat(vm, i, &val);
		if (!err)
			err = vmm_nl_put_stat(skb, vksm_row_stat_names[i], val);
	}
	return err;
}

int vmm_nl_ksm_get(struct sk_buff *skb, struct genl_info *info)
{
	struct vmm_vm *vm;
	int err;

	if (!netlink_capable(skb, CAP_SYS_ADMIN)) {
		NL_SET_ERR_MSG(info->extack, "figures of deduplication are for CAP_SYS_ADMIN");
		return -EPERM;
	}
	if (!info->attrs[VMM_NL_A_VM_ID] && !info->attrs[VMM_NL_A_NAME])
		return vmm_nl_reply(info, VMM_NL_CMD_KSM_GET, put_all, NULL);
	vm = vmm_nl_find(skb, info->attrs, info->extack);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	err = vmm_nl_reply(info, VMM_NL_CMD_KSM_GET, put_vm, vm);
	vmm_vm_put(vm);
	return err;
}
