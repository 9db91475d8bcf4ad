/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Why a guest stopped.
 *
 * A backend decodes what its hardware reports into struct vmm_exit; from there
 * on nobody knows the vendor.  The dispatcher calls one handler a reason,
 * first in atomic context, straight from the entry loop with the guest's
 * state still loaded.  A handler that would have to sleep says so before it
 * has done anything, and is called again in process context.
 */
#ifndef VMM_CORE_EXIT_H
#define VMM_CORE_EXIT_H

#include <asm/trapnr.h>
#include <linux/bits.h>
#include <linux/types.h>

struct vmm_vcpu;

/*
 * X-macro of neutral exit reasons: symbol, name in statistics.  The order is
 * that of the counters.
 */
#define VMM_EXIT_REASONS(X)						\
	X(NONE,		"none")		/* finished by the backend */	\
	X(HOST_IRQ,	"host_irq")	/* host interrupt or NMI */	\
	X(IRQ_WINDOW,	"irq_window")	/* guest can take an interrupt */ \
	X(NMI_WINDOW,	"nmi_window")	/* guest can take an NMI */	\
	X(TIMER,	"timer")	/* deadline of the APIC's timer */ \
	X(APIC,		"apic")		/* APIC's hardware needs help */ \
	X(EXCEPTION,	"exception")					\
	X(IO,		"io")						\
	X(NPF,		"npf")		/* nested page fault */		\
	X(LOG_FULL,	"log_full")	/* hardware's log of writes */	\
	X(CPUID,	"cpuid")					\
	X(HLT,		"hlt")						\
	X(PAUSE,	"pause")					\
	X(MSR,		"msr")						\
	X(HYPERCALL,	"hypercall")					\
	X(INSN,		"insn")		/* to be run by the executor */	\
	X(RDTSC,	"rdtsc")					\
	X(RDPMC,	"rdpmc")					\
	X(XSETBV,	"xsetbv")					\
	X(WBINVD,	"wbinvd")					\
	X(INVALID_OP,	"invalid_op")	/* not for guests: #UD */	\
	X(TASK_SWITCH,	"task_switch")					\
	X(SHUTDOWN,	"shutdown")	/* triple fault */		\
	X(INIT,		"init")						\
	X(FAIL_ENTRY,	"fail_entry")					\
	X(UNKNOWN,	"unknown")

enum vmm_exit_reason {
#define X(sym, name) VMM_EXIT_##sym,
	VMM_EXIT_REASONS(X)
#undef X
	VMM_NR_EXIT_REASONS
};

/*
 * Exceptions that are exits.  #UD is for the hypercall instruction of the other
 * vendor; #AC and #DB are because a guest can make the processor deliver them
 * without end, with no instruction boundary at which the host would get an
 * interrupt; #MC is the host's.
 */
#define VMM_EXIT_EXCEPTIONS	(BIT(X86_TRAP_DB) | BIT(X86_TRAP_UD) |	\
				 BIT(X86_TRAP_AC) | BIT(X86_TRAP_MC))

/* struct vmm_exit.npf.access; the same bits as a page fault's error code */
#define VMM_ACCESS_PRESENT	(1U << 0)
#define VMM_ACCESS_WRITE	(1U << 1)
#define VMM_ACCESS_USER		(1U << 2)
#define VMM_ACCESS_RESERVED	(1U << 3)
#define VMM_ACCESS_FETCH	(1U << 4)
#define VMM_ACCESS_PT_WALK	(1U << 8)	/* on a guest page-table entry */

/**
 * struct vmm_exit - one exit, decoded
 * @reason:	what happened
 * @insn_len:	length of the instruction that exited; 0 when hardware does
 *		not tell
 * @nr_insn:	bytes in @insn that hardware fetched; 0 when it does not
 * @insn:	those bytes
 * @code:	hardware's own exit code, for messages and traces
 * @info1, @info2: hardware's qualification, likewise
 *
 * io:	@port, @size in bytes (1, 2, 4), @in, @string, @rep, the address size
 *	in bytes (2, 4, 8) and for string forms nothing else: those run in the
 *	executor
 * npf:	@gpa and VMM_ACCESS_*
 * msr:	@index (ECX), @write
 * apic: the guest wrote the register at @offset; where that is APIC_EOI, it ended
 *	@vector
 * exc:	@vector and @error
 * task: @selector of the TSS, @source, an enum emul_task_source: for a gate
 *	vmm_vcpu.events has the event; RIP is at the instruction that has
 *	@insn_len bytes, or where the old task is to go on if that is 0
 */
struct vmm_exit {
	u16 reason;
	u8 insn_len;
	u8 nr_insn;
	union {
		struct {
			u16 port;
			u8 size;
			bool in, string, rep;
		} io;
		struct {
			u64 gpa;
			u32 access;
		} npf;
		struct {
			u32 index;
			bool write;
		} msr;
		struct {
			u16 offset;
			u8 vector;
		} apic;
		struct {
			u8 vector;
			u32 error;
		} exc;
		struct {
			u16 selector;
			u8 source;
		} task;
	};
	u64 code, info1, info2;
	u8 insn[16];
};

/* Room for what vmm_backend_ops.describe() says. */
#define VMM_TEXT_SIZE	160

/*
 * What a handler answers.  Below zero: an errno that VMM_VCPU_RUN returns.
 */
enum vmm_handled {
	VMM_TO_USER	= 0,	/* struct vmm_run says why */
	VMM_RESUME	= 1,	/* enter the guest again */
	VMM_WOULD_SLEEP	= 2,	/* nothing done: call again where it may sleep */
};

/* Handles @exit; @atomic is set in the entry loop, where nobody may sleep. */
int vmm_exit_handle(struct vmm_vcpu *vcpu, struct vmm_exit *exit, bool atomic);

#endif
