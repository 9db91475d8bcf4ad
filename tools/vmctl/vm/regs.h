/* SPDX-License-Identifier: GPL-2.0 */
/* The registers of a vCPU as text, and as a boot protocol wants them. */
#ifndef VMCTL_REGS_H
#define VMCTL_REGS_H

#include <stddef.h>

#include "boot/plan.h"
#include "lib/vmm.h"

/** regs_text() - lines of registers for a person to read. */
void regs_text(char *buf, size_t size, const struct vmm_regs *regs,
	       const struct vmm_sregs *sregs);

/** regs_for_entry() - @sregs: as they are after reset, changed in place. */
void regs_for_entry(const struct boot_entry *entry, struct vmm_regs *regs,
		    struct vmm_sregs *sregs);

#endif
