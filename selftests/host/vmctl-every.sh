#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd intel, soak: intel, timeout: 300
# test: files: setpriv python3 Documentation/schema/vmctl.json
#
# Every command of vmctl from one table: the forms of what it prints, which tell the same; what
# it does with names that are unknown, wrong, of several VMs, of another user's VM, and of VMs
# in the wrong state; that a refusal is one line, has its exit code, and changes nothing. A
# command that is not in the table fails.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

export VMM_DIR=$tmp/vmm
id() { $vmctl list -a -o csv --no-header --fields name,id | sed -n "s/^$1,//p" | tail -n 1; }

# Where a command takes its VM from: the kernel, the process in the background, the
# definition; or it has none. @ stands for the VM.
kernel=("pause @" "resume @" "stop @" "kill @" "reset @" "wait --for running @" "set @ label.a=b"
	"inject @ nmi" "stats @" "exits @" "show @" "sched @" "sched @ weight=1" "events --vm @" "ksm pairs @"
	"ksm hashes -o $tmp/hashes @")
process=("console @" "regs @" "dump @ $tmp/core" "inject @ key k" "inject @ sysrq h"
	"wait --for console:x -t 1 @" "snap export @ $tmp/snap" "snap create @" "snap list @" "snap rm @ x"
	"rollback @" "fork @ other" "reclaim @ 4M" "swap @")
defined=("start @" "destroy @" "show -o conf @" "logs @")
none=("complete" "create" "doctor" "help" "info" "ksm" "list" "run" "top" "version")

commands=$($vmctl help | sed -n 's/^  \([a-z]*\) .*/\1/p')
is "$(printf '%s\n' "${kernel[@]}" "${process[@]}" "${defined[@]}" "${none[@]}" | cut -d ' ' -f 1 |
	sort -u)" "$(sort <<<"$commands")" "the table has every command"

# ---- VMs: one in the background, one that is only defined, a dead one, two of one name

define web echo -c 2
define off rest
quiet 0 start web
begin dead rest
dead=$pid
kill -STOP $dead
$vmctl kill --wait 0.1 dead 2>/dev/null
begin twin rest -m 4M
chmod 666 /dev/vmm
chmod 644 "$tmp/rest"
as_nobody run -m 8M --multiboot "$tmp/rest" twin </dev/null >/dev/null 2>&1 &
until_ok eval '[ "$($vmctl list -q | grep -cx twin)" = 2 ]'
$vmctl wait --for running -t 20 "$(id twin)"
quiet 0 pause web
web=$(id web)

# ---- forms

mkdir "$tmp/forms"
forms=()
# form NAME WHOLE LINE WORDS...: all that the command prints, for forms.py
form()
{
	local name=$1 whole=$2 line=$3 f
	shift 3

	for f in json jsonl csv wide table; do
		$vmctl "$@" -o $f >"$tmp/forms/$name.$f" 2>"$tmp/err" </dev/null
		echo "$? $(cat "$tmp/err")"
	done >"$tmp/out"
	$vmctl "$@" -o csv --no-header >"$tmp/forms/$name.bare" 2>>"$tmp/out" </dev/null
	is "$(sort -u "$tmp/out")" "0 " "$*: all forms, no words"
	ok "$*: tables" [ -s "$tmp/forms/$name.wide" -a -s "$tmp/forms/$name.table" ]
	forms+=("$name" "$whole" "$line")
}
# names_of NAME WORDS...: -q and -o name print the field "name"
names_of()
{
	local name=$1
	shift

	is "$($vmctl "$@" -q)" "$($vmctl "$@" -o csv --no-header --fields name)" "$*: -q are the names"
	ok "$*: -o name as well" [ "$($vmctl "$@" -o name)" = "$($vmctl "$@" -q)" ]
}
form list list vm list -a
form show show vm show web
form sched sched policy sched web
form stats stats counter stats web
form all stats counter stats -a
form exits exits exit exits
form info info info info
form ksm ksm ksm ksm status
form pairs ksm_pairs ksm_pair ksm pairs
form swap swap swap swap web
form reclaim reclaim reclaim reclaim -b web
form doctor doctor check doctor
form regs regs registers regs web
form sched sched policy sched web
form top top activity top -b -n 1 -i 0.1
ok "they tell the same, and JSON is as the schema says" /usr/bin/python3 selftests/lib/forms.py \
	"$tmp/forms" "${forms[@]}"
names_of list list -a
names_of show show web
names_of sched sched web
names_of stats stats web
names_of exits exits
names_of top top -b -n 1 -i 0.1
for words in doctor info "ksm status" "ksm pairs" "regs web" "swap web" "reclaim -b web"; do
	# shellcheck disable=SC2086
	refused 2 "-o name: these have no names" $words -o name
