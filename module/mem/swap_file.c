// SPDX-License-Identifier: GPL-2.0
/*
 * Attaching a swap file to a store, and detaching it.
 *
 * Any object of a family will do to name the file.  What it has to be: see check_file()
 * and check_size().  A part of a file belongs to one store at a time.
 *
 * Detaching brings back what is there, packed as it is, and fails where that fails: a file
 * that cannot be read stays, with what it has, until the family is gone.
 *
 * files_lock is inside of vmm_store.write_lock.
 */

#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "mem/store.h"
#include "mem/swap.h"
#include "mem/swap_inner.h"

#define MAX_BYTES	(1ULL << 40)

/* All swap files. */
static LIST_HEAD(files);
static DEFINE_MUTEX(files_lock);

/* What the file has room for, used or not, in bytes. */
u64 vmm_swap_room(struct vmm_store *store)
{
	lockdep_assert_held(&store->lock);

	return store->swap ? (u64)store->swap->map.nr_pages << PAGE_SHIFT : 0;
}

/* --- attaching ----------------------------------------------------------------- */

/* One in user space, or on top of another, which may be: overlays say what they have. */
static bool waits_for_users(const struct inode *inode)
{
	const struct super_block *sb = inode->i_sb;

	return sb->s_magic == FUSE_SUPER_MAGIC || sb->s_stack_depth;
}

static int check_file(const struct file *file)
{
	const fmode_t mode = FMODE_READ | FMODE_WRITE | FMODE_CAN_READ |
			     FMODE_CAN_WRITE;
	const struct inode *inode = file->f_mapping->host;
	const struct inode *real = d_real_inode(file->f_path.dentry);

	if (!S_ISREG(inode->i_mode) && !S_ISBLK(inode->i_mode))
		return -EINVAL;
	if ((file->f_mode & mode) != mode)
		return -EBADF;
	if (!file->f_op->read_iter || file->f_op->read ||
	    !file->f_op->write_iter || file->f_op->write ||
	    (file->f_flags & (O_DIRECT | O_APPEND)) || waits_for_users(real))
		return -EINVAL;
	return IS_SWAPFILE(inode) || IS_SWAPFILE(real) ? -ETXTBSY : 0;
}

/* How much of the file is used, checked. */
static int check_size(const struct file *file, u64 offset, u64 *size)
{
	u64 end = i_size_read(file->f_mapping->host);

	if ((offset | *size) & ~PAGE_MASK)
		return -EINVAL;
	if (offset > end || *size > end - offset)
		return -ENOSPC;
	if (!*size)
		*size = min_t(u64, MAX_BYTES, (end - offset) & PAGE_MASK);
	if (*size < VMM_SWAP_BATCH)
		return -ENOSPC;
	return *size > MAX_BYTES ? -E2BIG : 0;
}

static void swap_free(struct vmm_swap *swap)
{
	kvfree(swap->map.pieces);
	kvfree(swap->out);
	kvfree(swap->window);
	kfree(swap);
}

static struct vmm_swap *swap_alloc(unsigned long pages)
{
	struct vmm_swap *swap = kzalloc(sizeof(*swap), GFP_KERNEL_ACCOUNT);
	u8 *pieces;

	if (!swap)
		return NULL;
	pieces = kvzalloc(pages, GFP_KERNEL_ACCOUNT | __GFP_NOWARN |
				 __GFP_RETRY_MAYFAIL);
	vmm_swap_map_init(&swap->map, pieces, pages);
	swap->out = kvmalloc(VMM_SWAP_BATCH, GFP_KERNEL_ACCOUNT);
	swap->window = kvmalloc(VMM_SWAP_WINDOW * PAGE_SIZE, GFP_KERNEL_ACCOUNT);
	if (pieces && swap->out && swap->window)
		return swap;
	swap_free(swap);
	return NULL;
}

static u64 end_of(const struct vmm_swap *swap)
{
	return swap->offset + ((u64)swap->map.nr_pages << PAGE_SHIFT);
}

/* Two stores in one place would lose what both have. */
static int claim(struct vmm_swap *swap)
{
	struct vmm_swap *other;
	int err = 0;

	mutex_lock(&files_lock);
	list_for_each_entry(other, &files, node) {
		if (other->file->f_mapping == swap->file->f_mapping &&
		    other->offset < end_of(swap) &&
		    swap->offset < end_of(other))
			err = -EBUSY;
	}
	if (!err)
		list_add(&swap->node, &files);
	mutex_unlock(&files_lock);
	return err;
}

static void unclaim(struct vmm_swap *swap)
{
	mutex_lock(&files_lock);
	list_del(&swap->node);
	mutex_unlock(&files_lock);
}

/* The store has this file, or none. */
static void set_file(struct vmm_store *store, struct vmm_swap *swap, u64 keep)
{
	lockdep_assert_held(&store->write_lock);

	mutex_lock(&store->read_lock);
	spin_lock(&store->lock);
	store->swap = swap;
	store->keep = keep;
	spin_unlock(&store->lock);
	mutex_unlock(&store->read_lock);
}

static int attach(struct vmm_store *store, struct vmm_swap *swap, u64 keep)
{
	int err = mutex_lock_killable(&store->write_lock);

	if (err)
		return err;
	err = store->swap ? -EBUSY : claim(swap);
	if (!err)
		set_file(store, swap, keep);
	mutex_unlock(&store->write_lock);
	if (!err)
		vmm_swap_start(store);
	return err;
}

