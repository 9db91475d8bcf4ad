// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/vmm.
 *
 * An open file keeps the network namespace of who opened it, where events of the VMs
 * that are made through it are told.  So a process may enter an empty one, to have
 * no network, without hiding its VMs from those who started it.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <net/net_namespace.h>

#include "core/backend_ops.h"
#include "core/main.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "dev/dev.h"
#include "mem/mem.h"
#include "uapi/linux/vmm.h"

static long get_info(void *object, void *arg)
{
	struct vmm_info *info = arg;

	info->abi = VMM_ABI_VERSION;
	info->max_vcpus = VMM_MAX_VCPUS;
	info->max_slots = NPT_SLOTS_MAX;
	info->run_size = PAGE_SIZE;
	info->max_mem = VMM_MEM_MAX_BYTES;
	info->phys_bits = vmm_caps.phys_bits;
	info->tsc_khz = vmm_clock_tsc_khz();
	info->features = vmm_caps.features;
	if (vmm_clock_tsc_stable())
		info->features |= VMM_FEAT_STABLE_TSC;
	info->xcr0 = vmm_fpu_layout()->mask;
	strscpy(info->backend, vmm_backend->name, sizeof(info->backend));
	strscpy(info->version, VMM_VERSION, sizeof(info->version));
	return 0;
}

static long create_vm(void *object, void *arg)
{
	struct vmm_create_vm *create = arg;
	struct net *net = object;
	struct vmm_vm *vm;
	int fd;

	if (create->flags & ~VMM_VM_UNIQUE_NAME || !create->vcpus || create->vcpus > VMM_MAX_VCPUS ||
	    !vmm_name_valid(create->name, sizeof(create->name)))
		return -EINVAL;
	vm = vmm_vm_create(create->name, create->vcpus,
			   create->flags & VMM_VM_UNIQUE_NAME, net);
	if (IS_ERR(vm))
		return PTR_ERR(vm);
	fd = vmm_vm_open(vm);
	if (fd < 0)
		vmm_vm_file_put(vm);
	return fd;
}

static long create_mem(void *object, void *arg)
{
	struct vmm_create_mem *create = arg;
	unsigned int flags = 0;

	if (create->flags & ~VMM_MEM_SMALL_PAGES)
		return -EINVAL;
	if (create->flags & VMM_MEM_SMALL_PAGES)
		flags |= VMM_MEM_F_NOHUGE;
	return vmm_dev_mem_open(vmm_mem_create(create->size, flags));
}

struct vmm_cpuid_entry *vmm_cpuid_copy_in(const struct vmm_cpuid *arg)
{
	if (!arg->count || arg->count > VMM_MAX_CPUID || arg->pad)
		return ERR_PTR(-EINVAL);
	return memdup_user(u64_to_user_ptr(arg->entries),
			   arg->count * sizeof(struct vmm_cpuid_entry));
}

long vmm_cpuid_copy_out(struct vmm_cpuid *arg,
			const struct vmm_cpuid_entry *entries, u32 count)
{
	u32 room = arg->count;

	if (arg->pad)
		return -EINVAL;
	arg->count = count;
	if (room < count)
		return -ENOSPC;
	if (copy_to_user(u64_to_user_ptr(arg->entries), entries,
			 count * sizeof(*entries)))
		return -EFAULT;
	return 0;
}

static long supported_cpuid(void *object, void *arg)
{
	struct vmm_cpuid_entry *entries;
	u32 count;
	long ret;

	entries = kcalloc(VMM_MAX_CPUID, sizeof(*entries), GFP_KERNEL);
	if (!entries)
		return -ENOMEM;
	count = vmm_cpuid_supported(entries, VMM_MAX_CPUID);
	ret = vmm_cpuid_copy_out(arg, entries, count);
	kfree(entries);
	return ret;
}

static const struct vmm_cmd commands[] = {
	VMM_CMD(VMM_INFO, 0, get_info),
	VMM_CMD_TAIL(VMM_CREATE_VM, 0, vmm_create_vm, reserved, create_vm),
	VMM_CMD_TAIL(VMM_CREATE_MEM, 0, vmm_create_mem, pad, create_mem),
	VMM_CMD(VMM_SUPPORTED_CPUID, 0, supported_cpuid),
};

static int dev_open(struct inode *inode, struct file *file)
{
	file->private_data = get_net(current->nsproxy->net_ns);
	return 0;
}

static int dev_release(struct inode *inode, struct file *file)
{
	put_net(file->private_data);
	return 0;
}

static long dev_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return vmm_ioctl(commands, ARRAY_SIZE(commands), cmd, arg,
			 file->private_data, NULL, NULL);
}

static const struct file_operations dev_fops = {
	.owner		= THIS_MODULE,
	.open		= dev_open,
	.release	= dev_release,
	.unlocked_ioctl	= dev_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.llseek		= noop_llseek,
};

static struct miscdevice device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "vmm",
	.fops	= &dev_fops,
	.mode	= 0660,
};

int vmm_dev_register(void)
{
	return misc_register(&device);
}

void vmm_dev_unregister(void)
{
	misc_deregister(&device);
}
