#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: timeout: 180
#
# A kernel that complains fails the run, whatever the command says; a run that does not
# end is ended; a killed starter takes its emulator along.

. "$(dirname "$0")/../lib/tap.sh"
testhost=tools/testhost/testhost

# run STATUS TEXT NAME FLAGS -- COMMAND: the status, and a line of the report.
run()
{
	local status=$1 text=$2 name=$3
	shift 3
	$testhost "$@" >"$tmp/out" 2>&1
	is $? "$status" "$name: status"
	ok "$name: the report shows it" grep -q "$text" "$tmp/out"
}

run 126 'WARNING: made up' "warning" -- sh -c 'echo "WARNING: made up" >/dev/kmsg'
run 126 'sysrq triggered crash' "panic" -- sh -c 'echo c >/proc/sysrq-trigger; sleep 9'
run 124 'no end after 8 s' "timeout" --timeout 8 -- sleep 60
run 5 'said it' "complaint that is allowed" --allow 'made up' -- \
	sh -c 'echo "WARNING: made up" >/dev/kmsg; echo said it; exit 5'

for signal in TERM HUP; do
	$testhost -- sleep 60 2>/dev/null &
	pid=$!
	sleep 2
	children=$(ps -o pid= --ppid $pid)
	kill -$signal $pid
	wait $pid
	is $? $((128 + $(kill -l $signal))) "SIG$signal: status"
	left=
	for child in $children; do
		! kill -0 "$child" 2>/dev/null || left="$left $child"
	done
	is "$left" "" "SIG$signal: no process left"
done
done_testing
