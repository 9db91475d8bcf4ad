/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The keyboard controller, with nothing plugged into it.
 *
 * It passes its self-test, keeps its command byte and output port, and resets
 * the machine.  The ACPI tables do not announce it, so that Linux does not
 * look for a keyboard; what is here serves guests that reset or switch A20
 * through it without asking.
 */
#ifndef VMCTL_I8042_H
#define VMCTL_I8042_H

#include <pthread.h>

#include "vm/bus.h"
#include "vm/end.h"

/**
 * struct i8042 - @lock protects everything below it
 * @pending:	a command that waits for its parameter on the data port
 * @full:	@data holds an answer
 */
struct i8042 {
	struct port_device data_port;
	struct port_device command_port;
	struct vm_end *end;
	pthread_mutex_t lock;
	uint8_t command_byte, output_port;
	uint8_t pending;
	uint8_t data;
	bool full;
	bool command_last;
};

void i8042_init(struct i8042 *kbc, struct vm_end *end);

#endif
