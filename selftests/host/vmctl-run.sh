#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.12, host: amd intel, timeout: 120
#
# vmctl run with a module: how a VM ends and with which exit code, what the port bus
# answers, and what is refused. The guests are Multiboot images of a few bytes, made here.

. "$(dirname "$0")/../lib/tap.sh"
vmctl=tools/vmctl/vmctl

# image NAME HEX...: a flat image whose code is HEX; data and code are at 0x100020.
image()
{
	local name=$1
	shift

	{
		# magic, flags, sum; header, load, load end, bss end, entry
		printf '\x02\xb0\xad\x1b\x00\x00\x01\x00\xfe\x4f\x51\xe4'
		printf '\x00\x00\x10\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x20\x00\x10\x00'
		printf "$(printf '\\x%s' $*)"
	} >"$tmp/$name"
}

# run NAME ARGS...: status in $status, both streams in $tmp/out and $tmp/err.
run()
{
	local name=$1
	shift

	$vmctl run -m 16M --multiboot "$tmp/$name" --debug-exit 0xf4 --timeout 20 "$@" \
		>"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
}

# refused CODE PATTERN ARGS...: no output, one line of error that matches.
refused()
{
	local code=$1 pattern=$2 lines
	shift 2

	$vmctl "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
	mapfile -t lines <"$tmp/err"
	[ $status = "$code" ] || echo "# exit code $status, not $code"
	ok "vmctl $*: ${lines[*]}" [ "$status ${#lines[@]} $(<"$tmp/out")" = "$code 1 " ]
	ok "that says: $pattern" grep -Eq -- "$pattern" "$tmp/err"
}

OUT_F4='e6 f4 eb fe'			# out %al, $0xf4; jmp .

# ---- how it ends

image seven b0 07 $OUT_F4
run seven
is "$status $(cat "$tmp/out" "$tmp/err")" "7 " "the guest's own exit code, and no words"
image wide b8 03 56 34 12 e7 f4 eb fe
run wide
is $status 3 "of a wider value the low byte"
image off 66 ba 04 06 66 b8 00 34 66 ef eb fe
run off
is "$status $(cat "$tmp/err")" "0 " "power-off"
image reset 66 ba f9 0c b0 06 ee eb fe
run reset named
is "$status $(cat "$tmp/err")" "0 vmctl: run: named: guest asked for a reset (port 0xcf9)" "reset"
image kbc b0 fe e6 64 eb fe
run kbc
is $status 0 "reset by the keyboard controller"
# lidt of six zeroes; int3
image triple 0f 01 1d 28 00 10 00 cc 00 00 00 00 00 00
run triple
is $status 1 "triple fault"
ok "says so: $(head -n 1 "$tmp/err")" grep -Eq '^vmctl: run: .*vCPU 0: triple fault at 0x10002[0-9a-f]' "$tmp/err"
ok "and shows registers" grep -Eq 'rip +0*10002' "$tmp/err"
# sti first: a loop with interrupts off Bochs would not leave (vmx.rst)
image loop fb eb fe
run loop --timeout 0.5
is $status 124 "time-out of a guest that loops"
ok "says so" grep -q 'still running after 0.5 seconds' "$tmp/err"
image halt fa f4 eb fe
run halt --timeout 0.5
is $status 124 "time-out of a guest that sleeps"
run loop -c 4 --timeout 0.5
is $status 124 "the same with processors that never started"

for signal in TERM INT HUP; do
	$vmctl run -m 16M --multiboot "$tmp/loop" </dev/null 2>"$tmp/err" &
	sleep 0.5
	kill -$signal $!
	wait $!
	is "$? $(sed 's/.*: //' "$tmp/err")" "1 ended by SIG$signal" "SIG$signal"
done
$vmctl run -m 16M --multiboot "$tmp/loop" </dev/null &
sleep 0.5
{ kill -KILL $!; wait $!; } 2>/dev/null
is $? 137 "SIGKILL"

# ---- what the ports answer

image nobody e4 80 $OUT_F4
run nobody
is $status 255 "a port of nobody reads as ones"
# mov $0xf0000000 -> load; out
image hole a0 00 00 00 f0 $OUT_F4
run hole
is $status 255 "an address of nobody too"
# in 0x64: the self-test has passed, nothing to read
image status e4 64 $OUT_F4
run status
is $status 20 "the keyboard controller's status"
# mov $0x10002e,%esi; mov $14,%ecx; mov $0x3f8,%dx; cld; rep outsb; xor; out; text
image hello be 37 00 10 00 b9 0e 00 00 00 66 ba f8 03 fc f3 6e 31 c0 $OUT_F4 \
	68 65 6c 6c 6f 2c 20 77 6f 72 6c 64 21 0a
run hello
is "$status $(cat "$tmp/out")" "0 hello, world!" "a string goes to standard output"
# 10,000 bytes, one at a time: mov $10000,%ecx; 1: mov $0x3f8,%dx; mov $'x',%al; out; loop 1b
image flood b9 10 27 00 00 66 ba f8 03 b0 78 ee e2 fd 31 c0 $OUT_F4
run flood
is "$status $(wc -c <"$tmp/out")" "0 10000" "no byte is lost at the end"
$vmctl run -m 16M --multiboot "$tmp/flood" --debug-exit 0xf4 --timeout 20 2>"$tmp/err" </dev/null |
	head -c 1 >"$tmp/out"
is "${PIPESTATUS[0]}" 0 "a reader that goes away does not stop the guest"
$vmctl run -m 16M --multiboot "$tmp/flood" --debug-exit 0xf4 >/dev/full 2>"$tmp/err" </dev/null
is "$? $(wc -l <"$tmp/err")" "0 1" "nor does a full disk, which one line tells"

# ---- what is refused

max=$($vmctl info -o json | sed 's/.*"max_vcpus": \([0-9]*\).*/\1/')
refused 2 "-c $((max + 1)): .*at most $max" run -c $((max + 1)) --multiboot "$tmp/loop"
refused 2 "-m 4096T: .*(at most|room for)" run -m 4096T --multiboot "$tmp/loop"
refused 2 "serial port" run -m 16M --multiboot "$tmp/loop" --debug-exit 0x3f8
refused 1 "/nowhere: cannot open the kernel: No such file" run -k /nowhere
refused 1 "must be a regular file" run -k /dev/null
refused 1 "must be a regular file" run -k /
refused 1 "not a kernel: .*\([0-9]+ bytes\)" run -k "$tmp/loop"
: >"$tmp/empty"
refused 1 "not a kernel: .*\(0 bytes\)" run -k "$tmp/empty"
refused 1 "no Multiboot header in the first 0 bytes" run --multiboot "$tmp/empty"
refused 1 "ELF file without the PVH" run -k /bin/true
refused 1 "cannot open the module" run --multiboot "$tmp/loop,/nowhere"
if [ -e build/guest.bzImage ]; then
	head -c 1000000 build/guest.bzImage >"$tmp/cut"
	refused 1 "cut short: .*the file has 1000000" run -k "$tmp/cut"
	refused 1 "the kernel wants .*16M of memory" run -m 16M -k build/guest.bzImage
	truncate -s 1G "$tmp/large"
	refused 1 "initrd of 1073741824 bytes .*256M" run -k build/guest.bzImage -i "$tmp/large"
fi
is "$(sed -n 's/^vmm [0-9]* \([0-9]*\) .*/\1/p' /proc/modules)" 0 "nobody holds the module"
done_testing
