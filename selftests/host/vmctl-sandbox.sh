#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd intel, soak: intel, timeout: 300
# test: files: setpriv install readlink python3 Documentation/schema/vmctl.json
#
# The sandbox around the process of a VM: what it is without, seen from outside; that all
# verbs work in it; and what becomes of one that makes a call which is forbidden. What a
# process cannot do in it, call by call, unit/vmctl_sandbox tries.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

export VMM_DIR=$tmp/vmm
log() { cat "$VMM_DIR/log/$1/console.log"; }
has() { grep -q "$@"; }
status() { sed -n "s/^$2:[\t ]*//p" "/proc/$1/status"; }
intrude() { /usr/bin/python3 selftests/lib/intrude.py "$@" 2>&1; }
# shared PID: the namespaces that it has with us
shared()
{
	local space

	for space in mnt net ipc uts cgroup pid user; do
		[ "$(readlink /proc/$1/ns/$space)" != "$(readlink /proc/self/ns/$space)" ] ||
			echo "$space"
	done
}
# privileges PID: all capability sets, no new ones, the filter's mode
privileges()
{
	local key

	for key in CapInh CapPrm CapEff CapBnd CapAmb NoNewPrivs Seccomp; do
		status "$1" $key
	done | sort -u | tr '\n' ' '
}
none=0000000000000000

# ---- from outside

define web echo -c 2
define lab button
quiet 0 start web
pid=$(process web)
is "$(privileges "$pid")" "$none 1 2 " "no privileges, none to come, and a filter"
is "$(cat /proc/"$pid"/task/*/comm | tr '\n' ' ')" "web console vcpu 0 vcpu 1 " "four threads"
is "$(cat /proc/"$pid"/task/*/status | grep -c '^Seccomp:[[:space:]]*2')" 4 "all of them filtered"
is "$(status "$pid" Groups) $(status "$pid" Uid | cut -f 1)" " 0" "of root, and no groups"
is "$(shared "$pid" | tr '\n' ' ')" "user " "in namespaces of its own"
is "$(status "$pid" NSpid | cut -f 2)" 1 "the only process that it sees"
is "$(ls -A /proc/"$pid"/root/ /proc/"$pid"/cwd/ | grep -vc ':$\|^$')" 0 "its root is empty"
ok "and cannot be written" eval '! touch /proc/$pid/root/x 2>/dev/null'
is "$(awk '/core file|locked/ { print $(NF - 1), $(NF - 2) }' "/proc/$pid/limits" | tr '\n' ' ')" \
	"0 0 0 0 " "no core dumps, no locked memory"
ls -l "/proc/$pid/fd" | sed -n 's/.*-> //p' | sed 's/\[[0-9]*\]$//' | sort -u >"$tmp/files"
is "$(grep -v '^anon_inode\|^socket:$\|^/vmm-mem\|^/$' "$tmp/files" | tr '\n' ' ')" \
	"$(printf '%s\n' /dev/null /dev/vmm "$tmp/echo" "$VMM_DIR"/log/web/{console.log,end} \
	"$VMM_DIR/run/web/lock" /sys/fs/cgroup/vmm/.end/cgroup.procs | sort | tr '\n' ' ')" \
	"and no files but what it runs on, and what it leaves by"
ok "show tells of it" eval '$vmctl show web | has "^sandbox on$"'
$vmctl show web -o json >"$tmp/show"
ok "as JSON" grep -q '"sandbox": {"mode": "on", "has": \["privileges", "syscalls", .*"processes"\], "lacks": \[\]}' "$tmp/show"
ok "as the schema says" /usr/bin/python3 selftests/lib/schema.py show "$tmp/show"

# ---- all verbs

quiet 0 wait --for "console:>" web
$vmctl wait --for console:abc -t 20 web &
waiter=$!
quiet 0 inject web key abc
end $waiter
is $status 0 "console and keys"
ok "registers" eval '$vmctl regs web | has "^vCPU 0"'
quiet 0 dump web "$tmp/core"
ok "a dump" [ -s "$tmp/core" ]
quiet 0 pause web
quiet 0 resume web
quiet 0 reset web
quiet 0 reset web
is "$(process web) $(privileges "$pid")" "$pid $none 1 2 " "resets, in the same sandbox"
quiet 0 wait --for "console:>" web
quiet 0 start lab
quiet 0 stop lab
is "$(state lab) $(ls "$VMM_DIR/run")" "stopped web" "stop, which leaves nothing behind"
refused 4 "lab: does not run; try: vmctl start lab" show lab
is "$(log web | grep -c forbidden)$(log lab | grep -c forbidden)" 00 "nothing was forbidden"
is "$(log web | grep -c sandbox)" 0 "and nothing lacks"

