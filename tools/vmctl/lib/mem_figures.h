/* SPDX-License-Identifier: GPL-2.0 */
/* Where the pages of a memory object are, as the module tells it (Documentation/memory.rst). */
#ifndef VMCTL_MEM_FIGURES_H
#define VMCTL_MEM_FIGURES_H

#include <stdint.h>

#include "lib/err.h"
#include "lib/rows.h"

/**
 * struct mem_figures - bytes, unless it says otherwise
 * @memory:	its size
 * @resident:	in memory
 * @away:	not in memory
 * @family:	in memory, of it and of all that share with it, each page once
 * @compressed:	what is in memory compressed, before and after; of the family
 * @filed:	likewise in the swap file
 * @room:	what of the file is used, at most; 0: there is no file
 * @limit:	of the family, 0: none
 * @min:	likewise
 * @shares:	likewise, a number
 * @active:	likewise, thousandths of its pages
 */
struct mem_figures {
	uint64_t memory, resident, away, family;
	uint64_t compressed, compressed_to, filed, filed_to, room;
	uint64_t limit, min, shares, active;
};

/** mem_figures_fields - what is told of each, closed */
extern const struct rows_field mem_figures_fields[];

/** mem_figures_read() - of the object @fd */
int mem_figures_read(int fd, struct mem_figures *figures, struct err *err);

#endif
