// SPDX-License-Identifier: GPL-2.0
/*
 * Surveys of all memory: /sys/kernel/vmm/ksm/snapshot, and files of vms/<id>/ksm that are read
 * from one.  Documentation/ABI/testing/sysfs-kernel-vmm-ksm lists them.
 *
 * A snapshot is made by a read of its first byte, and kept for who goes on reading in the same
 * open file; of several readers those who came last.  The files of VMs tell what the last
 * survey has met, or a new one, if that is more than a second old.
 */

#include <linux/capability.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "compat.h"
#include "core/vm.h"
#include "ctl/ksm_rows.h"
#include "ctl/sysfs.h"
#include "ctl/sysfs_ksm.h"
#include "ksm/survey.h"
#include "mem/mem.h"

/* Readers of a snapshot at one time, and how old a survey may be. */
#define READERS		4
#define FRESH_NS	NSEC_PER_SEC

/**
 * struct reader - who reads a snapshot
 * @file:	his open file; never looked into
 * @turn:	when he came
 * @text:	what he reads, or NULL
 * @length:	of it
 */
struct reader {
	const struct file *file;
	u64 turn;
	char *text;
	size_t length;
};

/* One survey at a time, and what is kept of it. */
static DEFINE_MUTEX(survey_lock);
static struct vksm_survey *last;
static struct vmm_ksm_rows last_rows;
static struct reader readers[READERS];

/* ---- surveys ------------------------------------------------------------------------ */

/* The last one is a new one. */
static int make_survey(void)
{
	struct vmm_ksm_rows rows;
	struct vksm_survey *s;

	lockdep_assert_held(&survey_lock);

	s = vmm_ksm_survey(&rows, false);
	if (IS_ERR(s))
		return PTR_ERR(s);
	vksm_survey_free(last);
	vmm_ksm_rows_free(&last_rows);
	last = s;
	last_rows = rows;
	return 0;
}

/* The row of a VM in the last survey, or NULL. */
static const struct vksm_holder *holder_of(u32 id)
{
	u32 i;

	for (i = 0; i < last_rows.nr; i++) {
		if (last_rows.id[i] == id)
			return &last->holder[i];
	}
	return NULL;
}

static const struct vksm_holder *fresh_holder_of(u32 id)
{
	const struct vksm_holder *h = holder_of(id);

	if (!last || ktime_get_boottime_ns() >
		     last->began_ns + last->took_ns + FRESH_NS)
		return NULL;
	return h;
}

int vmm_sysfs_ksm_row_stat(const struct vmm_vm *vm, unsigned int stat, u64 *out)
{
	const struct vksm_holder *h;
	int err = 0;

	if (mutex_lock_killable(&survey_lock))
		return -EINTR;
	h = fresh_holder_of(vm->id);
	if (!h) {
		err = make_survey();
		h = err ? NULL : holder_of(vm->id);
	}
	/* A VM that is about to go has nothing. */
	*out = h ? h->row.stat[stat] : 0;
	mutex_unlock(&survey_lock);
	return err;
}

/* ---- the snapshot ------------------------------------------------------------------- */

/* Bytes that a line with a figure takes at most: a name, a number, blanks. */
#define FIGURE_MAX	48

static size_t text_room(const struct vksm_survey *s)
{
	return FIGURE_MAX * (16 + 3 * VKSM_DEGREES + VKSM_NR_STATS +
			     8 * VMM_BREAK_TIMES +
			     (size_t)s->nr * (4 + VKSM_NR_ROW_STATS +
					      VKSM_NR_VM_STATS));
}

static size_t print_row(char *to, size_t room, const struct vksm_holder *h)
{
	size_t n;
	int i;

	n = scnprintf(to, room, " objects %u resident_pages %llu", h->objects,
		      h->row.sites);
	for (i = 0; i < VKSM_NR_ROW_STATS; i++)
		n += scnprintf(to + n, room - n, " %s %llu",
			       vksm_row_stat_names[i], h->row.stat[i]);
	for (i = 0; i < VKSM_NR_VM_STATS; i++) {
		if (i != VKSM_VM_STAT_RESIDENT)
			n += scnprintf(to + n, room - n, " %s %llu",
				       vksm_vm_stat_names[i], h->stat[i]);
	}
	return n + scnprintf(to + n, room - n, "\n");
}

