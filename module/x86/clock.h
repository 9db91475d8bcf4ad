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
 * same for all vCPUs, and written once; else each vCPU gets a new point
 * whenever it is loaded.
 *
 * Lock: vmm_clock_vm.lock, a leaf, interrupts off.  It protects the master and
 * the generation of TSC writes.  struct vmm_clock belongs to the thread that
 * owns the vCPU, except that @tsc_offset may be read by timers (READ_ONCE).
 */
#ifndef VMM_X86_CLOCK_H
#define VMM_X86_CLOCK_H

#include <linux/ktime.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "x86/pvclock.h"

struct vmm_x86;

/**
 * struct vmm_clock_vm - time of a VM
 * @lock:	see above
 * @stable:	host TSCs tick alike and never stop; constant
 * @scale:	TSC cycles to nanoseconds; constant
 * @tsc_khz:	frequency of the TSC, host's and guest's; constant
 * @master_tsc, @master_ns: host TSC and VM time of one moment [lock]
 * @start_offset: TSC offset of a vCPU that nobody has written; constant
 * @write_gen:	counts TSC writes that others may join [lock]
 * @write_val, @write_host, @write_offset: the last one: guest value, host TSC
 *		at that moment, offset chosen [lock]
 */
struct vmm_clock_vm {
	raw_spinlock_t lock;
	bool stable;
	struct vmm_clock_scale scale;
	u32 tsc_khz;
	u64 master_tsc;
	u64 master_ns;
	u64 start_offset;
	u64 write_gen;
	u64 write_val;
	u64 write_host;
	u64 write_offset;
};

/**
 * struct vmm_clock - time of a vCPU
 * @tsc_offset:	guest TSC - host TSC
 * @tsc_adjust:	IA32_TSC_ADJUST
 * @write_gen:	the generation of TSC writes that this vCPU has joined
 * @time_msr:	MSR_KVM_SYSTEM_TIME(_NEW): address and enable bit
 * @wall_msr:	MSR_KVM_WALL_CLOCK(_NEW): address
 * @steal_msr:	MSR_KVM_STEAL_TIME: address and enable bit
 * @todo:	VMM_CLOCK_*: what vmm_clock_update() has to write
 * @version:	of the time area; even while it is consistent
 * @steal_version: likewise of the steal-time area
 * @wall_version: likewise of the wall-clock area
 * @steal_ns:	steal time told to the guest
 * @run_delay:	the thread's wait for a processor when that was computed
 * @preempted:	the guest was told that this vCPU does not run
 */
struct vmm_clock {
	u64 tsc_offset;
	u64 tsc_adjust;
	u64 write_gen;
	u64 time_msr;
	u64 wall_msr;
	u64 steal_msr;
	u32 todo;
	u32 version;
	u32 steal_version;
	u32 wall_version;
	u64 steal_ns;
	u64 run_delay;
	bool preempted;
};

#define VMM_CLOCK_TIME	(1U << 0)
#define VMM_CLOCK_WALL	(1U << 1)
#define VMM_CLOCK_STEAL	(1U << 2)

void vmm_clock_vm_init(struct vmm_clock_vm *vm);

/* Frequency of the guests' TSC, and whether it is fit for a shared clock. */
u32 vmm_clock_tsc_khz(void);
bool vmm_clock_tsc_stable(void);

/* After init or a reset.  INIT leaves the counter and the clock alone. */
void vmm_clock_reset(struct vmm_x86 *x86, bool init);

/* The guest's TSC at this moment, or when the host's was @host_tsc. */
u64 vmm_clock_guest_tsc(const struct vmm_x86 *x86);
u64 vmm_clock_guest_tsc_at(const struct vmm_x86 *x86, u64 host_tsc);

/*
 * Time from now until the guest's TSC is @guest_tsc; 0 if it has passed.  For
 * TSC-deadline timers; any context.
 */
ktime_t vmm_clock_until(const struct vmm_x86 *x86, u64 guest_tsc);

/* WRMSR of IA32_TSC (@host: user space's) and of IA32_TSC_ADJUST. */
void vmm_clock_write_tsc(struct vmm_x86 *x86, u64 val, bool host);
void vmm_clock_write_adjust(struct vmm_x86 *x86, u64 val, bool host);

/* Nanoseconds since the VM was made, as its paravirtual clock has it. */
u64 vmm_clock_vm_ns(struct vmm_clock_vm *vm);
/* Moves the clock of a VM whose vCPUs do not run, for restore. */
void vmm_clock_vm_set_ns(struct vmm_clock_vm *vm, u64 ns);

/*
 * Writes what is due to guest memory.  With @atomic it does not sleep, and
 * returns -EAGAIN if it would have to: call it again from process context
 * before the guest is entered.  0 otherwise; an area that is not writable is
 * forgotten.
 */
int vmm_clock_update(struct vmm_x86 *x86, bool atomic);

/*
 * The vCPU's thread is about to lose its processor though the guest could go
 * on: tells the guest.  Not loaded; does not sleep.
 */
void vmm_clock_preempted(struct vmm_x86 *x86);

#endif
