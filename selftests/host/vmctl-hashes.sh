#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd, timeout: 180
# test: files: setpriv python3 Documentation/schema/vmctl.json Documentation/man/vmctl.8
#
# vmctl ksm hashes, map, pairs, analyze and report with VMs that run: dumps tell what the module has counted,
# before and after it merges; forms and files are what they should be, and refusals say why.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

export VMM_DIR=$tmp/vmm
field() { $vmctl ksm status --no-header --fields "$1" -o csv; }
id() { $vmctl list -o csv --no-header --fields name,id | sed -n "s/^$1,//p"; }
resident() { cat "/sys/kernel/vmm/vms/$(id "$1")/ksm/resident_pages"; }
# said EXPRESSION FILE...: of the analysis of these files, which is a
said()
{
	local what=$1
	shift

	$vmctl ksm analyze -o json "$@" >"$tmp/analysis" &&
		/usr/bin/python3 -c "import json; a = json.load(open('$tmp/analysis')); t = a['totals']; print($what)"
}

define web rest
define lab rest
quiet 0 start web
quiet 0 start lab
quiet 0 ksm set mode=observe seed=7
quiet 0 ksm hashes -o "$tmp/web.0" web
$vmctl ksm hashes lab >"$tmp/lab.0"
is "$? $(stat -c %a "$tmp/web.0")" "0 600" "dumps, for their owner alone"
is $((($(stat -c %s "$tmp/web.0") - 520) % 24)) 0 "of whole records"
quiet 0 ksm scan

# ---- what the module has counted itself

zero=$(field observed_zero) sharing=$(field observed_sharing)
is "$(said "t['vms'], t['present'], t['possible_zero'], t['possible'] - t['possible_zero']" "$tmp"/*.0)" \
	"2 $(($(resident web) + $(resident lab))) $zero $sharing" "the oracle is what a scan has found"
is "$(said "t['saved'], t['frames'] - t['present'], t['merged']" "$tmp"/*.0)" "0 0 0" "nothing is saved yet"
quiet 0 ksm set mode=merge
quiet 0 ksm scan
quiet 0 ksm set mode=observe
for vm in web lab; do
	quiet 0 ksm hashes -o "$tmp/$vm.1" $vm
done
merged=$(field pages_sharing)
ok "pages are merged: $merged" [ "$merged" -gt 0 ]
is "$(said "t['saved_merged'], t['saved'], len(a['rounds']), t['away']" "$tmp"/*.[01])" "$merged $merged 2 0" \
	"merging is told"
is "$(said "t['merged_frames']" "$tmp"/*.1)" "$(field pages_shared)" "and frames"
is "$(said "sum(c['changed'] + c['appeared'] for c in a['changes'])" "$tmp"/*.[01])" 0 "contents have not changed"
is "$(said "[v['same'] is None for v in a['vms']]" "$tmp"/*.1)" "[True, True]" "a round alone has nothing before it"
ok "JSON is as the schema says" /usr/bin/python3 selftests/lib/schema.py ksm_analysis "$tmp/analysis"
$vmctl ksm analyze "$tmp"/*.[01] >"$tmp/out"
is "$? $(grep -cE '^(Under other rules|VMs|Contents that VMs|Contents, by|The most|Pages from|Over time)' "$tmp/out")" \
	"0 7" "for people"

# ---- live

pair=$(said "a['matrix']['pages'][0][1]" "$tmp"/web.1 "$tmp"/lab.1)
$vmctl ksm pairs -o csv >"$tmp/out"
is "$(sed -n 1p "$tmp/out") $(wc -l <"$tmp/out") $(sed -n 's/^web,lab,\([0-9]*\),.*/\1/p' "$tmp/out")" \
	"a,b,pages,bytes 4 $pair" "pairs: as in dumps"
