/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ways to reset a PC that are chipset ports: the reset control register
 * 0xcf9, which the ACPI tables name too, and the system control port 0x92.
 */
#ifndef VMCTL_RESET_H
#define VMCTL_RESET_H

#include "vm/bus.h"
#include "vm/end.h"

struct reset {
	struct port_device control;
	struct port_device fast;
	struct vm_end *end;
	uint8_t control_value;	/* a byte: reads and writes don't tear */
	uint8_t fast_value;
};

void reset_init(struct reset *reset, struct vm_end *end);

/** struct reset_state - the two ports, saved */
struct reset_state {
	uint8_t control_value, fast_value;
	uint8_t pad[6];
};

/* While no vCPU's thread uses them; reset_valid(): whether they can be like that. */
void reset_save(const struct reset *reset, struct reset_state *st);
bool reset_valid(const struct reset_state *st);
void reset_load(struct reset *reset, const struct reset_state *st);

/** reset_request() - the guest asked for a reset, by whatever means. */
void reset_request(struct vm_end *end, const char *how);

#endif
