/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of a machine, its memory aside, as a run of bytes: what the kernel has
 * of the VM and what the devices have here, in records of linux/vmm_state.h.
 *
 * machine_hold() stops the machine: the guest does not run, its time stands still,
 * every access of a device has been finished and no processor's thread begins
 * another.  In between the state can be read and memory does not change.
 *
 *	machine_hold(m, &err);
 *	machine_save(m, &bytes, &err);		and the memory, by whoever wants it
 *	machine_release(m);
 *
 *	m = machine_create(...);		of the same options
 *	machine_load(m, data, size, &err);	from here on it is held
 *	and the memory, before or after
 *	machine_start(m, &err);			which releases it
 *
 * All of it is for the main thread.
 */
#ifndef VMCTL_STATE_H
#define VMCTL_STATE_H

#include "lib/buffer.h"
#include "vm/machine.h"

/**
 * machine_hold() - one that runs, was paused by somebody else, or has not started
 *
 * Holds do not nest.  On failure the machine goes on.
 */
int machine_hold(struct machine *m, struct err *err);

/** machine_release() - it goes on, unless it was paused before it was held. */
void machine_release(struct machine *m);

/** machine_save() - adds the state to @out; the machine is held. */
int machine_save(struct machine *m, struct bytes *out, struct err *err);

/**
 * machine_save_cpuid() - adds CPUID as the guest was given it: struct vmm_cpuid_entry
 *
 * How many bytes, or -1.  The machine is held.
 */
int machine_save_cpuid(struct machine *m, struct bytes *out, struct err *err);

/**
 * machine_load() - a machine that is held or has not started takes a state over
 *
 * It must have been made with as many processors and as much memory.  All of @data
 * is looked at before anything changes: on failure the machine is as it was, and the
 * error tells what does not fit, by name if it is features of the processor.  On
 * success it is held, if it was not before, until machine_start() or
 * machine_release().
 */
int machine_load(struct machine *m, const void *data, size_t size,
		 struct err *err);

#endif
