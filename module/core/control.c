// SPDX-License-Identifier: GPL-2.0
/*
 * Owner, name, limits, requests and notices of a VM.
 */
#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/user_namespace.h>
#include <net/net_namespace.h>

#include "core/trace.h"
#include "core/vcpu.h"
#include "core/vm.h"
#include "uapi/linux/vmm_netlink.h"

static const struct vmm_watch_ops *watch;

/* Held while somebody looks whether a name is free, and takes it. */
static DEFINE_MUTEX(names_lock);

void vmm_control_watch(const struct vmm_watch_ops *ops)
{
	watch = ops;
}

/* ---- life ---------------------------------------------------------------- */

void vmm_control_init(struct vmm_vm *vm, struct net *net)
{
	struct vmm_control *c = &vm->control;

	c->owner = current_euid();
	c->group = current_egid();
	c->user_ns = get_user_ns(current_user_ns());
	c->net = get_net(net);
	c->born_ns = ktime_get_boottime_ns();
	c->max_vcpus = vm->nr_vcpus;
	mutex_init(&c->lock);
	init_waitqueue_head(&c->wait);
}

void vmm_control_destroy(struct vmm_vm *vm)
{
	kfree(vm->control.labels);
	put_net(vm->control.net);
	put_user_ns(vm->control.user_ns);
}

int vmm_control_add(struct vmm_vm *vm)
{
	int err;

	err = watch->vm_add(vm);
	if (err)
		return err;
	err = vmm_vm_list(vm);
	if (err) {
		watch->vm_del(vm);
		return err;
	}
	vmm_control_life(vm, VMM_NL_EVENT_CREATED);
	return 0;
}

void vmm_control_del(struct vmm_vm *vm)
{
	watch->vm_del(vm);
	vmm_vm_unlist(vm);
	vmm_control_life(vm, VMM_NL_EVENT_GONE);
}

/* ---- notices --------------------------------------------------------------- */

/* Of a VM that was killed only its going is told, and behind that nothing. */
static bool has_ended(struct vmm_control *c, u32 event)
{
	lockdep_assert_held(&c->lock);
	if (c->end == VMM_NL_EVENT_GONE ||
	    (c->end && event != VMM_NL_EVENT_GONE))
		return true;
	if (event == VMM_NL_EVENT_KILLED || event == VMM_NL_EVENT_GONE)
		c->end = event;
	return false;
}

static void give(struct vmm_vm *vm, struct vmm_notice *notice)
{
	struct vmm_control *c = &vm->control;

	lockdep_assert_held(&c->lock);
	if (has_ended(c, notice->event))
		return;
	notice->seq = ++c->seq[notice->group];
	trace_vmm_state(vm, notice);
	watch->notice(vm, notice);
}

static void give_life(struct vmm_vm *vm, u32 event)
{
	struct vmm_notice notice = {
		.group = VMM_NOTICE_LIFE, .event = event,
	};

	give(vm, &notice);
}

void vmm_control_notify(struct vmm_vm *vm, struct vmm_notice *notice)
{
	mutex_lock(&vm->control.lock);
	give(vm, notice);
	mutex_unlock(&vm->control.lock);
}

void vmm_control_life(struct vmm_vm *vm, u32 event)
{
	mutex_lock(&vm->control.lock);
	give_life(vm, event);
	mutex_unlock(&vm->control.lock);
}

static void refused(struct vmm_vm *vm, u32 event)
{
	struct vmm_notice notice = {
		.group = VMM_NOTICE_LIMITS, .event = event,
	};

	vmm_control_notify(vm, &notice);
}

void vmm_control_started(struct vmm_vm *vm)
{
	if (!test_and_set_bit(0, &vm->control.started))
		vmm_control_life(vm, VMM_NL_EVENT_STARTED);
}

/* The VM's process may react, and the VM be gone, before we are back. */
bool vmm_control_killed(struct vmm_vm *vm)
{
	struct vmm_control *c = &vm->control;
	bool alive;

	mutex_lock(&c->lock);
	alive = !vmm_vm_is_dead(vm);
	WRITE_ONCE(vm->dead, true);
	if (alive)
		give_life(vm, VMM_NL_EVENT_KILLED);
	mutex_unlock(&c->lock);
	return alive;
}