/* Places where there is something. */
static size_t print_times(char *to, size_t room, const char *name,
			  const u64 count[VMM_BREAK_TIMES])
{
	size_t n = 0;
	int i;

	for (i = 0; i < VMM_BREAK_TIMES; i++) {
		if (count[i])
			n += scnprintf(to + n, room - n, "%s %llu count %llu\n",
				       name, vmm_break_time_least(i), count[i]);
	}
	return n;
}

static size_t print_survey(char *to, size_t room, const struct vksm_survey *s,
			   const struct vmm_ksm_rows *rows)
{
	size_t n;
	u32 i;

	n = scnprintf(to, room, "began_ns %llu\ntook_ns %llu\nobjects %u\n",
		      s->began_ns, s->took_ns, s->objects);
	n += scnprintf(to + n, room - n, "frames %llu\nsites %llu\nbytes %llu\n",
		       s->frames, s->sites, s->frames * PAGE_SIZE);
	for (i = 0; i < VKSM_DEGREES; i++)
		n += scnprintf(to + n, room - n,
			       "degree %llu frames %llu sites %llu\n",
			       vksm_degree_first(i), s->degrees.frames[i],
			       s->degrees.sites[i]);
	n += print_times(to + n, room - n, "break_took_ns", s->spans.breaks.took);
	n += print_times(to + n, room - n, "break_age_ns", s->spans.breaks.age);
	n += print_times(to + n, room - n, "change_interval_ns",
			 s->spans.times.change);
	n += print_times(to + n, room - n, "discovery_ns", s->spans.times.found);
	for (i = 0; i < s->nr; i++) {
		if (i < rows->nr)
			n += scnprintf(to + n, room - n, "vm %u", rows->id[i]);
		else
			n += scnprintf(to + n, room - n, "none");
		n += print_row(to + n, room - n, &s->holder[i]);
	}
	for (i = 0; i < VKSM_NR_STATS; i++)
		n += scnprintf(to + n, room - n, "stat %s %lld\n",
			       vksm_stat_names[i], s->stat[i]);
	return n;
}

/* His, or that of who has waited longest. */
static struct reader *reader_of(const struct file *file)
{
	struct reader *r, *oldest = &readers[0];

	for (r = readers; r < readers + READERS; r++) {
		if (r->file == file)
			return r;
		if (r->turn < oldest->turn)
			oldest = r;
	}
	return oldest;
}

static int begin_reading(struct reader *r, const struct file *file)
{
	static u64 turns;
	size_t room;
	char *text;
	int err = make_survey();

	if (err)
		return err;
	room = text_room(last);
	text = kvmalloc(room, GFP_KERNEL_ACCOUNT);
	if (!text)
		return -ENOMEM;
	kvfree(r->text);
	r->file = file;
	r->turn = ++turns;
	r->text = text;
	r->length = print_survey(text, room, last, &last_rows);
	return 0;
}

static ssize_t snapshot_read(struct file *file, struct kobject *kobj,
			     vmm_bin_attribute *attr, char *buf,
			     loff_t offset, size_t count)
{
	struct reader *r;
	ssize_t ret = 0;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	if (mutex_lock_killable(&survey_lock))
		return -EINTR;
	r = reader_of(file);
	if (!offset)
		ret = begin_reading(r, file);
	else if (r->file != file)
		ret = -ESTALE;
	if (!ret)
		ret = memory_read_from_buffer(buf, count, &offset, r->text,
					      r->length);
	mutex_unlock(&survey_lock);
	return ret;
}

static vmm_bin_attribute snapshot_attr = {
	.attr = { .name = "snapshot", .mode = 0400 },
	.read = snapshot_read,
};

vmm_bin_attribute *vmm_sysfs_ksm_bins[] = { &snapshot_attr, NULL };

void vmm_sysfs_ksm_survey_exit(void)
{
	struct reader *r;

	for (r = readers; r < readers + READERS; r++)
		kvfree(r->text);
	vksm_survey_free(last);
	vmm_ksm_rows_free(&last_rows);
}
