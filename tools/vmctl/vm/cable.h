/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a machine's serial port is plugged into: our standard input and output
 * (vm/console.h), or the console of a machine in the background (vm/console_session.h).
 */
#ifndef VMCTL_CABLE_H
#define VMCTL_CABLE_H

#include "dev/serial.h"
#include "vm/end.h"
#include "vm/loop.h"

struct cable;

/**
 * struct cable_ops - called by the thread that runs the machine's loop
 * @plug:	before any vCPU; on failure too, unplug() follows
 * @begin:	from now on there may be input
 * @drain:	waits up to @ms until all output is where it belongs; whether it is
 * @abandon:	from now on nobody waits for output to be taken
 * @unplug:	@serial and @loop will not be touched any more
 */
struct cable_ops {
	int (*plug)(struct cable *cable, struct serial *serial,
		    struct vm_end *end, struct err *err);
	int (*begin)(struct cable *cable, struct loop *loop, const char *name,
		     struct err *err);
	bool (*drain)(struct cable *cable, unsigned int ms);
	void (*abandon)(struct cable *cable);
	void (*unplug)(struct cable *cable);
};

/**
 * struct cable - the machine's side, embedded in the other one
 * @terminal:	SIGINT is for the guest, as ^C would be
 */
struct cable {
	struct serial_sink sink;
	bool terminal;
	const struct cable_ops *ops;
};

#endif