done
is "$($vmctl show web --fields state,vcpus --no-header | tr '\n' ' ')" "paused 2 " "show --fields"
is "$($vmctl show web -o json --fields name)" '{"schema": 1, "vm": {"name": "web"}}' "as JSON"
is "$($vmctl sched web -o json --fields weight)" '{"schema": 1, "sched": {"weight": 100}}' "sched --fields"
is "$($vmctl info --fields abi --no-header)" 1 "info --fields"
is "$($vmctl regs web -c 0 --fields cs.selector -o csv --no-header)" 16 "regs --fields"
$vmctl events -n 2 --vm web -o csv >"$tmp/events" &
events=$!
sleep 0.5
$vmctl set web label.a=b
$vmctl set web label.a=
end $events
is "$status $(sed -n 1p "$tmp/events") $(wc -l <"$tmp/events")" \
	"0 time_ns,vm,name,group,seq,event,owner,vcpu,reason,lost 3" "events: csv"
for words in list "show web" "sched web" "stats web" "exits web" info "ksm status" "ksm pairs" "swap web" "reclaim -b web" doctor "regs web" "top -b" events; do
	# shellcheck disable=SC2086
	refused 2 "-o xml: the formats are table, wide, json, jsonl, csv and name" $words -o xml
	# shellcheck disable=SC2086
	refused 2 "no field 'x'; there are" $words --fields x
done

# ---- refusals

# What must not change: VMs, definitions, what runs, logs; no file is left.
snapshot()
{
	$vmctl list -a -o csv --fields id,name,state,vcpus,max_vcpus,max_memory,labels
	(cd "$VMM_DIR" && find . | sort && cat etc/*.conf log/*/*)
	ls -A "$tmp"
}
before=$(snapshot)
same() { is "$(snapshot)" "$before" "$1: nothing has changed"; }

# each CODE PATTERN VM COMMAND...: each of these commands is refused
each()
{
	local code=$1 pattern=$2 vm=$3 command words
	shift 3

	for command; do
		read -ra words <<<"$command"
		# a name may have blanks
		refused "$code" "$pattern" "${words[@]/#@/$vm}"
	done
}
each 3 "nobody: no VM of this name( is defined)?; try: vmctl list" nobody "${kernel[@]}" \
	"${process[@]}" "${defined[@]}"
each 2 "a b: neither a name nor an id of a VM" "a b" "${kernel[@]}"
each 2 "'a b': ' ' is not allowed" "a b" "${process[@]}" "${defined[@]}"
each 3 "4000000000: no VM of this id" 4000000000 "${kernel[@]}" "${process[@]}"
each 2 "99999999999: neither a name nor an id" 99999999999 "${kernel[@]}" "${process[@]}"
each 4 "off: does not run; try: vmctl start off" off "${kernel[@]}"
each 4 "off: does not run in the background; try: vmctl start off" off "${process[@]}"
quiet 0 wait off
each 4 "dead: the VM (is dead|has ended)" dead "${kernel[@]:0:8}"
each 4 "dead: does not run in the background" dead "${process[@]}"
each 4 "web: runs" web "start @" "destroy @"
each 1 "twin: several VMs have this name; try: its id" twin "${kernel[@]}"
same "names and states"

for command in $commands; do
	[ "$command" = complete ] || refused 2 "--frob: unknown option|takes no argument" "$command" --frob
done
each 2 "is missing|needs a value" "" "pause" "resume" "stop" "kill" "reset" "wait" "set" "inject" "exits -i" \
	"show" "sched" "console" "regs" "dump" "start" "destroy" "logs" "create" "snap" "snap export" "snap export x" "snap import" \
	"snap create" "snap list" "snap rm" "snap rm x" "rollback" "fork" "fork x" "reclaim" "swap"
refused 2 "max_vcpus=0: not a number" set web max_vcpus=0
refused 2 "max_vcpus=99999999999: not a number" set web max_vcpus=99999999999
refused 2 "web: " set web max_vcpus=4294967295
refused 2 "max_memory=0: neither" set web max_memory=0
refused 2 "a label's key has 1 to 63" set web "label.$(printf 'k%.0s' {1..64})=x"
refused 2 "web: " set web "label.k=$(printf 'v%.0s' {1..200})"
refused 2 "too much for one request" set web "label.k=$(printf 'v%.0s' {1..9000})"
refused 2 "web: " set web "name=$(printf 'n%.0s' {1..64})"
refused 1 "web: the VM has no such vCPU" inject -c 2 web nmi
refused 2 "-c 4294967296: not a number" inject -c 4294967296 web nmi
refused 2 "-t -1: not a number of seconds" stop -t -1 web
same "numbers out of range"

