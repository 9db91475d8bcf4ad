#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd intel, soak: intel, timeout: 180, files: setpriv
#
# The verbs that change a VM: pause, resume, stop, kill, reset, inject, set, wait. What they
# do, that they wait for it, and what they refuse with which exit code.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

seconds() { local t=$SECONDS; "$@" >/dev/null 2>&1; echo $((SECONDS - t)); }

# ---- pause, resume

begin web rest -c 2
web=$pid
quiet 0 pause web
is "$(state web)" paused "it is"
is "$($vmctl show web -o json | grep -o '"cpu": [^,]*' | sort -u)" '"cpu": null' \
	"no processor runs"
refused 4 "pause: web: the VM is paused already" pause web
refused 4 "stop: web: the VM is paused; try: vmctl resume" stop web
quiet 0 wait --for paused web
refused 124 "wait: web: not so yet" wait --for running -t 0.2 web
quiet 0 resume web
is "$(state web)" running "resumed"
refused 4 "resume: web: the VM is not paused" resume web
kill -STOP $web
quiet 0 pause web
is "$(state web)" paused "also when its process is stopped"
kill -CONT $web
quiet 0 resume web

# ---- set

quiet 0 set web label.tier=front label.note="two words" max_memory=1G max_vcpus=2
is "$($vmctl list -o csv --no-header --fields max_memory,max_vcpus,labels)" \
	'1073741824,2,"tier=front,note=two words"' "limits and labels"
$vmctl list -o json >"$tmp/list"
ok "labels are an object" grep -q '"labels": {"tier": "front", "note": "two words"}' "$tmp/list"
quiet 0 set web label.tier= name=www
is "$($vmctl list -o csv --no-header --fields name,labels)" "www,note=two words" \
	"a label is gone, the name is another"
refused 3 "no VM of this name" set web name=x
refused 4 "www: the VM has more memory already" set www label.a=b max_memory=1M
is "$($vmctl list -o csv --no-header --fields labels)" "note=two words" "a refusal changes nothing"
refused 2 "www: the VM was made for fewer" set www max_vcpus=128
refused 2 "www: " set www max_vcpus=4000000000
refused 2 "www: a name is a letter, then" set www name=1x
refused 2 "www: a key is a letter, then" set www label.1=x
refused 2 "max_memory=1X: neither a size" set www max_memory=1X
refused 2 "frob=1: the keys are" set www frob=1
refused 2 "frob: not KEY=VALUE" set www frob
for n in $(seq 15); do $vmctl set www label.l$n=x; done
refused 1 "www: too many labels" set www label.l16=x
begin lab rest
lab=$pid
refused 1 "lab: another VM has this name" set lab name=www
quiet 0 set www name=web max_memory=none
is "$($vmctl list -o csv --no-header --fields max_memory | head -n 1)" 0 "no limit"

# ---- inject

begin nmi nmi --debug-exit 0xf4
quiet 0 inject nmi nmi
end $pid
is $status 9 "the guest's handler of NMIs runs"
refused 1 "web: the VM has no such vCPU" inject -c 7 web nmi
refused 2 "irq: only nmi" inject web irq
refused 2 "-c x: not a number" inject -c x web nmi

# ---- stop

begin button button
quiet 0 stop -t 30 button
end $pid
is $status 0 "a guest that knows its power button powers off"
is "$(state button)" "" "and is gone when stop returns"
refused 124 "lab: the guest has not reacted to its power button; try: vmctl stop -f" stop -t 0.5 lab
is "$(state lab)" running "one that does not runs on"
quiet 0 stop --wait=0 lab
quiet 0 stop -t 0.5 -f lab
end $lab
is "$status $(sed 's/.*: //' "$tmp/lab.words")" "1 killed" "-f: then it is killed"
is "$(state lab)" "" "and gone"
begin lab rest
quiet 0 pause lab
ok "-f: a paused one at once, not after a minute" [ "$(seconds $vmctl stop -f lab)" -lt 20 ]
is "$(state lab)" "" "and it is gone"

