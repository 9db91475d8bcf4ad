// SPDX-License-Identifier: GPL-2.0
/*
 * A VM's file.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core/backend_ops.h"
#include "core/pause.h"
#include "core/stats.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "dev/dev.h"
#include "io/ioeventfd.h"
#include "mem/mem.h"
#include "npt/dirty.h"
#include "state/state.h"
#include "uapi/linux/vmm.h"
#include "uapi/linux/vmm_state.h"

static bool beyond_physical(u64 gpa, u64 size)
{
	u64 limit = 1ULL << vmm_caps.phys_bits;

	return gpa >= limit || size > limit - gpa;
}

static long set_slot(void *object, void *arg)
{
	struct vmm_vm *vm = object;
	struct vmm_set_slot *slot = arg;
	struct vmm_mem *mem;
	int err;

	if (slot->slot >= NPT_SLOTS_MAX || (slot->flags & ~VMM_SLOT_READONLY))
		return -EINVAL;
	if (!slot->size) {
		if (slot->gpa || slot->offset || slot->flags ||
		    slot->mem_fd != -1)
			return -EINVAL;
		return npt_space_slot_remove(&vm->space, slot->slot);
	}
	if (beyond_physical(slot->gpa, slot->size))
		return -ERANGE;
	mem = vmm_mem_from_fd(slot->mem_fd);
	if (IS_ERR(mem))
		return PTR_ERR(mem);
	mutex_lock(&vm->lock);
	err = vmm_control_may_add_memory(vm, slot->size);
	if (!err)
		err = npt_space_slot_add(&vm->space, slot->slot, slot->gpa,
					 slot->size, mem, slot->offset,
					 slot->flags);
	mutex_unlock(&vm->lock);
	vmm_mem_unref(mem);
	return err;
}

static long create_vcpu(void *object, void *arg)
{
	struct vmm_create_vcpu *create = arg;
	struct vmm_vm *vm = object;
	struct vmm_vcpu *vcpu;
	struct file *file;
	int ret;

	if (create->flags || create->id >= vm->nr_vcpus)
		return -EINVAL;
	mutex_lock(&vm->lock);
	ret = -EEXIST;
	if (vm->vcpus[create->id])
		goto out;
	ret = vmm_control_may_add_vcpu(vm);
	if (ret)
		goto out;
	ret = vmm_vcpu_create(vm, create->id, &vcpu);
	if (ret)
		goto out;
	ret = vmm_vcpu_open(vcpu, &file);
	if (ret < 0) {
		vmm_lapic_unlink(&vcpu->apic);
		synchronize_rcu();
		vmm_vcpu_destroy(vcpu);
		goto out;
	}
	vmm_pause_add_vcpu(vm, create->id, vcpu);
	fd_install(ret, file);
out:
	mutex_unlock(&vm->lock);
	return ret;
}

static long irq_line(void *object, void *arg)
{
	struct vmm_vm *vm = object;
	struct vmm_irq_line *line = arg;
	int ret;

	if (line->level > 1)
		return -EINVAL;
	ret = vmm_irq_set_gsi(&vm->irq, line->gsi, VMM_IRQ_SRC_USER,
			      line->level);
	return ret < 0 ? ret : 0;
}

static long signal_msi(void *object, void *arg)
{
	struct vmm_vm *vm = object;
	struct vmm_msi *msi = arg;
	int ret;

	ret = vmm_irqchip_send_msi(&vm->irq, msi->address, msi->data);
	return ret < 0 ? ret : 0;
}

/* What user space has at @from, charged to it. */
static void *copy_in(u64 from, size_t size)
{
	void *data = kvmalloc(size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);

	if (!data)
		return ERR_PTR(-ENOMEM);
	if (!copy_from_user(data, u64_to_user_ptr(from), size))
		return data;
	kvfree(data);
	return ERR_PTR(-EFAULT);
}

/* Not while the VM's state is being saved or loaded. */
static long set_routes(void *object, void *arg)
{
	struct vmm_vm *vm = object;
	struct vmm_routes *set = arg;
	struct vmm_route *routes;
	long ret;

	if (set->flags || set->count > VMM_MAX_ROUTES)
		return -EINVAL;
	routes = copy_in(set->routes, set->count * sizeof(*routes));
	if (IS_ERR(routes))
		return PTR_ERR(routes);
	ret = mutex_lock_killable(&vm->lock);
	if (!ret) {
		ret = vmm_irqchip_set_routes(&vm->irq, routes, set->count);
		mutex_unlock(&vm->lock);
	}
	kvfree(routes);
	return ret;
}

#define IOEVENTFD_FLAGS	(VMM_IOEVENTFD_PIO | VMM_IOEVENTFD_DATAMATCH |	\
			 VMM_IOEVENTFD_DEASSIGN)

