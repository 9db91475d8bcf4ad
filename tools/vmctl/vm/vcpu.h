/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtual processor: one thread that runs the guest and serves its exits.
 */
#ifndef VMCTL_VCPU_H
#define VMCTL_VCPU_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "boot/plan.h"
#include "lib/vmm.h"
#include "vm/bus.h"
#include "vm/end.h"
#include "vm/ram.h"

/** struct vcpu_state - registers, between two instructions */
struct vcpu_state {
	struct vmm_regs regs;
	struct vmm_sregs sregs;
};

/**
 * struct vcpu - all fields up to @started are set before the thread starts
 * @run:	the page shared with the kernel; the thread's own, but for
 *		immediate_exit, which others may set
 * @lock:	innermost; protects what follows
 * @hold:	the thread is to stay out of the guest, and @waiting that it does, having
 *		finished what the guest asked for; it waits for @changed
 * @asked:	@state is wanted; the thread clears it and tells @answered
 * @failed:	why there is none, in @err
 */
struct vcpu {
	unsigned int id;
	int fd;
	struct vmm_run *run;
	size_t run_size;
	struct bus *bus;
	const struct ram *ram;
	struct vm_end *end;
	pthread_t thread;
	bool started;

	pthread_mutex_t lock;
	pthread_cond_t answered, changed;
	atomic_bool asked;
	atomic_bool hold;
	bool waiting;
	bool failed;
	struct vcpu_state state;
	struct err err;
};

int vcpu_create(struct vcpu *vcpu, struct vmm *vmm, int vm, unsigned int id,
		struct bus *bus, const struct ram *ram, struct vm_end *end,
		struct err *err);
void vcpu_destroy(struct vcpu *vcpu);

/** vcpu_enter_at() - puts the boot processor into an entry protocol's state. */
int vcpu_enter_at(struct vcpu *vcpu, const struct boot_entry *entry,
		  struct err *err);

/**
 * vcpu_read() - the registers of one that runs, waits, or is paused
 *
 * Its thread reads them: it leaves the guest for that, and goes on.  One caller at
 * a time, who waits for up to @ms.
 */
int vcpu_read(struct vcpu *vcpu, unsigned int ms, struct vcpu_state *state,
	      struct err *err);

/**
 * vcpu_hold() - its thread leaves the guest and does nothing until vcpu_release()
 *
 * Every access that the guest began is over then.  Waits for up to @ms; one that has no
 * thread is held anyway.
 */
int vcpu_hold(struct vcpu *vcpu, unsigned int ms, struct err *err);
void vcpu_release(struct vcpu *vcpu);

int vcpu_start(struct vcpu *vcpu, struct err *err);
/** vcpu_stop() - after the end is set: makes the thread leave the guest. */
void vcpu_stop(struct vcpu *vcpu);
/** vcpu_join() - waits up to @ms; whether the thread has ended. */
bool vcpu_join(struct vcpu *vcpu, unsigned int ms);

#endif
