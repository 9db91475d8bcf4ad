/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a VM ends.  Many can ask for it (a device, a vCPU, a signal, a timer);
 * the first one counts, and the main loop hears of it through @event.
 */
#ifndef VMCTL_END_H
#define VMCTL_END_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum end_kind {
	END_NONE,
	END_POWEROFF,
	END_CODE,	/* the guest wrote the debug-exit port */
	END_RESET,
	END_CRASH,
	END_ASKED,	/* the operator: a signal, the console's escape */
	END_TIMEOUT,
};

/**
 * struct vm_end - the end of one VM
 * @lock:	innermost; orders the first request against its readers
 * @ended:	set once, after the other fields
 * @event:	an eventfd, readable after the end
 * @code:	exit code of the command
 * @text:	what to tell the operator, empty for nothing
 */
struct vm_end {
	pthread_mutex_t lock;
	atomic_bool ended;
	int event;
	enum end_kind kind;
	int code;
	char text[3072];
};

int vm_end_init(struct vm_end *end);
void vm_end_fini(struct vm_end *end);

/** vm_end_set() - ends the VM, unless it has ended already. */
void vm_end_set(struct vm_end *end, enum end_kind kind, int code,
		const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static inline bool vm_ended(struct vm_end *end)
{
	return atomic_load_explicit(&end->ended, memory_order_acquire);
}

#endif
