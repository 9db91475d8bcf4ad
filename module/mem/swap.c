// SPDX-License-Identifier: GPL-2.0
/*
 * A store's swap file: a regular file or block device that the user names.
 *
 * Records move there from memory, oldest first, when more is packed than may be; what
 * does not compress goes first.  A batch of them is written at once to a run of free
 * pages of the file, by a worker, so that no guest's limits and signals count.  A
 * record keeps its packed data until the file has it: a write that fails loses
 * nothing, and only means that memory does not get free.  Writing is tried again
 * after a while.
 *
 * A block device is used without the page cache, which would take memory from who has none.
 *
 * Reads take a window of the file, which grows if what was read before lies right
 * before it: what left memory together is in the file together.  Each piece has a
 * checksum, which knows the store and the place, so that what is found there is what
 * was written or is not used.
 *
 * The file is used by the kernel's ordinary means and nothing is assumed of it: it may be
 * truncated, written by others, or on a disk that fails.  Who pages a guest to a file
 * on a file system that waits for the same guest waits for ever, so file systems in
 * user space are refused.
 *
 * Locks: see struct vmm_store.
 */

#include <linux/bvec.h>
#include <linux/fadvise.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "mem/store.h"
#include "mem/sum.h"
#include "mem/swap.h"
#include "mem/swap_inner.h"

/* What is to be written and is not yet; who makes more of it waits. */
#define BEHIND_MAX	(4 * VMM_SWAP_BATCH)

/* How long who makes more of it waits: he may hold what the file is waiting for. */
#define HURRY_WAIT	(HZ / 5)

/* And for how long nobody does after that was in vain. */
#define SLOW_LIFE	HZ

/* Pages of the largest request. */
#define VMM_SWAP_VEC	(VMM_SWAP_BATCH >> PAGE_SHIFT)
static_assert(VMM_SWAP_WINDOW <= VMM_SWAP_VEC);

/* How long a file is left alone that could not be written. */
#define QUIET		(5 * HZ)

/**
 * struct batch - records on their way to the file
 * @list:	these
 * @first:	page of the file
 * @pages:	run of free ones from there on
 * @bytes:	what has been collected
 */
struct batch {
	struct list_head list;
	unsigned long first;
	unsigned long pages;
	u64 bytes;
};



static struct workqueue_struct *swap_wq;

