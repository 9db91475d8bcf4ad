#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: kernel: 6.1 6.12, check: 6.1, timeout: 300
#
# vmctl fork of a guest that has touched 1 GiB: it is paused for at most 1 ms, and the fork runs
# at most 10 ms after that began; snapshots in memory and exports pause no longer. In a host whose time is
# the count of its instructions, 1 ns each, as its kernel's events tell it.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh
testhost=tools/testhost/testhost
PAUSE_NS=1000000 RUN_NS=10000000
kernel=$1

release=$(cat "$(tools/testhost/kernel "$kernel")/release") || exit
{
	make -s -C tools/vmctl
	[ -e "build/$release/vmm.ko" ] ||
		make -s modules KDIR="$(tools/testhost/kernel --headers "$kernel")"
} >"$tmp/built" 2>&1 || { cat "$tmp/built"; exit; }
# What debuggers want is most of it, and takes long to unpack.
strip --strip-debug -o "$tmp/vmm.ko" "build/$release/vmm.ko" || exit
strip -o "$tmp/vmctl" tools/vmctl/vmctl || exit

# "count" of vmctl.sh, which writes to each page from 5 MiB to 1 GiB first.
image touch bc 00 00 20 00 8c c8 c1 e0 10 66 b8 f1 00 a3 20 01 18 00 c7 05 24 01 18 \
	00 00 8e 10 00 0f 01 1d fc 00 10 00 c7 05 f0 00 e0 fe ff 01 00 00 c7 05 \
	00 00 c0 fe 18 00 00 00 c7 05 10 00 c0 fe 24 00 00 00 66 ba f9 03 b0 01 \
	ee 66 ba fc 03 b0 0b ee e8 66 00 00 00 b0 3e e8 59 00 00 00 fa 66 ba fd \
	03 ec a8 01 75 04 fb f4 eb f2 66 ba f8 03 ec 3c 52 74 39 3c 57 74 18 3c \
	56 74 28 a1 00 00 30 00 ff 05 00 00 30 00 04 61 e8 28 00 00 00 eb cd bf \
	00 00 40 00 b9 00 01 00 00 ff 07 81 c7 00 10 00 00 e2 f6 a1 00 f0 4f 00 \
	04 41 eb dc 66 ba f9 0c b0 06 ee eb fe 66 ba f8 03 ee c3 bf 00 00 50 00 \
	89 3f 81 c7 00 10 00 00 81 ff 00 00 00 40 72 f0 c3 c7 05 b0 00 e0 fe 00 \
	00 00 00 cf 27 01 00 00 18 00

cat >"$tmp/fork" <<'END'
export VMM_DIR=/tmp/vmm
insmod ./vmm.ko || exit
./vmctl create -m 1088M --multiboot "$PWD/touch" web
./vmctl start web && ./vmctl wait --for 'console:>' -t 200 web || exit
resident=$(./vmctl list -o csv --no-header --fields resident)
echo "resident $resident"
./vmctl events -o csv --no-header --fields time_ns,name,event >/tmp/events &
sleep 0.1
./vmctl fork web one && ./vmctl fork web two && ./vmctl snap create web tag &&
	./vmctl fork -n 3 web three || exit
./vmctl snap export -q web /tmp/file || exit
sleep 0.1
kill $!
cat /tmp/events
./vmctl list -q | while read -r vm; do ./vmctl kill "$vm"; done
rmmod vmm
END
$testhost --kernel "$kernel" --icount --memory 3G --timeout 250 --add "$tmp/vmm.ko:vmm.ko" --add "$tmp/vmctl:vmctl" \
	--add "$tmp/touch:touch" --add "$tmp/fork:fork" -- sh ./fork >"$tmp/out" 2>&1
is $? 0 "forks in a host that counts instructions"
sed 's/^/# /' "$tmp/out"
ok "the guest has touched 1 GiB" [ "$(sed -n 's/^resident //p' "$tmp/out")" -ge $((1000 << 20)) ]

# How long a pause of web took; of a fork: when it ran, since the last pause, which takes both events.
awk -F, '
$2 == "web" && $3 == "paused" { paused = $1 }
$2 == "web" && $3 == "resumed" { print "pause", $1 - paused }
$2 ~ /^(one|two|three-.)$/ && $3 ~ /^(resumed|started)$/ { print "run", $1 - paused, $2 }' "$tmp/out" >"$tmp/figures"
sed 's/^/# /' "$tmp/figures"
is "$(cut -d ' ' -f 1 "$tmp/figures" | sort | uniq -c | tr -s ' \n' ' ')" " 5 pause 10 run " "all were seen"
while read -r what ns name; do
	case $what in
	pause)	ok "paused for $ns ns" [ "$ns" -le $PAUSE_NS ] ;;
	run)	[[ $name = three-[23] ]] || ok "$name runs after $ns ns" [ "$ns" -le $RUN_NS ] ;;
	esac
done <"$tmp/figures"
done_testing
