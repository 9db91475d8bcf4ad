/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_NPT_SPACE_H
#define VMM_NPT_SPACE_H

/*
 * A space is one VM's guest-physical address space: its slots, and the nested
 * page table that hardware walks.  The table is a cache of the slots: any part
 * of it may be thrown away, and faults bring it back.
 *
 * Who may call
 *   npt_space_fault/read/write/cmpxchg/hold: any context that can take a spin
 *   lock, with VMM_MEM_NOWAIT; without it only where sleeping is allowed.
 *   npt_space_slot_*: may sleep, and removal waits for an RCU grace period.
 *   npt_space_log_*: may sleep; start and stop wait for one as well.
 *
 * Locks, outermost first
 *   npt_space.slots_lock > vmm_mem.clients_lock > npt_space.lock
 *   npt_space.slots_lock > vmm_family.top, when a slot's object goes with it
 */

#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "mem/mem.h"
#include "npt/engine.h"
#include "npt/slots.h"

struct npt_space;
struct vmm_hold;

/**
 * struct npt_space_ops - what a space asks of the owner of its vCPUs
 * @flush:	make every CPU that may run on this space's tables forget all their
 *		translations.  When it returns, none uses one that was cached before
 *		the call: vCPUs in guest mode have left it, the others flush before
 *		they enter.  Called without the space's spin lock, may be called
 *		from a vCPU's own thread, may sleep or spin but not wait for a
 *		vCPU thread that might be inside a fault.
 * @log:	optional: CPUs can log by themselves what they write.  Make those
 *		that run on this space do so if npt_space_logging() says so, and
 *		else no longer; what they have logged is told by
 *		npt_space_logged(), all from before the call when it returns.
 *		Called without the spin lock; may sleep or spin likewise
 */
struct npt_space_ops {
	void (*flush)(struct npt_space *space);
	void (*log)(struct npt_space *space);
};

/**
 * struct npt_space_stats - exact figures of one space
 * @tables:	pages that hold tables
 * @leaves_4k:	4 KiB mappings
 * @leaves_2m:	2 MiB mappings
 * @faults:	faults that installed or widened a mapping
 * @flushes:	calls of npt_space_ops.flush
 */
struct npt_space_stats {
	u64 tables;
	u64 leaves_4k;
	u64 leaves_2m;
	u64 faults;
	u64 flushes;
};

/**
 * struct npt_space - guest-physical address space of one VM
 * @ops:	constant
 * @slots:	replaced under @slots_lock, read under RCU
 * @slots_lock:	changes of the slots, outermost lock here
 * @lock:	@tree, @pool, @nr_faults, @flushes_owed
 * @tree:	the nested page table; @lock
 * @pool:	pages ready to become tables; @lock
 * @nr_faults:	faults that changed the table; @lock
 * @flushes_owed: flushes that changes of the table still want; @lock
 * @nr_flushes:	atomic
 * @generation:	counts changes of what lies where; written under @lock, read by
 *		any
 * @nr_logs:	slots with a dirty log; written under @slots_lock, read by any
 */
struct npt_space {
	const struct npt_space_ops *ops;
	struct npt_slots __rcu *slots;
	struct mutex slots_lock;
	spinlock_t lock;
	struct npt_tree tree;
	struct npt_pages pool;
	u64 nr_faults;
	unsigned int flushes_owed;
	atomic64_t nr_flushes;
	unsigned long generation;
	unsigned int nr_logs;
};

/* What npt_space_fault() found; errors are negative. */
#define NPT_FAULT_MAPPED	0	/* enter the guest again */
#define NPT_FAULT_MMIO		1	/* no slot: a device access */
#define NPT_FAULT_READONLY	2	/* write to a read-only slot: likewise */

int npt_space_init(struct npt_space *space, const struct npt_format *fmt,
		   unsigned int levels, const struct npt_space_ops *ops);
void npt_space_destroy(struct npt_space *space);

/* The control register value (nCR3, EPTP); constant for the space's life. */
u64 npt_space_root(const struct npt_space *space);

/* access: NPT_READ, NPT_WRITE or NPT_EXEC; flags: VMM_MEM_NOWAIT, VMM_MEM_BY() */
int npt_space_fault(struct npt_space *space, u64 gpa, unsigned int access,
		    unsigned int flags);

int npt_space_slot_add(struct npt_space *space, u32 id, u64 base, u64 size,
		       struct vmm_mem *mem, u64 offset, u32 flags);