static int attach_file(struct vmm_store *store, struct file *file, u64 offset,
		       u64 size, u64 keep)
{
	struct vmm_swap *swap;
	int err = check_size(file, offset, &size);

	if (err)
		return err;
	swap = swap_alloc(size >> PAGE_SHIFT);
	if (!swap)
		return -ENOMEM;
	swap->file = file;
	swap->offset = offset;
	get_random_bytes(&swap->seed, sizeof(swap->seed));
	err = attach(store, swap, keep);
	if (err)
		swap_free(swap);
	return err;
}

/*
 * A device without the page cache.  With a file that would be a lock of its own for a read, which
 * who writes to the file may have when he touches what is in it; and memory of the file system.
 */
static struct file *open_path(const struct path *path)
{
	bool device = S_ISBLK(d_backing_inode(path->dentry)->i_mode);

	return dentry_open(path, O_RDWR | O_LARGEFILE | (device ? O_DIRECT : 0),
			   current_cred());
}

/* The same, for us alone: nobody else changes how it is open. */
static struct file *open_again(int fd)
{
	struct file *file = fget(fd), *ours;
	int err;

	if (!file)
		return ERR_PTR(-EBADF);
	err = check_file(file);
	ours = err ? ERR_PTR(err) : open_path(&file->f_path);
	fput(file);
	return ours;
}

/**
 * vmm_swap_attach() - have a swap file
 * @store:	has none
 * @fd:		a regular file or a block device, open for reading and writing
 * @offset:	where the part begins that is to be used, a multiple of the page size
 * @size:	its length, likewise; 0: to the end of the file
 * @keep:	bytes that may stay packed in memory
 *
 * Return: 0, -EBADF, -EINVAL, -ETXTBSY, -E2BIG, -EBUSY (the store has a file, or
 * another one has that part), -ENOSPC (it is too small), -ENOMEM, -EINTR, or why it
 * cannot be opened again.
 */
int vmm_swap_attach(struct vmm_store *store, int fd, u64 offset, u64 size,
		    u64 keep)
{
	struct file *file = open_again(fd);
	int err;

	if (IS_ERR(file))
		return PTR_ERR(file);
	err = attach_file(store, file, offset, size, keep);
	if (err)
		fput(file);
	return err;
}

/* --- detaching ------------------------------------------------------------------- */

static struct vmm_away *take_filed(struct vmm_store *store)
{
	struct vmm_away *away;

	spin_lock(&store->lock);
	away = list_first_entry_or_null(&store->filed, struct vmm_away, node);
	if (away) {
		list_del(&away->node);
		away->moving = true;
	}
	spin_unlock(&store->lock);
	return away;
}

/* The record has come with @data, or has not, and is as it was. */
static void come_back(struct vmm_store *store, struct vmm_away *away,
		      void *data)
{
	bool dead;

	spin_lock(&store->lock);
	away->moving = false;
	dead = away->dead;
	if (dead || data)
		vmm_away_unset(store, away);
	if (!dead && data)
		vmm_away_set_packed(store, away, data);
	else if (!dead)
		list_add(&away->node, &store->filed);
	spin_unlock(&store->lock);
	if (dead)
		vmm_away_release(away, data);
}

static int bring_back(struct vmm_store *store, struct vmm_away *away)
{
	void *data = vmm_packed_alloc(away->length, false);
	int err = -ENOMEM;

	mutex_lock(&store->read_lock);
	if (data)
		err = vmm_swap_read_piece(store->swap, away, data);
	if (err && data) {
		vmm_packed_free(data, away->length);
		data = NULL;
	}
	come_back(store, away, data);
	mutex_unlock(&store->read_lock);
	return err;
}

static void set_closing(struct vmm_store *store, bool closing)
{
	spin_lock(&store->lock);
	store->swap->closing = closing;
	spin_unlock(&store->lock);
}

static int bring_all_back(struct vmm_store *store)
{
	struct vmm_away *away;
	int err = 0;

	while (!err && (away = take_filed(store))) {
		err = bring_back(store, away);
		if (fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	return err;
}

static void release_file(struct vmm_store *store)
{
	struct vmm_swap *swap = store->swap;

	set_file(store, NULL, 0);
	unclaim(swap);
	fput(swap->file);
	swap_free(swap);
}

/**
 * vmm_swap_detach() - have no swap file any more
 * @store:	has one
 *
 * All that is there comes back first, packed as it is.
 *
 * Return: 0; or -ENOENT (there is none), -ENOMEM, -EIO, -EBADMSG, -EINTR: the file is
 * still in use.
 */
int vmm_swap_detach(struct vmm_store *store)
{
	int err = mutex_lock_killable(&store->write_lock);

	if (err)
		return err;
	if (!store->swap) {
		mutex_unlock(&store->write_lock);
		return -ENOENT;
	}
	set_closing(store, true);
	err = bring_all_back(store);
	if (err)
		set_closing(store, false);
	else
		release_file(store);
	mutex_unlock(&store->write_lock);
	return err;
}

/* --- a store's life ---------------------------------------------------------------- */

/* Nobody uses the store any more, and it has no records. */
void vmm_swap_destroy(struct vmm_store *store)
{
	cancel_work_sync(&store->writer);
	mutex_lock(&store->write_lock);
	if (store->swap)
		release_file(store);
	mutex_unlock(&store->write_lock);
}
