/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A machine: one VM with its memory, processors and devices, from its making
 * to its end.
 *
 * Threads: the main thread runs the event loop; every vCPU has one; the
 * console has one of its own.  Devices are called by vCPU threads (ports) and by
 * the main thread (timers) and by whoever reads keys (input), and lock themselves.
 * Order of locks: a device's, then the console's or the end's; none of these is
 * held across a call of the guest.
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
#include "vm/cable.h"
#include "vm/options.h"
#include "vm/ram.h"
#include "vm/vcpu.h"

/**
 * struct machine_files - what machines are made of, opened once: no name is looked
 * up for one that is made later
 * @memory:	the object that the next takes; -1: it makes one
 * @bare:	the next has neither memory nor registers of one that boots: they come
 *		from a snapshot (vm/restore.h), or @memory has what it shall have
 * @any_tsc:	a state's time-stamp counter may have ticked at any frequency
 */
struct machine_files {
	struct vmm vmm;
	struct boot_files boot;
	int memory;
	bool bare;
	bool any_tsc;
};

struct machine_irq {
	struct irq_line line;
	int vm;
	unsigned int gsi;
};

struct machine_clock {
	struct vm_clock clock;
	int vm;
};

struct machine {
	const struct machine_options *opt;
	struct machine_files *files;
	int vm;
	struct ram ram;
	struct bus bus;
	struct vm_end end;
	struct loop *loop;
	struct loop_source ended, signals, timeout, requests;

	struct machine_irq serial_irq, rtc_irq, sci;
	struct machine_clock clock;
	struct serial serial;
	struct rtc rtc;
	struct pm pm;
	struct reset reset;
	struct i8042 i8042;
	struct fw_cfg fw_cfg;
	struct debug_exit debug_exit;
	struct cable *cable;
	bool plugged;
	bool held;		/* see vm/state.h */
	bool go_on;		/* and when it is no more, the VM is resumed */

	unsigned int cpus;
	struct vcpu *vcpu;
};

/** machine_files_open() - on failure too, machine_files_close() must follow. */
int machine_files_open(struct machine_files *files,
		       const struct machine_options *opt, struct err *err);
void machine_files_close(struct machine_files *files);

/**
 * machine_memory_open() - the memory object of the first machine, if more is asked for
 * than its size: a policy and a swap file take rights that the sandbox has not
 */
int machine_memory_open(struct machine_files *files,
			const struct machine_options *opt, struct err *err);

/**
 * machine_create() - all of it, ready to run; NULL on failure
 *
 * @files, @loop and @cable are the caller's, and may serve another machine after
 * this one.
 */
struct machine *machine_create(const struct machine_options *opt,
			       struct machine_files *files, struct loop *loop,
			       struct cable *cable, struct err *err);

/**
 * machine_start() - lets the processors go, and a machine that is held, too; on
 * failure that is the end.
 */
int machine_start(struct machine *m, struct err *err);

/** machine_run() - serves it until the end, which is then in machine->end. */
void machine_run(struct machine *m);

void machine_destroy(struct machine *m);

/**
 * machine_replace() - likewise, but its memory object goes to the next of its files
 *
 * So what was kept of that (vm/moment.h) can be returned to.
 */
void machine_replace(struct machine *m);

#endif
