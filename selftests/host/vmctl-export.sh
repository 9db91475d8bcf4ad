#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd intel, soak: intel, timeout: 300, module: apicv=0
# test: files: setpriv python3 grep dd cmp build/guest.bzImage build/guest.cpio
#
# vmctl snap export and import: a guest goes on from a file as if nothing had been, on the same
# host after its own death, and beside itself under another name; what is refused, before and in
# the middle, leaves the machine running, and no file, no VM and no definition. Linux with
# two processors, timers, a serial port and a program that counts misses nothing.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

export VMM_DIR=$tmp/vmm
log() { echo "$VMM_DIR/log/$1/console.log"; }
make() { /usr/bin/python3 selftests/lib/snapfile.py "$@"; }
left() { ls -A "$tmp"; find "$VMM_DIR/etc" "$VMM_DIR/run" | sort; $vmctl list -a -q; }

# is_all_of NAME FILE: no page of a VM that is paused differs from what a file has.
is_all_of()
{
	quiet 0 snap export --on "$2" "$1" "$tmp/none"
	is "$($vmctl snap show -o csv --no-header --fields pages,zero_pages "$tmp/none")" 0,0 \
		"merged files have the memory to the byte"
	rm "$tmp/none"
}

backend=$($vmctl info -o csv --no-header --fields backend)
[ "$backend" = svm ] && other=vmx || other=svm
define web echo -c 2
define off rest

# ---- a small guest

quiet 0 start web
quiet 0 inject web key abc
ok "it echoes" until_ok grep -q abc "$(log web)"
quiet 0 snap export web "$tmp/web"
is "$(state web)" running "a guest that was saved runs"
quiet 0 snap verify "$tmp/web"
is "$($vmctl snap show -o csv --no-header --fields name,backend,parent,memory "$tmp/web")" "web,$backend,,8388608" \
	"the file tells"
is "$($vmctl snap show -o conf "$tmp/web")" "$($vmctl show -o conf web)" "its definition"
ok "no page of zeroes is in it" [ "$($vmctl snap show -o csv --no-header --fields pages "$tmp/web")" -lt 20 ]
quiet 0 inject web key def
ok "and it still echoes" until_ok grep -q def "$(log web)"
quiet 0 snap export --on "$tmp/web" web "$tmp/inc"
is "$($vmctl snap show -o csv --no-header --fields parent "$tmp/inc")" \
	"$($vmctl snap show -o csv --no-header --fields id "$tmp/web")" "an increment"
quiet 0 inject web key 123
ok "it goes on" until_ok grep -q 123 "$(log web)"
quiet 0 pause web
quiet 0 snap export --on "$tmp/web" --on "$tmp/inc" web "$tmp/inc2"
quiet 0 snap merge -o "$tmp/merged" "$tmp/web" "$tmp/inc" "$tmp/inc2"
is_all_of web "$tmp/merged"
quiet 0 resume web
refused 1 "web: $tmp/inc2: an increment on" snap export --on "$tmp/web" --on "$tmp/inc2" web "$tmp/new"
refused 1 "web: $tmp/none: cannot open" snap export --on "$tmp/none" web "$tmp/new"
printf "quit" >"$tmp/quit"
refused 1 "web: $tmp/quit: at byte 0: no snapshot file" snap export --on "$tmp/quit" web "$tmp/new"
refused 1 "web: $tmp/merged: no increment" snap export --on "$tmp/web" --on "$tmp/merged" web "$tmp/new"
rm "$tmp/quit"
quiet 0 snap create web kept
quiet 0 snap export --tag kept web "$tmp/kept"
is "$($vmctl snap show -o csv --no-header --fields id,time_ns "$tmp/kept")" \
	"$($vmctl snap list web -o csv --no-header --fields id,time_ns)" "a snapshot in memory as a file"
quiet 0 inject web key 456
ok "on" until_ok grep -q 456 "$(log web)"
quiet 0 snap create web later
quiet 0 snap export --tag later --on "$tmp/kept" web "$tmp/later"
quiet 0 snap export --tag later web "$tmp/later-all"
ok "what the kernel tells is all that differs, and is not much: $($vmctl snap show -o csv --no-header \
	--fields pages "$tmp/later") pages" [ "$($vmctl snap show -o csv --no-header --fields pages "$tmp/later")" -le 8 ]
