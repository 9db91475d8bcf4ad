/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Time as the guest sees it: the time-stamp counter, the paravirtual clock and
 * steal time.  Documentation/clock.rst has the rules in words.
 *
 * Guest TSC = host TSC + offset.  All vCPUs of a VM start with one offset, by
 * which the counter is zero when the VM is made.
 *
 * The paravirtual clock counts nanoseconds since the VM was made.  With a
 * stable host TSC it is a line through one point of the VM (the master), the
 * same for all vCPUs; else each vCPU gets a new point every now and then when
 * it is loaded.
 *
 * Lock: vmm_clock_vm.lock, a leaf, interrupts off.  struct vmm_clock belongs to
 * the thread that owns the vCPU, but for @tsc_offset, which timers read.
 */
#ifndef VMM_X86_CLOCK_H
#define VMM_X86_CLOCK_H

#include <linux/spinlock.h>
#include <linux/types.h>

#include "x86/pvclock.h"

struct vmm_x86;

/**
 * struct vmm_clock_vm - time of a VM
 *
 * Protection: [C] constant, [L] @lock; [R] written under @lock, read without.
 *
 * @scale:	[C] TSC cycles to nanoseconds
 * @tsc_khz:	[C] frequency of the TSC, host's and guest's
 * @start_offset: [C] TSC offset of a vCPU that nobody has written
 * @stable:	[R] host TSCs tick alike and never stop; never comes back
 * @seq:	[R] grows when what guests were told of the time is outdated
 * @host_shift:	[R] what the host's TSC lost in its suspensions
 * @stopped:	[R] VM time stands still
 * @stop_tsc:	[R] host TSC (with the shift) meanwhile
 * @stop_boot, @stop_mono: [L] host boot time and monotonic time when it stopped
 * @stopped_ns:	[L] monotonic time that earlier stops took together
 * @master_tsc, @master_ns, @master_boot: [L] host TSC (with the shift), VM
 *		time and host boot time of one moment
 * @offset:	[L] the TSC offset that the VM agrees on or moves to
 * @gen:	[L] grows with each new @offset
 * @joined:	[L] vCPUs that are known to have @offset
 * @vcpus:	[L] vCPUs that there are
 * @write_gen:	[L] the @gen that a write of the TSC made
 * @write_val, @write_host: [L] that write: guest value, host TSC
 */
struct vmm_clock_vm {
	raw_spinlock_t lock;
	struct vmm_clock_scale scale;
	u32 tsc_khz;
	u64 start_offset;
	bool stable;
	u32 seq;
	u64 host_shift;
	bool stopped;
	u64 stop_tsc;
	u64 stop_boot;
	u64 stop_mono;
	u64 stopped_ns;
	u64 master_tsc;
	u64 master_ns;
	u64 master_boot;
	u64 offset;
	u64 gen;
	u32 joined;
	u32 vcpus;
	u64 write_gen;
	u64 write_val;
	u64 write_host;
};

/**
 * struct vmm_clock - time of a vCPU
 * @tsc_offset:	guest TSC - host TSC (with the VM's shift)
 * @tsc_adjust:	IA32_TSC_ADJUST
 * @gen:	the VM's @gen that this vCPU has joined
 * @last_tsc:	guest TSC when last put, if the host's is not stable; 0: the
 *		guest's has been moved since
 * @told_tsc:	host TSC when the guest was last told the time
 * @told_cpu:	processor at that time
 * @seq:	the VM's @seq at that time
 * @host_shift:	the part of the VM's that the backend knows of
 * @todo:	VMM_CLOCK_*: what vmm_clock_update() has to write
 * @time_msr:	MSR_KVM_SYSTEM_TIME(_NEW): address and enable bit
 * @wall_msr:	MSR_KVM_WALL_CLOCK(_NEW): address
 * @steal_msr:	MSR_KVM_STEAL_TIME: address and enable bit
 * @version, @wall_version, @steal_version: of the areas in guest memory, odd
 *		while one is being written
 * @steal_ns:	steal time as the guest is to see it, less what @steal_adopt brings
 * @steal_adopt: the area has not been read yet, on whose contents steal time
 *		and version go on
 * @preempted:	the guest was told that this vCPU does not run
 */
