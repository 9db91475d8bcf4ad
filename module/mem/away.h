/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_AWAY_H
#define VMM_MEM_AWAY_H

/*
 * Pages that are not in memory: records of them, and the store that has what was in
 * them.
 *
 * A page is packed into a record: compressed in memory at first, and then, if the
 * store has a swap file (swap.h), moved there as time goes by.  Who has the record
 * cannot tell, and gets the same bytes back or an error.
 *
 * A record belongs to who allocated it; different records may be used at the same time
 * by anybody.  One record is packed once, before anybody else can see it; unpacked by
 * any number of callers at once; and freed when nobody does either.
 *
 * @frees says that the page is given back when it is packed.  That of a merged frame may not
 * be: then what its record takes is within the group's limit, and not from reserves.
 *
 * All functions but vmm_away_free() may wait for I/O, none takes a lock of the family's,
 * and none allocates with reclaim: callers may hold mutexes.
 */

#include <linux/cache.h>
#include <linux/list.h>
#include <linux/types.h>

struct vmm_store;

/* Of vmm_away_pack(): the page is all zero, the record was not used. */
#define VMM_AWAY_ZERO	1

/** enum vmm_away_where - what of a page there is */
enum vmm_away_where {
	VMM_AWAY_NOWHERE,
	VMM_AWAY_PACKED,	/* vmm_away.data */
	VMM_AWAY_FILED,		/* vmm_away.place */
};

/**
 * struct vmm_away - the record of a page
 * @count:	words that name it; the tree's
 * @phys:	the page while it is still in memory, with VMM_WORD_MERGED if it is a merged
 *		frame; or 0; the tree's
 * @node:	on one of the store's lists, oldest first; vmm_store.lock
 * @data:	PACKED: @length bytes; vmm_store.lock
 * @place:	FILED: where in the file, in bytes; set while @moving
 * @sum:	FILED: of what is there; set while @moving
 * @length:	of what is packed, constant then; PAGE_SIZE: as it was
 * @where:	enum vmm_away_where; vmm_store.lock
 * @lines:	packed by lines.h, not by the compressor; constant likewise
 * @moving:	on its way to the file, or from there; vmm_store.lock
 * @dead:	freed, while @moving; vmm_store.lock
 *
 * The low 6 bits of its address are for who names it.
 */
struct vmm_away {
	unsigned long count;
	unsigned long phys;
	struct list_head node;
	void *data;
	u64 place;
	u64 sum;
	u16 length;
	u8 where;
	bool lines;
	bool moving : 1;
	bool dead : 1;
} __aligned(64);

/* The names of the store's figures are those of fdinfo. */
struct vmm_store_stats {
	u64 packed;		/* pages that are compressed in memory */
	u64 packed_bytes;	/* and what they take */
	u64 filed;		/* pages in the swap file */
	u64 filed_bytes;
	u64 file_room;		/* what the file can have */
};

int vmm_away_init(void);
void vmm_away_exit(void);

struct vmm_store *vmm_store_create(void);
void vmm_store_destroy(struct vmm_store *store);
void vmm_store_stats(struct vmm_store *store, struct vmm_store_stats *stats);

struct vmm_away *vmm_away_alloc(struct vmm_store *store, bool frees);
int vmm_away_pack(struct vmm_store *store, struct vmm_away *away,
		  unsigned long phys, bool frees);
int vmm_away_unpack(struct vmm_store *store, struct vmm_away *away,
		    unsigned long phys);
void vmm_away_free(struct vmm_store *store, struct vmm_away *away);

#endif /* VMM_MEM_AWAY_H */
