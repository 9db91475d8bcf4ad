#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: host: amd, kernel: 6.1 6.12, check: 6.12, timeout: 300
#
# The host goes to sleep while a guest runs, as far as its last processor (the kernel's own
# test of suspend turns round there), and comes back: the guest goes on where it was, and
# SVM, which is off in between, is on. What an emulated machine's firmware does to wake a
# processor is not part of this.

. "$(dirname "$0")/../lib/tap.sh"
. tools/testhost/lib.sh

cat >"$tmp/job" <<-'END'
	insmod vmm.ko || exit
	./vmctl run -m 128M -k bzImage -i cpio \
		-a 'console=ttyS0 quiet panic=-1 run="sleep 4; echo guest: slept"' </dev/null &
	sleep 3
	echo core >/sys/power/pm_test && echo mem >/sys/power/state || exit
	echo "host: awake"
	wait $!
	status=$?
	rmmod vmm || exit
	exit $status
END

series=$1
kernel=$(tools/testhost/kernel "$series") && release=$(cat "$kernel/release") || exit
tools/testhost/testhost --icount --kernel "$series" --timeout 140 \
	--append suspend.pm_test_delay=1 \
	--add "build/$release/vmm.ko:vmm.ko" --add tools/vmctl/vmctl:vmctl \
	--add build/guest.bzImage:bzImage --add build/guest.cpio:cpio \
	--add "$tmp/job:job" --keep-log "$tmp/log" -- sh job >"$tmp/out" 2>&1
is $? 0 "$series: the guest ends well, and the module unloads"
ok "$series: the host went to its last processor and back" \
	grep -q 'suspend debug: Waiting for' "$tmp/log"
is "$(tr -d '\r' <"$tmp/out" | grep -xE 'host: awake|guest: (slept|done)' | xargs)" \
	"host: awake guest: slept guest: done" "$series: the guest went on"
is "$(grep -o 'vmm: .* in use.*' "$tmp/log")" "" "$series: SVM was off in between"
[ "$tap_bad" = 0 ] || sed 's/^/# /' "$tmp/out" "$tmp/log"
done_testing
