#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: timeout: 1500, alone: yes
#
# A thousand VMs made, run and gone: each ends with its guest's own code, and nothing of
# them stays in the host.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vm.sh

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
cycle 100
before=$(memory_settled)
cycle 1000
is "$bad" 0 "each VM ends with its guest's code: ${last-}"
# A page left by each would be twice the noise.
ok "memory comes back" returns_to "$before" 2000
ok "the module is idle" module_idle
done_testing
