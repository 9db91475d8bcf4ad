#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: timeout: 400
#
# Debian's kernel boots with 1, 2, 4 and 8 processors, sees what it was given, runs the
# commands of its command line and powers off. CPUS names other numbers.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vm.sh

for cpus in ${CPUS:-1 2 4 8}; do
	linux $cpus 256M 'run="echo sum: $((6 * 7))"' --timeout 180
	status=$?
	is $status 0 "$cpus: power-off ends vmctl well"
	is "$(guest_said cpus)" $cpus "$cpus: processors"
	is "$(guest_said clock)" "$(guest_clock)" "$cpus: clock"
	is "$(grep -c '^sum: 42' "$tmp/console")" 1 "$cpus: commands run"
	memory=$(guest_said memory)
	ok "$cpus: memory is ${memory:-unknown}" [ "${memory%%[!0-9]*}" -gt 180000 ]
	[ $status = 0 ] || show_guest
done
done_testing
