// SPDX-License-Identifier: GPL-2.0
#include "dev/debug_exit.h"
#include "lib/container.h"

static uint32_t debug_exit_in(struct port_device *dev, unsigned int off,
			      unsigned int size)
{
	(void)dev;
	(void)off;
	(void)size;
	return UINT32_MAX;
}

static void debug_exit_out(struct port_device *dev, unsigned int off,
			   unsigned int size, uint32_t value)
{
	(void)size;
	if (off == 0)
		vm_end_set(container_of(dev, struct debug_exit, port)->end,
			   END_CODE, value & 0xff, "%s", "");
}

static const struct port_ops debug_exit_ops = {
	.in = debug_exit_in,
	.out = debug_exit_out,
};

void debug_exit_init(struct debug_exit *dev, uint16_t port,
		     struct vm_end *end)
{
	dev->end = end;
	dev->port = (struct port_device){
		.name = "debug exit",
		.ops = &debug_exit_ops,
		.base = port,
		.count = 1,
		.width = 4,
	};
}
