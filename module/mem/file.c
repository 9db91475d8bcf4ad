// SPDX-License-Identifier: GPL-2.0
/*
 * Memory objects as files: descriptors, mmap, reading, fallocate.
 *
 * Each object has an inode of its own on a pseudo file system of ours, because
 * user mappings are found, to be removed, through the inode's mapping, and
 * anonymous inodes share one with the whole system.
 *
 * Rules of the user mapping
 * - Shared only.  Its pages are ordinary ones with struct page, so that
 *   get_user_pages, long-term pins and vhost work; the pages are not in the page
 *   cache and have no mapping of their own.
 * - A mapping that may write gets every page for writing, on a read fault too:
 *   to hear of the first write later, the kernel would have to know
 *   page_mkwrite(), and refuses long-term pins on mappings that have it.  "May" is
 *   VM_MAYWRITE: mprotect() takes VM_WRITE and gives it back, and with it write
 *   permission to what is mapped meanwhile, and asks nobody.
 * - A mapping made without PROT_WRITE stays without, so that it may show pages
 *   that others share.  Files of frozen objects are open for reading, so they have
 *   no other ones.
 * - Where memory is exhausted, an access gets SIGBUS and a system call EFAULT:
 *   the object takes no part in OOM killing.
 */

#include <linux/capability.h>
#include <linux/err.h>
#include <linux/falloc.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/uio.h>

#include "compat.h"
#include "mem/away.h"
#include "mem/file.h"
#include "mem/hold.h"
#include "mem/mem.h"

#define MEM_FS_MAGIC	0x766d6d6d	/* "vmmm" */

static struct vfsmount *mem_mnt;

/* Whether @page is what the object has at @index, and may be used as @flags say. */
static bool still_there(struct vmm_mem *mem, pgoff_t index, unsigned int flags,
			struct page *page)
{
	struct vmm_mem_page now;
	int err;

	rcu_read_lock();
	err = vmm_mem_get(mem, index, flags, &now);
	rcu_read_unlock();
	return !err && now.phys == page_to_phys(page);
}

/* What an instruction wants, unlike what is pinned, any signal may interrupt. */
static unsigned int who_writes(const struct vm_fault *vmf)
{
	return VMM_MEM_BY(vmf->flags & FAULT_FLAG_INTERRUPTIBLE ?
			  VMM_BREAK_HOST : VMM_BREAK_PIN);
}

static vm_fault_t mem_fault(struct vm_fault *vmf)
{
	struct vmm_mem *mem = vmf->vma->vm_file->private_data;
	unsigned int flags = 0;
	struct vmm_hold hold;

	if (vmf->vma->vm_flags & VM_MAYWRITE)
		flags = VMM_MEM_WRITE | VMM_MEM_LEND | who_writes(vmf);
	if (vmm_mem_hold(mem, vmf->pgoff, flags, &hold))
		return VM_FAULT_SIGBUS;
	lock_page(hold.page);
	if (!still_there(mem, vmf->pgoff, flags, hold.page)) {
		unlock_page(hold.page);
		vmm_hold_put(&hold);
		return VM_FAULT_NOPAGE;
	}
	vmf->page = hold.page;
	return VM_FAULT_LOCKED;
}

static const struct vm_operations_struct mem_vm_ops = {
	.fault	= mem_fault,
};

