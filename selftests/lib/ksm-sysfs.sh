#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# ksm-sysfs.sh DIR report|scan|tune PERCENT|unmerge|stop: a script of the kind that is written for
# Linux's KSM, by the documentation of its sysfs alone. Nothing in it knows whose DIR is; what
# older kernels lack it leaves out.
#
#	report		what is saved, and how well it goes
#	scan		runs the scanner until it has been over all memory twice
#	tune PERCENT	more pages at once when less than so much of memory is free, as ksmtuned does
#	unmerge, stop	takes all apart; lets all be

dir=$1 what=${2-report}
cd "$dir" || exit
get() { cat "$1"; }
put() { echo "$2" >"$1" || { echo "$dir/$1: $2 refused" >&2; exit 1; }; }

report()
{
	local shared sharing unshared volatile

	shared=$(get pages_shared) sharing=$(get pages_sharing)
	unshared=$(get pages_unshared) volatile=$(get pages_volatile)
	echo "run $(get run), $(get pages_to_scan) pages every $(get sleep_millisecs) ms," \
		"at most $(get max_page_sharing) to a page"
	echo "shared $shared sharing $sharing unshared $unshared volatile $volatile"
	echo "passes $(get full_scans)"
	echo "saved $((sharing * 4)) KiB"
	# "A high ratio of pages_sharing to pages_shared indicates good sharing".
	[ "$shared" = 0 ] || echo "ratio $((sharing * 100 / shared)) %"
	[ $((sharing + shared)) = 0 ] ||
		echo "wasted effort $((unshared * 100 / (sharing + shared))) %"
	[ ! -e general_profit ] || echo "profit $(get general_profit)"
	[ ! -e ksm_zero_pages ] || echo "zero pages $(get ksm_zero_pages)"
	[ ! -e pages_scanned ] || echo "scanned $(get pages_scanned)"
}

scan()
{
	local pages ms passes tries=0

	pages=$(get pages_to_scan) ms=$(get sleep_millisecs) passes=$(get full_scans)
	put sleep_millisecs 0
	put pages_to_scan 100000
	put run 1
	while [ "$(get full_scans)" -lt $((passes + 2)) ]; do
		tries=$((tries + 1))
		[ $tries -lt 600 ] || { echo "no two passes in a minute" >&2; exit 1; }
		sleep 0.1
	done
	put run 0
	put pages_to_scan "$pages"
	put sleep_millisecs "$ms"
}

tune()
{
	local total free pages

	total=$(awk '/^MemTotal:/ { print $2 }' /proc/meminfo)
	free=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
	pages=$(get pages_to_scan)
	if [ $((free * 100 / total)) -lt "$1" ]; then
		pages=$((pages + 300))
		[ $pages -le 1250 ] || pages=1250
		put run 1
	else
		pages=$((pages - 50))
		[ $pages -ge 64 ] || pages=64
	fi
	put pages_to_scan $pages
	put sleep_millisecs 10
	echo "tuned to $(get pages_to_scan) pages every $(get sleep_millisecs) ms"
}

case $what in
report)		report ;;
scan)		scan ;;
tune)		tune "$3" ;;
unmerge)	put run 2 ;;
stop)		put run 0 ;;
*)		echo "usage: $0 DIR report|scan|tune PERCENT|unmerge|stop" >&2; exit 2 ;;
esac
