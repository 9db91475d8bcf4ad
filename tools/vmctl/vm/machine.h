/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine: one VM with its memory, processors and devices, from its making
 * to its end.
 *
 * Threads: the main thread runs the event loop; every vCPU has one; the
 * console's writer is one.  Devices are called by vCPU threads (ports) and by
 * the main thread (timers, input) and lock themselves.  Order of locks: a
 * device's, then the console's or the end's; none of these is held across a
 * call of the guest.
 */
#ifndef VMCTL_MACHINE_H
#define VMCTL_MACHINE_H

#include "dev/debug_exit.h"
#include "dev/fw_cfg.h"
#include "dev/i8042.h"
#include "dev/pm.h"
#include "dev/reset.h"
#include "dev/rtc.h"
#include "dev/serial.h"
#include "lib/vmm.h"
#include "vm/console.h"
#include "vm/options.h"
#include "vm/ram.h"
#include "vm/vcpu.h"

struct machine_irq {
	struct irq_line line;
	int vm;
	unsigned int gsi;
};

struct machine {
	const struct machine_options *opt;
	struct vmm vmm;
	int vm;
	struct ram ram;
	struct bus bus;
	struct vm_end end;
	struct loop loop;
	struct loop_source ended, signals, timeout, requests;

	struct machine_irq serial_irq, rtc_irq, sci;
	struct serial serial;
	struct rtc rtc;
	struct pm pm;
	struct reset reset;
	struct i8042 i8042;
	struct fw_cfg fw_cfg;
	struct debug_exit debug_exit;
	struct console console;

	unsigned int cpus;
	struct vcpu *vcpu;
};

/** machine_create() - all of it, ready to run; NULL on failure. */
struct machine *machine_create(const struct machine_options *opt,
			       struct err *err);

/** machine_run() - runs until the end, which is then in machine->end. */
int machine_run(struct machine *m, struct err *err);

void machine_destroy(struct machine *m);

#endif
