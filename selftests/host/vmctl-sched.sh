#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd, timeout: 240
#
# The share of the host that a VM gets: weights, caps, pins and limits, told at the start
# and later, held in what the processors do; groups as directories, for root and for a
# user to whom one was delegated; what is refused, and that it changes nothing.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh
. selftests/lib/sched.sh

export VMM_DIR=$tmp/vmm
top=/sys/fs/cgroup
# One that writes to each of its pages, from 2 to 63 MiB: mov $0x200000,%edi; store, add,
# compare, loop; then it spins.
image eater bf 00 00 20 00 89 07 81 c7 00 10 00 00 81 ff 00 00 f0 03 72 f0 eb fe

# ---- told at the start

define a spin --weight 100 --pin 1
define b spin --weight 300 --pin 1
quiet 0 start a b
is "$(ls -d $groups/*/ | tr '\n' ' ')" "$groups/a/ $groups/b/ " "each has a group of its own"
is "$(value a cpu.weight) $(value b cpu.weight)" "100 300" "of the weight that was told"
is "$(value a cgroup.procs) $(value b cgroup.procs)" "$(process a) $(process b)" "with its process in it"
is "$(allowed a) $(allowed b)" "1 1" "all of its threads are pinned"
shared "weights of 100 to 300 on one CPU" b a 750
is "$(policy a) $(policy b)" "100,,1, 300,,1," "list tells it"
is "$($vmctl sched b | tr -s ' \n' ' ')" "name b weight 300 cap - pin 1 mem_limit - " "and sched"
is "$($vmctl show b -o conf | tail -n 2 | tr '\n' ' ')" "weight 300 pin 1 " "and the definition"
$vmctl list -o json >"$tmp/list"
$vmctl show b -o json >"$tmp/show"
$vmctl sched b -o json >"$tmp/sched"
ok "as JSON it is as the schema says" selftests/lib/schema.py list "$tmp/list" show "$tmp/show" \
	sched "$tmp/sched"

# ---- told later

quiet 0 sched b prio=0
shared "the same weight for both" b a 500
quiet 0 pause b
quiet 0 sched a cap=30 mem-limit=64M
is "$(policy a) $(value a cpu.max) $(value a memory.max)" "100,30,1,67108864 30000 100000 67108864" \
	"a cap and a limit are in force"
holds "a cap of 30 %" a 300
quiet 0 sched a pin=2 cap=none weight=none
is "$(policy a) $(allowed a)" "100,,2,67108864 2" "all threads have moved, the cap is gone"
is "$($vmctl show a -o json | grep -o '"cpu": [^,]*')" '"cpu": 2' "it runs there"
ok "it gets all of a CPU again, or nearly" [ "$(part 2 a)" -gt 850 ]
quiet 0 resume b
pid=$(process a)
quiet 0 reset a
is "$(process a) $(policy a) $(allowed a)" "$pid 100,,2,67108864 2" "a reset changes nothing of that"

# ---- refused

before=$($vmctl sched a -o json)
refused 2 "sched: weight=0: a weight is 1 to 10000" sched a weight=0
refused 2 "cap=0: a cap, in percent of one CPU, is 1 to" sched a cap=0
refused 2 "a: cap 101: at most 100, 100 for each vCPU" sched a cap=101 weight=5
refused 2 "a: pin 1-999: this host has the CPUs 0-[0-9]" sched a pin=1-999 cap=20
refused 2 "pin=2-1: neither a list" sched a pin=2-1
refused 2 "prio=20: a priority is a nice value, -20 to 19" sched a prio=20
refused 2 "weight and prio exclude each other" sched a weight=1 prio=1
refused 2 "mem-limit=1K: a limit is at least 1M" sched a mem-limit=1K
refused 4 "a: mem-limit 1M: it has [0-9]*[KM]? already" sched a mem-limit=1M pin=1 cap=20
refused 2 "frob=1: the keys are weight" sched a frob=1
refused 2 "weight: not KEY=VALUE" sched a weight
refused 2 "cap=2: told twice" sched a cap=1 cap=2
refused 3 "nobody: no VM of this name" sched nobody cap=1
is "$($vmctl sched a -o json) $(allowed a)" "$before 2" "and nothing is changed"
refused 2 "create: cap 101: at most 100" create -m 8M --multiboot "$tmp/spin" --cap 101 x
define far spin --pin 900
refused 2 "far: pin 900: this host has" start far
define eater eater -m 64M
quiet 0 start eater
ok "what a guest has is charged to its group" until_ok eval '[ "$(value eater memory.current)" -gt 62000000 ]'
refused 4 "eater: mem-limit 32M: it has 6[0-9]*[KM]? already" sched eater mem-limit=32M
quiet 0 sched eater mem-limit=96M
is "$(value eater memory.max)" 100663296 "more than that is a limit"
quiet 0 kill eater
is "$(state a) $(state b)" "running running" "the others run"

