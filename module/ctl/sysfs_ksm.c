// SPDX-License-Identifier: GPL-2.0
/*
 * /sys/kernel/vmm/ksm.  Documentation/ABI/testing/sysfs-kernel-vmm-ksm
 * lists the files.
 *
 * Figures tell what is equal to what: who can write pages and read these finds out what
 * others have in theirs.  So they are for root, also those of a VM that is another's.
 */
#define pr_fmt(fmt) "vmm: " fmt

#include <linux/capability.h>
#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "ctl/sysfs_ksm.h"
#include "ksm/ksm.h"
#include "ksm/policy.h"

/* ---- words --------------------------------------------------------------------- */

static const char *const mode_names[] = {
	[VKSM_OFF]	= "off",
	[VKSM_OBSERVE]	= "observe",
	[VKSM_MERGE]	= "merge",
};

static const char *const hash_names[] = {
	[VKSM_HASH_MUL]	= "mul",
	[VKSM_HASH_AES]	= "aes",
};

static ssize_t mode_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	struct vksm_knobs k;

	vksm_get_knobs(&k);
	return sysfs_emit(buf, "%s\n", mode_names[k.mode]);
}

static ssize_t mode_store(struct kobject *kobj, struct kobj_attribute *attr,
			  const char *buf, size_t count)
{
	int i, err;

	i = sysfs_match_string(mode_names, buf);
	if (i < 0)
		return i;
	err = vksm_set_mode(i);
	return err ? err : count;
}

static ssize_t available_modes_show(struct kobject *kobj,
				    struct kobj_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s %s %s\n", mode_names[VKSM_OFF],
			  mode_names[VKSM_OBSERVE], mode_names[VKSM_MERGE]);
}

static ssize_t hash_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	struct vksm_knobs k;

	vksm_get_knobs(&k);
	return sysfs_emit(buf, "%s\n", hash_names[k.hash]);
}

static ssize_t hash_store(struct kobject *kobj, struct kobj_attribute *attr,
			  const char *buf, size_t count)
{
	int i = sysfs_match_string(hash_names, buf), err;

	if (i < 0)
		return i;
	err = vksm_set_hash(i);
	return err ? err : count;
}

static const char *const security_names[] = {
	[VKSM_BY_DOMAIN]	= "domain",
	[VKSM_FOR_ALL]	= "shared",
	[VKSM_UNIFORM]	= "uniform",
};

static ssize_t security_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	struct vksm_knobs k;

	vksm_get_knobs(&k);
	return sysfs_emit(buf, "%s\n", security_names[k.security]);
}

static ssize_t security_store(struct kobject *kobj, struct kobj_attribute *attr,
			      const char *buf, size_t count)
{
	int i = sysfs_match_string(security_names, buf), err;

	if (i < 0)
		return i;
	err = vksm_set_security(i);
	return err ? err : count;
}

static ssize_t policy_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	struct vksm_knobs k;

	vksm_get_knobs(&k);
	return sysfs_emit(buf, "%s\n", vksm_policies[k.policy]->name);
}

static ssize_t policy_store(struct kobject *kobj, struct kobj_attribute *attr,
			    const char *buf, size_t count)
{
	unsigned int i;
	int err;

	for (i = 0; i < vksm_nr_policies; i++) {
		if (!sysfs_streq(buf, vksm_policies[i]->name))
			continue;
		err = vksm_set_policy(i);
		return err ? err : count;
	}
	return -EINVAL;
}

static ssize_t available_policies_show(struct kobject *kobj,
				       struct kobj_attribute *attr, char *buf)
{
	unsigned int i;
	int len = 0;

	for (i = 0; i < vksm_nr_policies; i++)
		len += sysfs_emit_at(buf, len, "%s%s", i ? " " : "",
				     vksm_policies[i]->name);
	return len + sysfs_emit_at(buf, len, "\n");
}

/* ---- numbers --------------------------------------------------------------------- */

static ssize_t set_uint(const char *buf, size_t count,
			int (*set)(unsigned int to))
{
	unsigned int to;
	int err;

	err = kstrtouint(buf, 0, &to);
	if (!err)
		err = set(to);
	return err ? err : count;
}

static ssize_t set_u64(const char *buf, size_t count, int (*set)(u64 to))
{
	u64 to;
	int err;

	err = kstrtou64(buf, 0, &to);
	if (!err)
		err = set(to);
	return err ? err : count;
}

