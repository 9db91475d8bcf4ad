#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: host: amd intel, soak: intel, kernel: 6.1 6.12, check: 6.1, timeout: 180
#
# Four vCPUs that spin on one processor are parked within 10 ms of the host's time, also when
# their process is stopped: in a host whose time is the count of its instructions, 1 ns each,
# so that no other load of this machine is in the figure, and a run repeats.

. "$(dirname "$0")/../lib/tap.sh"
testhost=tools/testhost/testhost
LIMIT_US=10000
kernel=$1 host=$2 limit=150
[ "$host" = amd ] || limit=500

series=$kernel
[ "$host" != intel ] || series=$kernel-cloud
release=$(cat "$(tools/testhost/kernel "$series")/release") || exit
{
	make -s -C selftests/api build/pause_time
	[ -e "build/$release/vmm.ko" ] ||
		make -s modules KDIR="$(tools/testhost/kernel --headers "$series")"
} >"$tmp/built" 2>&1 || { cat "$tmp/built"; exit; }
# What debuggers want is most of it, and takes long to unpack.
strip --strip-debug -o "$tmp/vmm.ko" "build/$release/vmm.ko" || exit

VMM_PAUSE_LIMIT_US=$LIMIT_US $testhost --host "$host" --kernel "$kernel" --icount --timeout "$limit" --add "$tmp/vmm.ko:vmm.ko" \
	--add selftests/api/build/pause_time:pause_time -- \
	sh -c 'insmod ./vmm.ko && ./pause_time && rmmod vmm' >"$tmp/out" 2>&1
is $? 0 "pauses in a host that counts instructions"
sed 's/^/# /' "$tmp/out"
ok "they were made" grep -q '^ok .* parked after' "$tmp/out"
done_testing
