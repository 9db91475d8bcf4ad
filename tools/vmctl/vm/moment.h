/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A moment of a machine, kept: its memory as a frozen object, and its state.  The
 * machine is held only as long as it takes to freeze and to save; it costs what the
 * machine writes from then on.  All is for the main thread.
 */
#ifndef VMCTL_MOMENT_H
#define VMCTL_MOMENT_H

#include "snap/about.h"
#include "vm/machine.h"

/**
 * struct moment - one
 * @id:		which; a file of it has the same
 * @time_ns:	since 1970
 * @memory:	the frozen object; -1: there is no moment
 * @state:	of the machine, and behind it CPUID as the guest was given it: @cpuid
 *		bytes of struct vmm_cpuid_entry
 */
struct moment {
	struct snap_id id;
	uint64_t time_ns;
	int memory;
	struct bytes state;
	size_t cpuid;
};

/** moment_take() - of now; -1: there is none.  The machine goes on in either case. */
int moment_take(struct moment *moment, struct machine *m, struct err *err);

/**
 * moment_return() - the machine goes on from there, if it has gone on
 *
 * One that was paused stays so.  On failure it is as it was.
 */
int moment_return(const struct moment *moment, struct machine *m,
		  struct err *err);

void moment_fini(struct moment *moment);

#endif
