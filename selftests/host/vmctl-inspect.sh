#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd, timeout: 240
#
# vmctl regs and dump: what they tell of VMs that run, wait and are paused, and that a VM
# goes on as it was, whatever becomes of the file.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

export VMM_DIR=$tmp/vmm
register() { $vmctl regs "$1" -c "${3:-0}" | grep -Eo "\b$2 +[0-9a-f]+" | awk '{ print $2 }'; }
resident() { $vmctl list -o csv --no-header --fields name,resident | sed -n "s/^$1,//p"; }

define web rest -c 2
define lab echo
define none echo
refused 4 "web: does not run in the background; try: vmctl start web" regs web
refused 3 "nobody: no VM of this name is defined" dump nobody "$tmp/core"
refused 2 "FILE is missing" dump web
quiet 0 start web lab

# ---- regs

is "$(register web rip)" 0000000000100021 "a guest that sleeps"
is "$($vmctl regs web | grep -c '^vCPU')" 2 "all processors"
is "$(register web rip 1)" 000000000000fff0 "one that was never started"
is "$(register lab rsp)" 0000000000200000 "one that works"
is "$(state web)" running "it runs on"
refused 1 "web: the VM has no vCPU 2" regs -c 2 web
refused 2 "-c x: not a number" regs -c x web
refused 2 "-o xml: the formats" regs -o xml web
$vmctl regs web -o json >"$tmp/regs"
$vmctl regs web -c 1 -o json >"$tmp/regs1"
ok "JSON is as the schema says" /usr/bin/python3 selftests/lib/schema.py regs "$tmp/regs" \
	regs "$tmp/regs1"
is "$(python3 -c 'import json, sys
r = json.load(open(sys.argv[1]))["regs"]
print([v["vcpu"] for v in r], r[0]["rip"], r[0]["cs"]["selector"], r[0]["cr0"])' "$tmp/regs")" \
	"[0, 1] 1048609 16 17" "and has the same"
quiet 0 pause web
is "$(register web rip)" 0000000000100021 "a VM that is paused"
is "$(state web)" paused "it stays so"
for n in $(seq 20); do $vmctl regs lab >/dev/null & done
wait
echo abc | $vmctl console --tail lab >"$tmp/out" 2>/dev/null &
client=$!
ok "twenty at once, and it still works" until_ok grep -q abc "$tmp/out"
{ kill $client; wait $client; } 2>/dev/null

# ---- inject

quiet 0 inject lab key xyz
ok "keys go to the guest" until_ok grep -q xyz "$VMM_DIR/log/lab/console.log"
full=$(printf 'k%.0s' $(seq 2048))
quiet 0 inject web key "$full"
quiet 0 inject web key "$full"
refused 4 "web: the guest does not read what it was sent before" inject web sysrq b
refused 2 "TEXT is missing" inject web key
refused 2 "sysrq: KEY has 1 to 1 characters" inject web sysrq ab
refused 2 "key: TEXT has 1 to 2048" inject web key "$full$full"
refused 2 "x: one too many" inject web nmi x
refused 2 "-c goes with nmi" inject -c 1 web key x
refused 4 "none: does not run in the background" inject none key x

# ---- dump

quiet 0 resume web
before=$(resident web)
quiet 0 dump web "$tmp/core"
is "$(state web)" running "a VM that ran runs"
is "$(resident web)" "$before" "and has no more memory than before"
is "$(stat -c '%s %a' "$tmp/core")" "$((8 * 1024 * 1024 + 4096)) 600" "all of its memory, for the owner"
ok "without what is zero" [ "$(stat -c %b "$tmp/core")" -lt 4000 ]
gdb -nx -batch -ex 'info threads' -ex 'p/x $rip' -ex 'x/2xb 0x100020' -ex 'thread 2' -ex 'p/x $rip' \
	-ex 'x/3xw 0x100000' -core "$tmp/core" >"$tmp/out" 2>&1
is "$(grep -c 'LWP\|Thread\|process' "$tmp/out" | awk '{ print ($1 >= 2) }')" 1 "gdb opens it: threads"
is "$(sed -n 's/^\$[12] = //p' "$tmp/out" | tr '\n' ' ')" "0x100021 0xfff0 " "registers"
is "$(sed -n 's/^0x10000*2*0*:\t//p' "$tmp/out" | tr '\t\n' '  ')" \
	"0xf4 0xeb 0x1badb002 0x00010000 0xe4514ffe " "memory"
refused 1 "web: $tmp/core: cannot create: File exists" dump web "$tmp/core"
refused 1 "web: $tmp/no/core: cannot create: No such file" dump web "$tmp/no/core"
quiet 0 pause web
quiet 0 dump web "$tmp/core2"
is "$(state web)" paused "a VM that was paused stays so"
quiet 0 resume web
mkdir "$tmp/full"
mount -t tmpfs -o size=8k none "$tmp/full"
refused 1 "web: cannot write: No space left" dump web "$tmp/full/core"
is "$(ls "$tmp/full") $(state web)" " running" "no room: no file, and it runs"
umount "$tmp/full"

# A process that is stopped does not answer: dump waits, and is killed.
web=$(process web)
kill -STOP "$web"
$vmctl dump web "$tmp/core3" >"$tmp/out" 2>&1 &
dump=$!
ok "a dump in its middle" until_ok eval '[ "$(state web)" = paused ]'
{ kill -KILL $dump; wait $dump; } 2>/dev/null
ok "is killed: the VM goes on" until_ok eval '[ "$(state web)" = running ]'
ok "and no file is left" until_ok [ ! -e "$tmp/core3" ]
refused 124 "regs: web: its process does not answer" regs web
kill -CONT "$web"

quiet 0 kill web
quiet 0 kill lab

# ---- Linux

if [ -e build/guest.bzImage ]; then
	$vmctl create -c 2 -m 256M -k build/guest.bzImage -i build/guest.cpio \
		-a 'console=ttyS0 quiet panic=-1 sysrq_always_enabled run="echo guest: up; sleep 600"' linux
	log=$VMM_DIR/log/linux/console.log
	quiet 0 start linux
	quiet 0 wait --for "console:guest: up" -t 100 linux
	ok "Linux boots in the background" until_ok grep -q "guest: up" "$log"
	quiet 0 inject linux sysrq h
	ok "and takes a magic SysRq" until_ok grep -q "sysrq: HELP" "$log"
	quiet 0 dump linux "$tmp/linux"
	gdb -nx -batch -ex 'info threads' -core "$tmp/linux" >"$tmp/out" 2>&1
	ok "its dump has two processors" [ "$(grep -c 'LWP\|Thread\|process' "$tmp/out")" -ge 2 ]
	ok "and its kernel's memory" grep -aq "sysrq: HELP" "$tmp/linux"
	is "$(state linux)" running "it runs on"
	ok "to be reset" $vmctl inject linux sysrq b
	ok "and boots again" eval 'TRIES=600 until_ok eval "[ \$(grep -c \"guest: up\" \$log) = 2 ]"'
	quiet 0 stop -t 1 -f linux
	tail -n 15 "$log" | tr -d '\r' | sed 's/^/# /'
fi
done_testing
