#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: module: audit, timeout: 200
#
# Nothing is lost while all is merged and taken apart again, in each mode of security. The
# argument is how many seconds; a second one, nomem, has allocations fail, too.

ksm=/sys/kernel/vmm/ksm

knob() { echo "$2" >$ksm/"$1"; }

knob mode merge
knob sleep_millisecs 0
knob budget_cpu_pct 100
knob pages_to_scan 100000
knob run 1
(
	while sleep 1; do
		for security in domain shared uniform; do
			knob security $security
			knob run 1
			sleep 2
			cat $ksm/snapshot >/dev/null
			knob run 2
			knob run 1
			sleep 1
		done 2>/dev/null # no memory
	done
) &
beside=$!
selftests/api/build/churn "${1:-20}" $2
status=$?
kill $beside
wait $beside
for file in merges breaks breaks_unmerge merge_fail_race merge_fail_domain merge_fail_nomem; do
	echo "# $file: $(cat $ksm/$file)"
done
knob run 0
knob mode off
exit $status
