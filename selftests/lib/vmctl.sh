# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For scripts that steer VMs with vmctl inside a test host: guests of a few bytes, VMs in
# the background, refusals. Comes after tap.sh.

vmctl=tools/vmctl/vmctl

# image NAME HEX...: $tmp/NAME, a flat Multiboot image whose code is HEX, at 0x100020. It is
# made of bytes, as a test host need not have a compiler.
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

# Guests that never end: one takes all the time it gets (with interrupts on, as Bochs does not
# leave it otherwise: vmx.rst), one none.
image spin fb eb fe
image rest f4 eb fd
# One that powers off when the power button is pressed: enables the event; in, test, jz; S5.
image button 66 ba 02 06 66 b8 00 01 66 ef 66 ba 00 06 66 ed f6 c4 01 74 f9 \
	66 ba 04 06 66 b8 00 34 66 ef eb fe
# One whose NMI handler writes 9 to port 0xf4: mov $0x200000,%esp; mov %cs,%eax; its selector
# into the gate; lidt; hlt; jmp -- handler -- limit and base -- gates 0, 1 and 2.
image nmi bc 00 00 20 00 8c c8 66 a3 5a 00 10 00 0f 01 1d 3d 00 10 00 f4 eb fd \
	b0 09 e6 f4 eb fe 17 00 48 00 10 00 00 00 00 00 00 \
	00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 37 00 00 00 00 8e 10 00
# One that ends by a triple fault: lidt of six zeroes; int3.
image fault 0f 01 1d 28 00 10 00 cc 00 00 00 00 00 00

# One with a serial port: says ">", then echoes. R: resets; Q: powers off; L: writes 8192
# lines of four letters, aaaa, aaab... to bppp. It sleeps until something comes: sets the gate of
# vector 0x24, turns the APIC on, sends pin 4 of the IOAPIC there, and asks the port for interrupts.
image echo bc 00 00 20 00 8c c8 c1 e0 10 66 b8 e4 00 a3 20 01 18 00 c7 05 24 01 18 \
	00 00 8e 10 00 0f 01 1d ef 00 10 00 c7 05 f0 00 e0 fe ff 01 00 00 c7 05 \
	00 00 c0 fe 18 00 00 00 c7 05 10 00 c0 fe 24 00 00 00 66 ba f9 03 b0 01 \
	ee 66 ba fc 03 b0 0b ee b0 3e e8 67 00 00 00 fa 66 ba fd 03 ec a8 01 75 \
	04 fb f4 eb f2 66 ba f8 03 ec 3c 52 74 0f 3c 51 74 14 3c 4c 74 1c e8 43 \
	00 00 00 eb da 66 ba f9 0c b0 06 ee eb fe 66 ba 04 06 66 b8 00 34 66 ef \
	eb fe 31 db b9 04 00 00 00 89 de 66 c1 c6 04 89 f0 24 0f 04 61 e8 14 00 \
	00 00 e2 ef b0 0a e8 0b 00 00 00 43 81 fb 00 20 00 00 75 d8 eb 99 66 ba \
	f8 03 ee c3 c7 05 b0 00 e0 fe 00 00 00 00 cf 27 01 00 00 18 00

# One with a serial port that counts in memory: says ">"; at each key a letter, the next of the
# alphabet. W: adds 1 to a word in each of 256 pages; says how often, A: never. V: says that, too. R: resets.
image count bc 00 00 20 00 8c c8 c1 e0 10 66 b8 d6 00 a3 20 01 18 00 c7 05 24 01 18 \
	00 00 8e 10 00 0f 01 1d e1 00 10 00 c7 05 f0 00 e0 fe ff 01 00 00 c7 05 \
	00 00 c0 fe 18 00 00 00 c7 05 10 00 c0 fe 24 00 00 00 66 ba f9 03 b0 01 \
	ee 66 ba fc 03 b0 0b ee b0 3e e8 59 00 00 00 fa 66 ba fd 03 ec a8 01 75 \
	04 fb f4 eb f2 66 ba f8 03 ec 3c 52 74 39 3c 57 74 18 3c 56 74 28 a1 00 \
	00 30 00 ff 05 00 00 30 00 04 61 e8 28 00 00 00 eb cd bf 00 00 40 00 b9 \
	00 01 00 00 ff 07 81 c7 00 10 00 00 e2 f6 a1 00 f0 4f 00 04 41 eb dc 66 \
	ba f9 0c b0 06 ee eb fe 66 ba f8 03 ee c3 c7 05 b0 00 e0 fe 00 00 00 00 \
	cf 27 01 00 00 18 00

# typed NAME KEYS WANTED: what a guest has said ends in WANTED after these keys.
typed()
{
	local log=$VMM_DIR/log/$1/console.log wanted=$3

	$vmctl inject "$1" key "$2" || return
	until_ok eval '[[ "$(tail -n 1 "$log")" = *"$wanted" ]]' || { tail -n 1 "$log" | sed 's/^/# /'; false; }
}

# define NAME IMAGE FLAGS...: a definition of a small machine.
define()
{
	local name=$1 image=$2
	shift 2

	$vmctl create -m 8M --multiboot "$tmp/$image" "$@" "$name"
}

# process NAME: the number of the process of a VM that runs.
process()
{
	local thread

	thread=$($vmctl show "$1" -o json | sed 's/.*"thread": \([0-9]*\).*/\1/')
	sed -n 's/^Tgid:\t//p' "/proc/$thread/status"
}

# until_ok COMMAND...: again and again until it succeeds, $TRIES times, ten a second.
until_ok()
{
	local n

	for n in $(seq "${TRIES:-100}"); do
		"$@" && return
		sleep 0.1
	done
	return 1
}

# begin NAME IMAGE FLAGS...: a VM in the background, which runs when this returns; its
# process is in $pid, its words in $tmp/NAME.words.
begin()
{
	local name=$1 image=$2
	shift 2

	$vmctl run -m 8M --multiboot "$tmp/$image" "$@" "$name" </dev/null >/dev/null \
		2>"$tmp/$name.words" &
	pid=$!
	runs "$name"
}

# Until a VM is there: it can be waited for only then.
runs()
{
	local n

	for n in $(seq 200); do
		! $vmctl list -q | grep -qx "$1" || break
		sleep 0.05
	done
	$vmctl wait --for running -t 20 "$1"
}

# end PID: waits for it; its exit code is in $status.
end()
{
	wait "$1" 2>/dev/null
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
	ok "that says: $pattern" eval '[[ ${lines[0]-} =~ ^vmctl:\ .*$pattern ]]'
}

# quiet CODE ARGS...: neither output nor words.
quiet()
{
	local code=$1 said
	shift

	said=$($vmctl "$@" 2>&1 </dev/null)
	status=$?
	is "$status $said" "$code " "vmctl $*"
}

# state NAME: as list has it; nothing when it is gone.
state() { $vmctl list -a -o csv --no-header --fields name,state | sed -n "s/^$1,//p"; }

# as_nobody ARGS...: vmctl by a user without rights.
as_nobody()
{
	[ -e "$tmp/vmctl" ] || { cp $vmctl "$tmp/vmctl" && chmod 755 "$tmp" "$tmp/vmctl"; }
	setpriv --reuid=65534 --regid=65534 --clear-groups "$tmp/vmctl" "$@"
}
