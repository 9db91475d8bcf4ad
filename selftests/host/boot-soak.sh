#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, host: amd intel, timeout: 3000, alone: yes, files: build/guest.bzImage build/guest.cpio
#
# Boots in a row, all of which succeed: fifty with two processors, or where they take long
# ten each with 1, 2 and 4. BOOTS="N CPUS..." tells others.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vm.sh

boots="50 2"
! grep -qw vmx /proc/cpuinfo || boots="10 1 2 4"
read -r boots counts <<<"${BOOTS:-$boots}"
for cpus in $counts; do
	for n in $(seq "$boots"); do
		begun=${EPOCHREALTIME/./} bad=$tap_bad
		linux "$cpus" 256M '' --timeout 180
		is "$? $(guest_said cpus) $(guest_said clock)" "0 $cpus $(guest_clock)" \
			"boot $n with $cpus processors"
		[ "$tap_bad" = "$bad" ] || show_guest
		echo "# $(((${EPOCHREALTIME/./} - begun) / 1000)) ms"
	done
done
done_testing
