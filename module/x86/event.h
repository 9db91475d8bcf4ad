/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events on their way into a vCPU: the exception, NMI or interrupt whose
 * delivery an exit cut short, the exception that emulation raised, and the
 * NMIs that wait.  Pure bookkeeping; delivery is the backend's.
 *
 * Order on entry, as the architecture has it: an event cut short goes first,
 * then an exception, then NMI, then an interrupt.
 *
 * Everything here belongs to the vCPU's own thread, except that NMIs are made
 * pending through a request (core/request.h).
 */
#ifndef VMM_X86_EVENT_H
#define VMM_X86_EVENT_H

#include <linux/bits.h>
#include <linux/types.h>

/* The values of SVM's EVENTINJ and VMX's interruption type that they share. */
enum vmm_event_type {
	VMM_EVENT_INTR	= 0,
	VMM_EVENT_NMI	= 2,
	VMM_EVENT_EXC	= 3,	/* fault or trap */
	VMM_EVENT_SOFT	= 4,	/* INT n: RIP moves past the instruction */
};

/**
 * struct vmm_event - one event
 * @type:	enum vmm_event_type
 * @vector:	0 to 255
 * @has_error:	@error is pushed
 * @error:	error code
 * @len:	length of the instruction behind a software event
 * @cr2:	faulting address of a page fault that the monitor raises
 */
struct vmm_event {
	u8 valid;
	u8 type;
	u8 vector;
	u8 has_error;
	u32 error;
	u8 len;
	u64 cr2;
};

/* Whether exception @vector pushes an error code, outside of real mode. */
static inline bool vmm_exception_has_error(u8 vector)
{
	const u32 those = BIT(8) | BIT(10) | BIT(11) | BIT(12) | BIT(13) |
			  BIT(14) | BIT(17);

	return vector < 32 && (those >> vector & 1);
}

/* Whether exception @vector is a fault: its instruction will run again. */
static inline bool vmm_exception_is_fault(u8 vector)
{
	/* #DB, if at times a fault, is none to RF; NMI, #BP, #OF, #DF, #MC. */
	const u32 others = BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(8) | BIT(18);

	return vector < 32 && !(others >> vector & 1);
}

/**
 * struct vmm_events - all events of a vCPU
 * @injected:	was being delivered when the guest exited; never VMM_EVENT_SOFT,
 *		INT3 or INTO, for those come again from their instruction
 * @again:	what was being delivered when the guest exited, if its instruction
 *		raises it again; never valid, of use in messages alone
 * @exception:	raised by emulation, not yet delivered
 * @nmi_pending: 0 to 2: one being masked, one more latched
 */
struct vmm_events {
	struct vmm_event injected;
	struct vmm_event exception;
	struct {
		bool any;
		u8 vector;
	} again;
	u8 nmi_pending;
};

/*
 * Adds @new to what is pending, by the rules for exceptions on top of
 * exceptions: a benign one is served first, two contributory ones or a page
 * fault before either make a double fault.  Returns false for a triple fault.
 */
bool vmm_event_raise(struct vmm_events *ev, const struct vmm_event *new);

/*
 * The monitor itself delivers what an exit cut short: hardware shall not do it
 * again.  An exception stays, so that another that comes on the way is one on
 * top of it; vmm_event_delivered() ends that.
 */
void vmm_event_take_over(struct vmm_events *ev);

static inline void vmm_event_delivered(struct vmm_events *ev)
{
	ev->exception.valid = 0;
}

#endif
