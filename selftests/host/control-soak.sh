#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: files: selftests/api/build/netlink_fuzz selftests/api/build/sysfs_race
# test: group: soak, host: amd intel, timeout: 600, alone: yes, append: slub_debug=FZPU page_poison=1 init_on_free=0 kfence.sample_interval=1
#
# Netlink requests that are wrong and readers of sysfs that are late, for two minutes each, in
# a host whose kernel poisons what is freed: use after it shows.

. "$(dirname "$0")/../lib/tap.sh"

long()
{
	VMM_SECONDS=120 "selftests/api/build/$1" >"$tmp/out"
	local status=$?
	sed 's/^\(not \)\?ok [0-9]*/#  \1good:/; s/^1\.\./# checks: /' "$tmp/out"
	return $status
}

ok "what is freed is poisoned" grep -q slub_debug=FZPU /proc/cmdline
ok "netlink" long netlink_fuzz
ok "sysfs" long sysfs_race
done_testing
