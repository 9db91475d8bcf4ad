/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtual machine.
 *
 * It lives as long as its file or one of a vCPU: with the last of them it dies and
 * is found no more.  The files together hold a reference, and for the length of a
 * call whoever looked it up does; the last one frees it.  vmm_vm_kill() makes it dead
 * before: all vCPUs leave, and only files are left of it.
 */
#ifndef VMM_CORE_VM_H
#define VMM_CORE_VM_H

#include <linux/kref.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/types.h>

#include "core/control.h"
#include "core/pause.h"
#include "core/stats.h"
#include "io/bus.h"
#include "io/ioeventfd.h"
#include "irq/irqchip.h"
#include "npt/space.h"
#include "x86/x86.h"

#define VMM_MAX_VCPUS	128
#define VMM_MAX_VMS	4096

struct vmm_vcpu;

/**
 * struct vmm_vm - one VM
 *
 * Protection: [C] constant after creation; [L] @lock; [O] own rules.
 *
 * @ref:	[O] atomic; see above
 * @files:	[O] atomic; of the VM and its vCPUs
 * @id:		[C] never used twice while the module is loaded
 * @nr_vcpus:	[C] vCPUs it may have
 * @name:	[O] vmm_control.lock
 * @control:	[O] owner, limits, requests, notices
 * @pause:	[O] whether its guest may run
 * @vcpus:	[L] to write; readers load with acquire; entries never go away
 *		before the VM does
 * @dead:	[O] set once, never cleared
 * @space:	[O] slots and nested tables
 * @apics:	[O] local APICs by id
 * @irq:	[O] PIC, IOAPIC, PIT, routes
 * @pio, @mmio:	[O] devices in the kernel
 * @port_doorbells, @mmio_doorbells: [O] eventfds on those buses
 * @x86:	[O] clock and topology
 * @last_yield:	[O] the vCPU that was given way to last; a hint that anybody writes
 */
struct vmm_vm {
	struct kref ref;
	refcount_t files;
	u32 id;
	u32 nr_vcpus;
	bool dead;
	char name[VMM_NAME_LEN];
	struct mutex lock;
	struct vmm_control control;
	struct vmm_pause pause;
	struct npt_space space;
	struct vmm_apic_map apics;
	struct vmm_irqchip irq;
	struct vmm_bus pio;
	struct vmm_bus mmio;
	struct vmm_ioeventfds port_doorbells;
	struct vmm_ioeventfds mmio_doorbells;
	struct vmm_x86_vm x86;
	u32 last_yield;
	struct vmm_vcpu *vcpus[];
};

/*
 * With one file, which the caller is to make.
 * @unique: -EEXIST if the owner has a VM of that name; -ENOSPC at VMM_MAX_VMS.
 * @net: where events of the VM are told.
 */
struct vmm_vm *vmm_vm_create(const char *name, u32 nr_vcpus, bool unique,
			     struct net *net);

/*
 * VMs by id, with a reference: the one of @id, or the first from @id on; NULL if
 * there is none.
 */
struct vmm_vm *vmm_vm_find(u32 id);
struct vmm_vm *vmm_vm_next(u32 id);

/* Differs when VMs have come or gone in between; never 0. */
u32 vmm_vm_generation(void);

/* How many there are. */
u32 vmm_vm_count(void);

/* For control.c: to be found from here on, and no more. */
int vmm_vm_list(struct vmm_vm *vm);
void vmm_vm_unlist(struct vmm_vm *vm);

/*
 * A counter, enum vmm_stat or one behind VMM_STAT_EXIT_FIRST: of one VM, of those
 * that are gone, and of all since the module was loaded.
 */
u64 vmm_vm_stat(struct vmm_vm *vm, unsigned int stat);
u64 vmm_stat_gone(unsigned int stat);
u64 vmm_stat_total(unsigned int stat);

/* vCPUs that have been made. */
u32 vmm_vm_count_vcpus(struct vmm_vm *vm);

bool vmm_vm_has_name(struct vmm_vm *vm, const char *name);

/* Around a suspend of the host; one processor left, interrupts off. */
void vmm_vm_suspend_all(void);
void vmm_vm_resume_all(void);

void vmm_vm_put(struct vmm_vm *vm);

/* One more file, by who has one; one less.  May sleep. */
static inline void vmm_vm_file_get(struct vmm_vm *vm)
{
	refcount_inc(&vm->files);
}

void vmm_vm_file_put(struct vmm_vm *vm);

/*
 * Marks the VM dead; no vCPU is inside the guest when this returns.  -ESHUTDOWN: it
 * was dead already.
 */
int vmm_vm_kill(struct vmm_vm *vm);

static inline bool vmm_vm_is_dead(const struct vmm_vm *vm)
{
	return READ_ONCE(vm->dead);
}

static inline bool vmm_vm_is_paused(const struct vmm_vm *vm)
{
	return READ_ONCE(vm->pause.wanted);
}

static inline struct vmm_vcpu *vmm_vm_vcpu(struct vmm_vm *vm, u32 id)
{
	if (id >= vm->nr_vcpus)
		return NULL;
	/* Pairs with the release that publishes a vCPU ready for use. */
	return smp_load_acquire(&vm->vcpus[id]);
}

/* The first vCPU from @id on that there is, or NULL. */
static inline struct vmm_vcpu *vmm_vm_vcpu_from(struct vmm_vm *vm, u32 *id)
{
	struct vmm_vcpu *vcpu = NULL;

	while (*id < vm->nr_vcpus && !vcpu) {
		vcpu = vmm_vm_vcpu(vm, *id);
		if (!vcpu)
			(*id)++;
	}
	return vcpu;
}

#define vmm_for_each_vcpu(i, vcpu, vm)					\
	for ((i) = 0, (vcpu) = vmm_vm_vcpu_from((vm), &(i)); (vcpu);	\
	     (i)++, (vcpu) = vmm_vm_vcpu_from((vm), &(i)))

#endif
