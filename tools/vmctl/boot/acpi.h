/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ACPI tables of a guest: what its operating system learns about
 * processors, interrupts, power-off and the devices that can't be probed.
 */
#ifndef VMCTL_ACPI_H
#define VMCTL_ACPI_H

#include "boot/plan.h"

/* Where the fixed hardware answers; dev/ puts it there. */
#define ACPI_PM_BASE	0x600	/* event block, control at +4, timer at +8 */
#define ACPI_PM_EVENT	0
#define ACPI_PM_CONTROL	4
#define ACPI_PM_TIMER	8
#define ACPI_PM_LEN	12
#define ACPI_SCI	9
#define ACPI_SLEEP_OFF	5	/* SLP_TYP of \_S5 */
#define ACPI_RESET_PORT	0xcf9
#define ACPI_RESET_ON	0x06

/** acpi_build() - writes the tables for @cpus processors into @buf, which
 * the guest has at @gpa; @used: bytes written.  The RSDP is at @gpa. */
int acpi_build(uint8_t *buf, size_t size, uint64_t gpa, unsigned int cpus,
	       size_t *used, struct err *err);

/** acpi_plan() - adds the tables and sets plan->rsdp. */
int acpi_plan(struct boot_plan *plan, unsigned int cpus, struct err *err);

#endif