quiet 0 snap merge -o "$tmp/later-merged" "$tmp/kept" "$tmp/later"
pages() { $vmctl snap verify "$1" && $vmctl snap show -o csv --no-header --fields id,pages,zero_pages "$1"; }
is "$(pages "$tmp/later-merged")" "$(pages "$tmp/later-all")" "with the file before it makes the whole one"
quiet 0 snap rm web kept
quiet 0 snap export --tag later --on "$tmp/kept" web "$tmp/later-read"
ok "when that is gone, files are compared" [ -s "$tmp/later-read" ]
quiet 0 pause web
quiet 0 rollback web later
is_all_of web "$tmp/later-merged"
quiet 0 resume web
refused 4 "web: has no snapshot nope; try: vmctl snap list" snap export --tag nope web "$tmp/new"
refused 2 "name '1'" snap export --tag 1 web "$tmp/new"
refused 2 "--stop and --tag: it does not end there" snap export -s --tag later web "$tmp/new"
quiet 0 snap rm web later
rm "$tmp"/kept "$tmp"/later*
quiet 0 snap import "$tmp/web" twin
is "$(state web) $(state twin)" "running running" "both run"
quiet 0 inject twin key xyz
ok "the other goes on" until_ok grep -q xyz "$(log twin)"
ok "from where it was: it does not say > again" eval '! grep -q ">" "$(log twin)"'
is "$($vmctl show -o conf twin)" "$($vmctl show -o conf web)" "they are defined alike"
ok "its log tells of the snapshot" grep -q \
	"twin started at .* from snapshot $($vmctl snap show --fields id --no-header "$tmp/web")" "$(log twin)"
quiet 0 inject twin key R
ok "a reset boots it" until_ok grep -q ">" "$(log twin)"
quiet 0 kill twin
quiet 0 destroy twin

quiet 0 pause web
quiet 0 snap export web "$tmp/paused"
is "$(state web)" paused "one that was paused stays so"
quiet 0 resume web
quiet 0 inject web key ghi
ok "and goes on" until_ok grep -q ghi "$(log web)"

quiet 0 snap export --stop web "$tmp/stopped"
is "$(state web)" stopped "--stop: it has ended"
is "$(cat "$tmp/stopped" | $vmctl snap import - 2>&1)" "" "import from a pipe"
is "$(state web)" running "with the definition that is there"
quiet 0 inject web key jkl
ok "it goes on" until_ok grep -q jkl "$(log web)"

# ---- refusals

before=$(left)
refused 4 "web: runs" snap import "$tmp/stopped"
refused 4 "off: does not run in the background; try: vmctl start off" snap export off "$tmp/new"
refused 3 "nobody: no VM of this name is defined" snap export nobody "$tmp/new"
refused 1 "web: $tmp/web: cannot create: File exists" snap export web "$tmp/web"
refused 1 "web: $tmp/no/new: cannot create: No such file" snap export web "$tmp/no/new"
refused 1 "off: is defined, and not as in the file; try: another name" snap import "$tmp/web" off
refused 2 "'a b': ' ' is not allowed" snap import "$tmp/web" "a b"
refused 1 "$tmp/none: cannot open: No such file" snap import "$tmp/none"
refused 2 "x: one too many" snap import "$tmp/web" new x
# One that does not come to its end, until somebody has had enough.
mkfifo "$tmp/fifo"
{ head -c $(($(stat -c %s "$tmp/web") - 20)) "$tmp/web"; exec sleep 600; } >"$tmp/fifo" &
feeder=$!
$vmctl snap import - new <"$tmp/fifo" 2>"$tmp/err" &
importer=$!
ok "an import that waits for a pipe" until_ok eval '[ "$(state new)" != "" ]'
kill -TERM $importer
wait $importer
is "$? $(cat "$tmp/err")" "1 vmctl: snap import: interrupted" "ends by a signal"
ok "and leaves no definition and no process" until_ok eval '[ "$($vmctl list -a -q | grep -cx new)" = 0 ] && ! pgrep -x new'
kill $feeder
rm "$tmp/fifo"
is "$(left)" "$before" "nothing has changed"
size=$(stat -c %s "$tmp/web")
for n in 5 200 $((size / 2)) $((size - 1)); do
	head -c $n "$tmp/web" >"$tmp/bad"
	refused 1 "$tmp/bad: at byte $((n < 8 ? 0 : n)): " snap import "$tmp/bad" new
