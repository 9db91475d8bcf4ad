/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_MEM_H
#define VMM_MEM_MEM_H

/*
 * Memory objects: guest RAM as the host sees it.
 *
 * An object is a tree (tree.h) of pages, is a file descriptor that can be mmapped, and
 * knows nothing of VMs: whoever keeps translations to its pages (an npt_space,
 * later dedup) registers a client and hears before a page goes away, or can be
 * written no longer.
 *
 * Live objects can be written.  Frozen ones are what a live one was at an instant: they
 * never change.  Both can have nodes and pages in common with others of their
 * family (family.h).  lineage.c makes one from the other.
 *
 * The three ways to reach a page
 *   vmm_mem_get()    look up, and create if wanted; the one place where
 *                    a writer gets a page of its own.
 *   vmm_mem_hold()   the same plus a reference and a kernel address (hold.h).
 *   the user mapping (file.c), which calls vmm_mem_hold() as well.
 *
 * Life of a page
 *   What an object names no longer loses the object's share in it only after an RCU
 *   grace period, after every client was called and every user mapping was
 *   removed; without shares it is released.  So a lookup inside rcu_read_lock() may
 *   use the page until rcu_read_unlock() without a reference.  References taken
 *   meanwhile (holds, user pins) keep the page itself alive, not its place in the
 *   object; and what has one is not written by another object.
 *
 * Keeping a translation
 *   A client that stores a translation does, under the lock that its own
 *   changed() takes:
 *
 *	rcu_read_lock();
 *	err = vmm_mem_get(mem, index, flags, &page);
 *	spin_lock(&client_lock);
 *	if (!vmm_mem_page_stale(mem, &page))
 *		store the translation
 *	spin_unlock(&client_lock);
 *	rcu_read_unlock();
 *
 *   mem.c argues why that never leaves a stale translation behind.
 *
 * Locks, outermost first
 *   vmm_mem.change
 *   mmap_lock
 *     vmm_family.top > vmm_family.lock[]
 *       memory allocation
 *       vmm_family.members_lock
 *       page lock
 *       vmm_mem.clients_lock > whatever changed() takes (npt_space.lock)
 */

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/types.h>
#include <linux/wait.h>

#include "mem/family.h"
#include "mem/breaks.h"
#include "mem/tree.h"

struct file;
struct inode;
struct vmm_mem;
struct vmm_mem_client;

/** VMM_MEM_MAX_BYTES - largest object; its empty index takes 8 bytes a GiB */
#define VMM_MEM_MAX_BYTES	(1ULL << 40)

/*
 * Flags of vmm_mem_get() and of everything built on it; NOWAIT is of the latter
 * alone, as vmm_mem_get() never sleeps.
 */
#define VMM_MEM_WRITE		(1U << 0)	/* the caller will write */
#define VMM_MEM_NOWAIT		(1U << 1)	/* atomic: -EWOULDBLOCK, no sleep */
#define VMM_MEM_ZERO_OK		(1U << 2)	/* reader, happy with the zero page */
#define VMM_MEM_LEND		(1U << 3)	/* with WRITE: beyond the RCU section */
/* With WRITE: who, an enum vmm_break; for statistics. */
#define VMM_MEM_BY_SHIFT	8
#define VMM_MEM_BY(_who)	((unsigned int)(_who) << VMM_MEM_BY_SHIFT)
#define VMM_MEM_BY_MASK		VMM_MEM_BY(7)

/* Flags of vmm_mem_create(). */
#define VMM_MEM_F_NOHUGE	(1U << 0)	/* never allocate 2 MiB blocks */
#define VMM_MEM_F_ALL		VMM_MEM_F_NOHUGE

/**
 * struct vmm_mem_page - what vmm_mem_get() found
 * @phys:	physical address of the 4 KiB page
 * @seq:	state of the object's invalidations when the lookup began
 * @writable:	may be written; false for frozen or shared pages and zero pages
 * @huge:	the page lies at its natural place in a physically contiguous,
 *		aligned 2 MiB block that is this object's whole block there, with the
 *		same @writable throughout
 * @zero:	the shared zero page stands in for an absent one
 *
 * Valid until rcu_read_unlock() of a section that began before the call.
 * After a call that may have slept only the fact of success means something.
 */
struct vmm_mem_page {
	phys_addr_t phys;
	unsigned int seq;
	bool writable;
	bool huge;
	bool zero;
};

/**
 * struct vmm_mem_range - pages [first, first + count) of an object
 */
struct vmm_mem_range {
	pgoff_t first;
	unsigned long count;
};

/**
 * enum vmm_mem_change - what happens to pages
 * @VMM_MEM_REPLACED:	they go, or something else takes their place
 * @VMM_MEM_MOVED:	they are somewhere else from now on, and have not changed
 * @VMM_MEM_FROZEN:	they are not to be written where they are: all of an object
 */