# ---- another user's

as_nobody list >/dev/null
vmctl=as_nobody each 5 "another user's; try: as its owner" "$web" "${kernel[@]}" "${process[@]}"
vmctl=as_nobody each 5 "Permission denied" web "${defined[@]}" "create -k /x @"
chmod 600 /dev/vmm
vmctl=as_nobody refused 5 "/dev/vmm: cannot open: Permission denied" run -m 8M --multiboot "$tmp/rest" x
vmctl=as_nobody refused 5 "/dev/vmm: cannot open: Permission denied" info
as_nobody doctor >"$tmp/out" 2>&1
is "$? $(grep -c '^FAIL  */dev/vmm: .*Permission denied' "$tmp/out")" "5 1" "doctor says so"
same "another user's"

# ---- what others left in the place of things

# A socket whose owner has gone; a file; a directory; one that speaks, but not this.
mkdir -p "$VMM_DIR/run/off"
/usr/bin/python3 - "$VMM_DIR/run/off" <<'END' &
import socket, sys

for name, kind in ('console', socket.SOCK_STREAM), ('control', socket.SOCK_SEQPACKET):
    s = socket.socket(socket.AF_UNIX, kind)
    s.bind(f'{sys.argv[1]}/{name}')
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(sys.argv[1] + '/other')
s.listen()
for n in range(2):
    c, _ = s.accept()
    c.recv(4096)
    c.send(b'what?' if n else bytes(4096))
    c.recv(1)
END
until_ok [ -S "$VMM_DIR/run/off/other" ]
each 4 "off: does not run in the background; try: vmctl start off" off "${process[@]}"
run=$VMM_DIR/run/off
rm "$run/control" && mv "$run/other" "$run/control"
refused 1 "off: its process is of another version" regs off
refused 1 "off: its process is of another version" inject off key k
rm "$run/control"
echo 1 >"$run/control"
refused 4 "off: does not run in the background" regs off
rm "$run/control" "$run/console"
mkdir "$run/lock"
refused 1 "off: .*/lock: cannot open: Is a directory" start off
refused 1 "off/lock: cannot open: Is a directory" destroy off
rmdir "$run/lock"
ln -s "$VMM_DIR/etc/web.conf" "$run/lock"
refused 1 "off/lock: cannot open: Too many levels" start off
rm -r "$run"
same "sockets and locks of nobody"

# ---- no room

mkdir "$VMM_DIR/log/off"
mount -t tmpfs -o size=4k,nr_inodes=1 none "$VMM_DIR/log/off"
refused 1 "off: .*/log/off: cannot open the log in it: No space left on device" start off
umount "$VMM_DIR/log/off"
rmdir "$VMM_DIR/log/off"
mkdir "$tmp/small"
mount -t tmpfs -o size=4k,nr_inodes=3 none "$tmp/small"
mkdir "$tmp/small/etc"
cp "$VMM_DIR/etc/off.conf" "$tmp/small/etc"
VMM_DIR=$tmp/small refused 1 "No space left on device" create -k /x new
VMM_DIR=$tmp/small refused 1 "off: .*run.*No space left on device" start off
is "$(find "$tmp/small" | sort | tr '\n' ' ')" \
	"$tmp/small $tmp/small/etc $tmp/small/etc/off.conf " "a full disk: nothing is left"
umount "$tmp/small"
rmdir "$tmp/small"
for words in list "show web" "sched web" "stats web" info doctor "help run" "regs web" "show -o conf web" version "logs web" \
	"top -b -n 1 -i 0.1" "complete -- " "ksm pairs" "ksm map web"; do
	# shellcheck disable=SC2086
	$vmctl $words >/dev/full 2>"$tmp/err"
	is "$? $(grep -c "cannot write to standard output" "$tmp/err")" "1 1" "$words: no room for what it prints"
done
same "no room"

# ---- and what is right goes on

quiet 0 resume web
quiet 0 inject web key abc
ok "the VM still works" until_ok grep -q abc "$VMM_DIR/log/web/console.log"
quiet 0 kill web
quiet 0 kill "$(id twin)"
quiet 0 kill "$(id twin)"
quiet 0 start off
is "$(state off)" running "one that was refused starts"
quiet 0 stop -t 0.1 -f off
kill -CONT $dead
wait
is "$($vmctl list -q)" "" "none is left"
done_testing
