/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A virtual processor.
 *
 * Its file is a reference to the VM.  The thread that holds vmm_vcpu.lock owns
 * it: it runs the guest or reads and writes state.  Everybody else reaches a
 * vCPU only through requests and kicks (core/request.h) and through its local
 * APIC.  A backend embeds struct vmm_vcpu first in its own structure.
 */
#ifndef VMM_CORE_VCPU_H
#define VMM_CORE_VCPU_H

#include <linux/percpu.h>
#include <asm/debugreg.h>
#include <asm/processor-flags.h>
#include <asm/trapnr.h>
#include <linux/mutex.h>
#include <linux/rcuwait.h>
#include <linux/types.h>

#include "core/backend_ops.h"
#include "core/exit.h"
#include "core/stats.h"
#include "emul/emul.h"
#include "emul/memory.h"
#include "irq/lapic.h"
#include "x86/debug.h"
#include "x86/event.h"
#include "x86/x86.h"

struct vmm_vm;
struct vmm_run;

/* As vmm_run.text. */
#define VMM_STOP_TEXT	256

/* What DR7 reads with no breakpoint set. */
#define VMM_DR7_FIXED	0x400ULL

enum vmm_vcpu_mode {
	VMM_OUTSIDE,		/* not in the entry loop */
	VMM_IN_GUEST,		/* a kick must send an IPI */
	VMM_EXITING,		/* kicked already */
};

/* vmm_vcpu.user_io: what a user exit under way will bring back */
enum vmm_user_io {
	VMM_IO_NONE,
	VMM_IO_PORT,		/* a plain IN or OUT */
	VMM_IO_EMUL,		/* the executor's pending access */
	VMM_IO_POSTED,		/* a store that needs no answer */
};

/**
 * struct vmm_vcpu - one virtual processor
 *
 * Protection: [L] @lock, that is, the owning thread; [A] atomic; [C] constant
 * after creation; [O] its own rules.
 *
 * @gpr:	[L] general registers, in the order that instructions number
 *		them; complete whenever the guest is not running
 * @rip, @rflags: [L] likewise
 * @irq_shadow:	[L] STI or MOV SS holds interrupts off for one instruction
 * @requests:	[A] VMM_REQ_* bits
 * @mode:	[A] enum vmm_vcpu_mode
 * @cpu:	[O] processor it is loaded on, else -1; written with preemption
 *		off by the owner, read by kickers
 * @last_cpu:	[L] where it was loaded last
 * @events:	[L] exceptions and NMIs on their way in
 * @window:	[L] want_window() was asked for one last
 * @mp_state:	[L] VMM_MP_*
 * @sipi_vector: [O] written before VMM_REQ_SIPI is raised
 * @stopped:	[L] vmm_run says why, and that is for good until user space sets
 *		registers or events
 * @stop_untold: [L] and listeners have not heard of it
 * @state_set:	[L] user space has set either since the last entry
 * @inside:	[O] the owner may run the guest: see core/pause.h
 * @wanted:	[O] as vmm_pause.wanted, under vmm_pause.lock, read by the owner
 * @frozen:	[L] its timers stand still
 * @held:	[L] for who finds the lock free, it is not: see vmm_pause_hold()
 * @gate:	both, for one look at them in core/gate.h
 * @spinning:	[O] the owner gives way because the guest spins; it writes, others
 *		that look for whom to give way to read
 * @preempted_in_user: [O] likewise: the guest was in user mode when the owner
 *		lost the processor
 * @db:		[L] DR0 to DR3
 * @watching:	[L] DR7 enables a breakpoint
 * @db_hits:	[L] bits of DR6: breakpoints that what the monitor does for the
 *		instruction under way has met; trapped when it ends
 * @user_io:	[L] enum vmm_user_io
 * @pio:	[L] the port access that user space is to finish
 * @emul:	[L] instruction executor
 * @apic:	[O] local APIC
 * @x86:	[O] CPUID, MSRs, FPU, clock
 * @wait:	[O] where the owner sleeps in HLT
 * @pid:	[L] to write, RCU: the thread that ran it last
 * @poll_ns:	[L] how long the next halt polls before it sleeps
 * @stats:	[O] counters
 * @run:	[C] page shared with user space: never trusted to keep a value
 * @run_delay:	[L] how long its thread has waited for a processor in all, as far
 *		as that has been accounted for
 * @frozen_ns:	[L] for how long the VM's clock had stood still when its timers
 *		stopped
 * @stop_reason, @stop_text: [L] what vmm_run said when it stopped for good;
 *		@stop_text closed by NUL
 */
