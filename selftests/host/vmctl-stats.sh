#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd intel, soak: intel, timeout: 60
# test: files: python3 Documentation/schema/vmctl.json
#
# vmctl stats and exits: figures of one VM, of each, of all; at intervals; for scrapers.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

# value NAME ARGS...: of a counter
value()
{
	local name=$1
	shift
	$vmctl "$@" -o csv --no-header --fields name,value | sed -n "s/^$name,//p"
}

begin web rest
web=$pid
begin lab button
lab=$pid
$vmctl stats web >"$tmp/table"
ok "a table of counters" grep -Eq '^exits +[1-9][0-9]*$' "$tmp/table"
is "$(grep -c '^exit_' "$tmp/table")" 0 "exits by reason are not among them"
$vmctl exits lab >"$tmp/table"
ok "exits: the most frequent reason first" eval \
	'[ "$(awk "NR == 2 { print \$1 }" "$tmp/table")" = io ]'
ok "reasons that have not occurred are left out" eval '! grep -q task_switch "$tmp/table"'
$vmctl pause lab
$vmctl pause web
sum=$($vmctl exits lab -o csv --no-header --fields value | awk '{ n += $1 } END { print n }')
is "$(value exits stats lab)" "$sum" "reasons sum up to exits"
is "$(value exits stats)" "$($vmctl stats -a -o csv --no-header --fields name,value |
	awk -F, '$1 == "exits" { n += $2 } END { print n }')" "and VMs to the total"
is "$(cat /sys/kernel/vmm/stats/exits)" "$(value exits stats)" "as in sysfs"
is "$($vmctl stats -a | awk '$3 == "exits" { print $2 }' | tr '\n' ' ')" "web lab " "-a: of each"
$vmctl stats -a -o json >"$tmp/stats"
$vmctl exits -o json >"$tmp/exits"
$vmctl resume lab
$vmctl exits -i 0.3 -n 3 -o jsonl --sort name lab >"$tmp/lines"
is $? 0 "-i -n"
is "$(grep -c '"name": "io"' "$tmp/lines")" 3 "three times"
ok "rates from the second on" eval '[ "$(grep "\"name\": \"io\"" "$tmp/lines" |
	grep -c "\"rate\": null")" = 1 ]'
ok "a guest that reads a port does it often" eval '[ "$(grep "\"name\": \"io\"" "$tmp/lines" | sed -n "3s/.*\"rate\": \([0-9]*\)\..*/\1/p")" -gt 10 ]'
ok "JSON is as the schema says" /usr/bin/python3 selftests/lib/schema.py stats "$tmp/stats" \
	exits "$tmp/exits" exit "$tmp/lines"

# ---- OpenMetrics

$vmctl stats -o openmetrics >"$tmp/metrics"
ok "each VM by id and name" grep -Eq \
	'^vmm_vm_exits_by_reason_total\{vm="[0-9]+",name="lab",reason="io"\} [1-9][0-9]*$' "$tmp/metrics"
ok "its state" grep -Eq '^vmm_vm_state\{vm="[0-9]+",name="web",vmm_vm_state="paused"\} 1$' \
	"$tmp/metrics"
is "$(tail -n 1 "$tmp/metrics")" "# EOF" "and an end"
is "$(sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' "$tmp/metrics" | sort | uniq -d)" "" "no family comes twice"
# each sample belongs to the family before it, and is well formed
is "$(awk '
	/^# TYPE/	{ family = $3; next }
	/^#/		{ next }
	index($1, family) != 1 ||
	!/^[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [0-9]+(\.[0-9]+)?$/ { print }
	' "$tmp/metrics")" "" "samples are well formed and in their families"
is "$($vmctl stats -o openmetrics web | grep -c 'lab\|^vmm_exits_total')" 0 "of one VM, nothing else"

refused 2 "-n goes with -i" stats -n 3
refused 2 "-i 0: less than" stats -i 0
refused 2 "web: not with -a" stats -a web
refused 2 "-o openmetrics: the formats are" exits -o openmetrics
refused 3 "exits: nobody: no VM of this name" exits nobody
{ kill -KILL $web $lab; wait; } 2>/dev/null
done_testing
