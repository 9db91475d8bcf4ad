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

/** struct i8042_state - the controller, saved; fields as in struct i8042 */
struct i8042_state {
	uint8_t command_byte, output_port;
	uint8_t pending;
	uint8_t data;
	uint8_t full;
	uint8_t command_last;
	uint8_t pad[2];
};

/** i8042_save() and i8042_load() lock; i8042_valid(): whether it can be like that. */
void i8042_save(struct i8042 *kbc, struct i8042_state *st);
bool i8042_valid(const struct i8042_state *st);
void i8042_load(struct i8042 *kbc, const struct i8042_state *st);

#endif
