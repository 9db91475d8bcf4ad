#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, timeout: 3000, alone: yes
#
# Fifty boots in a row, all of which succeed.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vm.sh

for n in $(seq 50); do
	linux 2 256M '' --timeout 180
	is "$? $(guest_said cpus) $(guest_said clock)" "0 2 kvm-clock" "boot $n"
done
done_testing
