#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd, timeout: 240
# test: files: setpriv python3 Documentation/schema/vmctl.json
#
# vmctl ksm: what it sets is set, a scan finds what two equal VMs have in common, and refusals
# say why.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

export VMM_DIR=$tmp/vmm
field() { $vmctl ksm status --no-header --fields "$1" -o csv; }

is "$(field mode,run,policy)" "observe,0,dirty-clock" "at first"
quiet 0 ksm set policy=linear seed=7 pages_to_scan=50 sleep_millisecs=3 budget_cpu_pct=99
is "$(field policy,pages_to_scan,sleep_millisecs,budget_cpu_pct)" "linear,50,3,99" "set"
quiet 0 ksm set security=uniform max_page_sharing=300
is "$(field security,max_page_sharing)" "uniform,300" "of merging"
refused 1 "security=none: .*Invalid argument" ksm set security=none
refused 1 "max_page_sharing=1: .*Invalid argument" ksm set max_page_sharing=1
quiet 0 ksm set security=domain max_page_sharing=1048575
refused 1 "policy=best: policy: Invalid argument" ksm set budget_cpu_pct=98 policy=best seed=8
is "$(field budget_cpu_pct) $(cat /sys/kernel/vmm/ksm/seed)" "98 7" "up to what was refused"
refused 1 "budget_cpu_pct=0: .*range" ksm set budget_cpu_pct=0

define web rest
define lab rest
quiet 0 start web
quiet 0 ksm scan
is "$(field full_scans,pages_unscanned)" "1,0" "a pass"
alone=$(field observed_sharing)
quiet 0 start lab
quiet 0 ksm set seed=7
quiet 0 ksm scan
both=$(field observed_sharing)
ok "two VMs have more in common than one: $both, $alone" [ "$both" -gt "$alone" ]
quiet 0 ksm scan 10
is "$(field full_scans)" 1 "a part of the next pass"
quiet 0 ksm set run=1 sleep_millisecs=0 pages_to_scan=100000
until_ok eval '[ "$(field full_scans)" -gt 3 ]'
quiet 0 ksm set run=0

$vmctl ksm status -o json >"$tmp/status"
ok "JSON is as the schema says" /usr/bin/python3 selftests/lib/schema.py ksm "$tmp/status"
for words in "ksm status" "ksm set run=1" "ksm scan"; do
	# shellcheck disable=SC2086
	as_nobody $words >"$tmp/out" 2>&1
	is "$? $(grep -c 'only root may' "$tmp/out")" "5 1" "$words: for root"
done
quiet 0 ksm set mode=merge
frames=$(field frames_total)
quiet 0 ksm scan
ok "what is equal is merged: $frames frames, $(field frames_total)" until_ok eval '[ "$(field frames_total)" -lt "$frames" ]'
is "$(field breaks_unmerge)" 0 "none is taken apart"
ok "and told" [ "$(field pages_shared)" -gt 0 -a "$(field merges)" -gt 0 ]
is "$(state web) $(state lab)" "running running" "both go on"
sysfs() { cat "/sys/kernel/vmm/vms/$($vmctl list -o csv --no-header --fields name,id | sed -n "s/^$1,//p")/ksm/$2"; }
define alone rest --ksm own
define left rest --ksm off
quiet 0 start alone
quiet 0 start left
is "$(sysfs web enable) $(sysfs alone enable) $(sysfs left enable)" "1 1 0" "one is left out by its definition"
ok "and one is a domain of its own" [ "$(sysfs alone domain)" -gt 4294967295 -a "$(sysfs web domain)" = 0 ]
quiet 0 ksm scan
is "$(sysfs left merged_pages)" 0 "nothing of it is merged"
quiet 0 kill alone
quiet 0 kill left
quiet 0 ksm set mode=off
refused 7 "step: not in this version" ksm scan 1
is "$(field mode,metadata_bytes)" "off,0" "off"
quiet 0 ksm set mode=observe
quiet 0 kill web
quiet 0 kill lab
done_testing