enum vmm_mem_change {
	VMM_MEM_REPLACED,
	VMM_MEM_MOVED,
	VMM_MEM_FROZEN,
};

/**
 * struct vmm_mem_client_ops - how a client hears of changes
 * All but @young tell how many times that had CPUs forget translations.
 *
 * @changed:	pages of the object change as @what says; ranges are in order, and
 *		not cut to the client's window.  When it returns, the client uses no
 *		translation to them, TLBs included; or none for writing if they were
 *		frozen.  May sleep; must not allocate with reclaim nor call back into the
 *		object.
 * @young:	optional: sets the bits of pages, by their place in @range, which is at
 *		most a block, that its translations were used for since it was asked
 *		last; under the same conditions
 * @written:	optional: marks those pages of @range (written.h) that were written by its
 *		translations since it was asked last, and has all CPUs look anew which are;
 *		-EOPNOTSUPP if it cannot tell.  May sleep.  It marks them, too, whenever it drops or
 *		changes translations so that they could tell no longer
 * @settle:	with @written: when it returns no CPU writes by a translation that could not
 *		tell of it, as it had told already when a mark was set before the call
 */
struct vmm_mem_client_ops {
	unsigned int (*changed)(struct vmm_mem_client *client,
				const struct vmm_mem_range *range,
				unsigned int nr, enum vmm_mem_change what);
	void (*young)(struct vmm_mem_client *client,
		      const struct vmm_mem_range *range, unsigned long *bits);
	int (*written)(struct vmm_mem_client *client,
		       const struct vmm_mem_range *range);
	unsigned int (*settle)(struct vmm_mem_client *client);
};

/**
 * struct vmm_mem_client - a keeper of translations; embed it
 * @ops:	constant
 * @first:	start of the window that it cares for, constant while added
 * @count:	pages in that window
 * @node:	on vmm_mem.clients; vmm_mem.clients_lock
 */
struct vmm_mem_client {
	const struct vmm_mem_client_ops *ops;
	pgoff_t first;
	unsigned long count;
	struct list_head node;
};

/**
 * struct vmm_mem_stats - exact figures of one object
 * @pages:	capacity in 4 KiB pages
 * @resident:	4 KiB pages that it has in memory, those in 2 MiB blocks and those
 *		that others have too included
 * @away:	likewise that are not in memory
 * @huge:	whole 2 MiB blocks
 * @tables:	4 KiB index tables
 * @family_pages: 4 KiB pages in memory of all of its family, each once, merged or not
 * @family_away: likewise that are not, or are on their way out
 * @family_nodes: likewise of their index
 */
struct vmm_mem_stats {
	u64 pages;
	u64 resident;
	u64 away;
	u64 huge;
	u64 tables;
	u64 family_pages;
	u64 family_away;
	u64 family_nodes;
};

/**
 * struct vmm_mem - a memory object
 * @tree:	its pages; the root changes under all locks of @family
 * @ref:	one for the file, one for each slot and kernel user
 * @id:		its number in the registry, constant
 * @nr_pages:	capacity, constant
 * @frozen:	constant; it never changes
 * @family:	constant, referenced
 * @inode:	constant; its i_mapping holds the user mappings, and is kept
 *		beyond the file for as long as the object lives
 * @kin:	on vmm_family.members, once it has a tree
 * @evicting:	is told of what leaves; vmm_family.members_lock
 * @change:	one freeze, return or round of a discard at a time
 * @turns:	twice the freezes and returns, odd during them
 * @moves:	evictions, merges and what undoes them
 * @written:	a bit a page, changed atomically, or NULL; set once, and read by any inside
 *		of RCU: written.h
 * @tracked:	all who write know of @written; set once
 * @merges:	pages of it that were merged
 * @breaks:	merged frames that were copied for it
 * @clients:	vmm_mem_client.node; @clients_lock
 * @clients_lock: the list; held for reading while changed() runs
 * @busy:	invalidations under way
 * @seq:	invalidations completed; they may overlap
 * @calm:	who waits until none is under way
 */
struct vmm_mem {
	struct vmm_tree tree;
	struct kref ref;
	u32 id;
	unsigned long nr_pages;
	bool frozen;
	struct vmm_family *family;
	struct inode *inode;
	struct list_head kin;
	bool evicting;
	struct mutex change;
	atomic_t turns;
	atomic_t moves;
	unsigned long *written;
	bool tracked;
	atomic_long_t merges;
	atomic_long_t breaks;
	struct list_head clients;
	struct rw_semaphore clients_lock;
	atomic_t busy;
	atomic_t seq;
	wait_queue_head_t calm;
};

/* Carries out commands that came by an object's file. */
typedef long (*vmm_mem_ioctl_fn)(struct vmm_mem *mem, unsigned int cmd,
				 unsigned long arg);

int vmm_mem_init(vmm_mem_ioctl_fn ioctl);
void vmm_mem_exit(void);

