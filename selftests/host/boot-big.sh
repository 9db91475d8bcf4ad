#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, memory: 3G, timeout: 240
#
# Guest memory is there on demand: 6 GiB in a host of 3 GiB, on both sides of the PCI hole.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vm.sh

linux 1 6G 'run="mount -t tmpfs t /tmp && dd if=/dev/urandom of=/tmp/a bs=64k count=256 && cp /tmp/a /tmp/b && cmp /tmp/a /tmp/b && echo same"' --timeout 200
status=$?
is $status 0 "power-off"
memory=$(guest_said memory)
ok "the guest has ${memory:-no memory}" [ "${memory%%[!0-9]*}" -gt 5800000 ]
ok "its memory keeps what is written" grep -q '^same' "$tmp/console"
ok "the host has less than half of that" [ "$(kb MemTotal)" -lt 3200000 ]
[ "$tap_bad" = 0 ] || show_guest
done_testing
