// SPDX-License-Identifier: GPL-2.0
/*
 * vms/<id>/ksm/hashes: what is in a VM's pages, as uapi/linux/vmm_ksm.h has it.
 *
 * Offsets count records, so that reading goes on wherever it stopped; a read ends with an object, or
 * at most a page of records.  Objects are found anew for each: what is mapped
 * meanwhile, or is not any more, moves those behind it, and the numbers in the records tell.
 * The object of a read is referenced, no lock is held while it is looked at.
 */
#include <linux/capability.h>
#include <linux/kobject.h>
#include <linux/sched.h>
#include <linux/sysfs.h>

#include "core/vm.h"
#include "ctl/sysfs.h"
#include "ctl/sysfs_ksm.h"
#include "ksm/dump.h"
#include "mem/mem.h"

#define RECORD		sizeof(struct vmm_ksm_page)

/* Pages that are looked at before others may have the CPU. */
#define AT_ONCE		32

/**
 * struct place - where reading goes on
 * @index:	of the page in @mem; before that is found, of the record
 * @mem:	referenced, or NULL: behind the last object
 */
struct place {
	u64 index;
	struct vmm_mem *mem;
};

static void find(void *ctx, struct vmm_mem *mem)
{
	struct place *place = ctx;

	if (place->mem)
		return;
	if (place->index < mem->nr_pages)
		place->mem = vmm_mem_ref(mem);
	else
		place->index -= mem->nr_pages;
}

/* Whole records; how many bytes. */
static size_t read_records(const struct vksm_dump *dump,
			   const struct place *place, char *buf, size_t count)
{
	u64 n = min_t(u64, count / RECORD, place->mem->nr_pages - place->index);
	struct vmm_ksm_page page;
	u64 i;

	for (i = 0; i < n; i++) {
		vksm_dump_page(dump, place->mem, place->index + i, &page);
		memcpy(buf + i * RECORD, &page, RECORD);
		if (i % AT_ONCE == AT_ONCE - 1)
			cond_resched();
	}
	return n * RECORD;
}

/* A part of one, for who reads so little or from its middle. */
static size_t read_part(const struct vksm_dump *dump, const struct place *place,
			size_t skip, char *buf, size_t count)
{
	size_t n = min_t(size_t, count, RECORD - skip);
	struct vmm_ksm_page page;

	vksm_dump_page(dump, place->mem, place->index, &page);
	memcpy(buf, (char *)&page + skip, n);
	return n;
}

static ssize_t hashes_read(struct file *file, struct kobject *kobj,
			   vmm_bin_attribute *attr, char *buf, loff_t pos,
			   size_t count)
{
	struct vmm_vm *vm = container_of(kobj, struct vmm_sysfs_vm, kobj)->vm;
	struct place place = { };
	struct vksm_dump dump;
	size_t skip;
	u64 at = pos;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	skip = do_div(at, RECORD);
	place.index = at;
	npt_space_each_mem(&vm->space, find, &place);
	if (!place.mem)
		return 0;
	vksm_dump_begin(&dump);
	if (skip || count < RECORD)
		count = read_part(&dump, &place, skip, buf, count);
	else
		count = read_records(&dump, &place, buf, count);
	vmm_mem_unref(place.mem);
	return count;
}

static vmm_bin_attribute hashes_attr = {
	.attr = { .name = "hashes", .mode = 0400 },
	.read = hashes_read,
};

vmm_bin_attribute *vmm_sysfs_ksm_dumps[] = { &hashes_attr, NULL };
