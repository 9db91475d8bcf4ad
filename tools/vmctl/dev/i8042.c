// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "dev/i8042.h"
#include "dev/reset.h"
#include "lib/container.h"

#define DATA_PORT	0x60
#define COMMAND_PORT	0x64

#define STATUS_FULL	0x01
#define STATUS_SYSTEM	0x04	/* the self-test has passed */
#define STATUS_COMMAND	0x08
#define STATUS_UNLOCKED	0x10

#define OUTPUT_RUN	0x01	/* low: the processor is held in reset */
#define OUTPUT_A20	0x02

enum {
	READ_COMMAND_BYTE	= 0x20,
	WRITE_COMMAND_BYTE	= 0x60,
	TEST_AUX		= 0xa9,
	SELF_TEST		= 0xaa,
	TEST_KEYBOARD		= 0xab,
	READ_OUTPUT		= 0xd0,
	WRITE_OUTPUT		= 0xd1,
	ECHO_KEYBOARD		= 0xd2,
	PULSE_RESET		= 0xfe,
};

#define SELF_TEST_GOOD	0x55
#define LINE_GOOD	0x00
#define LINE_STUCK	0x01	/* there is no second port */

static void answer(struct i8042 *kbc, uint8_t value)
{
	kbc->data = value;
	kbc->full = true;
}

static void command(struct i8042 *kbc, uint8_t value)
{
	kbc->pending = 0;
	kbc->command_last = true;
	switch (value) {
	case READ_COMMAND_BYTE:
		answer(kbc, kbc->command_byte);
		break;
	case TEST_AUX:
		answer(kbc, LINE_STUCK);
		break;
	case SELF_TEST:
		answer(kbc, SELF_TEST_GOOD);
		break;
	case TEST_KEYBOARD:
		answer(kbc, LINE_GOOD);
		break;
	case READ_OUTPUT:
		answer(kbc, kbc->output_port);
		break;
	case WRITE_COMMAND_BYTE:
	case WRITE_OUTPUT:
	case ECHO_KEYBOARD:
		kbc->pending = value;
		break;
	case PULSE_RESET:
		reset_request(kbc->end, "keyboard controller");
		break;
	}
}

/* A parameter of a command, or a byte for the keyboard that isn't there. */
static void data(struct i8042 *kbc, uint8_t value)
{
	kbc->command_last = false;
	switch (kbc->pending) {
	case WRITE_COMMAND_BYTE:
		kbc->command_byte = value;
		break;
	case WRITE_OUTPUT:
		kbc->output_port = value;
		if (!(value & OUTPUT_RUN))
			reset_request(kbc->end, "keyboard controller");
		break;
	case ECHO_KEYBOARD:
		answer(kbc, value);
		break;
	}
	kbc->pending = 0;
}

static uint32_t data_in(struct port_device *dev, unsigned int off,
			unsigned int size)
{
	struct i8042 *kbc = container_of(dev, struct i8042, data_port);
	uint8_t value;

	(void)off;
	(void)size;
	pthread_mutex_lock(&kbc->lock);
	value = kbc->data;
	kbc->full = false;
	pthread_mutex_unlock(&kbc->lock);
	return value;
}

static void data_out(struct port_device *dev, unsigned int off,
		     unsigned int size, uint32_t value)
{
	struct i8042 *kbc = container_of(dev, struct i8042, data_port);

	(void)off;
	(void)size;
	pthread_mutex_lock(&kbc->lock);
	data(kbc, (uint8_t)value);
	pthread_mutex_unlock(&kbc->lock);
}

static const struct port_ops data_ops = {
	.in = data_in,
	.out = data_out,
};

static uint32_t status_in(struct port_device *dev, unsigned int off,
			  unsigned int size)
{
	struct i8042 *kbc = container_of(dev, struct i8042, command_port);
	uint8_t value = STATUS_SYSTEM | STATUS_UNLOCKED;

	(void)off;
	(void)size;
	pthread_mutex_lock(&kbc->lock);
	if (kbc->full)
		value |= STATUS_FULL;
	if (kbc->command_last)
		value |= STATUS_COMMAND;
	pthread_mutex_unlock(&kbc->lock);
	return value;
}

static void command_out(struct port_device *dev, unsigned int off,
			unsigned int size, uint32_t value)
{
	struct i8042 *kbc = container_of(dev, struct i8042, command_port);

	(void)off;
	(void)size;
	pthread_mutex_lock(&kbc->lock);
	command(kbc, (uint8_t)value);
	pthread_mutex_unlock(&kbc->lock);
}

static const struct port_ops command_ops = {
	.in = status_in,
	.out = command_out,
};

void i8042_init(struct i8042 *kbc, struct vm_end *end)
{
	memset(kbc, 0, sizeof(*kbc));
	kbc->end = end;
	kbc->output_port = OUTPUT_RUN | OUTPUT_A20;
	pthread_mutex_init(&kbc->lock, NULL);
	kbc->data_port = (struct port_device){
		.name = "keyboard controller data",
		.ops = &data_ops,
		.base = DATA_PORT,
		.count = 1,
		.width = 1,
	};
	kbc->command_port = (struct port_device){
		.name = "keyboard controller command",
		.ops = &command_ops,
		.base = COMMAND_PORT,
		.count = 1,
		.width = 1,
	};
}

void i8042_save(struct i8042 *kbc, struct i8042_state *st)
{
	pthread_mutex_lock(&kbc->lock);
	*st = (struct i8042_state){
		.command_byte = kbc->command_byte,
		.output_port = kbc->output_port,
		.pending = kbc->pending,
		.data = kbc->data,
		.full = kbc->full,
		.command_last = kbc->command_last,
	};
	pthread_mutex_unlock(&kbc->lock);
}

bool i8042_valid(const struct i8042_state *st)
{
	return st->full <= 1 && st->command_last <= 1 && !st->pad[0] &&
	       !st->pad[1] &&
	       (!st->pending || st->pending == WRITE_COMMAND_BYTE ||
		st->pending == WRITE_OUTPUT || st->pending == ECHO_KEYBOARD);
}

void i8042_load(struct i8042 *kbc, const struct i8042_state *st)
{
	pthread_mutex_lock(&kbc->lock);
	kbc->command_byte = st->command_byte;
	kbc->output_port = st->output_port;
	kbc->pending = st->pending;
	kbc->data = st->data;
	kbc->full = st->full;
	kbc->command_last = st->command_last;
	pthread_mutex_unlock(&kbc->lock);
}