static int mem_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vmm_mem *mem = file->private_data;
	unsigned long clear = 0;

	/* Of a file that is open for reading only the kernel clears VM_SHARED. */
	if (!(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (mem->frozen && (vma->vm_flags & VM_WRITE))
		return -EACCES;
	if (vma->vm_pgoff > mem->nr_pages ||
	    vma_pages(vma) > mem->nr_pages - vma->vm_pgoff)
		return -EINVAL;
	if (!(vma->vm_flags & VM_WRITE))
		clear = VM_MAYWRITE;
	vmm_vma_flags_mod(vma, VM_DONTEXPAND | VM_DONTDUMP, clear);
	vma->vm_ops = &mem_vm_ops;
	return 0;
}

static long mem_fallocate(struct file *file, int mode, loff_t offset,
			  loff_t len)
{
	struct vmm_mem *mem = file->private_data;
	u64 bytes = (u64)mem->nr_pages << PAGE_SHIFT;

	if (mode != (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if ((offset | len) & ~PAGE_MASK)
		return -EINVAL;
	if (offset >= bytes)
		return 0;
	len = min_t(u64, len, bytes - offset);
	return vmm_mem_discard(mem, offset >> PAGE_SHIFT, len >> PAGE_SHIFT);
}

/*
 * For who writes an object to somewhere: holes read as zeros and stay holes, which
 * they do not if they are looked at through a mapping.
 */
static ssize_t mem_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct vmm_mem *mem = iocb->ki_filp->private_data;
	loff_t size = (loff_t)mem->nr_pages << PAGE_SHIFT;
	size_t n, copied, done = 0;
	struct vmm_hold hold;
	int err = 0;

	while (iov_iter_count(to) && iocb->ki_pos < size && !err) {
		n = min_t(size_t, iov_iter_count(to),
			  PAGE_SIZE - offset_in_page(iocb->ki_pos));
		err = vmm_mem_hold(mem, iocb->ki_pos >> PAGE_SHIFT,
				   VMM_MEM_ZERO_OK, &hold);
		if (err)
			break;
		copied = copy_to_iter(hold.kaddr + offset_in_page(iocb->ki_pos),
				      n, to);
		vmm_hold_put(&hold);
		iocb->ki_pos += copied;
		done += copied;
		if (copied < n)
			err = -EFAULT;
		else if (fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	return done ? done : err;
}

/*
 * SEEK_DATA and SEEK_HOLE: who copies an object through a mapping would make all that
 * was never touched by looking at it.
 */
static loff_t mem_llseek(struct file *file, loff_t offset, int whence)
{
	struct vmm_mem *mem = file->private_data;
	loff_t size = (loff_t)mem->nr_pages << PAGE_SHIFT;
	long found;

	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return noop_llseek(file, offset, whence);
	if (offset < 0 || offset >= size)
		return -ENXIO;
	found = vmm_mem_seek(mem, offset >> PAGE_SHIFT, whence == SEEK_DATA);
	if (found < 0)
		return found;
	if (found == mem->nr_pages)
		return whence == SEEK_DATA ? -ENXIO : size;
	return max(offset, (loff_t)found << PAGE_SHIFT);
}

static void show_store(struct seq_file *m, struct vmm_store *store)
{
	struct vmm_store_stats stats;

	vmm_store_stats(store, &stats);
	seq_printf(m, "vmm-mem-packed:\t%llu\n", stats.packed);
	seq_printf(m, "vmm-mem-packed-bytes:\t%llu\n", stats.packed_bytes);
	seq_printf(m, "vmm-mem-filed:\t%llu\n", stats.filed);
	seq_printf(m, "vmm-mem-filed-bytes:\t%llu\n", stats.filed_bytes);
	seq_printf(m, "vmm-mem-file-room:\t%llu\n", stats.file_room);
}

static void show_policy(struct seq_file *m, const struct vmm_policy *policy)
{
	seq_printf(m, "vmm-mem-limit:\t%lu\n", READ_ONCE(policy->limit));
	seq_printf(m, "vmm-mem-min:\t%lu\n", READ_ONCE(policy->min));
	seq_printf(m, "vmm-mem-shares:\t%u\n", READ_ONCE(policy->shares));
	seq_printf(m, "vmm-mem-active:\t%u\n", READ_ONCE(policy->active));
}

static void mem_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct vmm_mem *mem = file->private_data;
	struct vmm_mem_stats stats;

	vmm_mem_stats(mem, &stats);
	seq_printf(m, "vmm-mem-pages:\t%llu\n", stats.pages);
	seq_printf(m, "vmm-mem-resident:\t%llu\n", stats.resident);
	seq_printf(m, "vmm-mem-away:\t%llu\n", stats.away);
	seq_printf(m, "vmm-mem-frozen:\t%u\n", mem->frozen);
	seq_printf(m, "vmm-mem-family-pages:\t%llu\n", stats.family_pages);
	seq_printf(m, "vmm-mem-family-away:\t%llu\n", stats.family_away);
	/* Blocks come apart where pages have equals elsewhere. */
	if (file_ns_capable(m->file, &init_user_ns, CAP_SYS_ADMIN)) {
		seq_printf(m, "vmm-mem-huge:\t%llu\n", stats.huge);
		seq_printf(m, "vmm-mem-tables:\t%llu\n", stats.tables);
		seq_printf(m, "vmm-mem-family-nodes:\t%llu\n",
			   stats.family_nodes);
	}
	show_store(m, mem->family->totals.store);
	show_policy(m, &mem->family->policy);
}

static int mem_file_release(struct inode *inode, struct file *file)
{
	vmm_mem_unref(file->private_data);
	return 0;
}

static vmm_mem_ioctl_fn do_ioctl;

static long mem_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return do_ioctl(file->private_data, cmd, arg);
}

static const struct file_operations mem_fops = {
	.owner		= THIS_MODULE,
	.unlocked_ioctl	= mem_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.read_iter	= mem_read_iter,
	.mmap		= mem_mmap,
	.fallocate	= mem_fallocate,
	.show_fdinfo	= mem_show_fdinfo,
	.release	= mem_file_release,
	.llseek		= mem_llseek,
};

/* Size, mode and owner are for life. */
static int mem_setattr(struct vmm_mnt_idmap *idmap, struct dentry *dentry,
		       struct iattr *attr)
{
	return -EPERM;
}

static const struct inode_operations mem_iops = {
	.setattr	= mem_setattr,
};

/* The inode of an object, with one reference. */
struct inode *vmm_mem_inode_create(u64 bytes)
{
	struct inode *inode = alloc_anon_inode(mem_mnt->mnt_sb);

	if (IS_ERR(inode))
		return inode;
	inode->i_mode |= S_IFREG;
	inode->i_size = bytes;
	inode->i_op = &mem_iops;
	return inode;
}

static struct file *mem_file_create(struct vmm_mem *mem)
{
	int mode = mem->frozen ? O_RDONLY : O_RDWR;
	struct file *file;

	ihold(mem->inode);
	__module_get(THIS_MODULE);
	file = alloc_file_pseudo(mem->inode, mem_mnt, "vmm-mem",
				 mode | O_LARGEFILE, &mem_fops);
	if (IS_ERR(file)) {
		module_put(THIS_MODULE);
		iput(mem->inode);
		return file;
	}
	file->f_mode |= FMODE_LSEEK | FMODE_PREAD;
	file->private_data = vmm_mem_ref(mem);
	return file;
}

/**
 * vmm_mem_open() - open a descriptor for an object
 * @mem:	the object; the descriptor has a reference of its own
 *
 * Return: the descriptor, close-on-exec; or a negative errno.
 */
int vmm_mem_open(struct vmm_mem *mem)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);
	struct file *file;

	if (fd < 0)
		return fd;
	file = mem_file_create(mem);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

/**
 * vmm_mem_from_fd() - the object behind a descriptor of the caller's
 * @fd:		any number
 *
 * Return: the object with a reference, or ERR_PTR of -EBADF (no file) or
 * -EINVAL (not a memory object).
 */
struct vmm_mem *vmm_mem_from_fd(int fd)
{
	struct file *file = fget(fd);
	struct vmm_mem *mem = ERR_PTR(-EINVAL);

	if (!file)
		return ERR_PTR(-EBADF);
	if (file->f_op == &mem_fops)
		mem = vmm_mem_ref(file->private_data);
	fput(file);
	return mem;
}

static int mem_init_fs_context(struct fs_context *fc)
{
	return init_pseudo(fc, MEM_FS_MAGIC) ? 0 : -ENOMEM;
}

static struct file_system_type mem_fs_type = {
	.name			= "vmm-mem",
	.init_fs_context	= mem_init_fs_context,
	.kill_sb		= kill_anon_super,
};

int vmm_mem_file_init(vmm_mem_ioctl_fn ioctl)
{
	do_ioctl = ioctl;
	mem_mnt = kern_mount(&mem_fs_type);
	if (IS_ERR(mem_mnt))
		return PTR_ERR(mem_mnt);
	mem_mnt->mnt_flags |= MNT_NOEXEC;
	return 0;
}

void vmm_mem_file_exit(void)
{
	kern_unmount(mem_mnt);
}
