// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "boot/acpi.h"
#include "dev/reset.h"
#include "lib/container.h"

#define CONTROL_CPU	0x04	/* resets when it goes up */
#define FAST_PORT	0x92
#define FAST_RESET	0x01
#define FAST_A20	0x02	/* always on: address line 20 is never cut */

void reset_request(struct vm_end *end, const char *how)
{
	vm_end_set(end, END_RESET, 0, "guest asked for a reset (%s)", how);
}

static uint32_t control_in(struct port_device *dev, unsigned int off,
			   unsigned int size)
{
	(void)off;
	(void)size;
	return container_of(dev, struct reset, control)->control_value;
}

static void control_out(struct port_device *dev, unsigned int off,
			unsigned int size, uint32_t value)
{
	struct reset *reset = container_of(dev, struct reset, control);

	(void)off;
	(void)size;
	reset->control_value = (uint8_t)value & (uint8_t)~CONTROL_CPU;
	if (value & CONTROL_CPU)
		reset_request(reset->end, "port 0xcf9");
}

static const struct port_ops control_ops = {
	.in = control_in,
	.out = control_out,
};

static uint32_t fast_in(struct port_device *dev, unsigned int off,
			unsigned int size)
{
	(void)off;
	(void)size;
	return container_of(dev, struct reset, fast)->fast_value | FAST_A20;
}

static void fast_out(struct port_device *dev, unsigned int off,
		     unsigned int size, uint32_t value)
{
	struct reset *reset = container_of(dev, struct reset, fast);

	(void)off;
	(void)size;
	reset->fast_value = (uint8_t)value & (uint8_t)~FAST_RESET;
	if (value & FAST_RESET)
		reset_request(reset->end, "port 0x92");
}

static const struct port_ops fast_ops = {
	.in = fast_in,
	.out = fast_out,
};

void reset_init(struct reset *reset, struct vm_end *end)
{
	memset(reset, 0, sizeof(*reset));
	reset->end = end;
	reset->control = (struct port_device){
		.name = "reset control",
		.ops = &control_ops,
		.base = ACPI_RESET_PORT,
		.count = 1,
		.width = 1,
	};
	reset->fast = (struct port_device){
		.name = "system control",
		.ops = &fast_ops,
		.base = FAST_PORT,
		.count = 1,
		.width = 1,
	};
}

void reset_save(const struct reset *reset, struct reset_state *st)
{
	memset(st, 0, sizeof(*st));
	st->control_value = reset->control_value;
	st->fast_value = reset->fast_value;
}

bool reset_valid(const struct reset_state *st)
{
	static const uint8_t zero[sizeof(st->pad)];

	return !(st->control_value & CONTROL_CPU) &&
	       !(st->fast_value & FAST_RESET) &&
	       !memcmp(st->pad, zero, sizeof(zero));
}

void reset_load(struct reset *reset, const struct reset_state *st)
{
	reset->control_value = st->control_value;
	reset->fast_value = st->fast_value;
}
