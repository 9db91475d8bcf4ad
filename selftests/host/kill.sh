#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, timeout: 600, alone: yes
#
# kill -9 of vmctl at random instants of a boot frees everything at once, KILLS times. SEED
# repeats one. kill-soak.sh does it two hundred times.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vm.sh

RANDOM=${VMM_SEED:-$$}
echo "# VMM_SEED=${VMM_SEED:-$$}"

survived=0
kill_some()
{
	local n pid

	for n in $(seq "$1"); do
		linux 2 128M wait=1 &
		pid=$!
		sleep "0.$(printf %03d $((RANDOM % 1000)))"
		# The function is a shell; vmctl is below it.
		vmctl_pid=$(pgrep -P $pid -x vmctl)
		[ -z "$vmctl_pid" ] || kill -KILL "$vmctl_pid"
		kill -KILL $pid 2>/dev/null
		wait $pid 2>/dev/null
		! pgrep -x vmctl >/dev/null || sleep 0.5
		! pgrep -x vmctl >/dev/null || survived=$((survived + 1))
	done
}

kill_some 5
before=$(memory_settled)
kill_some "${KILLS:-15}"
is $survived 0 "none outlives SIGKILL"
ok "memory comes back" returns_to "$before" 4000
ok "the module is idle" module_idle
done_testing
