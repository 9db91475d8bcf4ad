// SPDX-License-Identifier: GPL-2.0
/*
 * Exceptions on top of exceptions.
 */
#include <asm/trapnr.h>

#include "x86/event.h"

enum exc_class { BENIGN, CONTRIBUTORY, PAGE_FAULT, DOUBLE_FAULT };

static enum exc_class exc_class(u8 vector)
{
	switch (vector) {
	case X86_TRAP_DE:
	case X86_TRAP_TS:
	case X86_TRAP_NP:
	case X86_TRAP_SS:
	case X86_TRAP_GP:
		return CONTRIBUTORY;
	case X86_TRAP_PF:
		return PAGE_FAULT;
	case X86_TRAP_DF:
		return DOUBLE_FAULT;
	default:
		return BENIGN;
	}
}

static bool makes_double_fault(enum exc_class first, enum exc_class second)
{
	if (first == CONTRIBUTORY)
		return second == CONTRIBUTORY;
	if (first == PAGE_FAULT)
		return second == CONTRIBUTORY || second == PAGE_FAULT;
	return false;
}

void vmm_event_take_over(struct vmm_events *ev)
{
	if (ev->injected.valid && ev->injected.type == VMM_EVENT_EXC)
		ev->exception = ev->injected;
	ev->injected.valid = 0;
	ev->again.any = false;
}

bool vmm_event_raise(struct vmm_events *ev, const struct vmm_event *new)
{
	static const struct vmm_event double_fault = {
		.valid = 1, .type = VMM_EVENT_EXC, .vector = X86_TRAP_DF,
		.has_error = 1,
	};
	struct vmm_event *old = NULL;
	enum exc_class first, second = exc_class(new->vector);

	if (ev->exception.valid)
		old = &ev->exception;
	else if (ev->injected.valid && ev->injected.type == VMM_EVENT_EXC)
		old = &ev->injected;

	if (!old) {
		ev->exception = *new;
		return true;
	}
	first = exc_class(old->vector);
	if (first == DOUBLE_FAULT && second != BENIGN)
		return false;
	/*
	 * A benign pair needs no merging: the later one is raised again when
	 * the instruction that the first one's handler returns to is run.
	 */
	if (makes_double_fault(first, second)) {
		ev->injected.valid = 0;
		ev->exception = double_fault;
	} else if (old == &ev->exception) {
		ev->exception = *new;
	}
	return true;
}
