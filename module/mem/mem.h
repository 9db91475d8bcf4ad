/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_MEM_H
#define VMM_MEM_MEM_H

/*
 * Memory objects: guest RAM as the host sees it.
 *
 * An object is a stack of layers, today of height one.  It owns its pages,
 * is a file descriptor that can be mmapped, and knows nothing of VMs:
 * whoever keeps translations to its pages (an npt_space, later dedup and the
 * dirty log) registers a client and hears before a page goes away.
 *
 * The three ways to reach a page
 *   vmm_mem_get()    look up, and create if wanted; the one place where
 *                    a writer gets a page of its own.
 *   vmm_mem_hold()   the same plus a reference and a kernel address (hold.h).
 *   the user mapping (file.c), which calls vmm_mem_get() as well.
 *
 * Life of a page
 *   A page that has left its layer is released only after an RCU grace period,
 *   after every client was called and every user mapping was removed.  So a
 *   lookup inside rcu_read_lock() may use the page until rcu_read_unlock()
 *   without a reference.  References taken meanwhile (holds, user pins) keep the
 *   page itself alive, not its place in the object.
 *
 * Keeping a translation
 *   A client that stores a translation does, under the lock that its own
 *   invalidate() takes:
 *
 *	rcu_read_lock();
 *	err = vmm_mem_get(mem, index, flags | VMM_MEM_NOWAIT, &page);
 *	spin_lock(&client_lock);
 *	if (!vmm_mem_page_stale(mem, &page))
 *		store the translation
 *	spin_unlock(&client_lock);
 *	rcu_read_unlock();
 *
 *   mem.c argues why that never leaves a stale translation behind.
 *
 * Locks, outermost first
 *   mmap_lock > vmm_mem.lock[] > memory allocation
 *   mmap_lock > page lock
 *   vmm_mem.clients_lock > whatever invalidate() takes (npt_space.lock)
 * No two of the objects' own are ever held together.
 */

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/types.h>

#include "mem/layer.h"

struct file;
struct inode;
struct vmm_mem;
struct vmm_mem_client;

/** VMM_MEM_MAX_BYTES - largest object; its empty index takes 8 bytes a 2 MiB */
#define VMM_MEM_MAX_BYTES	(1ULL << 40)

/* Flags of vmm_mem_get() and of everything built on it. */
#define VMM_MEM_WRITE		(1U << 0)	/* the caller will write */
#define VMM_MEM_NOWAIT		(1U << 1)	/* atomic: -EWOULDBLOCK, no sleep */
#define VMM_MEM_ZERO_OK		(1U << 2)	/* reader, happy with the zero page */

/* Flags of vmm_mem_create(). */
#define VMM_MEM_F_NOHUGE	(1U << 0)	/* never allocate 2 MiB blocks */
#define VMM_MEM_F_ALL		VMM_MEM_F_NOHUGE

/**
 * struct vmm_mem_page - what vmm_mem_get() found
 * @phys:	physical address of the 4 KiB page
 * @seq:	state of the object's invalidations when the lookup began
 * @writable:	may be written; false for frozen or shared pages and zero pages
 * @huge:	the page lies at its natural place in a physically contiguous,
 *		aligned 2 MiB block that belongs whole to this object, with the
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
 * struct vmm_mem_client_ops - how a client hears of changes
 * @invalidate:	pages [first, first + count) of the object are about to go or to
 *		be replaced.  When it returns, the client uses no translation to
 *		them, TLBs included.  May sleep; must not allocate with reclaim nor
 *		call back into the object.
 */
