#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd, timeout: 180
#
# A script written for KSM's sysfs (lib/ksm-sysfs.sh) runs unchanged on the module's directory: it
# says the same lines, and they mean the same; what it sets is set.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

export VMM_DIR=$tmp/vmm
linux=/sys/kernel/mm/ksm ours=/sys/kernel/vmm/ksm
script=selftests/lib/ksm-sysfs.sh

# A process with 8 MiB of equal pages, for KSM; it lives until its pipe is closed.
cat >"$tmp/equal.py" <<'END'
import ctypes, mmap, sys
m = mmap.mmap(-1, 8 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
m.madvise(getattr(mmap, "MADV_NOHUGEPAGE", 15))
m.madvise(getattr(mmap, "MADV_MERGEABLE", 12))
for at in range(0, 8 << 20, 4096):
    m[at:at + 8] = b"the same"
print("ready", flush=True)
sys.stdin.read()
END

# said FILE WORD: the number behind a word.
said() { sed -n "s/.*\<$2 \(-\?[0-9]*\).*/\1/p" "$1" | head -n 1; }
# The lines that it says, without numbers.
form() { sed 's/-\?[0-9]\+/N/g' "$1" | grep -vE '^(profit|zero|scanned)'; }

exec 3> >(/usr/bin/python3 "$tmp/equal.py" >"$tmp/ready")
until_ok grep -q ready "$tmp/ready"
define web rest
define lab rest
quiet 0 start web
quiet 0 start lab
# What KSM has no like of: it merges if it runs.
quiet 0 ksm set mode=merge

for dir in $linux $ours; do
	name=$(basename "$(dirname "$dir")")
	$script $dir report >"$tmp/$name.first"
	is $? 0 "$name: a report"
	passes=$(said "$tmp/$name.first" passes)
	$script $dir scan
	is "$? $(cat $dir/run)" "0 0" "$name: two passes"
	$script $dir report >"$tmp/$name.report"
	ok "$name: passes are counted" [ "$(said "$tmp/$name.report" passes)" -ge $((passes + 2)) ]
	shared=$(said "$tmp/$name.report" shared) sharing=$(said "$tmp/$name.report" sharing)
	ok "$name: pages are shared: $shared, $sharing" [ "$shared" -gt 0 -a "$sharing" -gt 0 ]
	$script $dir tune 101 >"$tmp/tuned"
	is "$? $(cat $dir/run)" "0 1" "$name: tuned to run"
	is "$(cat $dir/pages_to_scan)" "$(said "$tmp/tuned" to)" "$name: as it says"
	$script $dir stop
	is "$? $(cat $dir/run)" "0 0" "$name: stopped"
	$script $dir unmerge
	is "$? $(cat $dir/run)" "0 2" "$name: taken apart"
	ok "$name: nothing is shared" until_ok eval "[ \$(cat $dir/pages_shared) = 0 ]"
	$script $dir stop
done
is "$(form "$tmp/vmm.report")" "$(form "$tmp/mm.report")" "the same lines"
is "$(said "$tmp/mm.report" saved)" "$(($(said "$tmp/mm.report" sharing) * 4))" "and what they say"
# Each file that it reads and 6.1 has is there with the rights that it has in KSM's, or fewer.
for file in run pages_to_scan sleep_millisecs max_page_sharing pages_shared pages_sharing pages_unshared \
	pages_volatile full_scans; do
	[ -e $linux/$file ] && [ -e $ours/$file ] || echo "$file"
done >"$tmp/missing"
is "$(cat "$tmp/missing")" "" "no file is missing"
is "$(state web) $(state lab)" "running running" "guests go on"
exec 3>&-
quiet 0 kill web
quiet 0 kill lab
quiet 0 ksm set mode=observe
done_testing