struct vmm_clock {
	u64 tsc_offset;
	u64 tsc_adjust;
	u64 gen;
	u64 last_tsc;
	u64 told_tsc;
	u64 host_shift;
	int told_cpu;
	u32 seq;
	u32 todo;
	u64 time_msr;
	u64 wall_msr;
	u64 steal_msr;
	u32 version;
	u32 wall_version;
	u32 steal_version;
	u64 steal_ns;
	bool steal_adopt;
	bool preempted;
};

/**
 * struct vmm_clock_point - one moment of the VM's clock, for one vCPU
 * @tsc, @ns:	guest TSC and VM time of that moment
 * @host_tsc:	host TSC when this was asked for
 * @cpu:	processor where this was asked
 * @seq:	the VM's @seq
 * @shared:	all vCPUs may compute with this point
 */
struct vmm_clock_point {
	struct vmm_clock_scale scale;
	u64 tsc;
	u64 ns;
	u64 host_tsc;
	int cpu;
	u32 seq;
	bool shared;
};

/* For pvtime.c. */
void vmm_clock_point(struct vmm_x86 *x86, struct vmm_clock_point *p);

/* Frequency of the guests' TSC (0: unusable), and whether all agree on it. */
u32 vmm_clock_tsc_khz(void);
bool vmm_clock_tsc_stable(void);

void vmm_clock_vm_init(struct vmm_clock_vm *vm);

/* Called by x86.c alone; as the functions of x86.h of these names. */
void vmm_clock_init(struct vmm_x86 *x86);
void vmm_clock_destroy(struct vmm_x86 *x86);
void vmm_clock_reset(struct vmm_x86 *x86, bool init);
void vmm_clock_load(struct vmm_x86 *x86);
void vmm_clock_put(struct vmm_x86 *x86);

/* The guest's TSC at this moment; any context. */
u64 vmm_clock_guest_tsc(const struct vmm_x86 *x86);

/* Nanoseconds of @delta TSC cycles, rounded up, saturating; any context. */
u64 vmm_clock_tsc_ns(const struct vmm_x86 *x86, u64 delta);

/*
 * WRMSR of IA32_TSC and IA32_TSC_ADJUST.  @host: user space restores the one,
 * which leaves the other alone.
 */
void vmm_clock_write_tsc(struct vmm_x86 *x86, u64 val, bool host);
void vmm_clock_write_adjust(struct vmm_x86 *x86, u64 val, bool host);

/* Nanoseconds since the VM was made, as its paravirtual clock has it. */
u64 vmm_clock_vm_ns(struct vmm_clock_vm *vm);
/* Sets that clock; no vCPU of the VM may be loaded. */
void vmm_clock_vm_set_ns(struct vmm_clock_vm *vm, u64 ns);

/*
 * Around a suspension of the host, which may set its TSC back: the guests'
 * goes on from where it was.  One processor runs, interrupts are off, no vCPU
 * is loaded.
 */
void vmm_clock_vm_suspend(struct vmm_clock_vm *vm);
void vmm_clock_vm_resume(struct vmm_clock_vm *vm);

/*
 * Between these the guests' TSC and their clock stand still, and go on from
 * where they were.  No vCPU is loaded.
 */
void vmm_clock_vm_stop(struct vmm_clock_vm *vm);
void vmm_clock_vm_go(struct vmm_clock_vm *vm);

/*
 * As records, while the clock stands still.  The VM's is loaded before those of the
 * vCPUs, all of them; the guest is told the time anew then.  -EINVAL: what cannot be.
 */
struct vmm_state_clock;
struct vmm_state_time;
void vmm_clock_vm_save(struct vmm_clock_vm *vm, struct vmm_state_clock *st);
int vmm_clock_vm_check(const struct vmm_state_clock *st);
void vmm_clock_vm_load(struct vmm_clock_vm *vm,
		       const struct vmm_state_clock *st);
void vmm_clock_save(struct vmm_x86 *x86, struct vmm_state_time *st);
int vmm_clock_check(const struct vmm_state_clock *of_vm,
		    const struct vmm_state_time *st);
void vmm_clock_load_state(struct vmm_x86 *x86, const struct vmm_state_time *st);

/*
 * Whether a guest whose counter ticked at @tsc_khz can go on here: at most 250 parts
 * in a million away.
 */
bool vmm_clock_tsc_near(u32 tsc_khz);

/* Monotonic host time for which the clock has been stopped until this moment. */
u64 vmm_clock_vm_stopped_ns(struct vmm_clock_vm *vm);

#endif