struct vmm_vcpu {
	u64 gpr[EMUL_NR_GPR];
	u64 rip;
	u64 rflags;
	bool irq_shadow;
	bool window;
	u8 mp_state;
	u8 user_io;
	u8 sipi_vector;
	bool stopped;
	bool stop_untold;
	bool state_set;
	bool inside;
	bool spinning;
	bool preempted_in_user;
	bool held;
	bool watching;
	u8 db_hits;
	union {
		struct {
			bool wanted;
			bool frozen;
		};
		u16 gate;
	};
	int cpu;
	int mode;
	unsigned long requests;
	struct vmm_vm *vm;
	u32 id;
	int last_cpu;
	u32 poll_ns;
	struct vmm_run *run;
	struct vmm_exit exit;
	struct vmm_events events;
	u64 db[4];
	struct {
		u16 port;
		u8 size;
		bool in;
		u8 len;
	} pio;
	struct vmm_stats_block stats;
	struct vmm_lapic apic;
	struct vmm_x86 x86;
	struct emul_ctxt emul;
	struct vmm_emul_memory emul_memory;
	struct pid __rcu *pid;
	struct rcuwait wait;
	struct mutex lock;
	u64 run_delay;
	u64 frozen_ns;
	u32 stop_reason;
	char stop_text[VMM_STOP_TEXT];
};

int vmm_vcpu_create(struct vmm_vm *vm, u32 id, struct vmm_vcpu **out);
/* A grace period after its APIC was unlinked. */
void vmm_vcpu_destroy(struct vmm_vcpu *vcpu);

/* Puts the vCPU into the state after power-on (@init false) or INIT. */
void vmm_vcpu_reset(struct vmm_vcpu *vcpu, bool init);

/* Raises an exception in the guest.  Owner only. */
void vmm_vcpu_raise(struct vmm_vcpu *vcpu, u8 vector);
void vmm_vcpu_raise_error(struct vmm_vcpu *vcpu, u8 vector, u32 error);
void vmm_vcpu_raise_event(struct vmm_vcpu *vcpu, const struct vmm_event *ev);

/* Makes an NMI pending.  Any context. */
void vmm_vcpu_nmi(struct vmm_vcpu *vcpu);

/* The vCPU waits for a start-up IPI and gets one. */
void vmm_vcpu_sipi(struct vmm_vcpu *vcpu, u8 vector);

/* Replaces the vCPU's CPUID; -EINVAL and no change if the host cannot do it. */
int vmm_vcpu_set_cpuid(struct vmm_vcpu *vcpu,
		       const struct vmm_cpuid_entry *entries, u32 count);

/* The same with @new to work in. */
int vmm_vcpu_put_cpuid(struct vmm_vcpu *vcpu, struct vmm_cpuid_state *new,
		       const struct vmm_cpuid_entry *entries, u32 count);

/* How the local APIC of a vCPU with this CPUID starts. */
struct vmm_lapic_config
vmm_vcpu_apic_config(u32 id, const struct vmm_cpu_limits *limits);

/* DR7, which says whether accesses have to be watched for. */
void vmm_vcpu_set_dr7(struct vmm_vcpu *vcpu, u64 val);

/* The monitor makes an access that breakpoints may be on. */
void vmm_vcpu_watch(struct vmm_vcpu *vcpu, enum vmm_watch what, u64 addr,
		    unsigned int len);

/*
 * An instruction that the monitor carried out ended: the trap that follows it,
 * if RFLAGS.TF was set (@step) or it met a breakpoint.
 */
void vmm_vcpu_trap(struct vmm_vcpu *vcpu, bool step);

/* Moves RIP past the instruction of @len bytes, with all that entails. */
void vmm_vcpu_skip(struct vmm_vcpu *vcpu, u8 len);

/*
 * Stops the vCPU with VMM_RUN_INTERNAL or the like, and words for user space.
 * Returns VMM_TO_USER.
 */
int __printf(3, 4) vmm_vcpu_stop(struct vmm_vcpu *vcpu, u32 reason,
				 const char *fmt, ...);

/* Whether a vCPU that waits, in HLT or for SIPI, has a reason to go on. */
bool vmm_vcpu_must_wake(struct vmm_vcpu *vcpu);

/* The run loop.  0: vcpu->run says why; below 0: errno.  Holds @lock. */
int vmm_vcpu_run(struct vmm_vcpu *vcpu);

static inline enum emul_mode vmm_mode_emul(const struct vmm_cpu_mode *m,
					   u64 rflags)
{
	if (!(m->cr0 & X86_CR0_PE))
		return EMUL_MODE_REAL;
	if (rflags & X86_EFLAGS_VM)
		return EMUL_MODE_VM86;
	if ((m->efer & EFER_LMA) && m->cs_l)
		return EMUL_MODE_LONG64;
	return m->cs_d ? EMUL_MODE_PROT32 : EMUL_MODE_PROT16;
}

#endif
