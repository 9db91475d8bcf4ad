/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every counter of a vCPU: symbol, name for users.  One list makes the
 * structure, the ioctl's answer and whatever else shows counters.  Counters of
 * exits by reason follow these, from VMM_EXIT_REASONS, as "exit_<reason>".
 */
#define VMM_STATS(X)							\
	X(EXITS,	"exits")	/* all */			\
	X(USER_EXITS,	"user_exits")	/* VMM_VCPU_RUN returned 0 */	\
	X(SLOW_EXITS,	"slow_exits")	/* left the entry loop */	\
	X(INJECT_IRQ,	"injected_irqs")				\
	X(INJECT_NMI,	"injected_nmis")				\
	X(INJECT_EXC,	"injected_exceptions")				\
	X(REINJECT,	"reinjected_events")				\
	X(HALTS,	"halts")	/* HLT that found nothing to do */ \
	X(HALT_POLLED,	"halt_polled")	/* woken while polling */	\
	X(HALT_SLEPT,	"halt_slept")	/* woken from sleep */		\
	X(KICKS,	"kicks")	/* IPIs sent to leave the guest */ \
	X(NOTIFIES,	"notifications") /* IPIs that need no exit */	\
	X(TLB_FLUSHES,	"tlb_flushes")					\
	X(EMULATED,	"emulated")	/* instructions executed */	\
	X(HYPERCALLS,	"hypercalls")					\
	X(STEAL_NS,	"steal_ns")	/* waits for a processor */	\
	X(YIELDS_TRIED,	"yields_tried")	/* to another vCPU's thread */	\
	X(YIELDS_HIT,	"yields_hit")	/* and it got the processor */