int npt_space_slot_move(struct npt_space *space, u32 id, u64 base);
int npt_space_slot_remove(struct npt_space *space, u32 id);

/*
 * Accesses by the kernel on the guest's behalf.  -EFAULT: no slot covers all of
 * it (parts before the gap have been done); -EROFS: write to a read-only slot;
 * -EWOULDBLOCK: with VMM_MEM_NOWAIT, memory would have to be allocated; -ENOMEM.
 * An aligned access of 1, 2, 4 or 8 bytes is a single one for the guest.
 */
int npt_space_read(struct npt_space *space, u64 gpa, void *buf, size_t len,
		   unsigned int flags);
int npt_space_write(struct npt_space *space, u64 gpa, const void *buf,
		    size_t len, unsigned int flags);

/* Aligned compare-and-exchange of 1, 2, 4 or 8 bytes; -ESTALE: not @old. */
int npt_space_cmpxchg(struct npt_space *space, u64 gpa, u64 old, u64 new,
		      unsigned int size, unsigned int flags);

/*
 * Where the page at @gpa lies, for a reader inside RCU: good until its section
 * ends, and in a later section for as long as npt_space_generation() has not
 * moved from what it was before the call.  VMM_MEM_WRITE for a page that could be
 * written, which npt_space_write() does and the dirty log hears of.
 * -EFAULT, -EROFS, -EWOULDBLOCK as above; -ESTALE while the page is going.
 */
int npt_space_va(struct npt_space *space, u64 gpa, unsigned int flags,
		 const void **va);

/* Moves before any page of the space goes or is replaced, and with its slots. */
static inline unsigned long
npt_space_generation(const struct npt_space *space)
{
	/* Looks at memory come after: pairs with move_generation(). */
	return smp_load_acquire(&space->generation);
}

/*
 * Short pinned access to the page at @gpa; VMM_MEM_WRITE, VMM_MEM_NOWAIT.  The
 * dirty log hears of a writer's page when the hold ends.
 */
int npt_space_hold(struct npt_space *space, u64 gpa, unsigned int flags,
		   struct vmm_hold *hold);
void npt_space_unhold(struct npt_space *space, u64 gpa, struct vmm_hold *hold);

/*
 * The dirty log of slot @id: which pages vCPUs, and the kernel for them, have
 * written since it was taken last.  May sleep.  -ENOENT: no such slot, or it has
 * no log; -EEXIST: it has one; -ENOMEM.
 *
 * npt_space_log_take() moves the bits of pages [@first, @first + @count) to
 * @bits and lets the log start over: what is written while it runs is in this
 * answer or in the next one, and a page may be looked at when it is back.  @first
 * is a multiple of 64, and @count too or up to the slot's end; else -EINVAL, and
 * -ERANGE beyond that end.  npt_space_log_put() takes such an answer back.
 */
int npt_space_log_start(struct npt_space *space, u32 id);
int npt_space_log_stop(struct npt_space *space, u32 id);
int npt_space_log_take(struct npt_space *space, u32 id, u64 first, u64 count,
		       u64 *bits);
void npt_space_log_put(struct npt_space *space, u32 id, u64 first, u64 count,
		       const u64 *bits);

/* For npt_space_ops.log; any context. */
static inline bool npt_space_logging(const struct npt_space *space)
{
	return READ_ONCE(space->nr_logs);
}

void npt_space_logged(struct npt_space *space, const u64 *gpa, unsigned int nr);

/* Whether @gpa is memory that can be written, without touching it. */
bool npt_space_is_writable(struct npt_space *space, u64 gpa);

/*
 * Bytes that the slots cover, and bytes that the objects in them own, each object
 * once.  May sleep.
 */
u64 npt_space_bytes(struct npt_space *space);
u64 npt_space_resident(struct npt_space *space);

/* Each object in the slots, once; @fn under slots_lock.  May sleep. */
void npt_space_each_mem(struct npt_space *space,
			void (*fn)(void *ctx, struct vmm_mem *mem), void *ctx);

/* Copies the slot with the lowest number from @id on; false: there is none. */
bool npt_space_slot_next(struct npt_space *space, u32 id,
			 struct npt_slot *found);

void npt_space_stats(struct npt_space *space, struct npt_space_stats *stats);

#endif /* VMM_NPT_SPACE_H */
