#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd intel, soak: intel, timeout: 240, files: tmux mkfifo timeout
#
# vmctl console and logs: on a terminal, which tmux plays, and without one; no byte is lost
# between clients that come and go; one keyboard; resets and ends; the log of all that, also
# on a disk that is full.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

export VMM_DIR=$tmp/vmm TERM=screen TMUX_TMPDIR=$tmp
log() { cat "$VMM_DIR/log/$1/console.log"; }
has() { grep -q "$@"; }

# ---- refusals

define web echo
refused 4 "web: does not run in the background; try: vmctl start web" console web
refused 3 "nobody: no VM of this name is defined" console nobody
refused 2 "VM is missing" console
refused 2 "--from 7: not what a detach has told" console --from 7 web
refused 3 "nobody: no VM of this name is defined" logs nobody
refused 2 "-n x: not a number" logs -n x web
quiet 0 logs web

# ---- without a terminal

# attend NAME ARGS...: a client in the background; its keys come from descriptor 7, its
# output goes to $tmp/NAME.out, its words to $tmp/NAME.said, its process is in $pid.
attend()
{
	local name=$1
	shift

	rm -f "$tmp/keys"
	mkfifo "$tmp/keys"
	$vmctl console "$@" <"$tmp/keys" >"$tmp/$name.out" 2>"$tmp/$name.said" &
	pid=$!
	exec 7>"$tmp/keys"
}
has_shown() { [ "$(tr -d '\000' <"$tmp/$1.out")" = "$2" ]; }
shows() { until_ok has_shown "$@"; }
place() { sed -n 's/.*--from \([0-9a-f:]*\) .*/\1/p' "$tmp/$1.said"; }

quiet 0 start web
attend a web
ok "what the guest wrote before comes first" shows a ">"
quiet 0 wait --for "console:>" web
refused 124 "wait: web: not so yet" wait --for console:abc -t 0.2 web
$vmctl wait --for console:abc -t 20 web &
waiter=$!
printf abc >&7
ok "keys go to it, and it answers" shows a ">abc"
end $waiter
is $status 0 "who waited for that hears of it"
refused 3 "nobody: no VM" wait --for console:x nobody
exec 8>&7
attend b web
ok "a second client sees all, too" shows b ">abc"
printf x >&7
ok "and is told that it has no keyboard" until_ok has \
	"^vmctl: web: keys go nowhere: another client has the keyboard$" "$tmp/b.said"
exec 7>&- 8>&-
{ kill -KILL $(jobs -p); wait; } 2>/dev/null
is "$(cat "$tmp/a.out")" ">abc" "its keys went nowhere"

attend a web
a=$pid
ok "a client that was killed had the keyboard: it is free" shows a ">abc"
printf d >&7
ok "for the next" shows a ">abcd"
exec 8>&7
attend b -f web
b=$pid
printf e >&7
ok "-f takes it" shows b ">abcde"
ok "who had it is told" until_ok has "another client took the keyboard" "$tmp/a.said"
printf f >&8
attend c -r --tail web
printf x >&7
sleep 0.3
is "$(cat "$tmp/c.out")" "" "--tail: nothing of before; -r: no keys"
is "$(cat "$tmp/a.out")" ">abcde" "who lost it reads on"
exec 7>&- 8>&-
kill -TERM $a $b $pid
wait $a
is "$? $(grep -c '^vmctl: detached; vmctl console --from [0-9a-f]*:6 web goes on here$' \
	"$tmp/a.said")" "0 1" "a signal detaches"
wait

# Clients that are told to go at any moment, each going on where the last was.
{ for a in a b c d e f g h i j k l m n o p; do
	for b in a b c d e f g h i j k l m n o p; do
		for c in a b c d e f g h i j k l m n o p; do
			for d in a b c d e f g h i j k l m n o p; do
				echo $a$b$c$d
			done
		done
	done
done; } | head -n 8192 >"$tmp/lines"
from=$(place a) clients=0
: >"$tmp/all"
attend a --from "$from" web
printf L >&7
# one that is told to go before it has sent its key would leave all others with nothing
until_ok [ -s "$tmp/a.out" ]
exec 7>&-
for n in $(seq 40); do
	sleep 0.$((n % 4))
	kill -TERM $pid
	wait $pid
	cat "$tmp/a.out" >>"$tmp/all"
	# one that was told before it could hear has nothing to say
	next=$(place a)
	from=${next:-$from} clients=$((clients + 1))
	[ "$(wc -c <"$tmp/all")" -lt 40960 ] || break
	$vmctl console --from "$from" web </dev/null >"$tmp/a.out" 2>"$tmp/a.said" &
	pid=$!
done
ok "$clients clients: no byte is lost, none comes twice" cmp "$tmp/lines" "$tmp/all"
is "${from#*:}" 40966 "the last one knows how far it is"

# ---- on a terminal