$vmctl ksm pairs web lab | tr -s ' ' >"$tmp/out"
is "$(sed -n 1p "$tmp/out") $(sed -n 's/^web [0-9]* //p' "$tmp/out")" "VM web lab $pair" "as a matrix"
is "$($vmctl ksm pairs web --no-header | wc -l)" 1 "of one VM"
$vmctl ksm map web >"$tmp/live"
$vmctl ksm map "$tmp/web.1" >"$tmp/map"
is "$(sed 1d "$tmp/live")" "$(sed 1d "$tmp/map")" "map: of the VM, and of its dump"
is "$(grep -cE '^[.a0mk=#]  (absent|away|zero|merged|kin|repeated|unique) ' "$tmp/map")" 7 "with a legend"
$vmctl ksm map -o json - <"$tmp/lab.1" >"$tmp/map"
ok "JSON is as the schema says" /usr/bin/python3 selftests/lib/schema.py ksm_map "$tmp/map"
is "$(/usr/bin/python3 -c "import json; m = json.load(open('$tmp/map'))['map']
print(sum(r['pages'] for o in m['objects'] for r in o['runs']) - sum(m['pages'].values()), m['name'])")" "0 lab" \
	"and has each page"

# ---- report

printf 'time_ns,merges\n1700000000000000000,0\n1700000001000000000,5\n' >"$tmp/samples"
quiet 0 ksm report -o "$tmp/report.html" --samples "$tmp/samples" --title 'A <b> & "c"' "$tmp"/*.[01]
ok "a page" /usr/bin/python3 selftests/lib/htmlpage.py "$tmp/report.html" 'A <b> & "c"' web lab merges Manifest \
	"$(uname -r)" dirty-clock
ok "to standard output as well" /usr/bin/python3 selftests/lib/htmlpage.py <($vmctl ksm report "$tmp/web.1") web

# ---- refusals

echo what >"$tmp/what"
head -c 1000 "$tmp/web.1" >"$tmp/short"
refused 1 "what: at byte 0: no dump of page hashes" ksm analyze "$tmp/web.1" "$tmp/what"
refused 1 "short: at byte 1000: it was cut off here" ksm report "$tmp/short"
refused 1 "nowhere: cannot open: No such file" ksm map "$tmp/nowhere"
refused 1 "what: line 1: no column time_ns" ksm report --samples "$tmp/what" "$tmp/web.1"
refused 1 "nowhere/x: cannot create: No such file" ksm hashes -o "$tmp/nowhere/x" web
refused 1 "/dev/full: cannot write: No space" ksm hashes -o /dev/full web
refused 2 "-o csv: the formats are table and json" ksm analyze -o csv "$tmp/web.1"
refused 3 "nobody: no VM of this name" ksm map nobody
for sub in hashes map pairs; do
	refused 3 "nobody: no VM of this name" ksm $sub nobody
done
quiet 0 ksm set seed=8
quiet 0 ksm hashes -o "$tmp/web.2" web
refused 1 "web.2: 'web': cannot be compared with '[a-z]*': another seed" ksm analyze "$tmp"/*.[12]
as_nobody ksm pairs "$(id web)" >"$tmp/out" 2>&1
is "$? $(cat "$tmp/out")" "5 $(grep "another user's" "$tmp/out")" "another user's"

subs=$($vmctl help ksm | sed -n 's/^  \([a-z]*\) .*/\1/p')
is "$($vmctl complete -- ksm "" | cut -f 1)" "$subs" "commands are offered to shells"
for sub in $subs; do
	$vmctl help ksm "$sub" | grep -q "^usage: vmctl ksm $sub" &&
		grep -Eq "^\.It (Xo )?Ic ksm $sub( |\$)" Documentation/man/vmctl.8 || echo "# not $sub"
done >"$tmp/out"
is "$(cat "$tmp/out")" "" "each has help and is in the manual"
is "$($vmctl complete -- ksm map "" | cut -f 1 | sort | tr '\n' ' ')" ":files lab web " "a VM or a file"
quiet 0 kill web
quiet 0 kill lab
done_testing
