#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, timeout: 400
#
# Debian's kernel boots whoever unpacks it; two boots differ in where it lies, in virtual
# and in physical memory, and nokaslr keeps it where it is linked to.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vm.sh

say="echo 0 >/proc/sys/kernel/kptr_restrict; grep -w _text /proc/kallsyms;"
say="$say grep Kernel.code /proc/iomem"
linked="ffffffff81000000 01000000"

# place NAME MEMORY ARGS FLAGS...: boots; where the kernel lies is in $place.
place()
{
	local name=$1 memory=$2 args=$3
	shift 3

	linux 2 "$memory" "$args run=\"$say\"" --timeout 120 "$@"
	is $? 0 "$name: boots"
	place=$(tr -d '\r' <"$tmp/console" | sed -n 's/^\([0-9a-f]\{16\}\) T _text$/\1/p
		s/^ *\([0-9a-f]*\)-[0-9a-f]* : Kernel code$/\1/p' | xargs)
	ok "$name: lies at $place" [ "$(wc -w <<<"$place")" = 2 ]
	[ "$(guest_said cpus)" = 2 ] || show_guest
}

differs() { [ "${1% *}" != "${2% *}" ] || [ "${1#* }" != "${2#* }" ]; }

# One in some hundred pairs is the same by chance, in one of the two; in both, none.
place host 512M "" --unpack host
one=$place
place "host again" 512M "" --unpack host
ok "two boots differ" differs "$one" "$place"
place "host, nokaslr" 256M nokaslr --unpack host
is "$place" "$linked" "host, nokaslr: where it is linked to"
place "guest, nokaslr" 256M nokaslr --unpack guest
is "$place" "$linked" "guest, nokaslr: where it is linked to"
place "host, mem=" 256M mem=200M --unpack host
is "${place#* }" "${linked#* }" "host, mem=: moves in virtual memory only"

head -c 4000000 build/guest.bzImage >"$tmp/short"
$vmctl run -k "$tmp/short" --unpack host 2>"$tmp/words"
is $? 1 "a file that is cut short is refused"
is "$(wc -l <"$tmp/words")" 1 "in one line"
$vmctl run -k build/guest.bzImage --unpack elsewhere 2>"$tmp/words"
is $? 2 "--unpack elsewhere is wrong usage"
done_testing
