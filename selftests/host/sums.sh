#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd intel, soak: intel, timeout: 60
# test: files: python3 uapi/linux/vmm_netlink.h
#
# Every counter of the one list: the sum over VMs that run, are paused, are dead and have gone
# is the global figure, in sysfs, over netlink and for a scraper.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh
. selftests/lib/vm.sh

make_tiny || exit
run_tiny >/dev/null 2>&1
$vmctl run -m 8M --multiboot "$tmp/fault" gone </dev/null >/dev/null 2>&1
begin web spin -c 2
web=$pid
begin lab button
lab=$pid
begin dead button
dead=$pid
kill -STOP $dead
$vmctl kill --wait 0.2 dead 2>/dev/null
$vmctl pause web
$vmctl pause lab
/usr/bin/python3 selftests/lib/sums.py >"$tmp/sums"
is $? 0 "they can be read"
while read -r line; do
	case $line in
	ok\ * | not\ ok\ *) ok "${line#*ok }" [ "${line%% *}" = ok ] ;;
	*)	echo "$line" ;;
	esac
done <"$tmp/sums"
{ kill -KILL $web $lab $dead; wait; } 2>/dev/null
is "$($vmctl list -aq)" "" "all VMs have gone"
is "$(cat /sys/kernel/vmm/stats/exits)" "$(cat /sys/kernel/vmm/gone_stats/exits)" \
	"then the total is that of the gone"
done_testing
