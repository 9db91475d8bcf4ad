// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/debug/vmm.  Documentation/ABI/testing/debugfs-vmm lists the files.
 *
 * Each of them tells of a survey of all memory that is made when it is opened, and which its
 * open file keeps.
 */

#include <linux/capability.h>
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "ctl/debugfs.h"
#include "ctl/ksm_rows.h"

static struct dentry *top;

/**
 * struct surveyed - an open file
 * @rows:	of
 * @s:		its survey
 */
struct surveyed {
	struct vmm_ksm_rows rows;
	struct vksm_survey *s;
};

/* ---- what they tell ---------------------------------------------------------------- */

/* The name of a row: the VM's number, or that it is none's. */
static void print_row(struct seq_file *m, const struct surveyed *f, u32 row)
{
	if (row < f->rows.nr)
		seq_printf(m, "%u", f->rows.id[row]);
	else
		seq_puts(m, "none");
}

static int pairs_show(struct seq_file *m, void *unused)
{
	const struct surveyed *f = m->private;
	u32 a, b;

	seq_puts(m, "vm");
	for (a = 0; a < f->s->nr; a++) {
		seq_putc(m, ' ');
		print_row(m, f, a);
	}
	seq_putc(m, '\n');
	for (a = 0; a < f->s->nr; a++) {
		print_row(m, f, a);
		for (b = 0; b < f->s->nr; b++)
			seq_printf(m, " %llu",
				   f->s->pairs[(size_t)a * f->s->nr + b]);
		seq_putc(m, '\n');
	}
	return 0;
}

static int top_show(struct seq_file *m, void *unused)
{
	const struct surveyed *f = m->private;
	const struct vksm_top *t;

	for (t = f->s->top; t < f->s->top + VKSM_TOP && t->sites; t++) {
		seq_printf(m, "sites %u vms %u first ", t->sites, t->rows);
		print_row(m, f, t->row);
		seq_putc(m, '\n');
	}
	return 0;
}

static void print_times(struct seq_file *m, const char *name,
			const u64 count[VMM_BREAK_TIMES])
{
	int i;

	for (i = 0; i < VMM_BREAK_TIMES; i++)
		seq_printf(m, "%s %llu count %llu\n", name,
			   vmm_break_time_least(i), count[i]);
}

static int histograms_show(struct seq_file *m, void *unused)
{
	const struct vksm_survey *s = ((struct surveyed *)m->private)->s;
	int i;

	for (i = 0; i < VKSM_DEGREES; i++)
		seq_printf(m, "degree %llu frames %llu sites %llu\n",
			   vksm_degree_first(i), s->degrees.frames[i],
			   s->degrees.sites[i]);
	print_times(m, "break_took_ns", s->spans.breaks.took);
	print_times(m, "break_age_ns", s->spans.breaks.age);
	print_times(m, "change_interval_ns", s->spans.times.change);
	print_times(m, "discovery_ns", s->spans.times.found);
	return 0;
}

/* ---- files ------------------------------------------------------------------------- */

static int open_survey(struct file *file, bool pairs,
		       int (*show)(struct seq_file *m, void *unused))
{
	struct surveyed *f;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	if (!f)
		return -ENOMEM;
	f->s = vmm_ksm_survey(&f->rows, pairs);
	if (IS_ERR(f->s)) {
		err = PTR_ERR(f->s);
		kfree(f);
		return err;
	}
	err = single_open(file, show, f);
	if (err) {
		vksm_survey_free(f->s);
		vmm_ksm_rows_free(&f->rows);
		kfree(f);
	}
	return err;
}

static int close_survey(struct inode *inode, struct file *file)
{
	struct surveyed *f = ((struct seq_file *)file->private_data)->private;

	vksm_survey_free(f->s);
	vmm_ksm_rows_free(&f->rows);
	kfree(f);
	return single_release(inode, file);
}

#define SURVEY_FILE(_name, _pairs)					\
static int _name##_open(struct inode *inode, struct file *file)	\
{									\
	return open_survey(file, _pairs, _name##_show);			\
}									\
static const struct file_operations _name##_fops = {			\
	.owner		= THIS_MODULE,					\
	.open		= _name##_open,					\
	.read		= seq_read,					\
	.llseek		= seq_lseek,					\
	.release	= close_survey,					\
}

SURVEY_FILE(pairs, true);
SURVEY_FILE(top, true);
SURVEY_FILE(histograms, false);

void vmm_debugfs_init(void)
{
	struct dentry *dir;

	top = debugfs_create_dir("vmm", NULL);
	dir = debugfs_create_dir("ksm", top);
	debugfs_create_file("pairs", 0400, dir, NULL, &pairs_fops);
	debugfs_create_file("top", 0400, dir, NULL, &top_fops);
	debugfs_create_file("histograms", 0400, dir, NULL, &histograms_fops);
}

void vmm_debugfs_exit(void)
{
	debugfs_remove(top);
}
