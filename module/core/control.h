/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What others than a VM's own process know and want of it: whose it is, what it
 * is called, what it may have, what it is asked to do, and what has happened.
 *
 * Notices go up through one table of callbacks that the control side (ctl/)
 * registers at load; they are given in process context, where one may sleep.
 */
#ifndef VMM_CORE_CONTROL_H
#define VMM_CORE_CONTROL_H

#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/uidgid.h>
#include <linux/wait.h>

#include "uapi/linux/vmm.h"

struct net;
struct user_namespace;
struct vmm_sysfs_vm;
struct vmm_vm;

/* As in the netlink interface, where they are a multicast group each. */
enum vmm_notice_group {
	VMM_NOTICE_LIFE,
	VMM_NOTICE_LIMITS,
	VMM_NOTICE_FAULTS,
	VMM_NR_NOTICE_GROUPS
};

#define VMM_MAX_LABELS		16
#define VMM_LABEL_LEN		64	/* key, with the closing NUL */
#define VMM_LABEL_VALUE_LEN	192	/* likewise */

struct vmm_label {
	char key[VMM_LABEL_LEN];
	char value[VMM_LABEL_VALUE_LEN];
};

/**
 * struct vmm_notice - something happened to a VM
 * @group:	enum vmm_notice_group
 * @event:	enum vmm_nl_event
 * @seq:	of this VM in this group; filled in by vmm_control_notify()
 * @has_vcpu:	@vcpu means something
 * @vcpu:	which one
 * @reason:	VMM_RUN_* of a fault, else 0
 */
struct vmm_notice {
	u32 group;
	u32 event;
	u64 seq;
	bool has_vcpu;
	u32 vcpu;
	u32 reason;
};

/**
 * struct vmm_watch_ops - what the control side wants to hear
 * @vm_add:	a VM is about to be found by others; an errno refuses it
 * @vm_del:	it is found no more
 * @notice:	called in the order of notices, under vmm_control.lock
 */
struct vmm_watch_ops {
	int (*vm_add)(struct vmm_vm *vm);
	void (*vm_del)(struct vmm_vm *vm);
	void (*notice)(struct vmm_vm *vm, const struct vmm_notice *notice);
};

/**
 * struct vmm_control - embedded in the VM
 *
 * Protection: [C] constant after creation; [L] @lock; [V] vmm_vm.lock; [O] own
 * rules.
 *
 * @owner, @group: [C] effective user and group of the maker
 * @user_ns:	[C] and the namespace whose administrator may act
 * @net:	[C] where events are told, beside the first namespace
 * @born_ns:	[C] boot time
 * @lock:	@labels, @seq, @end, @requests, vmm_vm.name; held while a notice is
 *		given
 * @labels, @nr_labels: [L]
 * @seq:	[L] of the last notice of each group
 * @end:	[L] killed or gone, if that has been told; 0
 * @max_memory:	[V] bytes that slots may cover together; 0: no limit
 * @max_vcpus:	[V] vCPUs that may be made
 * @requests:	[L] VMM_REQUEST_* that the VM's process has not taken; read without
 * @wait:	[O] where it polls for them
 * @started:	[O] set once: a vCPU has run
 * @sysfs:	[C] of ctl/sysfs.c
 */
struct vmm_control {
	kuid_t owner;
	kgid_t group;
	struct user_namespace *user_ns;
	struct net *net;
	u64 born_ns;
	struct mutex lock;
	struct vmm_label *labels;
	u32 nr_labels;
	u64 seq[VMM_NR_NOTICE_GROUPS];
	u32 end;
	u64 max_memory;
	u32 max_vcpus;
	u32 requests;
	wait_queue_head_t wait;
	unsigned long started;
	struct vmm_sysfs_vm *sysfs;
};

/* Before the first VM, and after the last. */
void vmm_control_watch(const struct vmm_watch_ops *ops);

void vmm_control_init(struct vmm_vm *vm, struct net *net);
void vmm_control_destroy(struct vmm_vm *vm);

/* The VM begins and ceases to be found. */
int vmm_control_add(struct vmm_vm *vm);
void vmm_control_del(struct vmm_vm *vm);

/* May sleep.  Gives @notice, of which it fills in the number. */
void vmm_control_notify(struct vmm_vm *vm, struct vmm_notice *notice);
void vmm_control_life(struct vmm_vm *vm, u32 event);

/* A vCPU is about to run. */
void vmm_control_started(struct vmm_vm *vm);

/* Makes the VM dead; false: it was. */
bool vmm_control_killed(struct vmm_vm *vm);

/* enum vmm_nl_state; never behind the notices that have been given. */
u32 vmm_control_state(const struct vmm_vm *vm);

/* Raises VMM_REQUEST_* for the VM's process, or takes all there are. */
int vmm_control_request(struct vmm_vm *vm, u32 request);
u32 vmm_control_take_requests(struct vmm_vm *vm);

/* Empty, or a letter and then letters, digits, '.', '_' or '-', and an end. */
bool vmm_name_valid(const char *name, size_t size);

/*
 * Makes @vm found by others if its owner has no other VM of its name; -EEXIST.
 * Likewise gives it a name.
 */
int vmm_control_add_unique(struct vmm_vm *vm);
int vmm_control_rename(struct vmm_vm *vm, const char *name);

/* A refusal by a limit, told to listeners.  Holding vmm_vm.lock. */
int vmm_control_may_add_memory(struct vmm_vm *vm, u64 bytes);
int vmm_control_may_add_vcpu(struct vmm_vm *vm);

#endif
