#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd intel, soak: intel, timeout: 360
# test: files: setpriv tmux pgrep script ps python3 Documentation/schema/vmctl.json
#
# vmctl top: as tables without a terminal; on one, which tmux plays, what it shows while VMs
# come, go and stop, keys, sizes, and that the terminal is as it was however it ends.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

export TERM=screen TMUX_TMPDIR=$tmp
top() { $vmctl top -b -n 1 -i 0.5 "$@"; }

# ---- refusals

refused 1 "top: standard input and output are no terminal; try: vmctl top -b" top
refused 2 "-o, -q and --no-header go with -b" top -o json
refused 2 "-i 0: from 0.1 to 3600" top -i 0
refused 2 "-n 0: not a number from 1" top -n 0
refused 2 "web: takes no argument" top -b web
refused 2 "--sort: no field 'x'; there are id, name" top -b --sort x

# ---- without a terminal

is "$(top)" "ID  NAME      STATE    CPUS  MEM    RESIDENT  CPU%    EXITS/S    INJECT/S   UPTIME" \
	"no VM: the heads"
is "$(top -o json)" '{"schema": 1, "top": []}' "no VM: JSON"
begin spin spin
spin=$pid
begin busy button
busy=$pid
begin idle spin -m 4M
idle=$pid
$vmctl pause idle
$vmctl top -b -n 2 -i 0.5 --fields name,state,cpu_percent,exit_rate --sort name >"$tmp/table"
is $? 0 "-b: two tables, then the end"
is "$(awk '{ print $1 }' "$tmp/table" | tr '\n' ' ')" "NAME busy idle spin  NAME busy idle spin " \
	"a line between them, rows in order"
ok "a guest that spins has most of a processor" awk '$1 == "spin" && $3 > 20 { n++ } END { exit n != 2 }' \
	"$tmp/table"
ok "one that is paused none, and no exits" awk \
	'$1 == "idle" && $2 == "paused" && $3 < 1 && $4 == "0.0" { n++ } END { exit n != 2 }' "$tmp/table"
ok "one that reads a port has many" awk '$1 == "busy" && $4 > 100 { n++ } END { exit n != 2 }' "$tmp/table"
is "$(top -q --sort exit_rate | tr '\n' ' ')" "idle spin busy " "-q, --sort"
top -o json >"$tmp/json"
top -o jsonl >"$tmp/jsonl"
ok "JSON is as the schema says" /usr/bin/python3 selftests/lib/schema.py top "$tmp/json" \
	activity "$tmp/jsonl"
is "$(top -o csv --no-header --fields name,vcpus,memory --sort id | tr '\n' ' ')" \
	"spin,1,8388608 busy,1,8388608 idle,1,4194304 " "csv"
ok "wide has more" grep -q "RES%  *CPU%  *WAIT%" <(top -o wide)
as_nobody top -b -n 1 -i 0.1 -q >"$tmp/out" 2>&1
is "$? $(cat "$tmp/out")" "0 " "who may see no VM sees none"

# ---- on a terminal

tm() { tmux -f /dev/null -S "$tmp/tmux" "$@"; }
screen() { tm capture-pane -p -t vm; }
shown() { screen | grep -Eq -- "$1"; }
on_screen() { TRIES=80 until_ok shown "$1" || { screen | sed 's/^/# /'; return 1; }; }
keys() { tm send-keys -t vm "$@"; }
# The names, in the order of the rows.
rows() { screen | awk '/^ID +NAME/ { on = 1; next } !NF || /\): / { on = 0 } on { printf "%s ", $2 }'; }
in_order() { [ "$(rows)" = "$1 " ]; }
ordered() { TRIES=80 until_ok in_order "$1" || { echo "# $(rows)"; return 1; }; }
flags() { tm display-message -p -t vm '#{alternate_on} #{cursor_flag} #{keypad_flag}'; }
# begun [ARGS]: top on the terminal, in a shell that tells its exit code.
begun()
{
	rm -f "$tmp/after"
	keys "clear; stty -g >$tmp/before; $vmctl top -i 0.3 $*; echo code \$?; stty -g >$tmp/after" Enter
	on_screen "^ID +NAME +STATE"
}
# left CODE WHAT: it has ended with that code, and the terminal is as it was.
left()
{
	ok "$2: it ends, with code $1" on_screen "^code $1\$"
	until_ok [ -s "$tmp/after" ]
	is "$(cat "$tmp/after") $(flags)" "$(cat "$tmp/before") 0 1 0" "the terminal is as it was"
}
the_top() { pgrep -f "^$vmctl top -i"; }

