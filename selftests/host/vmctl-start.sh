#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.12, host: amd intel, soak: intel, timeout: 180
# test: files: setpriv find readlink install
#
# vmctl start, and the verbs on VMs in the background: one process each, told when it
# runs or why it does not; resets; what is left when it is killed; names.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

export VMM_DIR=$tmp/vmm
log() { cat "$VMM_DIR/log/$1/console.log"; }
id() { $vmctl list -a -o csv --no-header --fields name,id | sed -n "s/^$1,//p"; }
has() { grep -q "$@"; }

# ---- start

define web rest -c 2
define lab button
define bad fault
define none nothing
quiet 0 start web
is "$(state web)" running "it runs when start returns"
pid=$(process web)
is "$(readlink /proc/$pid/fd/[012] | sort -u) $(readlink /proc/$pid/cwd)" "/dev/null /" \
	"its process has no files of ours"
is "$(find /proc/$pid/fd -lname "$tmp/*" -printf '%l\n' | sort)" \
	"$(printf '%s\n' "$tmp/rest" "$VMM_DIR"/log/web/{console.log,end} "$VMM_DIR"/run/web/lock | sort)" \
	"but what it boots from, its log and its lock"
is "$(stat -c %a "$VMM_DIR"/run/web/{control,console,lock} "$VMM_DIR"/log/web/{console.log,end} |
	sort -u)" 600 "nobody else may speak to it"
refused 4 "web: runs already" start web
refused 4 "web: runs; try: vmctl stop web" destroy web
refused 1 "web: another VM has this name" run -m 8M --multiboot "$tmp/rest" web
refused 3 "nobody: no VM of this name is defined" start nobody
refused 2 "../web.*must start with a letter" start ../web
refused 2 "DEFINITION... is missing" start
refused 1 "none: $tmp/nothing: cannot open the Multiboot image: No such file" start none
is "$(state none) $(ls "$VMM_DIR/run" "$VMM_DIR/log" | tr '\n' ' ')" \
	"stopped $VMM_DIR/log: web  $VMM_DIR/run: web " "one that cannot start leaves nothing"
echo frob 1 >"$VMM_DIR/etc/broken.conf"
refused 1 "broken.conf:1: frob: no such key" start broken
$vmctl start none lab nobody 2>"$tmp/err"
is "$? $(grep -c . "$tmp/err") $(state lab)" "1 2 running" "of several, those that can"
is "$($vmctl list -q | tr '\n' ' ')" "web lab " "list has them"
is "$(id lab | head -n 1)" "$($vmctl show lab | sed -n 's/^id *//p')" "and show"
ok "the module is in use" eval '! rmmod vmm 2>/dev/null'
is "$(VMM_DIR=$tmp/other $vmctl list -aq | sort | tr '\n' ' ')" "lab web " \
	"the kernel knows what runs, wherever it is defined"

is "$($vmctl complete -- start web "" | cut -f 1 | tr '\n' ' ')" "bad broken lab none web " \
	"completion of start knows what is defined"
is "$($vmctl complete -- console "" | tr '\t\n' '= ')" "web=running lab=running " \
	"that of console, what runs"

# ---- pause, stop, kill

quiet 0 pause web
is "$(state web)" paused "pause"
quiet 0 resume web
quiet 0 stop lab
is "$(state lab) $(ls "$VMM_DIR/run")" "stopped web" "stop: VM and process are gone when it returns"
ok "the log tells of both ends" eval 'log lab | tr "\n" " " |
	has "^\[vmctl: lab started at 20..-..-..T..:..:..Z\] \[vmctl: lab ended: powered off\] $"'
refused 4 "stop: lab: does not run; try: vmctl start lab" stop lab
quiet 0 start lab
is "$(log lab | grep -c started) $(state lab)" "2 running" "it can be started again"
refused 124 "web: the guest has not reacted" stop -t 0.3 web
quiet 0 stop -t 0.3 -f web
is "$(state web) $(log web | tail -n 1)" "stopped [vmctl: web ended: killed]" "stop -f"
quiet 0 start web
quiet 0 kill web
quiet 0 start web
quiet 0 kill web
is "$(state web) $(ls "$VMM_DIR/run")" "stopped lab" "kill: the name is free at once"
quiet 0 kill lab
quiet 0 start bad
ok "one that crashes ends" until_ok eval '[ "$(state bad)" = stopped ]'
until_ok eval '[ ! -e "$VMM_DIR/run/bad" ]'
ok "its log says why" eval 'log bad | has "^\[vmctl: bad ended: vCPU 0: triple fault at 0x1000.*\]$"'
ok "with registers" eval 'log bad | has "^  cs   0010 base"'