tm() { tmux -f /dev/null -S "$tmp/tmux" "$@"; }
screen() { tm capture-pane -p -J -t vm; }
shown() { screen | has -- "$1"; }
on_screen() { until_ok shown "$1" || { screen | sed 's/^/# /'; return 1; }; }
tm new-session -d -s vm -x 100 -y 40 "PS1='ready: ' exec bash --norc --noprofile"
ok "a terminal" on_screen "^ready:"
tm send-keys -t vm "stty -g >$tmp/before; $vmctl console --tail web; echo code \$?; stty -g >$tmp/after" Enter
ok "the client says how to leave" on_screen "^vmctl: console of web; Ctrl-] detaches"
tm send-keys -t vm hello
ok "keys are echoed by the guest" on_screen "^hello"
tm send-keys -t vm C-c
ok "^C is one" until_ok eval 'log web | has "hello$(printf "\003")"'
tm send-keys -t vm R
ok "a reset is seen through" on_screen "^hello.*>"
tm send-keys -t vm again 'C-]'
ok "Ctrl-] detaches" on_screen "^vmctl: detached; vmctl console --from"
ok "with success" on_screen "^code 0"
ok "the last keys reached the guest" until_ok eval 'log web | has ">again"'
is "$(until_ok [ -s "$tmp/after" ]; cat "$tmp/after")" "$(cat "$tmp/before")" \
	"the terminal is as it was"
is "$(state web)" running "the VM runs on"
rm "$tmp/after"
tm send-keys -t vm "clear; $vmctl run -m 8M --multiboot $tmp/echo here; echo code \$?; stty -g >$tmp/after" Enter
ok "run: the guest has the terminal" on_screen "^>"
tm send-keys -t vm hello C-c
ok "its keys are echoed by the guest" on_screen "^>hello"
is "$(state here)" running "^C is one"
tm send-keys -t vm 'C-]'
ok "Ctrl-] says what it does" on_screen "vmctl: Ctrl-] again within a second ends"
sleep 1.1
tm send-keys -t vm 'C-]' 'C-]'
ok "twice ends it, with code 1" on_screen "^code 1"
is "$(until_ok [ -s "$tmp/after" ]; cat "$tmp/after") $(state here)" "$(cat "$tmp/before") " \
	"the terminal is as it was"
tm send-keys -t vm "clear; $vmctl console --tail web; echo code \$?; stty -g >$tmp/after" Enter
ok "again" on_screen "Ctrl-] detaches"
tm kill-session -t vm
ok "the terminal goes away: so does the client, and the keyboard is free" until_ok eval \
	'! pgrep -f "vmctl console --tail" >/dev/null'

# ---- ends

id=$($vmctl show web | sed -n 's/^id *//p')
attend a --tail "$id"
a=$pid
$vmctl logs -f web >"$tmp/follow" &
follow=$!
sleep 0.5
printf zQ >&7
wait $a
is "$? $(cat "$tmp/a.out") $(cat "$tmp/a.said")" "0 z vmctl: console: web ended: powered off" \
	"the end of the VM, by its number: success"
end $follow
is $status 0 "logs -f ends with it"
ok "and has all of the log" cmp "$tmp/follow" "$VMM_DIR/log/web/console.log"
exec 7>&-
quiet 0 start web
attend a web
a=$pid
ok "another run" shows a ">"
{ kill -KILL "$(process web)"; wait $a; } 2>/dev/null
is "$? $(cat "$tmp/a.said")" \
	"1 vmctl: console: web: its process ended without a word; try: vmctl list -a" \
	"its process is killed: failure"
exec 7>&-
refused 4 "web: does not run in the background" console web

# ---- the log

$vmctl logs web >"$tmp/log"
ok "logs prints the log" cmp "$tmp/log" "$VMM_DIR/log/web/console.log"
ok "the guest's lines are in it as they were" eval \
	'sed "s/^.*aaaa$/aaaa/" "$tmp/log" | sed -n "/^aaaa$/,/^bppp$/p" | cmp - "$tmp/lines"'
is "$($vmctl logs -n 2 web | sed 's/at .*]/at ...]/')" "[vmctl: web started at ...]
>" "-n: the last lines"
is "$($vmctl logs -n 0 web)" "" "-n 0"
is "$(timeout 10 $vmctl logs -f -n 1 web; echo " $?")" "> 0" "-f: what does not run has no more to say"

# A disk with room for less than the guest writes.
define full echo
mkdir -p "$VMM_DIR/log/full"
mount -t tmpfs -o size=24k none "$VMM_DIR/log/full"
quiet 0 start full
attend a full
a=$pid
printf L >&7
TRIES=400 ok "a full disk under the log does not stop the guest" until_ok eval \
	'[ "$(tail -n 1 "$tmp/a.out")" = bppp ]'
mount -o remount,size=1m "$VMM_DIR/log/full"
printf xyzQ >&7
wait $a
is "$?" 0 "it powers off"
until_ok eval '[ ! -e "$VMM_DIR/run/full" ]'
$vmctl logs full >"$tmp/log"
lost=$(sed -n 's/^\[vmctl: \([0-9]*\) bytes are missing here: No space left on device\]$/\1/p' "$tmp/log")
ok "the log says what is missing: $lost bytes" [ "${lost:-0}" -gt 1000 ]
# lines of ours that stand behind half a line of the guest's begin with an end of line
is "$(($(wc -c <"$tmp/log") - $(grep '^\[vmctl' "$tmp/log" | wc -c) - 2 + lost))" 40964 \
	"and has the rest"
is "$(tail -n 2 "$tmp/log" | tr '\n' ' ')" "xyz [vmctl: full ended: powered off] " "to the end"
umount "$VMM_DIR/log/full"
done_testing
