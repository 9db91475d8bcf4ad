#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd intel, soak: intel, timeout: 300, module: apicv=0
# test: files: selftests/api/build/lib/two_boxes build/guest.bzImage build/guest.cpio
#
# Linux with two processors is saved while it counts and sleeps, and goes on in another machine
# seconds later: nothing is missed or done twice, its clocks have not noticed, and its kernel
# has nothing to say.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vm.sh

# What the kernel has to say of its boot is another matter.
run='dmesg -c >/dev/null; i=0; while [ $i -lt 60 ]; do i=$((i + 1)); read up rest </proc/uptime; '
run+='echo tick $i $up $(taskset $((i % 2 + 1)) cat /proc/sys/kernel/random/boot_id); usleep 20000; done; '
run+='cat /sys/devices/system/clocksource/clocksource0/current_clocksource | sed s/^/source\ /; '
run+='dmesg | grep -v random: | sed s/^/complaint\ /; true'

selftests/api/build/lib/two_boxes 2 256 build/guest.bzImage build/guest.cpio \
	"console=ttyS0 quiet panic=-1 run=\"$run\"" 'tick 20 ' 5 >"$tmp/console" 2>"$tmp/end"
is $? 0 "it powers off in the second machine"
tr -d '\r' <"$tmp/console" | sed -n 's/^tick //p' >"$tmp/ticks"
is "$(cut -d ' ' -f 1 "$tmp/ticks" | tr '\n' ' ')" "$(seq 60 | tr '\n' ' ')" "every count, once, in order"
is "$(cut -d ' ' -f 3 "$tmp/ticks" | sort -u | wc -l)" 1 "of one boot"
# The longest time between two counts, in hundredths of a second, and whether all grow.
gap=$(awk '{ t = $2 * 100; if (NR > 1 && t < last) back = 1; if (NR > 1 && t - last > most) most = t - last; last = t }
	END { print back + 0, int(most) }' "$tmp/ticks")
ok "its clock does not go back, nor 5 seconds on (${gap#* }0 ms)" \
	eval '[ "${gap% *}" = 0 ] && [ "${gap#* }" -lt 300 ]'
is "$(tr -d '\r' <"$tmp/console" | sed -n 's/^source //p')" "$(guest_clock)" "it keeps its clock"
is "$(grep -c '^complaint' "$tmp/console")" 0 "and does not complain"
[ "$tap_bad" = 0 ] || tail -n 60 "$tmp/console" "$tmp/end" | tr -d "\r" | sed "s/^/# /"
done_testing
