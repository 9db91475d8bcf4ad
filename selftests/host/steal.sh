#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd intel, soak: intel, timeout: 120
# test: files: build/guest.bzImage build/guest.cpio
#
# A Linux guest that shares a processor with somebody else says in its /proc/stat that time
# was stolen, about as much as the host says.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vm.sh

stolen() { cat /sys/kernel/vmm/stats/steal_ns; }

cpu=$(taskset -pc $$ | sed 's/.*[^0-9]//')
# for three seconds, on however fast a machine
work='read now _ </proc/uptime; end=$((${now%.*} + 4));
while [ ${now%.*} -lt $end ]; do read now _ </proc/uptime; done; head -n 1 /proc/stat'
before=$(stolen)
(taskset -pc "$cpu" $BASHPID >/dev/null && linux 1 128M "run=\"${work//$'\n'/ }\"" --timeout 100) &
guest=$!
for _ in $(seq 900); do
	grep -qs '^guest: clock' "$tmp/console" && break
	sleep 0.1
done
taskset -c "$cpu" sh -c 'while :; do :; done' &
rival=$!
wait $guest
status=$?
host=$((($(stolen) - before) / 10000000))
kill $rival
is $status 0 "a guest beside a rival ends well"
# user nice system idle iowait irq softirq steal, in 10 ms
read -r _ user nice system idle iowait irq softirq guest _ \
	< <(tr -d '\r' <"$tmp/console" | grep '^cpu ')
echo "# guest: ${guest-} stolen beside ${user-} user, ${system-} system, ${idle-} idle; host: $host"
ok "time was stolen" [ "${guest:-0}" -gt 20 ]
ok "no more than the host says" [ "${guest:-0}" -le $((host + 5)) ]
ok "but most of that" [ "${guest:-0}" -gt $((host / 3)) ]
[ $status = 0 ] || show_guest
done_testing
