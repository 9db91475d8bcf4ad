// SPDX-License-Identifier: GPL-2.0
/*
 * vms/<id>/ksm.  Documentation/ABI/testing/sysfs-kernel-vmm-ksm lists the files.
 *
 * What is written here goes to the memory objects that are in the VM's slots at that
 * moment, and so to their families.
 */

#include <linux/capability.h>
#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "core/vm.h"
#include "ctl/sysfs.h"
#include "ctl/sysfs_ksm.h"
#include "ksm/ksm.h"
#include "ksm/survey.h"
#include "mem/mem.h"

static struct vmm_vm *vm_of(struct kobject *kobj)
{
	return container_of(kobj, struct vmm_sysfs_vm, kobj)->vm;
}

/* ---- one object after the other -------------------------------------------------- */

struct next_mem {
	u32 from;
	struct vmm_mem *mem;
};

static void look_for_next(void *ctx, struct vmm_mem *mem)
{
	struct next_mem *next = ctx;

	if (mem->id < next->from || (next->mem && next->mem->id < mem->id))
		return;
	/* Never the last one: the slot has it. */
	if (next->mem)
		vmm_mem_unref(next->mem);
	next->mem = vmm_mem_ref(mem);
}

/* The one behind @mem, whose reference is given up, or the first; or NULL. */
static struct vmm_mem *next_of(struct vmm_vm *vm, struct vmm_mem *mem)
{
	struct next_mem next = { .from = mem ? mem->id + 1 : 0 };

	if (mem)
		vmm_mem_unref(mem);
	npt_space_each_mem(&vm->space, look_for_next, &next);
	return next.mem;
}

static int for_each(struct vmm_vm *vm, int (*fn)(struct vmm_mem *mem, u64 to),
		    u64 to)
{
	struct vmm_mem *mem = NULL;
	int err = 0;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	while (!err && (mem = next_of(vm, mem)))
		err = fn(mem, to);
	if (mem)
		vmm_mem_unref(mem);
	return err;
}

/* ---- which pages are merged -------------------------------------------------------- */

static ssize_t domain_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	struct vmm_mem *mem = NULL;
	bool none = true, mixed = false;
	u64 domain = 0;

	while ((mem = next_of(vm_of(kobj), mem))) {
		mixed |= !none && vksm_domain(mem) != domain;
		domain = vksm_domain(mem);
		none = false;
	}
	if (none || mixed)
		return sysfs_emit(buf, "%s\n", none ? "none" : "mixed");
	return sysfs_emit(buf, "%llu\n", domain);
}

static ssize_t domain_store(struct kobject *kobj, struct kobj_attribute *attr,
			    const char *buf, size_t count)
{
	u64 domain;
	int err = 0;

	if (sysfs_streq(buf, "new"))
		domain = vksm_domain_new();
	else
		err = kstrtou64(buf, 0, &domain);
	if (!err)
		err = for_each(vm_of(kobj), vksm_set_domain, domain);
	return err ? err : count;
}

static ssize_t enable_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	struct vmm_mem *mem = NULL;
	bool on = true;

	while ((mem = next_of(vm_of(kobj), mem)))
		on &= vksm_enabled(mem);
	return sysfs_emit(buf, "%u\n", on);
}

static int enable(struct vmm_mem *mem, u64 on)
{
	return vksm_set_enabled(mem, on);
}

static ssize_t enable_store(struct kobject *kobj, struct kobj_attribute *attr,
			    const char *buf, size_t count)
{
	bool on;
	int err = kstrtobool(buf, &on);

	if (!err)
		err = for_each(vm_of(kobj), enable, on);
	return err ? err : count;
}

static struct kobj_attribute domain_attr = __ATTR_RW_MODE(domain, 0600);
static struct kobj_attribute enable_attr = __ATTR_RW_MODE(enable, 0600);

static struct attribute *const knob_attrs[] = {
	&domain_attr.attr, &enable_attr.attr,
};

/* ---- figures ------------------------------------------------------------------- */

static struct kobj_attribute stat_file[VKSM_NR_VM_STATS];
static struct kobj_attribute row_file[VKSM_NR_ROW_STATS];
static struct attribute *attrs[ARRAY_SIZE(knob_attrs) + VKSM_NR_VM_STATS +
			       VKSM_NR_ROW_STATS + 1];

const struct attribute_group vmm_sysfs_ksm_vm_group = {
	.name = "ksm", .attrs = attrs, .bin_attrs = vmm_sysfs_ksm_dumps,
};

static void add_object(void *stat, struct vmm_mem *mem)
{
	vksm_add_object_stats(mem, stat);
}

static ssize_t stat_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	u64 stat[VKSM_NR_VM_STATS] = { };

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	npt_space_each_mem(&vm_of(kobj)->space, add_object, stat);
	return sysfs_emit(buf, "%llu\n", stat[attr - stat_file]);
}

static ssize_t row_show(struct kobject *kobj, struct kobj_attribute *attr,
			char *buf)
{
	u64 val;
	int err;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	err = vmm_sysfs_ksm_row_stat(vm_of(kobj), attr - row_file, &val);
	return err ? err : sysfs_emit(buf, "%llu\n", val);
}

void vmm_sysfs_ksm_vm_fill(void)
{
	unsigned int i, n = ARRAY_SIZE(knob_attrs);

	for (i = 0; i < n; i++)
		attrs[i] = knob_attrs[i];
	for (i = 0; i < VKSM_NR_VM_STATS; i++) {
		vmm_sysfs_ksm_file(&stat_file[i], vksm_vm_stat_names[i],
				   stat_show);
		attrs[n + i] = &stat_file[i].attr;
	}
	n += VKSM_NR_VM_STATS;
	for (i = 0; i < VKSM_NR_ROW_STATS; i++) {
		vmm_sysfs_ksm_file(&row_file[i], vksm_row_stat_names[i],
				   row_show);
		attrs[n + i] = &row_file[i].attr;
	}
}