#define UINT_FILE(_name)						\
static ssize_t _name##_show(struct kobject *kobj,			\
			    struct kobj_attribute *attr, char *buf)	\
{									\
	struct vksm_knobs k;						\
									\
	vksm_get_knobs(&k);						\
	return sysfs_emit(buf, "%u\n", k._name);			\
}									\
static ssize_t _name##_store(struct kobject *kobj,			\
			     struct kobj_attribute *attr,		\
			     const char *buf, size_t count)		\
{									\
	return set_uint(buf, count, vksm_set_##_name);			\
}

UINT_FILE(pages_to_scan)
UINT_FILE(sleep_millisecs)
UINT_FILE(budget_cpu_pct)
UINT_FILE(max_page_sharing)

static ssize_t run_show(struct kobject *kobj, struct kobj_attribute *attr,
			char *buf)
{
	struct vksm_knobs k;

	vksm_get_knobs(&k);
	return sysfs_emit(buf, "%u\n", k.run);
}

static ssize_t run_store(struct kobject *kobj, struct kobj_attribute *attr,
			 const char *buf, size_t count)
{
	unsigned int to;
	int err;

	err = kstrtouint(buf, 0, &to);
	if (!err)
		err = to > VKSM_STOP_AND_UNMERGE ? -EINVAL : vksm_set_run(to);
	return err ? err : count;
}

static ssize_t seed_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	struct vksm_knobs k;

	vksm_get_knobs(&k);
	return sysfs_emit(buf, "%llu\n", k.seed);
}

static ssize_t seed_store(struct kobject *kobj, struct kobj_attribute *attr,
			  const char *buf, size_t count)
{
	return set_u64(buf, count, vksm_set_seed);
}

static ssize_t step_store(struct kobject *kobj, struct kobj_attribute *attr,
			  const char *buf, size_t count)
{
	return set_u64(buf, count, vksm_step);
}

static ssize_t reset_store(struct kobject *kobj, struct kobj_attribute *attr,
			   const char *buf, size_t count)
{
	unsigned int to;
	int err;

	err = kstrtouint(buf, 0, &to);
	if (!err)
		err = to == 1 ? vksm_reset() : -EINVAL;
	return err ? err : count;
}

static struct kobj_attribute mode_attr = __ATTR_RW(mode);
static struct kobj_attribute available_modes_attr = __ATTR_RO(available_modes);
static struct kobj_attribute policy_attr = __ATTR_RW(policy);
static struct kobj_attribute available_policies_attr =
	__ATTR_RO(available_policies);
static struct kobj_attribute hash_attr = __ATTR_RW(hash);
static struct kobj_attribute security_attr = __ATTR_RW(security);
static struct kobj_attribute run_attr = __ATTR_RW(run);
static struct kobj_attribute pages_to_scan_attr = __ATTR_RW(pages_to_scan);
static struct kobj_attribute sleep_millisecs_attr = __ATTR_RW(sleep_millisecs);
static struct kobj_attribute budget_cpu_pct_attr = __ATTR_RW(budget_cpu_pct);
static struct kobj_attribute max_page_sharing_attr =
	__ATTR_RW(max_page_sharing);
static struct kobj_attribute seed_attr = __ATTR_RW_MODE(seed, 0600);
static struct kobj_attribute step_attr = __ATTR_WO(step);
static struct kobj_attribute reset_attr = __ATTR_WO(reset);

static struct attribute *const knob_attrs[] = {
	&mode_attr.attr, &available_modes_attr.attr, &policy_attr.attr,
	&available_policies_attr.attr, &hash_attr.attr, &security_attr.attr, &run_attr.attr,
	&pages_to_scan_attr.attr, &sleep_millisecs_attr.attr,
	&budget_cpu_pct_attr.attr, &max_page_sharing_attr.attr,
	&seed_attr.attr, &step_attr.attr, &reset_attr.attr,
};

/* ---- figures ------------------------------------------------------------------- */

static struct kobj_attribute stat_file[VKSM_NR_STATS];
static struct attribute *attrs[ARRAY_SIZE(knob_attrs) + VKSM_NR_STATS + 1];

const struct attribute_group vmm_sysfs_ksm_group = {
	.name = "ksm", .attrs = attrs, .bin_attrs = vmm_sysfs_ksm_bins,
};

static ssize_t stat_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	s64 stat[VKSM_NR_STATS];

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	vksm_stats(stat, NULL);
	return sysfs_emit(buf, "%lld\n", stat[attr - stat_file]);
}

void vmm_sysfs_ksm_file(struct kobj_attribute *file, const char *name,
			ssize_t (*show)(struct kobject *kobj,
					struct kobj_attribute *attr, char *buf))
{
	sysfs_attr_init(&file->attr);
	file->attr.name = name;
	file->attr.mode = 0400;
	file->show = show;
}

void vmm_sysfs_ksm_fill(void)
{
	unsigned int i, n = ARRAY_SIZE(knob_attrs);

	for (i = 0; i < n; i++)
		attrs[i] = knob_attrs[i];
	for (i = 0; i < VKSM_NR_STATS; i++) {
		vmm_sysfs_ksm_file(&stat_file[i], vksm_stat_names[i], stat_show);
		attrs[n + i] = &stat_file[i].attr;
	}
	vmm_sysfs_ksm_vm_fill();
}
