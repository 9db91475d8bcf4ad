#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Every counter and every exit reason of the module has its entry in Documentation/ABI, and
# no entry is left of one that is gone.

. "$(dirname "$0")/tree.sh"

page=Documentation/ABI/testing/sysfs-kernel-vmm

listed() { sed -nE 's/^\tX\([A-Z_]+,[ \t]*"([a-z_]+)".*/\1/p' "$1"; }

documented() { sed -nE "s#^What:.*/vmm/\{$1,gone_$1,vms/<id>/$1\}/([a-z_]+)\$#\1#p" $page; }

checked=0
compare()
{
	local name

	for name in $(listed "$2"); do
		checked=$((checked + 1))
		documented "$1" | grep -qx "$name" || offence "$2: $1/$name is not in $page"
	done
	for name in $(documented "$1"); do
		listed "$2" | grep -qx "$name" || offence "$page: $1/$name is not in $2"
	done
}

compare stats module/core/stats_list.h
compare exits module/core/exit.h

# Deduplication's: two lists in one file, and the knobs.
ksm_page=$page-ksm
ksm_list=module/ksm/stats_list.h
compare_ksm()
{
	local name names

	names=$(sed -n "/define $2(X)/,/^$/p" $ksm_list | sed -nE 's/^\tX\([A-Z_]+,[ \t]*"([a-z_]+)".*/\1/p'
		sed -nE 's/^static (struct kobj|vmm_bin)_attribute ([a-z_]+)_attr.*/\2/p' $3)
	[ -n "$names" ] || offence "$ksm_list: no $2"
	for name in $names; do
		checked=$((checked + 1))
		grep -qE "^What:.*/vmm/$1/$name$" $ksm_page || offence "$1/$name is not in $ksm_page"
	done
	for name in $(sed -nE "s#^What:.*/vmm/$1/([a-z_]+)\$#\1#p" $ksm_page); do
		grep -qx "$name" <<<"$names" || offence "$ksm_page: $1/$name is no file of the module"
	done
}

compare_ksm ksm VKSM_STATS 'module/ctl/sysfs_ksm.c module/ctl/sysfs_ksm_survey.c'
compare_ksm 'vms/<id>/ksm' 'VKSM_\(VM\|ROW\)_STATS' 'module/ctl/sysfs_ksm_vm.c module/ctl/sysfs_ksm_dump.c'
for name in $(sed -nE 's/^static struct kobj_attribute ([a-z_]+)_attr.*/\1/p' module/ctl/sysfs.c); do
	checked=$((checked + 1))
	file=$(sed -nE "s/.*kobj_attribute ${name}_attr = *(__ATTR_RO.*)?/\1/p; /${name}_attr =\$/{n;p}" \
		module/ctl/sysfs.c | grep -oE '\([a-z_]+' | tr -d '(' | head -n 1)
	grep -qE "^What:.*/$file\$" $page || offence "module/ctl/sysfs.c: $file is not in $page"
done
verdict $checked
