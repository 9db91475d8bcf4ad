/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_STORE_H
#define VMM_MEM_STORE_H

/*
 * A family's store, as its parts see it: away.c has records and what is packed in
 * memory, swap.c moves it to a file and back.
 */

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "mem/away.h"

struct vmm_swap;

/* What compresses to less than this is kept in memory. */
#define VMM_PACKED_MAX	(PAGE_SIZE / 4 * 3)

/**
 * struct vmm_store - where the pages of a family are that are away
 * @lock:	all of it that does not say otherwise, and records
 * @packed:	records that are PACKED, oldest first
 * @plain:	likewise, those that do not compress, on their way to the file
 * @filed:	records that are FILED
 * @nr_packed:	how many are PACKED, those that are moving included
 * @nr_filed:	how many are FILED
 * @packed_bytes: what PACKED ones take
 * @plain_bytes: and of these those on @plain
 * @filed_bytes: what FILED ones take
 * @keep:	bytes that may be packed before older ones go to the file
 * @write_lock:	one writer, attach or detach; outside of @read_lock
 * @read_lock:	reads of the file, and what was read ahead
 * @swap:	the file or NULL; changes under @lock, @write_lock and @read_lock, each
 *		is enough to read it
 * @writer:	moves records to the file
 * @written:	who waits for it
 * @arrived:	batches that are in the file
 * @slow:	in jiffies: until then nobody waits, as it was in vain
 */
struct vmm_store {
	spinlock_t lock;
	struct list_head packed;
	struct list_head plain;
	struct list_head filed;
	unsigned long nr_packed;
	unsigned long nr_filed;
	u64 packed_bytes;
	u64 plain_bytes;
	u64 filed_bytes;
	u64 keep;
	struct mutex write_lock;
	struct mutex read_lock;
	struct vmm_swap *swap;
	struct work_struct writer;
	wait_queue_head_t written;
	u64 arrived;
	unsigned long slow;
};

/* --- away.c ------------------------------------------------------------------ */

void *vmm_packed_alloc(unsigned int length, bool makes_room);
void vmm_packed_free(void *data, unsigned int length);
unsigned int vmm_packed_size(unsigned int length);

void vmm_away_set_packed(struct vmm_store *store, struct vmm_away *away,
			 void *data);
void vmm_away_put_back(struct vmm_store *store, struct vmm_away *away);
void vmm_away_set_filed(struct vmm_store *store, struct vmm_away *away);
void *vmm_away_unset(struct vmm_store *store, struct vmm_away *away);
void vmm_away_release(struct vmm_away *away, void *data);

/* --- swap.c, swap_file.c ------------------------------------------------------------------ */

void vmm_swap_setup(struct vmm_store *store);
void vmm_swap_destroy(struct vmm_store *store);
bool vmm_swap_takes(struct vmm_store *store);
void vmm_swap_start(struct vmm_store *store);
void vmm_swap_hurry(struct vmm_store *store);
int vmm_swap_read(struct vmm_store *store, struct vmm_away *away, void *to);
void vmm_swap_forget(struct vmm_store *store, u64 place, unsigned int length);

#endif /* VMM_MEM_STORE_H */
