# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For scripts that run VMs inside a test host: a Linux guest, a guest that ends at once,
# and whether memory comes back. Comes after tap.sh.

vmctl=tools/vmctl/vmctl

# linux CPUS MEMORY ARGS FLAGS...: boot Linux; its console is in $tmp/console.
linux()
{
	local cpus=$1 memory=$2 args=$3
	shift 3

	$vmctl run -c "$cpus" -m "$memory" -k build/guest.bzImage -i build/guest.cpio \
		-a "console=ttyS0 quiet panic=-1 $args" "$@" \
		</dev/null >"$tmp/console" 2>"$tmp/words"
}

# What the guest said of NAME: "guest: NAME VALUE".
guest_said() { tr -d '\r' <"$tmp/console" | sed -n "s/^guest: $1 *//p" | head -n 1; }

# The guest's last words, as comments of a TAP stream.
show_guest() { tail -n 40 "$tmp/console" "$tmp/words" | tr -d '\r' | sed 's/^/# /'; }

# Makes $tmp/tiny: a Multiboot image that writes 42 to port 0xf4. It is made of bytes, as a
# test host need not have a compiler.
make_tiny()
{
	{
		# magic, flags, sum; header, load, load end, bss end, entry: 0x100020
		printf '\x02\xb0\xad\x1b\x00\x00\x01\x00\xfe\x4f\x51\xe4'
		printf '\x00\x00\x10\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x20\x00\x10\x00'
		# mov $42,%al; 1: out %al,$0xf4; hlt; jmp 1b
		printf '\xb0\x2a\xe6\xf4\xf4\xeb\xfb'
	} >"$tmp/tiny"
}

run_tiny() { $vmctl run -m 4M --multiboot "$tmp/tiny" --debug-exit 0xf4 </dev/null "$@"; }

kb() { sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo; }

# Free pages that processors keep at hand, in kB; the kernel does not count them as free.
kb_at_hand() { awk '$1 == "count:" { n += $2 } END { print 4 * n }' /proc/zoneinfo; }

# Memory in use that no cache could give back, in kB. The caches themselves are left alone:
# what they drop has to come through the file server again.
memory_used()
{
	echo $(($(kb MemTotal) - $(kb MemFree) - $(kb_at_hand) - $(kb Cached) - $(kb Buffers) -
		$(kb SReclaimable)))
}

# The least of some seconds: what is on its way out would hide a leak of its size.
memory_settled()
{
	local least used n

	least=$(memory_used)
	for n in $(seq 10); do
		sleep 0.5
		used=$(memory_used)
		[ "$used" -ge "$least" ] || least=$used
	done
	echo "$least"
}

# returns_to KB NOISE: within half a minute, as some of it is freed late.
returns_to()
{
	local n used

	for n in $(seq 30); do
		used=$(memory_used)
		[ $((used - $1)) -gt "$2" ] || { echo "# memory in use: $1 kB, then $used kB"; return 0; }
		sleep 1
	done
	echo "# memory in use: $1 kB, then $used kB: more than $2 kB apart"
	return 1
}

# Nobody holds the module: it would unload.
module_idle() { [ "$(sed -n 's/^vmm [0-9]* \([0-9]*\) .*/\1/p' /proc/modules)" = 0 ]; }

# The clock that a Linux guest chooses: the paravirtual one, unless its processor promises
# a time-stamp counter that never changes its rate.
guest_clock()
{
	if grep -qw nonstop_tsc /proc/cpuinfo; then echo tsc; else echo kvm-clock; fi
}