# A Linux guest: its ACPI drivers hear the interrupt and tell user space.
if [ -e build/guest.bzImage ]; then
	modules=$(dirname "$(readlink -f build/guest.bzImage)")/root/lib/modules
	mkdir "$tmp/extra"
	cp "$modules"/*/kernel/drivers/acpi/button.ko "$modules"/*/kernel/drivers/input/evdev.ko \
		"$tmp/extra"
	(cd "$tmp/extra" && ls | cpio -o -H newc --quiet) | cat build/guest.cpio - >"$tmp/cpio"
	$vmctl run -m 256M -k build/guest.bzImage -i "$tmp/cpio" -a "console=ttyS0 quiet panic=-1 \
run=\"insmod /button.ko; insmod /evdev.ko; echo guest: listens; \
dd if=/dev/input/event0 of=/dev/null bs=24 count=1; echo guest: pressed; grep acpi /proc/interrupts\"" \
		linux </dev/null >"$tmp/console" 2>"$tmp/words" &
	pid=$!
	for n in $(seq 600); do
		! grep -q "guest: listens" "$tmp/console" || break
		sleep 0.1
	done
	sleep 1
	quiet 0 stop -t 40 linux
	end $pid
	is "$status $(grep -c "guest: pressed" "$tmp/console")" "0 1" "Linux hears its power button"
	ok "by one interrupt: $(grep acpi "$tmp/console")" grep -Eq '^ +9: +1 .*acpi' "$tmp/console"
	grep -q "guest: pressed" "$tmp/console" || tail -n 20 "$tmp/console" | sed 's/^/# /'
fi

# ---- reset, kill, wait

begin lab rest
quiet 0 reset lab
end $pid
is "$status $(sed 's/.*: //' "$tmp/lab.words")" "0 an operator asked for a reset" "reset"
begin lab rest
kill -STOP $pid
refused 124 "lab: its process has not reset it yet" reset --wait 0.3 lab
refused 124 "lab: dead, but its process has not let go" kill --wait 0.3 lab
is "$(state lab) $($vmctl list -q | grep -c lab)" "dead 0" "a dead VM shows with -a alone"
refused 4 "lab: the VM is dead" pause lab
refused 4 "lab: the VM is dead" kill lab
refused 4 "lab: the VM is dead" set lab name=x
quiet 0 wait lab
(sleep 1; kill -CONT $pid) &
quiet 0 wait --for gone -t 20 lab
is "$(state lab)" "" "gone"
begin lab rest
(sleep 1; $vmctl kill lab) &
quiet 0 wait -t 20 lab
end $!
refused 3 "no VM of this name" wait lab
begin lab rest
(sleep 1; $vmctl kill lab) &
refused 4 "wait: lab: the VM has ended" wait --for paused -t 20 lab

# ---- names, rights

begin twin rest
twin=$pid
refused 1 "run: twin: another VM has this name" run -m 8M --multiboot "$tmp/rest" twin
is "$($vmctl list -q | grep -cx twin)" 1 "a name that is taken makes no VM"
chmod 666 /dev/vmm
chmod 644 "$tmp/rest"
as_nobody run -m 8M --multiboot "$tmp/rest" twin </dev/null >/dev/null 2>&1 &
other=$!
for n in $(seq 200); do
	[ "$($vmctl list -q | grep -cx twin)" != 2 ] || break
	sleep 0.05
done
refused 1 "pause: twin: several VMs have this name; try: its id" pause twin
id=$($vmctl list --fields id,name -o csv --no-header | sed -n 's/,twin$//p' | tail -n 1)
quiet 0 kill "$id"
is "$($vmctl list -q | grep -cx twin)" 1 "by id it is one"
is "$($vmctl list --fields owner,name -o csv --no-header | grep twin)" "0,twin" "the other is left"
for verb in pause resume stop kill reset; do
	as_nobody $verb "$($vmctl list --fields id,name -o csv --no-header | sed -n 's/,web$//p')" \
		>"$tmp/out" 2>"$tmp/err"
	is "$? $(grep -c "the VM is another user's" "$tmp/err")" "5 1" "$verb of another's"
done
quiet 0 kill web
quiet 0 kill twin
wait $web $twin $other 2>/dev/null
is "$($vmctl list -aq)" "" "none is left"
done_testing
