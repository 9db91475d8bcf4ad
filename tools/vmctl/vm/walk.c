// SPDX-License-Identifier: GPL-2.0
/*
 * A walk of 4 or 5 levels (Intel SDM volume 3, 4.5; AMD APM volume 2, 5.3).
 */
#include "vm/walk.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CR0_PG		(1ULL << 31)
#define CR4_LA57	(1ULL << 12)
#define EFER_LMA	(1ULL << 10)

#define PTE_PRESENT	(1ULL << 0)
#define PTE_LARGE	(1ULL << 7)
#define PTE_ADDRESS	0x000ffffffffff000ULL

#define LEVEL_SHIFT(level)	(12 + 9 * ((level) - 1))

void walk_text(char *buf, size_t size, const struct ram *ram,
	       const struct vmm_sregs *sregs, uint64_t linear)
{
	int level = sregs->cr4 & CR4_LA57 ? 5 : 4;
	uint64_t table = sregs->cr3 & PTE_ADDRESS;
	uint64_t at, entry = 0, within;
	const uint8_t *host;
	size_t len;

	buf[0] = 0;
	if (!(sregs->cr0 & CR0_PG) || !(sregs->efer & EFER_LMA))
		return;
	len = snprintf(buf, size, "  pages of %" PRIx64 ":", linear);
	for (;; level--) {
		at = table + (linear >> LEVEL_SHIFT(level) & 511) * 8;
		host = ram_at(ram, at, sizeof(entry));
		if (!host || len >= size)
			break;
		memcpy(&entry, host, sizeof(entry));
		len += snprintf(buf + len, size - len, " %" PRIx64 ":%" PRIx64,
				at, entry);
		table = entry & PTE_ADDRESS;
		if (!(entry & PTE_PRESENT) || level == 1 ||
		    (level <= 3 && (entry & PTE_LARGE)))
			break;
	}
	if (len >= size)
		return;
	if (!host) {
		snprintf(buf + len, size - len, " %" PRIx64 " is no RAM\n", at);
		return;
	}
	if (!(entry & PTE_PRESENT)) {
		snprintf(buf + len, size - len, " not present\n");
		return;
	}
	within = (1ULL << LEVEL_SHIFT(level)) - 1;
	snprintf(buf + len, size - len, " at %" PRIx64 "\n",
		 (table & ~within) | (linear & within));
}
