// SPDX-License-Identifier: GPL-2.0
/*
 * A vCPU's file.  Every command but VMM_VCPU_NMI is for the thread that owns
 * the vCPU while it lasts; a second thread gets EBUSY.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "core/request.h"
#include "core/vcpu.h"
#include "core/vcpu_state.h"
#include "core/vm.h"
#include "dev/dev.h"
#include "uapi/linux/vmm.h"

static long run(void *object, void *arg)
{
	return vmm_vcpu_run(object);
}

static long get_regs(void *object, void *arg)
{
	vmm_vcpu_get_regs(object, arg);
	return 0;
}

static long set_regs(void *object, void *arg)
{
	return vmm_vcpu_set_regs(object, arg);
}

static long get_sregs(void *object, void *arg)
{
	vmm_vcpu_get_sregs(object, arg);
	return 0;
}

static long set_sregs(void *object, void *arg)
{
	return vmm_vcpu_set_sregs(object, arg);
}

/* Carries out @access on each entry, in order, until one is refused. */
static long do_msrs(struct vmm_vcpu *vcpu, struct vmm_msrs *msrs, bool set)
{
	struct vmm_msr_entry __user *user = u64_to_user_ptr(msrs->entries);
	struct vmm_msr_entry entry;
	int err;

	msrs->done = 0;
	if (msrs->count > VMM_MAX_MSRS)
		return -EINVAL;
	for (; msrs->done < msrs->count; msrs->done++, user++) {
		if (copy_from_user(&entry, user, sizeof(entry)))
			return -EFAULT;
		if (entry.pad)
			return -EINVAL;
		if (set)
			err = vmm_msr_set(&vcpu->x86, entry.index, entry.value);
		else
			err = vmm_msr_get(&vcpu->x86, entry.index,
					  &entry.value);
		if (err)
			return err;
		if (!set && copy_to_user(user, &entry, sizeof(entry)))
			return -EFAULT;
	}
	return 0;
}

static long get_msrs(void *object, void *arg)
{
	return do_msrs(object, arg, false);
}

static long set_msrs(void *object, void *arg)
{
	return do_msrs(object, arg, true);
}

