/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Task switches, for processors that leave them to the monitor.
 *
 * A switch has a commit point.  What fails before it is the old task's, which
 * has not left: emul_task_switch() then runs again from the start, and finds
 * what it found the first time.  What fails behind it is the new task's, whose
 * registers are loaded as far as they could be.
 */
#ifndef VMM_EMUL_TASK_H
#define VMM_EMUL_TASK_H

#include "emul.h"

/* Who asks for a switch; the values are those of VMX's exit qualification. */
enum emul_task_source {
	EMUL_TASK_CALL,
	EMUL_TASK_IRET,
	EMUL_TASK_JMP,
	EMUL_TASK_GATE,		/* an event, through a task gate of the IDT */
};

/**
 * struct emul_task - a switch to another task
 * @sel:	selector of the new task's TSS
 * @source:	enum emul_task_source
 * @ext:	an event from outside the program is being delivered: error codes
 *		say so
 * @has_error:	@error is pushed in the new task
 * @error:	error code of that event
 * @rip:	where the old task is to go on
 * @committed:	out: what has been raised is the new task's
 * @trap:	out: the new task asks for #DB when it begins
 */
struct emul_task {
	u16 sel;
	u8 source;
	bool ext;
	bool has_error;
	u32 error;
	u64 rip;
	bool committed;
	bool trap;
};

/**
 * emul_task_switch() - switch tasks
 * @ctxt:	context, prepared as for a run, with @may_sleep
 * @t:		the switch; privilege has been checked
 *
 * All that is in the two TSSs, the descriptor tables and CR0 is done here;
 * debug registers and NMIs are the caller's.
 *
 * Return: EMUL_OK; EMUL_EXCEPTION, look at @t->committed; EMUL_RETRY_SLEEP:
 * nothing committed; EMUL_STOP.
 */
int emul_task_switch(struct emul_ctxt *ctxt, struct emul_task *t);

#endif
