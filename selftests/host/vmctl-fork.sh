#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd intel, soak: intel, timeout: 600, module: apicv=0
# test: files: python3 grep build/guest.bzImage build/guest.cpio
#
# vmctl fork: machines that go on where another one is, each with its own bytes from then on, ten of
# them at once; forks of forks, of paused ones, and of one that is gone since; that each is a machine like
# others; what is refused, before and in the middle, leaves none of them, and the machine runs. Linux with
# two processors, which counts on in all of them.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

export VMM_DIR=$tmp/vmm
log() { echo "$VMM_DIR/log/$1/console.log"; }
left() { $vmctl list -q | sort; find "$VMM_DIR/etc" "$VMM_DIR/run" | sort; state web; }
gone() { [ "$(left)" = "$before" ]; }

define web count -c 2
define off rest
quiet 0 start web
ok "it counts" typed web ..W abB

# ---- one

quiet 0 fork web kid
is "$(state web) $(state kid)" "running running" "both run"
ok "the fork goes on" typed kid V. Bc
ok "from where it was: it does not say > again" eval '! grep -q ">" "$(log kid)"'
ok "its log says from what" grep -Eq "kid started at .* from snapshot [0-9a-f]{32}\]" "$(log kid)"
ok "what it writes is its own" typed kid WW.. CDde
ok "and so is what the other one writes" typed web W.V CcC
ok "still" typed kid V. Df
is "$($vmctl show -o conf kid)" "$($vmctl show -o conf web)" "they are defined alike"
is "$($vmctl regs kid -o csv --no-header --fields vcpu | wc -l)" 2 "and have as many processors"
ok "it is in a sandbox" eval '[ "$($vmctl show kid -o json | grep -c "\"syscalls\"")" = 1 ]'
quiet 0 snap create kid t
ok "on" typed kid W. Eg
quiet 0 rollback kid
ok "a fork can be rolled back" typed kid V. Dg
quiet 0 fork kid kid2
ok "and forked" typed kid2 V. Dh
quiet 0 inject kid key R
ok "a reset boots it" until_ok eval 'tail -n 1 "$(log kid)" | grep -q ">$"'
ok "in memory without a trace" typed kid .V '>aA'
quiet 0 rollback kid t
ok "and leads back to before" typed kid V. Dg
quiet 0 pause web
quiet 0 fork web awake
is "$(state web) $(state awake)" "paused running" "of one that is paused, the fork runs"
ok "and works" typed awake V. Cd
quiet 0 resume web
ok "and so does the other" typed web V. Cd
quiet 0 kill kid
ok "a fork outlives what it was made of" typed kid2 W. Ei
quiet 0 start kid
ok "its definition boots" typed kid .V '>aA'
quiet 0 kill kid
quiet 0 fork web kid
ok "and a fork may have it again, as it is the same" typed kid V. Ce
for vm in kid kid2 awake; do
	quiet 0 kill $vm
	quiet 0 destroy $vm
done

# ---- ten

quiet 0 fork -n 10 web x
is "$($vmctl list -q | sort -V | tr '\n' ' ')" "web x-1 x-2 x-3 x-4 x-5 x-6 x-7 x-8 x-9 x-10 " "ten forks and their origin"
network() { readlink "/proc/$1/ns/net"; }
ok "which is in a network of its own" [ "$(network "$(process web)")" != "$(network self)" ]
ok "and they in another, which is one for all" eval '[ "$(network "$(process x-1)")" = "$(network "$(process x-10)")" ]'
ok "that is not ours" [ "$(network "$(process x-1)")" != "$(network self)" ]
ok "nor its" [ "$(network "$(process x-1)")" != "$(network "$(process web)")" ]
is "$(nsenter -t "$(process x-10)" -n cat /proc/net/dev | grep -c :)" 1 "and has nothing in it but what each has"
for n in 1 2 3 4 5 6 7 8 9 10; do
	typed x-$n "$(printf 'W%.0s' $(seq $n))V." "e" >/dev/null || echo "# x-$n does not go on"
done
for n in 1 2 3 4 5 6 7 8 9 10; do
	letter=$(printf "\\x$(printf %x $((67 + n)))")
	ok "x-$n: its own bytes" typed x-$n V. "${letter}f"
done
ok "and their origin's" typed web V. Ce
is "$($vmctl list -q | wc -l)" 11 "all live"
quiet 0 kill web
ok "without it, too" typed x-10 V. "Mg"
quiet 0 start web
for n in 1 2 3 4 5 6 7 8 9 10; do
	$vmctl kill x-$n && $vmctl destroy x-$n
done
ok "it counts" typed web .W aB

# ---- refusals

