/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a guest is told of the time in its own memory: the paravirtual clock,
 * the wall clock and steal time, in the form that Linux documents for KVM
 * guests.
 *
 * The MSRs name the areas; vmm_clock_update() fills them.  All of it is for
 * the vCPU's own thread.
 */
#ifndef VMM_X86_PVTIME_H
#define VMM_X86_PVTIME_H

#include <linux/types.h>

struct vmm_x86;

/* struct vmm_clock.todo */
#define VMM_CLOCK_TIME	(1U << 0)
#define VMM_CLOCK_WALL	(1U << 1)
#define VMM_CLOCK_STEAL	(1U << 2)

/* WRMSR of the paravirtual MSRs. */
void vmm_clock_write_time_msr(struct vmm_x86 *x86, u64 val);
void vmm_clock_write_wall_msr(struct vmm_x86 *x86, u64 val);

/*
 * Likewise; -EINVAL: reserved bits, or no memory there that can be written.  User
 * space (@host) may set the register before the memory.
 */
int vmm_clock_write_steal_msr(struct vmm_x86 *x86, u64 val, bool host);

/* The vCPU is being loaded: it is preempted no more. */
void vmm_pvtime_load(struct vmm_x86 *x86);

/* @ns more of steal time, which the guest hears of after the next load. */
void vmm_pvtime_steal(struct vmm_x86 *x86, u64 ns);

/*
 * Writes what is due to guest memory.  With @atomic it does not sleep, and
 * returns -EAGAIN if it would have to: call it again from process context
 * before the guest is entered.  0 otherwise; an area that is not writable
 * memory is skipped.
 */
int vmm_clock_update(struct vmm_x86 *x86, bool atomic);

/*
 * The thread is about to lose its processor though the guest could go on:
 * tells the guest's other vCPUs.  Does not sleep.
 */
void vmm_clock_preempted(struct vmm_x86 *x86);

#endif