/* No guest can write there. */
static bool no_port(const struct vmm_ioeventfd *io)
{
	return io->len > 4 || io->addr > 0x10000 - max(io->len, 1U);
}

static long ioeventfd(void *object, void *arg)
{
	struct vmm_vm *vm = object;
	struct vmm_ioeventfd *io = arg;
	struct vmm_ioeventfds *set;
	struct vmm_ioeventfd_args args = {
		.addr = io->addr,
		.datamatch = io->datamatch,
		.fd = io->fd,
		.len = io->len,
		.match = io->flags & VMM_IOEVENTFD_DATAMATCH,
	};

	if (io->flags & ~IOEVENTFD_FLAGS)
		return -EINVAL;
	if ((io->flags & VMM_IOEVENTFD_PIO) && no_port(io))
		return -EINVAL;
	set = io->flags & VMM_IOEVENTFD_PIO ? &vm->port_doorbells :
					      &vm->mmio_doorbells;
	if (io->flags & VMM_IOEVENTFD_DEASSIGN)
		return vmm_ioeventfd_deassign(set, &args);
	return vmm_ioeventfd_assign(set, &args);
}

static long irqfd(void *object, void *arg)
{
	struct vmm_vm *vm = object;
	struct vmm_irqfd *irqfd = arg;
	struct vmm_irqfds *set = &vm->irq.irqfds;
	int resample = -1;

	if (irqfd->flags & ~(VMM_IRQFD_DEASSIGN | VMM_IRQFD_RESAMPLE))
		return -EINVAL;
	if (irqfd->flags & VMM_IRQFD_DEASSIGN)
		return vmm_irqfd_deassign(set, irqfd->fd, irqfd->gsi);
	if (irqfd->flags & VMM_IRQFD_RESAMPLE) {
		resample = irqfd->resample_fd;
		if (resample < 0)
			return -EBADF;
	} else if (irqfd->resample_fd) {
		return -EINVAL;
	}
	return vmm_irqfd_assign(set, irqfd->fd, irqfd->gsi, resample);
}

static long kill_vm(void *object, void *arg)
{
	vmm_vm_kill(object);
	return 0;
}

static long get_stats(void *object, void *arg)
{
	struct vmm_vm *vm = object;
	struct vmm_stats *stats = arg;
	u64 __user *values = u64_to_user_ptr(stats->values);
	char __user *names = u64_to_user_ptr(stats->names);
	char name[VMM_STAT_NAME_LEN];
	u32 room = stats->count, i;

	if (stats->pad)
		return -EINVAL;
	stats->count = VMM_NR_STATS;
	if (room < VMM_NR_STATS)
		return -ENOSPC;
	for (i = 0; i < VMM_NR_STATS; i++) {
		if (put_user(vmm_vm_stat(vm, i), values + i))
			return -EFAULT;
		strscpy_pad(name, vmm_stat_names[i], sizeof(name));
		if (stats->names &&
		    copy_to_user(names + i * sizeof(name), name, sizeof(name)))
			return -EFAULT;
	}
	return 0;
}

static long take_requests(void *object, void *arg)
{
	struct vmm_vm_requests *taken = arg;

	taken->requests = vmm_control_take_requests(object);
	return 0;
}

static long get_clock(void *object, void *arg)
{
	struct vmm_vm_clock *clock = arg;
	struct vmm_vm *vm = object;

	clock->ns = vmm_clock_vm_ns(&vm->x86.clock);
	return 0;
}

/* All or nothing: what cannot be told stays in the log. */
static long read_dirty(struct vmm_vm *vm, const struct vmm_dirty_log *log)
{
	size_t size;
	u64 *bits;
	long err;

	if (!log->pages)
		return -EINVAL;
	if (log->pages > VMM_MEM_MAX_BYTES >> PAGE_SHIFT)
		return -ERANGE;
	size = npt_dirty_words(log->pages) * sizeof(*bits);
	bits = kvmalloc(size, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!bits)
		return -ENOMEM;
	err = npt_space_log_take(&vm->space, log->slot, log->first, log->pages,
				 bits);
	if (!err && copy_to_user(u64_to_user_ptr(log->bitmap), bits,
				 size)) {
		npt_space_log_put(&vm->space, log->slot, log->first,
				  log->pages, bits);
		err = -EFAULT;
	}
	kvfree(bits);
	return err;
}

static long dirty_log(void *object, void *arg)
{
	const struct vmm_dirty_log *log = arg;
	struct vmm_vm *vm = object;

	if (log->slot >= NPT_SLOTS_MAX)
		return -EINVAL;
	if (log->op == VMM_DIRTY_READ)
		return read_dirty(vm, log);
	if (log->first || log->pages || log->bitmap)
		return -EINVAL;
	switch (log->op) {
	case VMM_DIRTY_START:
		return npt_space_log_start(&vm->space, log->slot);
	case VMM_DIRTY_STOP:
		return npt_space_log_stop(&vm->space, log->slot);
	}
	return -EINVAL;
}

