/* SPDX-License-Identifier: GPL-2.0 */
/* What a guest's own page tables say, for a person to read. */
#ifndef VMCTL_WALK_H
#define VMCTL_WALK_H

#include <stddef.h>
#include <stdint.h>

#include "lib/vmm.h"
#include "vm/ram.h"

/**
 * walk_text() - one line: the entries on the way to a linear address, from the root,
 * each as address:entry, and where that leads
 *
 * In long mode only: empty elsewhere.  Looks only: no bit of the tables changes.
 */
void walk_text(char *buf, size_t size, const struct ram *ram,
	       const struct vmm_sregs *sregs, uint64_t linear);

#endif
