#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: host: intel, timeout: 150
#
# A VM in the background from its definition to its end: the short form of vmctl-start, -control,
# -console, -inspect, -events and -stats, where those would take long.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

export VMM_DIR=$tmp/vmm
log() { cat "$VMM_DIR/log/$1/console.log"; }
register() { $vmctl regs "$1" -c "${3:-0}" | sed -n "s/.*\\<$2  *\\([0-9a-f]*\\).*/\\1/p"; }
counter() { $vmctl stats "$1" -o csv --no-header --fields name,value | sed -n "s/^$2,//p"; }

define web echo -c 2
define lab button
define busy spin
$vmctl events -o jsonl -n 9 >"$tmp/events" &
events=$!
until_ok eval 'awk "\$2 == 16 && \$4 != \"00000000\"" /proc/net/netlink | grep -q .'
quiet 0 start web lab
is "$(state web) $(state lab) $(state busy)" "running running stopped" "what was started runs"
backend=$($vmctl info -o csv --no-header --fields backend)
is "$($vmctl list -o csv --no-header --fields name,backend,vcpus,memory | tr '\n' ' ')" \
	"web,$backend,2,8388608 lab,$backend,1,8388608 " "list"
refused 4 "web: runs already" start web
refused 4 "busy: does not run; try: vmctl start busy" pause busy
ok "the module is in use" eval '! rmmod vmm 2>/dev/null'

# ---- console

quiet 0 wait --for "console:>" -t 20 web
quiet 0 inject web key abc
ok "keys go to the guest" until_ok eval 'log web | grep -q ">abc"'
is "$($vmctl console --tail web </dev/null & sleep 1; $vmctl inject web key d; sleep 1; kill $!)" "d" \
	"console shows what it writes"
is "$($vmctl logs -n 1 web)" ">abcd" "and logs"

# ---- pause, in whatever a guest does

quiet 0 start busy
for vm in web busy; do
	quiet 0 pause $vm
	is "$(state $vm)" paused "$vm pauses"
	refused 4 "pause: $vm: the VM is paused already" pause $vm
done
ok "nor does one that spins count on" eval '[ "$(counter busy exits)" = "$(counter busy exits)" ]'
is "$(register busy rip)" 0000000000100021 "registers"
is "$(register web rip 1)" 000000000000fff0 "of a processor that was never started"
quiet 0 dump web "$tmp/core"
is "$(stat -c %s "$tmp/core")" $((8 * 1024 * 1024 + 4096)) "a dump"
quiet 0 resume web
quiet 0 inject web key e
ok "it goes on" until_ok eval 'log web | grep -q ">abcde"'
ok "its exits have reasons" eval '$vmctl exits web | grep -Eq "^(io|halt) +[1-9]"'

# ---- ends

quiet 0 set web label.a=b
is "$($vmctl list -o csv --no-header --fields name,labels | sed -n 1p)" web,a=b "a label"
quiet 0 reset web
ok "a reset" until_ok eval '[ "$(log web | tail -c 1)" = ">" ]'
quiet 0 stop -t 20 lab
is "$(state lab)" stopped "a guest hears its power button"
end $events
is "$status $(sed -n 's/.*"name": "web".*"seq": \([0-9]*\), "event": "\([a-z]*\)".*/\1 \2/p' "$tmp/events" |
	tr '\n' ' ')" "0 1 created 2 started 3 paused 4 resumed " "events, without a gap"
kill -KILL "$(process busy)"
ok "killed: list is truthful" until_ok eval '[ "$(state busy)" = stopped ]'
quiet 0 kill web
quiet 0 destroy web
is "$($vmctl list -aq | tr '\n' ' ')" "busy lab " "what is destroyed is not defined"
ok "rmmod works after the last VM" rmmod vmm
done_testing
