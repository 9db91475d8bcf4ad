/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The MultiProcessor table: what a guest without ACPI learns of processors
 * and interrupts.  Says the same as the MADT.
 */
#ifndef VMCTL_MPTABLE_H
#define VMCTL_MPTABLE_H

#include "boot/plan.h"

/* An 8-bit APIC id, less the broadcast one and one for the IOAPIC. */
#define MPTABLE_MAX_CPUS	254

/** mptable_build() - the floating pointer, then the table, for a guest that
 * has them at @gpa; processors past MPTABLE_MAX_CPUS are left out */
int mptable_build(uint8_t *buf, size_t size, uint64_t gpa, unsigned int cpus,
		  size_t *used, struct err *err);

int mptable_plan(struct boot_plan *plan, unsigned int cpus, struct err *err);

#endif