before=$(left)
refused 4 "web: runs already" fork web web
refused 1 "off: is defined, and not as the VM that is forked; try: another name" fork web off
refused 4 "off: does not run in the background; try: vmctl start off" fork off new
refused 3 "nobody: no VM of this name is defined" fork nobody new
refused 2 "name 'a b': ' ' is not allowed" fork web "a b"
refused 2 "NEW is missing" fork web
refused 2 "-n 0: not a number from 1 to 256" fork -n 0 web new
refused 2 "-n 257: not a number" fork -n 257 web new
refused 2 "name of 64 characters" fork -n 100 web "$(printf 'n%.0s' {1..60})"
held() { /usr/bin/python3 selftests/lib/hold.py "$VMM_DIR/run/web/control" "$@"; }
said=$(held $vmctl fork web new 2>&1)
is "$? ${said#*: }" "4 fork: web: is being saved" "while it is held for a file"
ok "nothing is left" until_ok gone
mkdir -p "$VMM_DIR/run/new-3/lock"
refused 1 "new-3.*: cannot open: Is a directory" fork -n 5 web new
rm -r "$VMM_DIR/run/new-3"
ok "a directory that cannot be had: none is left" until_ok gone
mkdir -p "$VMM_DIR/log/new-3"
mount -t tmpfs -o size=4k,nr_inodes=1 none "$VMM_DIR/log/new-3"
refused 1 "new-3: .*: cannot open the log in it: No space left" fork -n 5 web new
umount "$VMM_DIR/log/new-3"
ok "a log that cannot be: none is left" until_ok gone
begin new-4 rest
refused 1 "new-4: another VM has this name" fork -n 5 web new
quiet 0 kill new-4
end $pid
ok "a name that another VM has: none is left" until_ok gone
mv "$tmp/count" "$tmp/moved"
refused 1 "new: .*$tmp/count: " fork web new
mv "$tmp/moved" "$tmp/count"
ok "what a reset boots from is not there: none is left" until_ok gone
alone() { [ "$(others)" = "$before" ]; }
others() { $vmctl list -q | sort; find "$VMM_DIR/etc" | sort; }
before=$(others)
for n in 0.05 0.2 0.4; do
	$vmctl fork -n 6 web new 2>"$tmp/err" &
	pid=$!
	sleep $n
	kill -KILL $pid
	end $pid
	rm -f "$tmp/err"
	# all, if it was through
	if [ "$(state new-6)" = running ]; then
		is "$($vmctl list -q | grep -c '^new-')" 6 "killed after $n s: all are there"
		for vm in new-1 new-2 new-3 new-4 new-5 new-6; do $vmctl kill $vm && $vmctl destroy $vm; done
	fi
	# a directory without an owner may be left, as after any sudden death
	ok "killed after $n s: all, or none is left" until_ok alone
	alone || left | sed 's/^/# /'
done
ok "and it has gone on all the time" typed web V.W BbC
$vmctl fork -n 3 web one &
one=$!
$vmctl fork -n 3 web two
status=$?
wait $one
is "$? $status" "0 0" "two forks at once"
for vm in one-1 one-2 one-3 two-1 two-2 two-3; do
	ok "$vm: goes on" typed $vm V. Cc
	$vmctl kill $vm
	$vmctl destroy $vm
done
quiet 0 kill web

# ---- Linux

if [ -e build/guest.bzImage ]; then
	$vmctl create -c 2 -m 256M -k build/guest.bzImage -i build/guest.cpio \
		-a 'console=ttyS0 quiet panic=-1 run="n=0; (while :; do :; done) & while :; do read u x </proc/uptime; echo count $n $u; n=$((n + 1)); sleep 0.1; done"' linux
	quiet 0 start linux
	quiet 0 wait --for "console:count 10 " -t 100 linux
	quiet 0 fork -n 2 linux tux
	counts() { grep -ao 'count [0-9]* [0-9.]*' "$(log "$1")"; }
	for vm in linux tux-1 tux-2; do
		ok "$vm: counts" until_ok eval '[ "$(counts $vm | wc -l)" -ge 25 ]'
	done
	last=$(counts linux | tail -n 1 | cut -d ' ' -f 2)
	quiet 0 wait --for "console:count $((last + 20)) " -t 60 linux
	for vm in linux tux-1 tux-2; do
		quiet 0 pause $vm
		# its first line may have begun elsewhere
		grep -a '^count .*' "$(log $vm)" | sed '$d' >"$tmp/$vm"
		ok "$vm: nothing is missed or doubled, and its clock does not leap" \
			/usr/bin/python3 selftests/lib/counted.py "$tmp/$vm"
		is "$(tr -d '\r' <"$(log $vm)" | grep -aciE 'lockup|stall|BUG:|unstable')" 0 "$vm: its kernel complains of nothing"
		quiet 0 kill $vm
	done
fi
is "$($vmctl list -q)" "" "none is left"
done_testing
