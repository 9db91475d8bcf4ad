#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: host: amd, kernel: 6.1, timeout: 300
#
# security=uniform, by the latencies that a guest sees: in a host whose time is the count of its
# instructions merged pages are like others, and the same test with security=shared in its place
# fails.

. "$(dirname "$0")/../lib/tap.sh"
testhost=tools/testhost/testhost
series=$1

release=$(cat "$(tools/testhost/kernel "$series")/release") || exit
{
	make -s -C selftests/api build/ksm_latency
	[ -e "build/$release/vmm.ko" ] ||
		make -s modules KDIR="$(tools/testhost/kernel --headers "$series")"
} >"$tmp/built" 2>&1 || { cat "$tmp/built"; exit; }
# What debuggers want is most of it, and takes long to unpack.
strip --strip-debug -o "$tmp/vmm.ko" "build/$release/vmm.ko" || exit

$testhost --kernel "$series" --icount --timeout 250 --add "$tmp/vmm.ko:vmm.ko" \
	--add selftests/api/build/ksm_latency:ksm_latency -- \
	sh -c 'insmod ./vmm.ko && ./ksm_latency 8000; echo "status $?"
		./ksm_latency 2000 shared; echo "status $?"; rmmod vmm' >"$tmp/out" 2>&1
is $? 0 "latencies in a host that counts instructions"
sed 's/^/# /' "$tmp/out"
is "$(grep -c '^status 0' "$tmp/out")$(grep -c '^status 1' "$tmp/out")" 11 "one run passes, one fails"
ok "uniform tells nothing" grep -q '^ok .* uniform: all kinds' "$tmp/out"
ok "shared held to be uniform fails" grep -q '^not ok .* shared: all kinds' "$tmp/out"
is "$(grep -c '^not ok' "$tmp/out")" 1 "and nothing else does"
ok "the default mode tells" grep -q '^ok .* domain: the time of a write tells' "$tmp/out"
done_testing