done
for n in 60 $((size / 2)) $((size - 5)); do
	cp "$tmp/web" "$tmp/bad"
	printf '\377' | dd of="$tmp/bad" bs=1 seek=$n conv=notrunc 2>/dev/null
	cmp -s "$tmp/web" "$tmp/bad" && printf '\376' | dd of="$tmp/bad" bs=1 seek=$n conv=notrunc 2>/dev/null
	refused 1 "$tmp/bad: at byte [0-9]*: " snap import "$tmp/bad" new
done
make "$tmp/bad" 2 1 2=4 backend=$backend
refused 1 "$tmp/bad: an increment; try: vmctl snap merge" snap import "$tmp/bad" new
make "$tmp/bad" 2 0 2=4 backend=$other
refused 7 "$tmp/bad: saved on a host with $other, which this one with $backend" snap import "$tmp/bad" new
make "$tmp/bad" 2 0 2=4 backend=$backend cpu=$((1 << 25 | 1 << 14 | 1))
refused 7 "$tmp/bad: this host lacks what the guest was given: mpx, intel_pt$" snap import "$tmp/bad" new
make "$tmp/bad" 2 0 2=4 backend=$backend conf="frob 7"
refused 1 "$tmp/bad:1: " snap import "$tmp/bad" new
make "$tmp/bad" 2 0 2=4 backend=$backend conf="memory 16M
multiboot $tmp/rest"
refused 1 "$tmp/bad: has its memory where this vmctl does not" snap import "$tmp/bad" new
make "$tmp/bad" 2 0 2=4 backend=$backend conf="memory 8M
multiboot $tmp/rest"
refused 1 "" snap import "$tmp/bad" new
/usr/bin/python3 selftests/lib/snapfile.py --tsc 123456 "$tmp/web" "$tmp/bad"
refused 7 "the guest's time-stamp counter ticks at 123456 kHz, this host's at [0-9]*; try: --any-tsc" snap import "$tmp/bad" new
rm "$tmp/bad"
is "$(left)" "$before" "no VM and no definition of what cannot go on"
/usr/bin/python3 selftests/lib/snapfile.py --tsc 123456 "$tmp/web" "$tmp/timed"
quiet 0 snap import --any-tsc "$tmp/timed" new
is "$(state new)" running "one whose guest does not care about the frequency goes on"
quiet 0 stop -t 1 -f new
quiet 0 destroy new
rm "$tmp/timed"
mkdir "$tmp/full"
mount -t tmpfs -o size=8k none "$tmp/full"
refused 1 "web: $tmp/full/f: cannot write: No space left" snap export web "$tmp/full/f"
is "$(ls -A "$tmp/full") $(state web)" " running" "no room: no file, and it runs"
refused 1 "web: $tmp/full/f: cannot write: No space left" snap export -s web "$tmp/full/f"
is "$(ls -A "$tmp/full") $(state web)" " running" "not even with --stop"
umount "$tmp/full"
rmdir "$tmp/full"
chmod 666 /dev/vmm
as_nobody version >/dev/null
vmctl=as_nobody refused 5 "Permission denied" snap import "$tmp/web" new
chmod 600 /dev/vmm
rm -f "$tmp/vmctl"

# ---- in its middle

