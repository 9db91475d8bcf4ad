// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/vmm.  Documentation/ABI/testing/sysfs-kernel-vmm lists the files.
 *
 * A VM's directory belongs to the VM's owner, so that the modes of files give the
 * rights.  It holds no reference to the VM: removing it waits for readers, and
 * comes before the VM's end.
 */
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "compat.h"
#include "core/backend_ops.h"
#include "core/main.h"
#include "core/stats.h"
#include "core/vm.h"
#include "ctl/sysfs.h"
#include "ctl/sysfs_ksm.h"
#include "uapi/linux/vmm_netlink.h"

static struct kobject *top, *vms_dir;

/* ---- counters, everywhere --------------------------------------------------- */

/**
 * struct stat_attr - a file that shows a counter
 * @attr:	the file
 * @stat:	which counter
 */
struct stat_attr {
	struct kobj_attribute attr;
	unsigned int stat;
};

static unsigned int stat_of(const struct kobj_attribute *attr)
{
	return container_of(attr, struct stat_attr, attr)->stat;
}

static ssize_t total_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%llu\n", vmm_stat_total(stat_of(attr)));
}

static ssize_t gone_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	return sysfs_emit(buf, "%llu\n", vmm_stat_gone(stat_of(attr)));
}

static struct vmm_vm *vm_of(struct kobject *kobj)
{
	return container_of(kobj, struct vmm_sysfs_vm, kobj)->vm;
}

static ssize_t vm_stat_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  vmm_vm_stat(vm_of(kobj), stat_of(attr)));
}

/* The files of one counter for each of the lists' entries, in two directories. */
#define NR_EXITS	(VMM_NR_STATS - VMM_STAT_EXIT_FIRST)

struct stat_files {
	struct stat_attr file[VMM_NR_STATS];
	struct attribute *stats[VMM_STAT_EXIT_FIRST + 1];
	struct attribute *exits[NR_EXITS + 1];
	struct attribute_group stats_group;
	struct attribute_group exits_group;
	const struct attribute_group *groups[3];
};

static struct stat_files total_files = {
	.stats_group.name = "stats",
	.exits_group.name = "exits",
};

static struct stat_files gone_files = {
	.stats_group.name = "gone_stats",
	.exits_group.name = "gone_exits",
};

static struct stat_files vm_files = {
	.stats_group.name = "stats",
	.exits_group.name = "exits",
};

typedef ssize_t (*show_fn)(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf);

static void fill_files(struct stat_files *files, umode_t mode, show_fn show)
{
	struct stat_attr *f;
	unsigned int i;

	for (i = 0; i < VMM_NR_STATS; i++) {
		f = &files->file[i];
		sysfs_attr_init(&f->attr.attr);
		f->attr.attr.name = vmm_stat_names[i];
		f->attr.attr.mode = mode;
		f->attr.show = show;
		f->stat = i;
		if (i < VMM_STAT_EXIT_FIRST) {
			files->stats[i] = &f->attr.attr;
			continue;
		}
		f->attr.attr.name += strlen("exit_");
		files->exits[i - VMM_STAT_EXIT_FIRST] = &f->attr.attr;
	}
	files->stats_group.attrs = files->stats;
	files->exits_group.attrs = files->exits;
	files->groups[0] = &files->stats_group;
	files->groups[1] = &files->exits_group;
}

/* ---- the module's own files -------------------------------------------------- */

static ssize_t version_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%s\n", VMM_VERSION);
}

static ssize_t abi_show(struct kobject *kobj, struct kobj_attribute *attr,
			char *buf)
{
	return sysfs_emit(buf, "%u\n", VMM_ABI_VERSION);
}

static ssize_t backend_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%s\n", vmm_backend->name);
}

static ssize_t nr_vms_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%u\n", vmm_vm_count());
}

static struct kobj_attribute version_attr = __ATTR_RO(version);
static struct kobj_attribute abi_attr = __ATTR_RO(abi);
static struct kobj_attribute backend_attr = __ATTR_RO(backend);
static struct kobj_attribute nr_vms_attr = __ATTR_RO(nr_vms);

static const struct attribute *const top_attrs[] = {
	&version_attr.attr, &abi_attr.attr, &backend_attr.attr,
	&nr_vms_attr.attr, NULL
};

/* ---- a VM's files ------------------------------------------------------------ */

static ssize_t name_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	struct vmm_vm *vm = vm_of(kobj);
	ssize_t len;

	mutex_lock(&vm->control.lock);
	len = sysfs_emit(buf, "%s\n", vm->name);
	mutex_unlock(&vm->control.lock);
	return len;
}