u32 vmm_control_state(const struct vmm_vm *vm)
{
	if (vmm_vm_is_dead(vm))
		return VMM_NL_STATE_DEAD;
	if (READ_ONCE(vm->pause.done))
		return VMM_NL_STATE_PAUSED;
	return READ_ONCE(vm->control.started) ? VMM_NL_STATE_RUNNING :
						VMM_NL_STATE_NEW;
}

/* ---- requests ---------------------------------------------------------------- */

int vmm_control_request(struct vmm_vm *vm, u32 request)
{
	struct vmm_control *c = &vm->control;

	if (vmm_vm_is_dead(vm))
		return -ESHUTDOWN;
	/* None is taken before it has been told. */
	mutex_lock(&c->lock);
	WRITE_ONCE(c->requests, c->requests | request);
	give_life(vm, request == VMM_REQUEST_STOP ? VMM_NL_EVENT_STOP :
						    VMM_NL_EVENT_RESET);
	mutex_unlock(&c->lock);
	/* Pairs with the barrier in poll_wait(). */
	smp_mb();
	wake_up_interruptible(&c->wait);
	return 0;
}

u32 vmm_control_take_requests(struct vmm_vm *vm)
{
	struct vmm_control *c = &vm->control;
	u32 requests;

	mutex_lock(&c->lock);
	requests = c->requests;
	WRITE_ONCE(c->requests, 0);
	mutex_unlock(&c->lock);
	return requests;
}

/* ---- names --------------------------------------------------------------------- */

/* The kernel's isalpha() knows Latin-1. */
static bool is_letter(char c)
{
	return isascii(c) && isalpha(c);
}

bool vmm_name_valid(const char *name, size_t size)
{
	size_t len = strnlen(name, size), i;

	if (len == size)
		return false;
	for (i = 0; i < len; i++)
		if (!is_letter(name[i]) &&
		    (!i || !(isdigit(name[i]) || strchr("._-", name[i]))))
			return false;
	return true;
}

bool vmm_vm_has_name(struct vmm_vm *vm, const char *name)
{
	bool same;

	mutex_lock(&vm->control.lock);
	same = !strcmp(vm->name, name);
	mutex_unlock(&vm->control.lock);
	return same;
}

/* Whether another live VM of the same owner has that name. */
static bool name_taken(struct vmm_vm *vm, const char *name)
{
	struct vmm_vm *other;
	bool taken = false;
	u32 id = 0;

	lockdep_assert_held(&names_lock);
	while (!taken && (other = vmm_vm_next(id))) {
		id = other->id + 1;
		taken = other != vm && !vmm_vm_is_dead(other) &&
			uid_eq(other->control.owner, vm->control.owner) &&
			vmm_vm_has_name(other, name);
		vmm_vm_put(other);
		cond_resched();
	}
	return taken;
}

int vmm_control_add_unique(struct vmm_vm *vm)
{
	int err = -EEXIST;

	mutex_lock(&names_lock);
	if (!vm->name[0] || !name_taken(vm, vm->name))
		err = vmm_control_add(vm);
	mutex_unlock(&names_lock);
	return err;
}

int vmm_control_rename(struct vmm_vm *vm, const char *name)
{
	int err = 0;

	mutex_lock(&names_lock);
	if (name[0] && name_taken(vm, name)) {
		err = -EEXIST;
	} else {
		mutex_lock(&vm->control.lock);
		strscpy(vm->name, name, sizeof(vm->name));
		mutex_unlock(&vm->control.lock);
	}
	mutex_unlock(&names_lock);
	return err;
}

/* ---- limits --------------------------------------------------------------------- */

int vmm_control_may_add_memory(struct vmm_vm *vm, u64 bytes)
{
	u64 limit = vm->control.max_memory, used;

	lockdep_assert_held(&vm->lock);
	if (!limit)
		return 0;
	used = npt_space_bytes(&vm->space);
	if (used <= limit && bytes <= limit - used)
		return 0;
	refused(vm, VMM_NL_EVENT_LIMIT_MEMORY);
	return -EDQUOT;
}

int vmm_control_may_add_vcpu(struct vmm_vm *vm)
{
	lockdep_assert_held(&vm->lock);
	if (vmm_vm_count_vcpus(vm) < vm->control.max_vcpus)
		return 0;
	refused(vm, VMM_NL_EVENT_LIMIT_VCPUS);
	return -EDQUOT;
}