int vmm_swap_init(void)
{
	swap_wq = alloc_workqueue("vmm_swap", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
	return swap_wq ? 0 : -ENOMEM;
}

void vmm_swap_exit(void)
{
	destroy_workqueue(swap_wq);
}

/* --- writing ----------------------------------------------------------------- */

static bool can_write(const struct vmm_swap *swap)
{
	return swap && !swap->closing && swap->map.free &&
	       (!swap->failed || time_after(jiffies, swap->again));
}

/* Bytes that should be in the file and are not. */
static u64 behind(const struct vmm_store *store)
{
	u64 packed = store->packed_bytes - store->plain_bytes;

	return store->plain_bytes +
	       (packed > store->keep ? packed - store->keep : 0);
}

/* The next record that is to go, or NULL. */
static struct vmm_away *next_record(struct vmm_store *store)
{
	struct vmm_away *away;

	away = list_first_entry_or_null(&store->plain, struct vmm_away, node);
	if (!away && behind(store) > store->plain_bytes)
		away = list_first_entry_or_null(&store->packed, struct vmm_away,
						node);
	return away;
}

static bool collect_one(struct vmm_store *store, struct batch *batch)
{
	struct vmm_swap *swap = store->swap;
	struct vmm_away *away;

	spin_lock(&store->lock);
	away = next_record(store);
	if (away && batch->bytes + away->length > batch->pages << PAGE_SHIFT)
		away = NULL;
	if (away) {
		list_move_tail(&away->node, &batch->list);
		away->moving = true;
		memcpy(swap->out + batch->bytes, away->data, away->length);
	}
	spin_unlock(&store->lock);
	if (!away)
		return false;
	away->place = ((u64)batch->first << PAGE_SHIFT) + batch->bytes;
	away->sum = vmm_sum(swap->out + batch->bytes, away->length,
			    swap->seed ^ away->place);
	batch->bytes += ALIGN(away->length, VMM_PIECE_ALIGN);
	return true;
}

static struct page *page_of(void *addr)
{
	return is_vmalloc_addr(addr) ? vmalloc_to_page(addr) : virt_to_page(addr);
}

/* The one request of a thread to the file: how many bytes, or a negative errno. */
static ssize_t transfer(struct vmm_swap *swap, int direction, void *buf,
			size_t bytes, loff_t pos)
{
	struct file *file = swap->file;
	struct bio_vec vec[VMM_SWAP_VEC];
	struct iov_iter iter;
	struct kiocb kiocb;
	unsigned int nr;
	ssize_t n;

	for (nr = 0; nr << PAGE_SHIFT < bytes; nr++)
		bvec_set_page(&vec[nr], page_of(buf + (nr << PAGE_SHIFT)),
			      PAGE_SIZE, 0);
	iov_iter_bvec(&iter, direction, vec, nr, bytes);
	init_sync_kiocb(&kiocb, file);
	kiocb.ki_pos = pos;
	if (direction == READ)
		return file->f_op->read_iter(&kiocb, &iter);
	file_start_write(file);
	n = file->f_op->write_iter(&kiocb, &iter);
	file_end_write(file);
	return n;
}

static int write_all(struct vmm_swap *swap, u64 place, u64 bytes)
{
	loff_t pos = swap->offset + place;
	u64 done = 0;
	ssize_t n;

	/* It was longer, and does not become so by our doing. */
	if (pos + bytes > i_size_read(swap->file->f_mapping->host))
		return -EFBIG;
	while (done < bytes) {
		n = transfer(swap, WRITE, swap->out + done, bytes - done,
			     pos + done);
		if (n <= 0 || n & ~PAGE_MASK)
			return n < 0 ? n : -EIO;
		done += n;
	}
	return 0;
}

/* What is in the file need not be in memory too, as soon as it is on the disk. */
static void let_go(struct vmm_swap *swap, u64 place, u64 bytes)
{
	if (swap->file->f_flags & O_DIRECT)
		return;
	vfs_fadvise(swap->file, swap->offset + place, bytes,
		    POSIX_FADV_DONTNEED);
}

/* A window that was read before the write. */
static void forget_window(struct vmm_store *store, const struct batch *batch)
{
	struct vmm_swap *swap = store->swap;

	mutex_lock(&store->read_lock);
	if (swap->first < batch->first + batch->pages &&
	    batch->first < swap->first + swap->pages)
		swap->pages = 0;
	mutex_unlock(&store->read_lock);
}

/* The last in the batch is in the file, or is not. */
static void arrive(struct vmm_store *store, struct batch *batch, bool written)
{
	struct vmm_away *away = list_last_entry(&batch->list, struct vmm_away,
						node);
	void *data = NULL;
	bool dead;

	spin_lock(&store->lock);
	list_del(&away->node);
	away->moving = false;
	dead = away->dead;
	if (dead || written)
		data = vmm_away_unset(store, away);
	if (!dead && written) {
		vmm_swap_map_add(&store->swap->map, away->place, away->length);
		vmm_away_set_filed(store, away);
	} else if (!dead) {
		vmm_away_put_back(store, away);
	}
	spin_unlock(&store->lock);
	if (dead)
		vmm_away_release(away, data);
	else if (data)
		vmm_packed_free(data, away->length);
}

static void note_result(struct vmm_store *store, int err)
{
	struct vmm_swap *swap = store->swap;

	if (err)
		pr_warn_ratelimited("swap file of %s %pD: write failed: %d\n",
				    swap->file->f_path.mnt->mnt_sb->s_id,
				    swap->file, err);
	spin_lock(&store->lock);
	swap->failed = err;
	swap->again = jiffies + QUIET;
	store->arrived += !err;
	spin_unlock(&store->lock);
	wake_up_all(&store->written);
}

/* As long a run as there is; a large file is searched in pieces. */
static void find_run(struct vmm_store *store, struct batch *batch)
{
	struct vmm_swap_map *map = &store->swap->map;
	unsigned long done = 0;

	while (!batch->pages && done < 2 * map->nr_pages) {
		spin_lock(&store->lock);
		batch->pages = vmm_swap_map_find(map, VMM_SWAP_BATCH >> PAGE_SHIFT,
						 &batch->first);
		spin_unlock(&store->lock);
		done += VMM_SWAP_SEARCH;
		cond_resched();
	}
}

static int write_batch(struct vmm_store *store)
{
	struct vmm_swap *swap = store->swap;
	struct batch batch = { .list = LIST_HEAD_INIT(batch.list) };
	u64 place, bytes;
	int err;

	find_run(store, &batch);
	if (!batch.pages)
		return -ENOSPC;
	while (collect_one(store, &batch))
		;
	if (list_empty(&batch.list))
		return -ENOENT;
	place = (u64)batch.first << PAGE_SHIFT;
	bytes = PAGE_ALIGN(batch.bytes);
	memset(swap->out + batch.bytes, 0, bytes - batch.bytes);
	err = write_all(swap, place, bytes);
	forget_window(store, &batch);
	while (!list_empty(&batch.list))
		arrive(store, &batch, !err);
	note_result(store, err);
	let_go(swap, place, bytes);
	return err;
}

static bool has_work(struct vmm_store *store)
{
	bool has;

	spin_lock(&store->lock);
	has = can_write(store->swap) && behind(store);
	spin_unlock(&store->lock);
	return has;
}

/*
 * What goes to a disk without a detour takes a little of the last reserves, as the kernel's own
 * swap does: a host that has no memory gets some by it.
 */
static int write_one(struct vmm_store *store)
{
	unsigned int scope;
	int err;

	if (!store->swap || !(store->swap->file->f_flags & O_DIRECT))
		return write_batch(store);
	scope = memalloc_noreclaim_save();
	err = write_batch(store);
	memalloc_noreclaim_restore(scope);
	return err;
}

static void write_work(struct work_struct *work)
{
	struct vmm_store *store = container_of(work, struct vmm_store, writer);
	unsigned int scope;

	mutex_lock(&store->write_lock);
	/* What reclaims for it may wait for it. */
	scope = memalloc_noio_save();
	while (has_work(store) && !write_one(store))
		cond_resched();
	memalloc_noio_restore(scope);
	mutex_unlock(&store->write_lock);
}

/* How far the file is behind, if it can be written; else 0. */
static u64 lag(struct vmm_store *store)
{
	u64 bytes;

	spin_lock(&store->lock);
	bytes = can_write(store->swap) ? behind(store) : 0;
	spin_unlock(&store->lock);
	return bytes;
}

/* There may be something to write. */
void vmm_swap_start(struct vmm_store *store)
{
	queue_work(swap_wq, &store->writer);
}

void vmm_swap_setup(struct vmm_store *store)
{
	INIT_WORK(&store->writer, write_work);
	init_waitqueue_head(&store->written);
	store->slow = jiffies;
}

/* No more is going to be packed for now: what is less than a batch goes, too. */
void vmm_swap_flush(struct vmm_store *store)
{
	if (lag(store))
		vmm_swap_start(store);
}

/*
 * More has been packed.  May wait until some of it is written; for a file that hangs not
 * each time.
 */
void vmm_swap_hurry(struct vmm_store *store)
{
	u64 bytes = lag(store);

	if (bytes >= VMM_SWAP_BATCH)
		vmm_swap_start(store);
	if (bytes < BEHIND_MAX || time_before(jiffies, READ_ONCE(store->slow)))
		return;
	if (!wait_event_killable_timeout(store->written,
					 lag(store) < BEHIND_MAX, HURRY_WAIT))
		WRITE_ONCE(store->slow, jiffies + SLOW_LIFE);
}

/**
 * vmm_swap_arrived() - how far a file is
 * @store:	its
 *
 * Return: a number that changes with each batch that is in the file.
 */
u64 vmm_swap_arrived(const struct vmm_store *store)
{
	return READ_ONCE(store->arrived);
}

/**
 * vmm_swap_wait() - let a file that is behind catch up
 * @store:	of whom nothing could leave
 * @arrived:	how far it was before that was tried
 * @timeout:	jiffies
 *
 * Return: whether more can go to the file than before, also if it has caught up in the meantime;
 * not so if there is none, it is full or cannot be written, or it takes too long.
 */
bool vmm_swap_wait(struct vmm_store *store, u64 arrived, unsigned long timeout)
{
	if (lag(store) >= BEHIND_MAX) {
		vmm_swap_start(store);
		wait_event_killable_timeout(store->written,
					    lag(store) < BEHIND_MAX, timeout);
	}
	return vmm_swap_arrived(store) != arrived &&
	       !fatal_signal_pending(current);
}

/* Whether what does not compress can go. */
bool vmm_swap_takes(struct vmm_store *store)
{
	bool takes;

	spin_lock(&store->lock);
	takes = can_write(store->swap) && store->plain_bytes < BEHIND_MAX &&
		store->swap->map.free > store->plain_bytes >> PAGE_SHIFT;
	spin_unlock(&store->lock);
	return takes;
}

/* --- reading ----------------------------------------------------------------- */

/* Pages from @first on, until the file ends: how many, or a negative errno. */
static long read_pages(struct vmm_swap *swap, unsigned long first,
		       unsigned long pages)
{
	loff_t pos = swap->offset + ((u64)first << PAGE_SHIFT);
	size_t done = 0, all = pages << PAGE_SHIFT;
	ssize_t n;

	do {
		n = transfer(swap, READ, swap->window + done, all - done,
			     pos + done);
		if (n > 0)
			done += n;
	} while (n > 0 && done < all && !(done & ~PAGE_MASK));
	return done >= PAGE_SIZE || !n ? done >> PAGE_SHIFT : n;
}

/* Has pages [first, last] in the window. */
static int fill_window(struct vmm_swap *swap, unsigned long first,
		       unsigned long last)
{
	unsigned long need = last - first + 1, want = need;
	unsigned long end = swap->first + swap->pages;
	long got;

	if (first >= swap->first && last < end)
		return 0;
	if (swap->pages && first >= swap->first && first <= end)
		want = min_t(unsigned long, VMM_SWAP_WINDOW,
			     swap->map.nr_pages - first);
	swap->pages = 0;
	got = read_pages(swap, first, want);
	if (got == -ENOMEM || got == -EINTR)
		return got;
	if (got < (long)need)
		return -EIO;
	swap->first = first;
	swap->pages = got;
	return 0;
}

/* With vmm_store.read_lock held. */
int vmm_swap_read_piece(struct vmm_swap *swap, const struct vmm_away *away,
			void *to)
{
	unsigned long first = away->place >> PAGE_SHIFT;
	unsigned long last = (away->place + away->length - 1) >> PAGE_SHIFT;
	int err = fill_window(swap, first, last);

	if (err)
		return err;
	memcpy(to, swap->window + (away->place - ((u64)swap->first << PAGE_SHIFT)),
	       away->length);
	if (vmm_sum(to, away->length, swap->seed ^ away->place) == away->sum)
		return 0;
	/* Not to be found wrong for ever if it was put right. */
	swap->pages = 0;
	return -EBADMSG;
}

/**
 * vmm_swap_read() - get back what was packed
 * @store:	of the record
 * @away:	FILED a moment ago
 * @to:		room for its length
 *
 * Return: 0, -EIO, -EBADMSG, -ENOMEM or -EINTR.
 */
int vmm_swap_read(struct vmm_store *store, struct vmm_away *away, void *to)
{
	bool packed;
	int err;

	err = mutex_lock_killable(&store->read_lock);
	if (err)
		return err;
	/* A detach may have been faster. */
	spin_lock(&store->lock);
	packed = away->where == VMM_AWAY_PACKED;
	if (packed)
		memcpy(to, away->data, away->length);
	spin_unlock(&store->lock);
	if (!packed)
		err = vmm_swap_read_piece(store->swap, away, to);
	mutex_unlock(&store->read_lock);
	return err;
}

/* A piece is not needed any more. */
void vmm_swap_forget(struct vmm_store *store, u64 place, unsigned int length)
{
	lockdep_assert_held(&store->lock);

	vmm_swap_map_del(&store->swap->map, place, length);
}
