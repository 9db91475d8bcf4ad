/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_AWAY_H
#define VMM_MEM_AWAY_H

/*
 * Where pages are that are not in memory: records, and the store behind them.
 *
 * A record stands for one page in the tables that named it (tree_away.c).  The store
 * keeps what the page had, compressed.
 */

#include <linux/types.h>

struct vmm_store;

/**
 * struct vmm_away - a page that is away
 * @count:	tables that name it, and who works on it; under the block's lock
 * @phys:	the page while it is in memory still, else 0; under the block's lock
 * @data:	compressed, or NULL
 * @length:	of it
 * @sum:	of the page
 *
 * The lowest 6 bits of its address are a word's marks.
 */
struct vmm_away {
	unsigned long count;
	unsigned long phys;
	void *data;
	unsigned int length;
	u64 sum;
} __aligned(64);

/* Returned by vmm_away_pack(): all of the page is zero, the record is not used. */
#define VMM_AWAY_ZERO		1

int vmm_away_init(void);
void vmm_away_exit(void);

struct vmm_away *vmm_away_alloc(struct vmm_store *store);
int vmm_away_pack(struct vmm_store *store, struct vmm_away *away,
		  unsigned long phys);
int vmm_away_unpack(struct vmm_store *store, struct vmm_away *away,
		    unsigned long phys);
void vmm_away_free(struct vmm_store *store, struct vmm_away *away);

#endif /* VMM_MEM_AWAY_H */