# ---- the end

$vmctl list -q >/dev/null
quiet 0 stop -f -t 0.1 b
is "$(ls -d $groups/*/)" "$groups/a/" "the group of one that has ended is gone"
refused 4 "b: does not run; try: vmctl start b" sched b cap=10
kill -KILL "$(process a)"
until_ok eval '[ "$(state a)" = stopped ]'
$vmctl list -q >/dev/null
ok "of one that was killed, after the next list" [ ! -e "$groups" ]
quiet 0 start a
kill -KILL "$(process a)"
until_ok eval 'grep -q "populated 0" $groups/a/cgroup.events'
mkdir -p $groups/left
quiet 0 start a
is "$(value a cpu.weight) $(cat $groups/a/cgroup.procs)" "100 $(process a)" "or the next start"
ok "which takes away all that is left" [ ! -e $groups/left ]
quiet 0 kill a
$vmctl list -q >/dev/null
ok "all are gone" [ ! -e "$groups" ]

# ---- in the foreground

begin fg spin --cap 50 --pin 1
holds "run: a cap of 50 %" fg 500
is "$(state fg)" running "it runs"
quiet 0 kill fg
end $pid
ok "its group goes with it" [ ! -e "$groups/fg" ]
begin plain spin
ok "run without a policy stays where it is" [ ! -e "$groups/plain" ]
refused 7 "plain: it has no control group of its own" sched plain cap=10
quiet 0 sched plain pin=2
is "$(allowed plain)" 2 "but can be pinned"
quiet 0 kill plain
end $pid

# ---- users

chmod 666 /dev/vmm
chmod 755 "$tmp"
chmod 644 "$tmp/spin"
cp $vmctl "$tmp/vmctl"
install -d -o 65534 -m 700 "$tmp/user"
other() { setpriv --reuid 65534 --regid 65534 --clear-groups env -i VMM_DIR="$tmp/user/vmm" "$tmp/vmctl" "$@"; }
ok "a user's, without a policy" other create -m 8M --multiboot "$tmp/spin" a
ok "with one" other create -m 8M --multiboot "$tmp/spin" --cap 50 --pin 1 b
ok "starts where he may make no group" other start a
other sched a cap=10 2>"$tmp/err"
is "$? $(<"$tmp/err")" "7 vmctl: sched: a: it has no control group of its own; try: vmctl start, where one can be made" \
	"it has none"
other start b 2>"$tmp/err"
is "$? $(<"$tmp/err")" "5 vmctl: start: b: no control group for its policy: $top/vmm-65534: cannot make a control group: Permission denied" \
	"with a policy it is refused"
is "$(other list -a -o csv --no-header --fields name,state | tr '\n' ' ')" "a,running b,stopped " \
	"and does not run"
groups=$top/their/vmm-65534
mkdir -p $top/their/shell
echo +cpu +memory >$top/cgroup.subtree_control
chown -R 65534 $top/their
delegated() { (echo 0 >$top/their/shell/cgroup.procs && other "$@"); }
ok "where a group is delegated to him" delegated start b
is "$(policy b) $(value b cpu.max)" "100,50,1, 50000 100000" "it has its policy"
ok "he may change it" other sched b cap=20 weight=7
is "$(policy b)" "7,20,1," "and so it is"
other sched b mem-limit=1G pin=1-999 2>/dev/null
is "$? $(policy b)" "2 7,20,1," "a refusal changes nothing"
quiet 0 start a
is "$(ls -d $top/vmm/*/ $groups/*/ | tr '\n' ' ')" "$groups/b/ $top/vmm/a/ " \
	"root's and his do not meet"
quiet 0 kill "$($vmctl list -o csv --no-header --fields id,name,owner | sed -n 's/,b,65534//p')"
ok "his is gone" until_ok [ ! -e $groups/b ]
quiet 0 kill "$($vmctl list -o csv --no-header --fields id,name,owner | sed -n 's/,a,0//p')"
ok "he ends the other" other kill a
is "$($vmctl list -aq --no-header --fields name)" "a
b
eater
far" "none runs"
done_testing