# ---- reset

quiet 0 start web
first=$(id web) pid=$(process web)
quiet 0 reset web
is "$(state web)" running "reset: it runs when the verb returns"
ok "as another VM" [ "$(id web)" != "$first" ]
is "$(process web)" "$pid" "of the same process"
mv "$tmp/rest" "$tmp/rest.away"
quiet 0 reset web
is "$(state web)" running "what it boots from may lose its name"
cp "$tmp/rest.away" "$tmp/rest"
: >"$tmp/rest.away"
refused 4 "web: the VM has ended; try: vmctl logs" reset web
ok "but not what is in it: the log says so" eval \
	'log web | tail -n 1 | has "ended: after a reset: $tmp/rest: no Multiboot header"'
is "$(state web) $(ls "$VMM_DIR/run")" "stopped " "it has ended"
quiet 0 start web
$vmctl wait -t 30 web &
waiter=$!
quiet 0 reset web
sleep 0.5
ok "wait waits over a reset" kill -0 $waiter
quiet 0 kill web
end $waiter
is $status 0 "until it is stopped"

# One that resets as soon as it runs; between two of its VMs there is none.
again_now() { now=$(id again); [ "${now:-0}" -gt 0 ]; }
image again 66 ba f9 0c b0 06 ee eb fe
define again again
quiet 0 start again
until_ok again_now
sleep 2
until_ok again_now
first=$now
sleep 3
until_ok again_now
ok "a guest that resets all the time does so once a second: $first, $now" \
	[ $((now - first)) -le 5 ]
ok "but it does" [ "$now" -gt "$first" ]
quiet 0 kill again
is "$(state again) $(ls "$VMM_DIR/run")" "stopped " "and can be killed"

# ---- sudden deaths

quiet 0 start web
pid=$(process web)
kill -KILL "$pid"
ok "killed: list is truthful" until_ok eval '[ "$(state web)" = stopped ]'
is "$($vmctl list -q)" "" "it does not run"
ok "sockets and lock are left" [ -S "$VMM_DIR/run/web/console" ]
refused 4 "stop: web: does not run" stop web
quiet 0 start web
is "$(state web)" running "the next start takes their place"
pid=$(process web)
kill -STOP "$pid"
refused 4 "web: runs already" start web
refused 124 "web: dead, but its process has not let go" kill --wait 0.5 web
is "$(state web)" "dead
stopped" "a process that is stopped holds a dead VM"
refused 4 "web: runs already" start web
kill -CONT "$pid"
ok "it goes when it may" until_ok eval '[ "$(state web)" = stopped ]'
quiet 0 start web
kill -KILL "$(process web)"
until_ok eval '[ "$(state web)" = stopped ]'
quiet 0 destroy web
is "$(find "$VMM_DIR" -name '*web*')" "" "destroy leaves nothing of one that was killed"
mkdir -p "$VMM_DIR/run/lab"
echo 1 >"$VMM_DIR/run/lab/lock"
echo 1 >"$VMM_DIR/run/lab/pid"
quiet 0 start lab
is "$(state lab)" running "what lies in the place of a lock is no sign of life"

# ---- whose

chmod 666 /dev/vmm
chmod 755 "$tmp"
chmod 644 "$tmp/button"
cp $vmctl "$tmp/vmctl"
install -d -o 65534 -m 700 "$tmp/user"
other() { setpriv --reuid 65534 --regid 65534 --clear-groups env -i VMM_DIR="$tmp/user/vmm" "$tmp/vmctl" "$@"; }
ok "another user's" other create -m 8M --multiboot "$tmp/button" lab
ok "of the same name starts" other start lab
is "$($vmctl list -q | grep -c lab)" 2 "there are two"
refused 1 "kill: lab: several VMs have this name; try: its id" kill lab
quiet 0 kill "$(id lab | sed -n 1p)"
is "$($vmctl list --no-header --fields name,owner | tr -s ' ')" "lab 65534" "by its id"
ok "he stops his own" other stop lab
is "$($vmctl list -q)" "" "none is left"
done_testing