# From here on one that takes the processor is enough.
image calm fb f4 eb fc
{ kill -KILL $spin; wait $spin; } 2>/dev/null
begin spin calm -c 2
spin=$pid
tm new-session -d -s vm -x 100 -y 24 "PS1='ready: ' exec bash --norc --noprofile"
ok "a terminal" on_screen "^ready:"
ok "the table" begun
ok "the sums" on_screen "VMs: 3, 2 running, 1 paused  every 0.3 s"
ok "rates" on_screen "^ *[0-9]+ +busy +running +1 +8M +[0-9.]+[KM] +[0-9.]+ +[1-9][0-9]+\.[0-9]"
keys n
ok "n: by name" ordered "busy idle spin"
keys R
ok "R: reversed" ordered "spin idle busy"
keys e
ok "e: by exits; equals by id" ordered "busy idle spin"
keys Home Enter
ok "Enter: why the chosen one exits" on_screen "^busy \([0-9]+\): why it left"
ok "by reason" on_screen "^io +[1-9][0-9]+\.[0-9] +[0-9.]+ +[0-9]+"
# it has done its part, and takes much of the time
quiet 0 pause busy
keys Enter
ok "its processors" on_screen "^ +0 +runnable +- +[0-9]+ +0.0"
keys Enter m
ok "m: memory" on_screen "RESIDENT +RES% +MAX"
keys m ' '
ok "Space: it stands still" on_screen "standing still"
{ kill -KILL $spin; wait $spin; } 2>/dev/null
until_ok eval '[ -z "$(state spin)" ]'
sleep 0.5
ok "what was there is there" shown "^ *[0-9]+ +spin +running"
keys ' '
ok "Space: it goes on" on_screen "VMs: 2, 0 running, 2 paused"
ok "a VM that died is gone" ordered "busy idle"
begin late calm
late=$pid
ok "one that comes is there" on_screen "^ *[0-9]+ +late +running"
keys d 0.2 Enter
ok "d: another interval" on_screen "every 0.2 s"
tm resize-window -t vm -x 60 -y 12
ok "a small screen" on_screen "^ID +NAME +STATE"
is "$(screen | awk 'length > 60')" "" "has no line that is too long"
tm resize-window -t vm -x 3 -y 1
sleep 0.5
tm resize-window -t vm -x 120 -y 30
ok "a large one" on_screen "INJECT/S +UPTIME"
keys '?'
ok "?: help" on_screen "^any key goes back"
keys q
ok "any key leaves it" on_screen "^ID +NAME"
keys q
left 0 q

ok "again" begun
kill -INT "$(the_top)"
left 0 SIGINT
ok "again" begun
kill -TERM "$(the_top)"
left 143 SIGTERM
ok "again" begun
kill -SEGV "$(the_top)"
left 139 "a crash"
ok "again" begun
keys C-z
ok "^Z" on_screen "Stopped"
is "$(flags | cut -d ' ' -f 1)" 0 "stopped, it leaves the screen"
rm -f "$tmp/after"
keys "fg; echo code \$?; stty -g >$tmp/after" Enter
ok "fg: it is back" on_screen "^ID +NAME"
keys q
left 0 "q, after that"
ok "-n" begun -n 2
left 0 "two refreshes"

# ---- without colours, without VMs, without a module

sgr() { script -qec "$vmctl top -n 1 -i 0.1" /dev/null </dev/null | grep -c $'\033\[[0-9;]*3[0-9]'; }
is "$(TERM=xterm-256color sgr) $(NO_COLOR=1 TERM=xterm-256color sgr)" "1 0" "NO_COLOR"
keys "clear; TERM=dumb $vmctl top; echo code \$?" Enter
ok "a terminal that cannot be drawn on" on_screen "TERM=dumb: the terminal cannot be drawn on; try: vmctl top -b"
ok "again" begun
{ kill -KILL $busy $idle $late; wait; } 2>/dev/null
ok "all VMs are gone" on_screen "VMs: 0,"
module=$(readlink -f "build/$(uname -r)/vmm.ko")
ok "the module, too" until_ok rmmod vmm
ok "that is told" on_screen "^netlink: no family vmm; try: .*insmod"
insmod "$module"
begin web calm
ok "the module is back, and a VM" on_screen "^ *[0-9]+ +web +running"
keys q
left 0 "q, at last"
$vmctl top -b -i 0.3 >"$tmp/out" 2>"$tmp/err" &
batch=$!
sleep 1
{ kill -KILL $pid; wait $pid; } 2>/dev/null
ok "the module goes again" until_ok rmmod vmm
end $batch
is "$status $(grep -c "no family vmm" "$tmp/err")" "6 1" "-b ends then, and says why"
insmod "$module"
tm kill-server
done_testing