# ---- calls that are forbidden

$vmctl wait web 2>"$tmp/words" &
waiter=$!
sleep 0.2
is "$(intrude "$pid" 39)" 1 "a call that is allowed: getpid()"
is "$(intrude "$pid" 41 2 1 0)" SIGSYS "socket(): its process is killed"
end $waiter
is "$status $(<"$tmp/words")" "0 vmctl: wait: web: ended: forbidden system call 41 (socket)" \
	"who waits for it is told why"
is "$(state web) $($vmctl list -q)" "stopped " "list is truthful"
ok "the log says why" eval \
	'log web | tail -n 1 | has "^\[vmctl: web ended: forbidden system call 41 (socket)\]$"'
refused 4 "web: does not run, it has ended: forbidden system call 41 \(socket\); try" show web
quiet 0 start web
pid=$(process web)
vcpu=$(grep -l '^vcpu 1' "/proc/$pid"/task/*/comm | sed 's,/comm$,,; s,.*/,,')
is "$(intrude "$vcpu" 10 0 4096 4)" SIGSYS "mprotect() to execute, by the thread of a vCPU"
until_ok eval '[ "$(state web)" = stopped ]'
refused 4 "web: does not run, it has ended: forbidden system call 10 \(mprotect\); try" show web
quiet 0 start web
kill -KILL "$(process web)"
until_ok eval '[ "$(state web)" = stopped ]'
refused 4 "web: does not run, it has ended: its process died without a word" stop web

# ---- run, and without

begin run echo
is "$(privileges "$pid") $(shared "$pid" | tr '\n' ' ')" "$none 1 2  pid user " "run is in it, too"
is "$(intrude "$pid" 257 -100 0 0)" SIGSYS "openat(): killed"
end $pid
is "$status $(<"$tmp/run.words")" "159 vmctl: run: run: forbidden system call 257 (openat)" "and says why"
refused 2 "--sandbox maybe: neither on nor off nor required" run --sandbox maybe -k /x
define off echo --sandbox off
define all echo --sandbox required
quiet 0 start off all
pid=$(process off)
is "$(status "$pid" Seccomp) $(shared "$pid" | wc -l)" "0 7" "off is off"
ok "and is told" eval '$vmctl show off | has "^sandbox off$"'
ok "required is granted" eval '$vmctl show all | has "^sandbox required$"'
quiet 0 kill off
quiet 0 kill all

# ---- a user's

chmod 666 /dev/vmm
chmod 755 "$tmp"
chmod 644 "$tmp/echo"
cp $vmctl "$tmp/vmctl"
install -d -o 65533 -m 700 "$tmp/user"
mine() { VMM_DIR=$tmp/user/vmm "$@"; }
user() { mine setpriv --reuid 65533 --regid 65533 --clear-groups "$tmp/vmctl" "$@"; }
ok "a user defines one" user create -m 8M --multiboot "$tmp/echo" web
ok "and starts it" user start web
pid=$(process web)
is "$(privileges "$pid")" "$none 1 2 " "no privileges either"
is "$(shared "$pid" | tr '\n' ' ')" "pid " "in a namespace of users, and those it may make there"
ok "show tells what it is without" eval 'user show web | has "^sandbox on without processes$"'
ok "its user speaks to it" eval 'user regs web | has "^vCPU 0"'
ok "and so does root" eval 'mine $vmctl regs web | has "^vCPU 0"'
ok "another user does not" eval '! mine as_nobody regs web 2>/dev/null'
ok "he resets it" user reset web
ok "and stops it" user kill web
is "$(ls "$tmp/user/vmm/run")" "" "nothing is left"
spaces=$(</proc/sys/user/max_user_namespaces)
echo 0 >/proc/sys/user/max_user_namespaces
ok "where users may make no namespaces it starts, too" user start web
pid=$(process web)
is "$(status "$pid" Seccomp) $(shared "$pid" | wc -l)" "2 7" "without them"
ok "its log says so" eval 'grep -q "^\[vmctl: the sandbox lacks root, network, ipc, names, cgroups (.*)\]$" \
	"$tmp/user/vmm/log/web/console.log"'
ok "he stops it" user kill web
is "$(ls "$tmp/user/vmm/run")" "" "nothing is left"
ok "another" user create -m 8M --multiboot "$tmp/echo" --sandbox required all
user start all 2>"$tmp/err"
is "$? $(grep -c 'all: sandbox: required, but these lack: root' "$tmp/err")" "7 1" "required is refused"
echo "$spaces" >/proc/sys/user/max_user_namespaces
done_testing