# held COMMAND...: while the machine is held.
held() { /usr/bin/python3 selftests/lib/hold.py "$VMM_DIR/run/web/control" "$@"; }
held $vmctl snap export web "$tmp/new" 2>"$tmp/err"
is "$? $(cat "$tmp/err")" "4 vmctl: snap export: web: is being saved" "not while another one ends it"
held $vmctl snap export -s web "$tmp/new" 2>"$tmp/err"
is "$? $(cat "$tmp/err")" "4 vmctl: snap export: web: is being saved already" "one at a time"
held $vmctl regs web 2>"$tmp/err"
is "$? $(cat "$tmp/err")" "4 vmctl: regs: web: is being saved" "registers are not for looking at"
is "$(held sh -c "$vmctl inject web key mno; sleep 0.5; grep -c mno $(log web)")" 0 "keys wait"
ok "who goes lets it go" until_ok grep -q mno "$(log web)"
is "$(held $vmctl list -o csv --no-header --fields state; state web)" $'paused\nrunning' "one that is held is paused"
quiet 0 pause web
held $vmctl resume web
is "$(state web)" running "one that was paused, and was resumed meanwhile, runs"
quiet 0 inject web key pqr
ok "and works" until_ok grep -q pqr "$(log web)"
held $vmctl kill web
ok "killed meanwhile it ends" until_ok eval '[ "$(state web)" = stopped ]'
rm -f "$tmp/err" "$tmp/new"

# ---- Linux

if [ -e build/guest.bzImage ]; then
	$vmctl create -c 2 -m 256M -k build/guest.bzImage -i build/guest.cpio \
		-a 'console=ttyS0 quiet panic=-1 run="n=0; (while :; do :; done) & while :; do read u x </proc/uptime; echo count $n $u; n=$((n + 1)); sleep 0.1; done"' linux
	quiet 0 start linux
	quiet 0 wait --for "console:count 20 " -t 100 linux
	begun=$(grep -ac '^count' "$(log linux)")
	quiet 0 snap export linux "$tmp/running"
	counted=$(($(grep -ac '^count' "$(log linux)") - begun))
	ok "it goes on while the file is written: $counted times" [ $counted -ge 5 ]
	ok "it counts on" until_ok eval 'sleep 1; /usr/bin/python3 selftests/lib/counted.py "$(log linux)"'
	quiet 0 pause linux
	quiet 0 snap export --on "$tmp/running" linux "$tmp/inc3"
	quiet 0 snap merge -o "$tmp/whole" "$tmp/running" "$tmp/inc3"
	is_all_of linux "$tmp/whole"
	quiet 0 resume linux
	quiet 0 snap export --on "$tmp/whole" --stop linux "$tmp/linux-inc"
	quiet 0 snap merge -o "$tmp/linux" "$tmp/whole" "$tmp/linux-inc"
	ok "an increment is smaller" [ $(($(stat -c %s "$tmp/linux-inc") * 2)) -lt "$(stat -c %s "$tmp/linux")" ]
	cp "$(log linux)" "$tmp/first"
	quiet 0 snap verify "$tmp/linux"
	quiet 0 snap import "$tmp/linux" second
	last=$(grep -ao 'count [0-9]* [0-9.]*' "$tmp/first" | tail -n 1 | cut -d ' ' -f 2)
	quiet 0 wait --for "console:count $((last + 30)) " -t 60 second
	ok "nothing is missed or doubled, and time stood still" /usr/bin/python3 selftests/lib/counted.py \
		"$tmp/first" "$(log second)"
	is "$($vmctl regs second -o csv --no-header --fields vcpu | wc -l)" 2 "with both processors"
	quiet 0 snap import "$tmp/linux" third
	quiet 0 wait --for "console:count $((last + 30)) " -t 60 third
	ok "a second time, too" /usr/bin/python3 selftests/lib/counted.py "$tmp/first" "$(log third)"
	quiet 0 snap export --stop second "$tmp/again"
	cp "$(log second)" "$tmp/next"
	quiet 0 snap import "$tmp/again" fourth
	last=$(grep -ao 'count [0-9]* [0-9.]*' "$tmp/next" | tail -n 1 | cut -d ' ' -f 2)
	quiet 0 wait --for "console:count $((last + 10)) " -t 60 fourth
	ok "and from one that was imported" /usr/bin/python3 selftests/lib/counted.py "$tmp/first" \
		"$tmp/next" "$(log fourth)"
	quiet 0 stop -t 1 -f third
	quiet 0 stop -t 1 -f fourth
	tail -n 5 "$(log fourth)" | tr -d '\r' | sed 's/^/# /'
fi
is "$($vmctl list -q)" "" "none is left"
done_testing
