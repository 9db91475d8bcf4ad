// SPDX-License-Identifier: GPL-2.0
/*
 * Life of a VM.
 */
#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>

#include "core/backend_ops.h"
#include "core/request.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "uapi/linux/vmm.h"

static atomic_t next_id = ATOMIC_INIT(0);

/* All VMs.  Suspend walks the list on the last processor, interrupts off. */
static DEFINE_SPINLOCK(vms_lock);
static LIST_HEAD(vms);
static unsigned int nr_vms;

static void nothing(void *unused)
{
}

/*
 * Makes every vCPU of @vm see @request before it runs its guest again, and
 * waits until none is still in the guest from before.
 */
static void request_all(struct vmm_vm *vm, enum vmm_request request)
{
	struct vmm_vcpu *vcpu;
	cpumask_var_t busy;
	bool have_mask;
	u32 i;
	int cpu;

	have_mask = zalloc_cpumask_var(&busy, GFP_ATOMIC);
	preempt_disable();
	vmm_for_each_vcpu(i, vcpu, vm) {
		set_bit(request, &vcpu->requests);
		/* Pairs with the barrier after mode = IN_GUEST. */
		smp_mb__after_atomic();
		cpu = READ_ONCE(vcpu->cpu);
		if (READ_ONCE(vcpu->mode) != VMM_OUTSIDE && have_mask &&
		    cpu >= 0 && cpu != smp_processor_id())
			cpumask_set_cpu(cpu, busy);
	}
	/* An IPI that is waited for has made its target leave the guest. */
	if (have_mask)
		smp_call_function_many(busy, nothing, NULL, true);
	else
		smp_call_function(nothing, NULL, true);
	preempt_enable();
	if (have_mask)
		free_cpumask_var(busy);
}

static void flush(struct npt_space *space)
{
	request_all(container_of(space, struct vmm_vm, space),
		    VMM_REQ_TLB_FLUSH);
}

/* What a vCPU has logged is told before an exit takes interrupts again. */
static void log_writes(struct npt_space *space)
{
	request_all(container_of(space, struct vmm_vm, space), VMM_REQ_LOG);
}

static const struct npt_space_ops space_ops = {
	.flush = flush,
};

static const struct npt_space_ops logging_space_ops = {
	.flush = flush,
	.log = log_writes,
};

static int list_vm(struct vmm_vm *vm)
{
	int err = 0;

	spin_lock(&vms_lock);
	if (nr_vms == VMM_MAX_VMS)
		err = -ENOSPC;
	else
		nr_vms++;
	if (!err)
		list_add_tail(&vm->link, &vms);
	spin_unlock(&vms_lock);
	return err;
}

static void unlist_vm(struct vmm_vm *vm)
{
	spin_lock(&vms_lock);
	list_del(&vm->link);
	nr_vms--;
	spin_unlock(&vms_lock);
}

void vmm_vm_suspend_all(void)
{
	struct vmm_vm *vm;

	list_for_each_entry(vm, &vms, link)
		vmm_clock_vm_suspend(&vm->x86.clock);
}

void vmm_vm_resume_all(void)
{
	struct vmm_vm *vm;

	list_for_each_entry(vm, &vms, link)
		vmm_clock_vm_resume(&vm->x86.clock);
}

struct vmm_vm *vmm_vm_create(const char *name, u32 nr_vcpus)
{
	struct vmm_vm *vm;
	int err;

	vm = kvzalloc(struct_size(vm, vcpus, nr_vcpus), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);
	kref_init(&vm->ref);
	mutex_init(&vm->lock);
	vm->id = atomic_inc_return(&next_id);
	vm->nr_vcpus = nr_vcpus;
	strscpy(vm->name, name, sizeof(vm->name));
	vmm_x86_vm_init(&vm->x86, nr_vcpus);
	vmm_bus_init(&vm->pio);
	vmm_bus_init(&vm->mmio);
	vmm_ioeventfds_init(&vm->port_doorbells, &vm->pio);
	vmm_ioeventfds_init(&vm->mmio_doorbells, &vm->mmio);

	err = npt_space_init(&vm->space, vmm_caps.format, vmm_caps.npt_levels,
			     vmm_caps.features & VMM_FEAT_WRITE_LOG ?
			     &logging_space_ops : &space_ops);
	if (err)
		goto err_vm;
	err = vmm_apic_map_init(&vm->apics, nr_vcpus);
	if (err)
		goto err_space;
	err = vmm_irqchip_init(&vm->irq, &vm->apics, &vm->pio, &vm->mmio);
	if (err)
		goto err_map;
	err = list_vm(vm);
	if (err)
		goto err_irq;
	return vm;

err_irq:
	vmm_irqchip_kill(&vm->irq);
	vmm_irqchip_release(&vm->irq);
err_map:
	vmm_apic_map_destroy(&vm->apics);
err_space:
	npt_space_destroy(&vm->space);
err_vm:
	vmm_bus_destroy(&vm->mmio);
	vmm_bus_destroy(&vm->pio);
	kvfree(vm);
	return ERR_PTR(err);
}

/*
 * Nobody has a file of the VM or of a vCPU any more, so that no thread runs or
 * can reach it; left are timers and senders inside RCU sections.
 */
static void release(struct kref *ref)
{
	struct vmm_vm *vm = container_of(ref, struct vmm_vm, ref);
	struct vmm_vcpu *vcpu;
	u32 i;

	vm->dead = true;
	unlist_vm(vm);
	vmm_ioeventfds_kill(&vm->port_doorbells);
	vmm_ioeventfds_kill(&vm->mmio_doorbells);
	vmm_irqchip_kill(&vm->irq);
	vmm_for_each_vcpu(i, vcpu, vm)
		vmm_lapic_unlink(&vcpu->apic);
	synchronize_rcu();
	/* Memory objects may outlive us: their discards flush our vCPUs. */
	npt_space_destroy(&vm->space);
	vmm_for_each_vcpu(i, vcpu, vm)
		vmm_vcpu_destroy(vcpu);
	vmm_ioeventfds_release(&vm->port_doorbells);
	vmm_ioeventfds_release(&vm->mmio_doorbells);
	vmm_irqchip_release(&vm->irq);
	vmm_apic_map_destroy(&vm->apics);
	vmm_bus_destroy(&vm->mmio);
	vmm_bus_destroy(&vm->pio);
	kvfree(vm);
}

void vmm_vm_put(struct vmm_vm *vm)
{
	kref_put(&vm->ref, release);
}

void vmm_vm_kill(struct vmm_vm *vm)
{
	struct vmm_vcpu *vcpu;
	u32 i;

	WRITE_ONCE(vm->dead, true);
	request_all(vm, VMM_REQ_DEAD);
	vmm_for_each_vcpu(i, vcpu, vm)
		rcuwait_wake_up(&vcpu->wait);
}
