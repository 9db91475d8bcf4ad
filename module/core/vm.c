// SPDX-License-Identifier: GPL-2.0
/*
 * Life of a VM.
 */
#include <linux/atomic.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/xarray.h>

#include "core/backend_ops.h"
#include "core/request.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "uapi/linux/vmm.h"
#include "uapi/linux/vmm_netlink.h"

static atomic_t next_id = ATOMIC_INIT(0);

/*
 * All VMs by id; changed under vms_lock, read under RCU.  A VM is freed a grace
 * period after it has left.  vms_lock also covers the counters of VMs that are
 * gone: whoever sums up holds it, so that none is missed or counted twice.
 */
static DEFINE_MUTEX(vms_lock);
static DEFINE_XARRAY(vms);
static unsigned int nr_vms;
static u32 generation = 1;
static struct vmm_stats_block gone;

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

/* ---- the table ------------------------------------------------------------- */

static void moved(void)
{
	lockdep_assert_held(&vms_lock);
	WRITE_ONCE(generation, generation + 1 ? generation + 1 : 1);
}

int vmm_vm_list(struct vmm_vm *vm)
{
	int err = -ENOSPC;

	mutex_lock(&vms_lock);
	if (nr_vms < VMM_MAX_VMS)
		err = xa_insert(&vms, vm->id, vm, GFP_KERNEL_ACCOUNT);
	if (!err) {
		WRITE_ONCE(nr_vms, nr_vms + 1);
		moved();
	}
	mutex_unlock(&vms_lock);
	return err;
}

void vmm_vm_unlist(struct vmm_vm *vm)
{
	unsigned int i;

	mutex_lock(&vms_lock);
	xa_erase(&vms, vm->id);
	for (i = 0; i < VMM_NR_STATS; i++)
		gone.c[i] += vmm_vm_stat(vm, i);
	WRITE_ONCE(nr_vms, nr_vms - 1);
	moved();
	mutex_unlock(&vms_lock);
}

u32 vmm_vm_generation(void)
{
	return READ_ONCE(generation);
}

u32 vmm_vm_count(void)
{
	return READ_ONCE(nr_vms);
}

/* With a reference to a VM that still has a file. */
static bool hold(struct vmm_vm *vm)
{
	return refcount_read(&vm->files) && kref_get_unless_zero(&vm->ref);
}

struct vmm_vm *vmm_vm_next(u32 id)
{
	unsigned long index = id;
	struct vmm_vm *vm;

	rcu_read_lock();
	vm = xa_find(&vms, &index, ULONG_MAX, XA_PRESENT);
	while (vm && !hold(vm))
		vm = xa_find_after(&vms, &index, ULONG_MAX, XA_PRESENT);
	rcu_read_unlock();
	return vm;
}

struct vmm_vm *vmm_vm_find(u32 id)
{
	struct vmm_vm *vm;

	rcu_read_lock();
	vm = xa_load(&vms, id);
	if (vm && !hold(vm))
		vm = NULL;
	rcu_read_unlock();
	return vm;
}

/* Suspend walks the table on the last processor, interrupts off. */
void vmm_vm_suspend_all(void)
{
	struct vmm_vm *vm;
	unsigned long id;

	xa_for_each(&vms, id, vm)
		vmm_clock_vm_suspend(&vm->x86.clock);
}

void vmm_vm_resume_all(void)
{
	struct vmm_vm *vm;
	unsigned long id;

	xa_for_each(&vms, id, vm)
		vmm_clock_vm_resume(&vm->x86.clock);
}

/* ---- counters -------------------------------------------------------------- */

u64 vmm_vm_stat(struct vmm_vm *vm, unsigned int stat)
{
	struct vmm_vcpu *vcpu;
	u64 sum = 0;
	u32 i;

	vmm_for_each_vcpu(i, vcpu, vm)
		sum += READ_ONCE(vcpu->stats.c[stat]);
	return sum;
}

u64 vmm_stat_gone(unsigned int stat)
{
	u64 sum;

	mutex_lock(&vms_lock);
	sum = gone.c[stat];
	mutex_unlock(&vms_lock);
	return sum;
}

u64 vmm_stat_total(unsigned int stat)
{
	struct vmm_vm *vm;
	unsigned long id;
	u64 sum;

	mutex_lock(&vms_lock);
	sum = gone.c[stat];
	/* None can leave, and so none can be freed. */
	xa_for_each(&vms, id, vm)
		sum += vmm_vm_stat(vm, stat);
	mutex_unlock(&vms_lock);
	return sum;
}

u32 vmm_vm_count_vcpus(struct vmm_vm *vm)
{
	struct vmm_vcpu *vcpu;
	u32 i, n = 0;

	vmm_for_each_vcpu(i, vcpu, vm)
		n++;
	return n;
}

/* ---- life ------------------------------------------------------------------ */

struct vmm_vm *vmm_vm_create(const char *name, u32 nr_vcpus, bool unique,
			     struct net *net)
{
	struct vmm_vm *vm;
	int err;

	vm = kvzalloc(struct_size(vm, vcpus, nr_vcpus), GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);
	kref_init(&vm->ref);
	refcount_set(&vm->files, 1);
	mutex_init(&vm->lock);
	vm->id = atomic_inc_return(&next_id);
	vm->nr_vcpus = nr_vcpus;
	strscpy(vm->name, name, sizeof(vm->name));
	vmm_control_init(vm, net);
	vmm_pause_init(&vm->pause);
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
	err = unique ? vmm_control_add_unique(vm) : vmm_control_add(vm);
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
	vmm_control_destroy(vm);
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
	vmm_control_destroy(vm);
	vmm_bus_destroy(&vm->mmio);
	vmm_bus_destroy(&vm->pio);
	kvfree(vm);
}

void vmm_vm_put(struct vmm_vm *vm)
{
	kref_put(&vm->ref, release);
}

/*
 * The VM leaves the table, and its name is free, with its last file: who has just
 * looked it up shall not be seen in that.  It is dead for these when it has left, for
 * a VM that is told of as dead was killed.
 */
void vmm_vm_file_put(struct vmm_vm *vm)
{
	if (!refcount_dec_and_test(&vm->files))
		return;
	vmm_control_del(vm);
	WRITE_ONCE(vm->dead, true);
	vmm_vm_put(vm);
}

int vmm_vm_kill(struct vmm_vm *vm)
{
	bool alive = vmm_control_killed(vm);
	struct vmm_vcpu *vcpu;
	u32 i;

	request_all(vm, VMM_REQ_DEAD);
	vmm_for_each_vcpu(i, vcpu, vm)
		rcuwait_wake_up(&vcpu->wait);
	wake_up_interruptible(&vm->control.wait);
	return alive ? 0 : -ESHUTDOWN;
}
