#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd, timeout: 240
#
# What guests do while deduplication is measured with them (bench/guest-work): each role and job does
# its rounds, and looks whether what comes out is right; without what it needs it says so.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vm.sh
. tools/testhost/lib.sh

mkdir -p "$tmp/root/bin"
install -m 755 selftests/bench/guest-work "$tmp/root/bin"
{ cat build/guest.cpio; pack "$tmp/root"; } >"$tmp/lacking"
head -c 4M /dev/urandom >"$tmp/root/data"
{ cat build/guest.cpio; pack "$tmp/root"; } >"$tmp/initrd"

# work INITRD NUMBER WORKLOAD ROUNDS: in a guest; what it says of its work is printed.
work()
{
	$vmctl run -c 1 -m 128M -k build/guest.bzImage -i "$1" --timeout 100 \
		-a "console=ttyS0 quiet panic=-1 guest=$2 run=\"guest-work $3 $4 once\"" \
		</dev/null >"$tmp/console" 2>"$tmp/words"
	tr -d '\r' <"$tmp/console" | grep -aE '^guest: (work|failed|done)' | xargs
}

number=0
for role in web db cache; do
	is "$(work "$tmp/initrd" $number W4 40)" "guest: work W4 $role: 40 rounds guest: done" "W4, guest $number"
	number=$((number + 1))
done
is "$(work "$tmp/initrd" 7 W5 70)" "guest: work W5 build: 70 rounds guest: done" "W5"
is "$(work "$tmp/lacking" 0 W4 1)" "guest: work W4 web: cannot begin guest: failed 1 guest: done" \
	"without the data that all have"
[ "$tap_bad" = 0 ] || show_guest
done_testing
