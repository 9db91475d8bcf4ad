#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, timeout: 180
#
# Clocks of guests that were paused: from the inside nothing happened. A guest of our own
# compares all that counts; Linux guests look at theirs, at the latency of a timer, and at what
# their kernels have to complain of. PAUSE seconds; RUN seconds that guests look at their clocks, longer
# than several of them differ in booting; CLOCKS: clocksources of Linux beside the one it chooses.
# pause-soak.sh has longer ones.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

pause=${PAUSE:-5} run=${RUN:-4}

# Guests: names, and what runs in them.
mkdir "$tmp/extra"
cp selftests/api/build/lib/guest_clocks "$tmp/extra/clocks" || exit
(cd "$tmp/extra" && echo clocks | cpio -o -H newc --quiet) | cat build/guest.cpio - >"$tmp/cpio"

# start NAME FLAGS...: its console is in $tmp/NAME, when it has ended its code in $tmp/NAME.code
start()
{
	local name=$1
	shift

	{ $vmctl run "$@" "$name" </dev/null >"$tmp/$name" 2>"$tmp/$name.words"
		echo $? >"$tmp/$name.code"; } &
}

# linux NAME ARGS: one with the kernel's arguments ARGS
linux()
{
	start "$1" -c 2 -m 256M -k build/guest.bzImage -i "$tmp/cpio" \
		-a "console=ttyS0 quiet panic=-1 $2 run=\"/clocks $run; hwclock -u | sed 's/^/guest: rtc /'; \
dmesg | sed 's/^/guest: log /'\""
}

# says NAME TEXT: within two minutes
says() { TRIES=1200 until_ok grep -aq "$2" "$tmp/$1"; }

# of NAME WORD: the rest of its line "guest: WORD ..."
of() { tr -d '\r' <"$tmp/$1" | sed -n "s/^guest: $2 \\+//p" | tail -n 1; }

# of_log NAME: its kernel's log
of_log() { tr -d '\r' <"$tmp/$1" | sed -n 's/^guest: log //p'; }

ms() { local t=${EPOCHREALTIME/./}; echo $((t / 1000)); }

# between LOW NUMBERS... HIGH: each
between()
{
	local low=$1 high=${*: -1} n

	for n in "${@:2:$#-2}"; do
		[ "$n" -ge "$low" ] && [ "$n" -le "$high" ] || return
	done
}

guests="ours linux"
start ours -m 64M --multiboot selftests/payload/build/clocks.elf --debug-exit 0xf4 -a "seconds=$run"
linux linux ""
for clock in ${CLOCKS-}; do
	guests+=" $clock"
	case $clock in
	acpi_pm) linux $clock "no-kvmclock clocksource=acpi_pm" ;;
	tsc)	linux $clock "clocksource=tsc tsc=reliable" ;;
	esac
done

# Each is paused a second after its begin, the Linux guests all at once.
ok "ours: begins" says ours "clocks run"
sleep 1
quiet 0 pause ours
for guest in $guests; do
	[ $guest = ours ] || ok "$guest: begins" says $guest "guest: begin"
done
sleep 1
begun=$(ms)
for guest in $guests; do
	[ $guest = ours ] || quiet 0 pause $guest
done
sleep "$pause"
for guest in $guests; do
	quiet 0 resume $guest
done
host_now=$(date -u +%s)
for guest in $guests; do
	[ $guest = ours ] || ok "$guest: ends" says $guest "guest: end"
done
took=$(($(ms) - begun))
wait

is "$(cat "$tmp/ours.code")" 0 "ours: all clocks agree"
tr -d '\r' <"$tmp/ours" | sed 's/^/# /'
ok "Linux took its time after a pause of $pause s: $took ms" [ $took -ge $((pause * 1000)) ]
for guest in $guests; do
	[ $guest != ours ] || continue
	is "$(cat "$tmp/$guest.code")" 0 "$guest: has ended ($(of $guest clock))"
	clocks=$(of $guest clocks) timer=$(of $guest timer)
	read -r ticks late burst <<<"$timer"
	# A second of slack: hosts are slow; a pause that shows is as long as it was.
	ok "$guest: its clocks have counted $clocks ms" \
		between $((run * 1000 - 200)) ${clocks:-0} $((run * 1000 + 2000))
	ok "$guest: of 100 Hz it got ${ticks:-none}, after $late ms at most, $burst at once" \
		between 50 "${ticks:-0}" $((run * 100 + 250))
	ok "$guest: and no storm" [ "${late:-9999}" -lt 3000 ]
	# A busy machine may keep a booting kernel from measuring its TSC, which it says in two
	# lines; by itself the second is a complaint.
	busy='could not calculate TSC khz'
	! of_log "$guest" | grep -aq "$busy" || busy="$busy\\|Unstable clock detected"
	complaint=$(of_log "$guest" | grep -aiE \
		"lockup|stall|unstable|skew|blocked for more|time jump|went backwards" |
		grep -av 'sched_clock: Marking stable\|TSCs unsynchronized' |
		grep -av "$busy")
	is "$complaint" "" "$guest: its kernel complains of nothing"
	[ "$(of $guest log | wc -l)" != 0 ] || ok "$guest: has a log" false
	rtc=$(of $guest rtc)
	[ -z "$rtc" ] || ok "$guest: the RTC went on: $rtc" \
		between -1 $(($(date -u -d "${rtc% [0-9-]*seconds}" +%s) - host_now)) 60
done
is "$($vmctl list -aq)" "" "none is left"
done_testing