struct vmm_mem_client_ops {
	void (*invalidate)(struct vmm_mem_client *client, pgoff_t first,
			   unsigned long count);
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
 * @resident:	4 KiB pages that the object owns, those in 2 MiB blocks included
 * @huge:	whole 2 MiB blocks
 * @tables:	4 KiB index tables
 */
struct vmm_mem_stats {
	u64 pages;
	u64 resident;
	u64 huge;
	u64 tables;
};

/* Locks of an object, by block number modulo this. */
#define VMM_MEM_LOCKS	16

/**
 * struct vmm_mem - a memory object
 * @ref:	one for the file, one for each slot and kernel user
 * @nr_pages:	capacity, constant
 * @flags:	VMM_MEM_F_*, constant
 * @inode:	constant; its i_mapping holds the user mappings, and is kept
 *		beyond the file for as long as the object lives
 * @top:	constant; the writable layer
 * @lock:	each the words of the blocks that fall to it, in every layer
 * @clients:	vmm_mem_client.node; @clients_lock
 * @clients_lock: the list; held for reading while invalidate() runs
 * @busy:	invalidations under way
 * @seq:	invalidations completed; they may overlap
 */
struct vmm_mem {
	struct kref ref;
	unsigned long nr_pages;
	unsigned int flags;
	struct inode *inode;
	struct vmm_layer *top;
	struct mutex lock[VMM_MEM_LOCKS];
	struct list_head clients;
	struct rw_semaphore clients_lock;
	atomic_t busy;
	atomic_t seq;
};

int vmm_mem_init(void);
void vmm_mem_exit(void);

struct vmm_mem *vmm_mem_create(u64 bytes, unsigned int flags);
struct vmm_mem *vmm_mem_ref(struct vmm_mem *mem);
void vmm_mem_unref(struct vmm_mem *mem);

int vmm_mem_create_fd(u64 bytes, unsigned int flags);
struct vmm_mem *vmm_mem_from_fd(int fd);

int vmm_mem_get_slow(struct vmm_mem *mem, pgoff_t index, unsigned int flags,
		     struct vmm_mem_page *out);

/**
 * vmm_mem_get() - find the page at an index, and make it if need be
 * @mem:	the object
 * @index:	page number, checked here
 * @flags:	VMM_MEM_WRITE if the page, or a translation to it, is for writing;
 *		VMM_MEM_NOWAIT; VMM_MEM_ZERO_OK
 * @out:	what was found; see struct vmm_mem_page for how long it counts
 *
 * The only way to a page.  Call inside rcu_read_lock() with VMM_MEM_NOWAIT, and
 * where that answers -EWOULDBLOCK and sleeping is allowed, outside without it,
 * then inside again.
 *
 * Return: 0, -EWOULDBLOCK, -ENOMEM, or -ERANGE if @index is beyond the end.
 */
static inline int vmm_mem_get(struct vmm_mem *mem, pgoff_t index,
			      unsigned int flags, struct vmm_mem_page *out)
{
	unsigned long word;

	if (unlikely(index >= mem->nr_pages))
		return -ERANGE;
	out->seq = atomic_read_acquire(&mem->seq);
	word = vmm_layer_lookup(mem->top, index, &out->huge);
	if (unlikely(!word))
		return vmm_mem_get_slow(mem, index, flags, out);
	out->phys = vmm_word_phys(word);
	out->writable = true;
	out->zero = false;
	return 0;
}

/**
 * vmm_mem_page_stale() - whether a page may have left its place
 * @mem:	the object
 * @page:	what vmm_mem_get() found earlier
 *
 * For clients, under the lock that their invalidate() takes; mem.c has the
 * argument.
 */
static inline bool vmm_mem_page_stale(const struct vmm_mem *mem,
				      const struct vmm_mem_page *page)
{
	if (atomic_read_acquire(&mem->busy))
		return true;
	return atomic_read(&mem->seq) != page->seq;
}

long vmm_mem_seek(struct vmm_mem *mem, pgoff_t from, bool present);
int vmm_mem_discard(struct vmm_mem *mem, pgoff_t first, unsigned long count);

void vmm_mem_client_add(struct vmm_mem *mem, struct vmm_mem_client *client);
void vmm_mem_client_del(struct vmm_mem *mem, struct vmm_mem_client *client);

void vmm_mem_stats(struct vmm_mem *mem, struct vmm_mem_stats *stats);

#endif /* VMM_MEM_MEM_H */
