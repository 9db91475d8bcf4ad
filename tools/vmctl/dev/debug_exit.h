/* SPDX-License-Identifier: GPL-2.0 */
/* A port that ends the VM: the low byte written is vmctl's exit code. */
#ifndef VMCTL_DEBUG_EXIT_H
#define VMCTL_DEBUG_EXIT_H

#include "vm/bus.h"
#include "vm/end.h"

struct debug_exit {
	struct port_device port;
	struct vm_end *end;
};

void debug_exit_init(struct debug_exit *dev, uint16_t port,
		     struct vm_end *end);

#endif
