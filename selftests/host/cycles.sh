#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.12, host: amd intel, timeout: 600, alone: yes
#
# VMs made, run and gone, CYCLES of them: each ends with its guest's own code, and nothing
# of them stays in the host. cycles-soak.sh makes a thousand.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vm.sh

cycles=${CYCLES:-150}
make_tiny || exit
bad=0
cycle()
{
	local n

	for n in $(seq "$1"); do
		run_tiny >/dev/null 2>"$tmp/words"
		[ $? = 42 ] || { bad=$((bad + 1)); last=$(cat "$tmp/words"); }
	done
}

# The first ones fill caches that stay.
cycle 50
before=$(memory_settled)
cycle "$cycles"
is "$bad" 0 "each VM ends with its guest's code: ${last-}"
# Four pages left by each of 150, or one by each of a thousand, are more than the noise.
ok "memory comes back" returns_to "$before" 2000
ok "the module is idle" module_idle
done_testing
