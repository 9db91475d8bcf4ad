#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd intel, soak: intel, timeout: 240, files: python3 uapi/linux/vmm_netlink.h
#
# Many guests at once, and clients that list, start, pause, resume, reset, stop and kill them at
# random, as do others with their processes: no wrong answer, no wrong state, each event
# accounted for, nothing left in the host. GUESTS, TIME in seconds; VMM_SEED repeats the choices of
# each client. many-soak.sh has 32 guests for ten minutes.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vm.sh

export VMM_DIR=$tmp/vmm
seed=${VMM_SEED:-$$}
echo "# VMM_SEED=$seed"

# many ARGS...: its checks are ours
many()
{
	local line

	while read -r line; do
		case $line in
		ok\ * | not\ ok\ *) ok "${line#*ok }" [ "${line%% *}" = ok ] ;;
		*)	echo "$line" ;;
		esac
	done < <(/usr/bin/python3 selftests/lib/many.py --seed "$seed" "$@" 2>&1; echo "# status $?")
}

# The first ones fill caches that stay.
/usr/bin/python3 selftests/lib/many.py --seed "$seed" --guests "${GUESTS:-8}" --seconds 3 \
	>"$tmp/first" 2>&1
grep "^not ok" "$tmp/first" && sed 's/^/# /' "$tmp/first"
before=$(memory_settled)
many --guests "${GUESTS:-8}" --seconds "${TIME:-20}" ${LINUX:+--linux}
ok "it came to its end" [ "$tap_n" -gt 14 ]
ok "memory comes back" returns_to "$before" 4000
ok "rmmod works after the last VM" rmmod vmm
done_testing
