// SPDX-License-Identifier: GPL-2.0
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vm/keeper.h"
#include "vm/reach.h"
#include "vm/runtime.h"

#define LOOK_NS	20000000	/* how often */
#define GAP_NS	2000000000ULL	/* between a VM and the next, at a reset */
#define LAST_NS	5000000000ULL	/* from a VM's end to its process's */

void keeper_find(struct keeper *k, const char *name)
{
	struct paths paths;
	struct err err;

	k->lock = paths_find(&paths, &err) ? -1 : runtime_watch(&paths, name);
	if (k->lock >= 0 && !runtime_held(k->lock))
		keeper_forget(k);
}

void keeper_forget(struct keeper *k)
{
	if (k->lock >= 0)
		close(k->lock);
	k->lock = -1;
}

static void nap(void)
{
	const struct timespec ts = { .tv_nsec = LOOK_NS };

	nanosleep(&ts, NULL);
}

int keeper_vm(struct keeper *k, struct control *c, const char *name,
	      struct record_vm *vm, struct err *err)
{
	uint64_t waited = 0;
	int ret;

	keeper_find(k, name);
	for (;;) {
		ret = records_vm(c, name, vm, err);
		if (!ret || err->code != VMCTL_NO_VM || k->lock < 0 ||
		    !runtime_held(k->lock) || waited > GAP_NS)
			break;
		nap();
		waited += LOOK_NS;
	}
	/* by a number it was not found; another user's is not this one */
	if (!ret) {
		keeper_forget(k);
		if (vm->owner == geteuid())
			keeper_find(k, vm->name);
	}
	return ret ? reach_explain(name, err) : 0;
}

/* Whether there is none of that name, for all that can be known. */
static bool is_gone(const char *name)
{
	struct record_vm vm;
	struct control c;
	struct err err;
	bool gone;

	if (control_open(&c, &err))
		return false;
	gone = records_vm_own(&c, name, &vm, &err) && err.code == VMCTL_NO_VM;
	control_close(&c);
	return gone;
}

void keeper_outlive(const char *name)
{
	uint64_t waited = 0;
	struct keeper k;

	keeper_find(&k, name);
	while (k.lock >= 0 && runtime_held(k.lock) && is_gone(name) &&
	       waited < LAST_NS) {
		nap();
		waited += LOOK_NS;
	}
	keeper_forget(&k);
}

/* 1: there is another of that name, and it runs */
static int came_back(struct control *c, struct record_vm *vm, struct err *err)
{
	struct record_vm now;

	if (records_vm_own(c, vm->name, &now, err))
		return err->code == VMCTL_NO_VM ? 0 : -1;
	if (now.id == vm->id || !strcmp(now.state, "new"))
		return 0;
	*vm = now;
	return 1;
}

int keeper_settle(struct keeper *k, struct control *c, struct record_vm *vm,
		  uint64_t timeout_ns, struct err *err)
{
	uint64_t waited = 0;
	int ret;

	while (k->lock >= 0 && runtime_held(k->lock)) {
		ret = came_back(c, vm, err);
		if (ret)
			return ret;
		if (waited >= timeout_ns)
			return err_set(err, VMCTL_TIMEOUT,
				       "the VM has ended, but its process has not yet");
		nap();
		waited += LOOK_NS;
	}
	return 0;
}