static long get_xsave(void *object, void *arg)
{
	struct vmm_vcpu *vcpu = object;
	struct vmm_xsave *x = arg;
	size_t room = vmm_fpu_layout()->size;
	void *buf;
	int size;

	if (x->pad)
		return -EINVAL;
	buf = kvzalloc(room, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	size = vmm_fpu_get_xsave(&vcpu->x86.fpu, buf, room, &x->xcr0);
	if (size >= 0 && x->size < size)
		size = -ENOSPC;
	if (size >= 0) {
		x->size = size;
		if (copy_to_user(u64_to_user_ptr(x->area), buf, size))
			size = -EFAULT;
	}
	kvfree(buf);
	return size < 0 ? size : 0;
}

static long set_xsave(void *object, void *arg)
{
	struct vmm_vcpu *vcpu = object;
	struct vmm_xsave *x = arg;
	void *buf;
	long err;

	if (x->pad || !x->size || x->size > vmm_fpu_layout()->size)
		return -EINVAL;
	buf = vmemdup_user(u64_to_user_ptr(x->area), x->size);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	err = vmm_fpu_set_xsave(&vcpu->x86.fpu, vmm_x86_limits(&vcpu->x86),
				buf, x->size, x->xcr0);
	kvfree(buf);
	return err;
}

static long get_debugregs(void *object, void *arg)
{
	vmm_vcpu_get_debugregs(object, arg);
	return 0;
}

static long set_debugregs(void *object, void *arg)
{
	return vmm_vcpu_set_debugregs(object, arg);
}

static long get_events(void *object, void *arg)
{
	vmm_vcpu_get_events(object, arg);
	return 0;
}

static long set_events(void *object, void *arg)
{
	return vmm_vcpu_set_events(object, arg);
}

static long get_cpuid(void *object, void *arg)
{
	struct vmm_vcpu *vcpu = object;
	const struct vmm_cpuid_state *state = &vcpu->x86.cpuid;

	return vmm_cpuid_copy_out(arg, state->entries, state->count);
}

static long set_cpuid(void *object, void *arg)
{
	struct vmm_cpuid *cpuid = arg;
	struct vmm_cpuid_entry *entries = vmm_cpuid_copy_in(cpuid);
	long err;

	if (IS_ERR(entries))
		return PTR_ERR(entries);
	err = vmm_vcpu_set_cpuid(object, entries, cpuid->count);
	kfree(entries);
	return err;
}

static long get_lapic(void *object, void *arg)
{
	struct vmm_vcpu *vcpu = object;
	struct vmm_lapic_state *state = arg;

	vmm_lapic_get_regs(&vcpu->apic, state->regs);
	return 0;
}

static long set_lapic(void *object, void *arg)
{
	struct vmm_vcpu *vcpu = object;
	struct vmm_lapic_state *state = arg;

	return vmm_lapic_set_regs(&vcpu->apic, state->regs);
}

static long nmi(void *object, void *arg)
{
	vmm_vcpu_nmi(object);
	return 0;
}

#define OWNED	(VMM_CMD_ALIVE | VMM_CMD_VCPU)

static const struct vmm_cmd commands[] = {
	VMM_CMD(VMM_VCPU_RUN, OWNED, run),
	VMM_CMD(VMM_VCPU_GET_REGS, OWNED, get_regs),
	VMM_CMD(VMM_VCPU_SET_REGS, OWNED, set_regs),
	VMM_CMD(VMM_VCPU_GET_SREGS, OWNED, get_sregs),
	VMM_CMD_TAIL(VMM_VCPU_SET_SREGS, OWNED, vmm_sregs, reserved, set_sregs),
	VMM_CMD(VMM_VCPU_GET_MSRS, OWNED, get_msrs),
	VMM_CMD(VMM_VCPU_SET_MSRS, OWNED, set_msrs),
	VMM_CMD(VMM_VCPU_GET_XSAVE, OWNED, get_xsave),
	VMM_CMD(VMM_VCPU_SET_XSAVE, OWNED, set_xsave),
	VMM_CMD(VMM_VCPU_GET_DEBUGREGS, OWNED, get_debugregs),
	VMM_CMD_TAIL(VMM_VCPU_SET_DEBUGREGS, OWNED, vmm_debugregs, reserved,
		     set_debugregs),
	VMM_CMD(VMM_VCPU_GET_EVENTS, OWNED, get_events),
	VMM_CMD_TAIL(VMM_VCPU_SET_EVENTS, OWNED, vmm_vcpu_events, reserved,
		     set_events),
	VMM_CMD(VMM_VCPU_GET_CPUID, OWNED, get_cpuid),
	VMM_CMD(VMM_VCPU_SET_CPUID, OWNED, set_cpuid),
	VMM_CMD(VMM_VCPU_GET_LAPIC, OWNED, get_lapic),
	VMM_CMD(VMM_VCPU_SET_LAPIC, OWNED, set_lapic),
	VMM_CMD(VMM_VCPU_NMI, VMM_CMD_ALIVE, nmi),
};

static long vcpu_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vmm_vcpu *vcpu = file->private_data;

	return vmm_ioctl(commands, ARRAY_SIZE(commands), cmd, arg, vcpu,
			 vcpu->vm, vcpu);
}

static vm_fault_t run_fault(struct vm_fault *vmf)
{
	struct vmm_vcpu *vcpu = vmf->vma->vm_file->private_data;
	struct page *page;

	if (vmf->pgoff)
		return VM_FAULT_SIGBUS;
	page = virt_to_page(vcpu->run);
	get_page(page);
	vmf->page = page;
	return 0;
}

static const struct vm_operations_struct run_vm_ops = {
	.fault = run_fault,
};

static int vcpu_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (vma->vm_pgoff || vma_pages(vma) != 1 ||
	    !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	vmm_vma_flags_mod(vma, VM_DONTEXPAND, 0);
	vma->vm_ops = &run_vm_ops;
	return 0;
}

static int vcpu_release(struct inode *inode, struct file *file)
{
	struct vmm_vcpu *vcpu = file->private_data;

	vmm_vm_file_put(vcpu->vm);
	return 0;
}

static const struct file_operations vcpu_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= vcpu_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.mmap		= vcpu_mmap,
	.release	= vcpu_release,
	.llseek		= noop_llseek,
};

int vmm_vcpu_open(struct vmm_vcpu *vcpu, struct file **out)
{
	struct file *file;
	int fd;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	file = anon_inode_getfile("vmm-vcpu", &vcpu_fops, vcpu, O_RDWR);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	vmm_vm_file_get(vcpu->vm);
	*out = file;
	return fd;
}
