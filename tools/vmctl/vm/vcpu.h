/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtual processor: one thread that runs the guest and serves its exits.
 */
#ifndef VMCTL_VCPU_H
#define VMCTL_VCPU_H

#include <pthread.h>
#include <stdbool.h>

#include "boot/plan.h"
#include "lib/vmm.h"
#include "vm/bus.h"
#include "vm/end.h"
#include "vm/ram.h"

/**
 * struct vcpu - all fields are set before the thread starts
 * @run:	the page shared with the kernel; the thread's own, but for
 *		immediate_exit, which others may set
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
};

int vcpu_create(struct vcpu *vcpu, struct vmm *vmm, int vm, unsigned int id,
		struct bus *bus, const struct ram *ram, struct vm_end *end,
		struct err *err);
void vcpu_destroy(struct vcpu *vcpu);

/** vcpu_enter_at() - puts the boot processor into an entry protocol's state. */
int vcpu_enter_at(struct vcpu *vcpu, const struct boot_entry *entry,
		  struct err *err);

int vcpu_start(struct vcpu *vcpu, struct err *err);
/** vcpu_stop() - after the end is set: makes the thread leave the guest. */
void vcpu_stop(struct vcpu *vcpu);
/** vcpu_join() - waits up to @ms; whether the thread has ended. */
bool vcpu_join(struct vcpu *vcpu, unsigned int ms);

#endif
