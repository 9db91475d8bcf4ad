#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, memory: 4G, timeout: 1200, alone: yes
#
# A hundred forks of one guest alive at once, each with its own bytes: first of a small one, then of Linux.
# What one costs the host, all told, while it does nothing: at most 1 MiB. Linux is never quite idle: its ticks write
# some 80 pages, which are told apart, and count.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

export VMM_DIR=$tmp/vmm TRIES=600
FORKS=${FORKS:-100} MOST_KIB=1024
log() { echo "$VMM_DIR/log/$1/console.log"; }

# PerCpuFree are pages in per-CPU lists: free, but neither available nor free to meminfo. Since 6.7 these lists can
# grow to an eighth of memory.
meminfo()
{
	{
		sed -nE 's/^(MemAvailable|MemFree|AnonPages|Slab|SUnreclaim|KernelStack|PageTables|Percpu|Shmem|Cached): *([0-9]*) kB/\1 \2/p' /proc/meminfo
		awk '$1 == "count:" { n += $2 } END { print "PerCpuFree", 4 * n }' /proc/zoneinfo
	} | sort
}

# What is freed only after a grace period is not in use.
settle()
{
	sync
	sleep 5
	echo 1 >/proc/sys/vm/drop_caches
	sleep 1
}

# What one has written, on the average, KiB.
written()
{
	local id

	for id in $($vmctl list -o csv --no-header --fields name,id | sed -n 's/^x-.*,//p'); do
		cat "/sys/kernel/vmm/vms/$id/ksm/uss_pages"
	done | awk '{ n += $1 } END { printf "%d", 4 * n / NR }'
}

# forks OF: $FORKS of them, and what each costs.
forks()
{
	local of=$1 each own n

	settle
	meminfo >"$tmp/before"
	quiet 0 fork -n "$FORKS" "$of" x
	is "$($vmctl list -q | grep -c '^x-')" "$FORKS" "$FORKS forks of $of live"
	settle
	meminfo >"$tmp/after"
	join "$tmp/before" "$tmp/after" |
		awk -v n="$FORKS" '{ printf "# %-12s %8d kB, %6.1f each\n", $1, $3 - $2, ($3 - $2) / n }'
	each=$(join "$tmp/before" "$tmp/after" | awk -v n="$FORKS" '
		/^(MemAvailable|PerCpuFree) / { used += $2 - $3 }
		END { printf "%d", used / n }')
	own=$(written)
	ok "a fork of $of that does nothing costs $each KiB, of which it has written $own" [ "$each" -le $MOST_KIB ]
	n=$(process x-1)
	sed 's/^/# x-1: /' "/proc/$n/smaps_rollup" | grep -E 'Rss|Pss:|Private|Anonymous'
	grep -E 'VmPTE|VmData|Threads' "/proc/$n/status" | sed 's/^/# x-1: /'
	n=$($vmctl list -o csv --no-header --fields name,resident | grep '^x-' | cut -d , -f 2 | sort -n)
	echo "# resident: $(head -n 1 <<<"$n") to $(tail -n 1 <<<"$n")"
}

end_forks()
{
	local n

	for n in $(seq "$FORKS"); do
		$vmctl kill "x-$n" && $vmctl destroy "x-$n"
	done
	is "$($vmctl list -q | grep -c '^x-')" 0 "none of them is left"
}

define web count
quiet 0 start web
ok "it counts" typed web ..W abB
forks web
for n in $(seq "$FORKS"); do
	$vmctl inject "x-$n" key "$(printf '.%.0s' $(seq $((n % 20 + 1))))"
done
for n in $(seq "$FORKS"); do
	until_ok eval '[[ "$(tail -n 1 "$(log x-$n)")" = *"$(printf "\\x$(printf %x $((99 + n % 20)))")" ]]' || echo "x-$n"
done >"$tmp/bad"
is "$(cat "$tmp/bad")" "" "each has its own bytes"
ok "and so has the first one" typed web V. Bc
end_forks
quiet 0 kill web

$vmctl create -m 256M -k build/guest.bzImage -i build/guest.cpio \
	-a 'console=ttyS0 quiet panic=-1 run="echo ready; while read a; do echo mine is $a; done"' linux
quiet 0 start linux
quiet 0 wait --for "console:ready" -t 200 linux
sleep 5
forks linux
for n in $(seq "$FORKS"); do
	$vmctl inject "x-$n" key "$n"$'\n'
done
for n in $(seq "$FORKS"); do
	until_ok grep -aq "mine is $n"$'\r' "$(log "x-$n")" || echo "x-$n"
done >"$tmp/bad"
is "$(cat "$tmp/bad")" "" "each Linux has its own bytes"
is "$(cat "$VMM_DIR"/log/x-*/console.log | grep -aciE 'lockup|stall|BUG:|oops')" 0 "none of them complains"
end_forks
quiet 0 kill linux
done_testing