struct vmm_mem *vmm_mem_create(u64 bytes, unsigned int flags);
struct vmm_mem *vmm_mem_ref(struct vmm_mem *mem);
void vmm_mem_unref(struct vmm_mem *mem);

int vmm_mem_open(struct vmm_mem *mem);
struct vmm_mem *vmm_mem_from_fd(int fd);

int vmm_mem_get_slow(struct vmm_mem *mem, unsigned long word,
		     unsigned int flags, struct vmm_mem_page *out);
int vmm_mem_make(struct vmm_mem *mem, pgoff_t index, unsigned int flags);

/**
 * vmm_mem_get() - find the page at an index, and make it if need be
 * @mem:	the object
 * @index:	page number, checked here
 * @flags:	VMM_MEM_WRITE if the page, or a translation to it, is for writing;
 *		VMM_MEM_LEND if so beyond RCU; VMM_MEM_ZERO_OK
 * @out:	what was found; see struct vmm_mem_page for how long it counts
 *
 * The only way to a page.  Call inside rcu_read_lock(), and where that answers
 * -EWOULDBLOCK and sleeping is allowed, vmm_mem_make() outside, then inside again.
 *
 * Return: 0, -EWOULDBLOCK, -EROFS for writing to a frozen object, or -ERANGE if
 * @index is beyond the end.
 */
static inline int vmm_mem_get(struct vmm_mem *mem, pgoff_t index,
			      unsigned int flags, struct vmm_mem_page *out)
{
	unsigned long word;

	if (unlikely(index >= mem->nr_pages))
		return -ERANGE;
	out->seq = atomic_read_acquire(&mem->seq);
	word = vmm_tree_lookup(&mem->tree, index, &out->huge);
	if (unlikely(!(word & VMM_WORD_PAGE)))
		return vmm_mem_get_slow(mem, word, flags, out);
	out->phys = vmm_word_phys(word);
	out->writable = word & VMM_WORD_OWN;
	out->zero = false;
	if (unlikely((flags & VMM_MEM_WRITE) && !(word & VMM_WORD_OWN)))
		return vmm_mem_get_slow(mem, word, flags, out);
	if (unlikely((flags & VMM_MEM_LEND) && !(word & VMM_WORD_LENT)))
		return vmm_mem_get_slow(mem, word, flags, out);
	return 0;
}

/**
 * vmm_mem_page_stale() - whether a page may have left its place
 * @mem:	the object
 * @page:	what vmm_mem_get() found earlier
 *
 * For clients, under the lock that their changed() takes; mem.c has the
 * argument.
 */
static inline bool vmm_mem_page_stale(const struct vmm_mem *mem,
				      const struct vmm_mem_page *page)
{
	if (atomic_read_acquire(&mem->busy))
		return true;
	return atomic_read(&mem->seq) != page->seq;
}

int vmm_mem_wait_calm(struct vmm_mem *mem);
long vmm_mem_seek(struct vmm_mem *mem, pgoff_t from, bool present);
int vmm_mem_discard(struct vmm_mem *mem, pgoff_t first, unsigned long count);

void vmm_mem_client_add(struct vmm_mem *mem, struct vmm_mem_client *client);
void vmm_mem_client_del(struct vmm_mem *mem, struct vmm_mem_client *client);

void vmm_mem_stats(struct vmm_mem *mem, struct vmm_mem_stats *stats);

/* --- lineage.c --------------------------------------------------------------- */

struct vmm_mem *vmm_mem_freeze(struct vmm_mem *mem);
struct vmm_mem *vmm_mem_fork(struct vmm_mem *frozen);
int vmm_mem_return(struct vmm_mem *mem, struct vmm_mem *frozen);
long vmm_mem_differ(struct vmm_mem *mem, struct vmm_mem *other, pgoff_t *next,
		    struct vmm_mem_range *range, unsigned int room);

/* --- what the files of mem/ share ---------------------------------------------- */

struct vmm_mem *vmm_mem_alloc(struct vmm_family *family, unsigned long nr_pages,
			      bool frozen);
void vmm_mem_join(struct vmm_mem *mem);
void vmm_mem_change_begin(struct vmm_mem *mem);
void vmm_mem_change_end(struct vmm_mem *mem);
unsigned int vmm_mem_call_clients(struct vmm_mem *mem,
			  const struct vmm_mem_range *range, unsigned int nr,
			  enum vmm_mem_change what);
void vmm_mem_ask_young(struct vmm_mem *mem, const struct vmm_mem_range *range,
		       unsigned long *bits);
bool vmm_mem_is_mapped(struct vmm_mem *mem);
void vmm_mem_unmap_users(struct vmm_mem *mem, pgoff_t first,
			 unsigned long count, const struct vmm_gone *gone);
int vmm_mem_lock_block(struct vmm_mem *mem, pgoff_t index);
void vmm_mem_wait_for_fault(void *mem, unsigned long phys);

#endif /* VMM_MEM_MEM_H */
