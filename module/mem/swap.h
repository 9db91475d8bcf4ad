/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_SWAP_H
#define VMM_MEM_SWAP_H

/*
 * A store's swap file: see swap.c.
 */

#include <linux/types.h>

struct vmm_store;

int vmm_swap_init(void);
void vmm_swap_exit(void);

int vmm_swap_attach(struct vmm_store *store, int fd, u64 offset, u64 size,
		    u64 keep);
int vmm_swap_detach(struct vmm_store *store);
u64 vmm_swap_room(struct vmm_store *store);
void vmm_swap_flush(struct vmm_store *store);
u64 vmm_swap_arrived(const struct vmm_store *store);
bool vmm_swap_wait(struct vmm_store *store, u64 arrived, unsigned long timeout);

#endif /* VMM_MEM_SWAP_H */