static long get_state(void *object, void *arg)
{
	struct vmm_vm_state *state = arg;
	void *data;
	long err;

	if (state->flags || state->seen || state->record)
		return -EINVAL;
	err = vmm_vm_save(object, state->size, &data, &state->size);
	if (err)
		return err;
	if (copy_to_user(u64_to_user_ptr(state->data), data, state->size))
		err = -EFAULT;
	kvfree(data);
	return err;
}

static long set_state(void *object, void *arg)
{
	struct vmm_stream_place bad = {};
	struct vmm_vm_state *state = arg;
	void *data;
	long err;

	if ((state->flags & ~VMM_STATE_ANY_TSC) || state->seen ||
	    state->record)
		return -EINVAL;
	if (state->size > VMM_STATE_MAX)
		return -E2BIG;
	data = copy_in(state->data, state->size);
	if (IS_ERR(data))
		return PTR_ERR(data);
	err = vmm_vm_load(object, data, state->size,
			  state->flags & VMM_STATE_ANY_TSC, &bad);
	kvfree(data);
	if (err) {
		state->record = bad.offset;
		state->seen = bad.type;
	}
	return err;
}

static long pause_vm(void *object, void *arg)
{
	return vmm_vm_pause(object);
}

static long resume_vm(void *object, void *arg)
{
	return vmm_vm_resume(object);
}

static const struct vmm_cmd commands[] = {
	VMM_CMD_TAIL(VMM_VM_SET_SLOT, VMM_CMD_ALIVE, vmm_set_slot, pad,
		     set_slot),
	VMM_CMD_TAIL(VMM_VM_CREATE_VCPU, VMM_CMD_ALIVE, vmm_create_vcpu,
		     reserved, create_vcpu),
	VMM_CMD(VMM_VM_IRQ_LINE, VMM_CMD_ALIVE, irq_line),
	VMM_CMD_TAIL(VMM_VM_SIGNAL_MSI, VMM_CMD_ALIVE, vmm_msi, pad,
		     signal_msi),
	VMM_CMD(VMM_VM_SET_ROUTES, VMM_CMD_ALIVE, set_routes),
	VMM_CMD_TAIL(VMM_VM_IOEVENTFD, VMM_CMD_ALIVE, vmm_ioeventfd, pad,
		     ioeventfd),
	VMM_CMD_TAIL(VMM_VM_IRQFD, VMM_CMD_ALIVE, vmm_irqfd, reserved, irqfd),
	VMM_CMD(VMM_VM_KILL, 0, kill_vm),
	VMM_CMD(VMM_VM_STATS, 0, get_stats),
	VMM_CMD(VMM_VM_TAKE_REQUESTS, VMM_CMD_ALIVE, take_requests),
	VMM_CMD_TAIL(VMM_VM_DIRTY_LOG, VMM_CMD_ALIVE, vmm_dirty_log, reserved,
		     dirty_log),
	VMM_CMD(VMM_VM_GET_CLOCK, VMM_CMD_ALIVE, get_clock),
	VMM_CMD_TAIL(VMM_VM_GET_STATE, VMM_CMD_ALIVE, vmm_vm_state, reserved,
		     get_state),
	VMM_CMD_TAIL(VMM_VM_SET_STATE, VMM_CMD_ALIVE, vmm_vm_state, reserved,
		     set_state),
	VMM_CMD(VMM_VM_PAUSE, VMM_CMD_ALIVE, pause_vm),
	VMM_CMD(VMM_VM_RESUME, VMM_CMD_ALIVE, resume_vm),
};

static long vm_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct vmm_vm *vm = file->private_data;

	return vmm_ioctl(commands, ARRAY_SIZE(commands), cmd, arg, vm, vm,
			 NULL);
}

/* Readable while there are requests; hung up when the VM is dead. */
static __poll_t vm_poll(struct file *file, poll_table *table)
{
	struct vmm_vm *vm = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &vm->control.wait, table);
	if (READ_ONCE(vm->control.requests))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (vmm_vm_is_dead(vm))
		mask |= EPOLLHUP;
	return mask;
}

static int vm_release(struct inode *inode, struct file *file)
{
	vmm_vm_file_put(file->private_data);
	return 0;
}

static const struct file_operations vm_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= vm_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.poll		= vm_poll,
	.release	= vm_release,
	.llseek		= noop_llseek,
};

int vmm_vm_open(struct vmm_vm *vm)
{
	return anon_inode_getfd("vmm-vm", &vm_fops, vm, O_RDWR | O_CLOEXEC);
}