static ssize_t state_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	static const char *const names[] = {
		[VMM_NL_STATE_NEW]	= "new",
		[VMM_NL_STATE_RUNNING]	= "running",
		[VMM_NL_STATE_PAUSED]	= "paused",
		[VMM_NL_STATE_DEAD]	= "dead",
	};

	return sysfs_emit(buf, "%s\n", names[vmm_control_state(vm_of(kobj))]);
}

static ssize_t vcpus_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%u\n", vmm_vm_count_vcpus(vm_of(kobj)));
}

static ssize_t memory_bytes_show(struct kobject *kobj,
				 struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", npt_space_bytes(&vm_of(kobj)->space));
}

static ssize_t resident_bytes_show(struct kobject *kobj,
				   struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n",
			  npt_space_resident(&vm_of(kobj)->space));
}

static ssize_t paused_ns_show(struct kobject *kobj,
			      struct kobj_attribute *attr, char *buf)
{
	struct vmm_clock_vm *clock = &vm_of(kobj)->x86.clock;

	return sysfs_emit(buf, "%llu\n", vmm_clock_vm_stopped_ns(clock));
}

static struct kobj_attribute state_attr = __ATTR_RO(state);
static struct kobj_attribute name_attr = __ATTR_RO_MODE(name, 0400);
static struct kobj_attribute vcpus_attr = __ATTR_RO_MODE(vcpus, 0400);
static struct kobj_attribute memory_attr = __ATTR_RO_MODE(memory_bytes, 0400);
static struct kobj_attribute resident_attr =
	__ATTR_RO_MODE(resident_bytes, 0400);
static struct kobj_attribute paused_attr = __ATTR_RO_MODE(paused_ns, 0400);

static struct attribute *vm_attrs[] = {
	&state_attr.attr, &name_attr.attr, &vcpus_attr.attr,
	&memory_attr.attr, &resident_attr.attr, &paused_attr.attr, NULL
};

static const struct attribute_group vm_group = {
	.attrs = vm_attrs,
};

static const struct attribute_group *vm_groups[] = {
	&vm_group, &vm_files.stats_group, &vm_files.exits_group,
	&vmm_sysfs_ksm_vm_group, NULL
};

static void vm_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct vmm_sysfs_vm, kobj));
}

static void vm_ownership(vmm_const_kobject *kobj, kuid_t *uid, kgid_t *gid)
{
	const struct vmm_sysfs_vm *dir =
		container_of(kobj, const struct vmm_sysfs_vm, kobj);

	*uid = dir->vm->control.owner;
	*gid = dir->vm->control.group;
}

static const struct kobj_type vm_type = {
	.release	= vm_release,
	.sysfs_ops	= &kobj_sysfs_ops,
	.default_groups	= vm_groups,
	.get_ownership	= vm_ownership,
};

int vmm_sysfs_add(struct vmm_vm *vm)
{
	struct vmm_sysfs_vm *dir = kzalloc(sizeof(*dir), GFP_KERNEL_ACCOUNT);
	int err;

	if (!dir)
		return -ENOMEM;
	dir->vm = vm;
	err = kobject_init_and_add(&dir->kobj, &vm_type, vms_dir, "%u", vm->id);
	if (err) {
		kobject_put(&dir->kobj);
		return err;
	}
	vm->control.sysfs = dir;
	return 0;
}

void vmm_sysfs_del(struct vmm_vm *vm)
{
	kobject_del(&vm->control.sysfs->kobj);
	kobject_put(&vm->control.sysfs->kobj);
}

/* ---- start and end ------------------------------------------------------------ */

static int add_top_files(void)
{
	int err;

	err = sysfs_create_files(top, (const struct attribute **)top_attrs);
	if (!err)
		err = sysfs_create_groups(top, total_files.groups);
	if (!err)
		err = sysfs_create_groups(top, gone_files.groups);
	if (!err)
		err = sysfs_create_group(top, &vmm_sysfs_ksm_group);
	return err;
}

int vmm_sysfs_init(void)
{
	int err = -ENOMEM;

	fill_files(&total_files, 0444, total_show);
	fill_files(&gone_files, 0444, gone_show);
	fill_files(&vm_files, 0400, vm_stat_show);
	vmm_sysfs_ksm_fill();
	top = kobject_create_and_add("vmm", kernel_kobj);
	if (!top)
		return err;
	vms_dir = kobject_create_and_add("vms", top);
	if (!vms_dir)
		goto err_top;
	/* What has been made goes with the directory. */
	err = add_top_files();
	if (err)
		goto err_vms;
	return 0;

err_vms:
	kobject_put(vms_dir);
err_top:
	kobject_put(top);
	return err;
}

void vmm_sysfs_exit(void)
{
	kobject_put(vms_dir);
	kobject_put(top);
	vmm_sysfs_ksm_survey_exit();
}
