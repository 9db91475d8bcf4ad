#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: module: audit, timeout: 200
#
# Nothing is lost while all is merged and taken apart again, in each mode of security. The
# first argument is how many seconds. Others: nomem, allocations fail, too; hostile, all that is hard for
# deduplication goes on beside it (api/ksm_hostile), and loses nothing either.

ksm=/sys/kernel/vmm/ksm
seconds=${1:-20} nomem='' hostile=''
[ $# = 0 ] || shift
for word; do
	case $word in
	nomem)	 nomem=nomem ;;
	hostile) hostile=$(mktemp) ;;
	*)	 echo "$0: $word?" >&2; exit 2 ;;
	esac
done

knob() { echo "$2" >$ksm/"$1"; }

knob mode merge
knob sleep_millisecs 0
knob budget_cpu_pct 100
knob pages_to_scan 100000
knob run 1
if [ -n "$hostile" ]; then
	selftests/api/build/ksm_hostile 0 beside $nomem >"$hostile" 2>&1 &
	others=$!
	until grep -q '^# ready' "$hostile"; do
		kill -0 $others || { cat "$hostile"; exit 1; }
		sleep 1
	done
fi
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
selftests/api/build/churn "$seconds" $nomem
status=$?
kill $beside
wait $beside
if [ -n "$hostile" ]; then
	kill $others
	wait $others || status=1
	sed 's/^#* */# beside: /' "$hostile"
fi
for file in merges breaks breaks_unmerge merge_fail_race merge_fail_domain merge_fail_nomem; do
	echo "# $file: $(cat $ksm/$file)"
done
knob run 0
knob mode off
exit $status
