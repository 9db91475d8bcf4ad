#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.12, host: amd intel, timeout: 400, module: no
#
# The module loads, runs a VM and unloads again, LOADS times, and nothing of it stays.
# load-soak.sh does so a hundred times.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vm.sh

module=build/$(uname -r)/vmm.ko
make_tiny || exit
bad=0
load_some()
{
	local n

	for n in $(seq "$1"); do
		insmod "$module" 2>"$tmp/words" || { bad=$((bad + 1)); last=$(<"$tmp/words"); continue; }
		run_tiny >/dev/null 2>"$tmp/words"
		[ $? = 42 ] || { bad=$((bad + 1)); last=$(<"$tmp/words"); }
		rmmod vmm 2>"$tmp/words" || { bad=$((bad + 1)); last=$(<"$tmp/words"); }
	done
}

# The first ones fill caches that stay.
load_some 3
before=$(memory_settled)
load_some "${LOADS:-10}"
is $bad 0 "each load runs a VM and unloads: ${last-}"
ok "memory comes back" returns_to "$before" 2000
ok "nothing is left in /dev" [ ! -e /dev/vmm ]
ok "nothing is left in /sys" [ ! -e /sys/module/vmm ]
done_testing
