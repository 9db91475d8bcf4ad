#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd, module: no, timeout: 120
#
# vmctl snap show, verify and merge, which need no VM: on files that are made by what the
# documentation says of them; all forms of what is told; files that are refused, with the reason and
# the place; and that nothing is left of a file that cannot be written.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

top=$PWD
vmctl=$top/$vmctl
make() { /usr/bin/python3 "$top/selftests/lib/snapfile.py" "$@"; }
forms() { (cd "$top" && /usr/bin/python3 selftests/lib/forms.py "$tmp/forms" "$@"); }
cd "$tmp" || exit
mkdir files

# A whole one, two increments; what the second makes of it.
make files/base 1 0 1=1 2=2 3=3 700=7 701=8 2047=9
make files/inc 2 1 2=4 3=0 4=5 701=0
make files/last 3 2 3=6 700=0
make files/other 4 1 5=5
make files/never 5 9 5=5

# ---- show

id() { printf '%032x' "$1"; }
is "$($vmctl snap show files/base --no-header)" \
	"files/base  web  svm  $(id 1)  -  2023-11-14T22:13:20Z  8M  6  $(stat -c %s files/base)" "show"
is "$($vmctl snap show files/base files/inc -o csv --no-header --fields file,id,parent,pages,zero_pages,state)" \
	"files/base,$(id 1),,6,0,10
files/inc,$(id 2),$(id 1),2,2,10" "an increment"
mkdir forms
for f in json jsonl csv wide table; do
	$vmctl snap show files/base files/inc -o $f >forms/snap.$f 2>err
	is "$? $(cat err)" "0 " "show -o $f"
done
$vmctl snap show files/base files/inc -o csv --no-header >forms/snap.bare
ok "all tell the same, and JSON is as the schema says" forms snap snapshots snapshot
is "$($vmctl snap show -q files/base files/inc) $($vmctl snap show -o name files/base)" $'web\nweb web' "names"
is "$($vmctl snap show --sort -pages --fields file --no-header files/inc files/base | head -n 1)" files/base "sorted"
is "$($vmctl snap show -o conf files/base)" $'memory 8M\nmultiboot /rest' "the definition"
is "$($vmctl snap show --fields id --no-header - <files/base)" "$(id 1)" "standard input"
is "$(cat files/base | $vmctl snap show --fields file --no-header -)" "standard input" "a pipe"
refused 2 "-o xml: the formats are" snap show -o xml files/base
refused 2 "no field 'x'; there are" snap show --fields x files/base
refused 2 "files/inc: one too many" snap show -o conf files/base files/inc
$vmctl snap show files/base >/dev/full 2>err
is "$? $(grep -c 'cannot write to standard output' err)" "1 1" "no room for what it prints"

# ---- verify

quiet 0 snap verify files/base
quiet 0 snap verify files/inc
quiet 0 snap verify -q files/base files/inc files/last
refused 1 "snap verify: files/base: no increment but a whole snapshot" snap verify files/inc files/base
refused 1 "files/last: an increment on $(id 2), not on $(id 1), which is before it" snap verify files/base files/last
refused 1 "files/nowhere: cannot open: No such file" snap verify files/nowhere
refused 1 "files: cannot read: Is a directory" snap verify files
is "$(cat files/base | $vmctl snap verify - files/inc 2>&1)" "" "a pipe"
size=$(stat -c %s files/base)
for at in 0 3 7; do
	make files/bad 1 0 1=1 ^$at=0
	refused 1 "files/bad: at byte 0: no snapshot file" snap verify files/bad
done
make files/bad 1 0 1=1 2=2 ^12=4
refused 1 "at byte 12: a section 'HEAD' with flags that are not known: 0x4" snap verify files/bad
make files/bad 1 0 1=1 2=2 ^8=88
refused 1 "at byte 8: a section 'XEAD', which is not known; try: a newer vmctl" snap verify files/bad
make files/bad 1 0 1=1 2=2 ^17=1
refused 1 "at byte 16: a section 'HEAD' of 384 bytes, where 128 to 128 can be" snap verify files/bad
make files/bad 1 0 1=1 2=2 ^40=77
refused 1 "at byte 8: the sum is wrong: altered here, or not in its place" snap verify files/bad
# the last byte of a page's block, and show finds it, too
make files/bad 1 0 1=1 2=2
make files/bad 1 0 1=1 2=2 ^$(($(stat -c %s files/bad) - 49))=77
refused 1 "the sum is wrong" snap verify files/bad
refused 1 "the sum is wrong" snap show files/bad
for n in 0 5 8 20 100 $((size - 50)) $((size - 1)); do
	make files/bad 1 0 1=1 2=2 3=3 700=7 701=8 2047=9 END=$n
	refused 1 "files/bad: at byte $((n < 8 ? 0 : n)): (no snapshot file|ends )" snap verify files/bad
done
cat files/base files/base >files/bad
refused 1 "at byte $size: something follows the end" snap verify files/bad
refused 1 "standard input: at byte 0: no snapshot file" snap show -

# ---- merge

quiet 0 snap merge files/base files/inc files/last -o files/all
is "$($vmctl snap show files/all -o csv --no-header --fields id,parent,pages,zero_pages)" "$(id 3),,5,0" \
	"the last moment, whole"
quiet 0 snap verify files/all
is "$(stat -c %a files/all)" 600 "the owner's"
quiet 0 snap merge -q -o files/two files/inc files/last
is "$($vmctl snap show files/two -o csv --no-header --fields id,parent,pages,zero_pages)" \
	"$(id 3),$(id 1),3,2" "increments make an increment"
quiet 0 snap merge -o files/all2 files/base files/two
ok "which makes the same" cmp files/all files/all2
quiet 0 snap merge -o files/some files/base files/inc
quiet 0 snap merge -o files/all3 files/some files/last
ok "so does one after the other" cmp files/all files/all3
is "$(cat files/inc | $vmctl snap merge -o files/all4 files/base - files/last 2>&1; cmp files/all files/all4 2>&1)" "" \
	"and with a pipe"
before=$(ls -A files)
refused 1 "snap merge: files/all: cannot create: File exists" snap merge -o files/all files/base files/inc
refused 1 "files/no/x: cannot create: No such file" snap merge -o files/no/x files/base files/inc
refused 1 "files/other: an increment on $(id 1), not on $(id 2)" snap merge -o files/x files/base files/inc files/other
refused 1 "files/never: an increment on $(id 9)" snap merge -o files/x files/base files/never
refused 1 "files/bad: .*something follows" snap merge -o files/x files/bad files/inc
refused 2 "-o FILE is missing" snap merge files/base files/inc
refused 2 "FILE... is missing" snap merge -o files/x files/base
refused 2 "65 files: at most 64" snap merge -o files/x files/base $(yes files/inc | head -n 64)
is "$(ls -A files)" "$before" "nothing is left of any"
mkdir full
mount -t tmpfs -o size=16k none full
dd if=/dev/zero of=full/zeroes bs=4k count=3 2>/dev/null
make files/noise 1 0 $(for n in $(seq 600); do echo $((3 * n))=$((n % 255 + 1)); done)
refused 1 "full/x: cannot write: No space left on device" snap merge -o full/x files/noise files/inc
is "$(ls -A full)" zeroes "a full disk: nothing is left"
umount full
rm files/noise

# Killed in its middle, while it waits for a pipe.
mkfifo files/pipe
for signal in KILL INT; do
	$vmctl snap merge -o files/x files/base files/pipe 2>err &
	pid=$!
	exec 5>files/pipe
	head -c 300 files/inc >&5
	sleep 0.5
	kill -$signal $pid
	end $pid
	exec 5>&-
	ok "SIG$signal: it ends" [ $status != 0 ]
done
rm files/pipe
gone() { [ "$(ls -A files)" = "$before" ]; }
ok "and nothing is left" until_ok gone

# ---- the command

refused 2 "snap: a command of it is missing" snap
refused 2 "snap: frob: no such command; try: vmctl help snap" snap frob
refused 2 "snap: -x: unknown option" snap -x
refused 2 "snap show: --frob: unknown option; try: vmctl help snap show" snap show --frob
refused 2 "snap verify: FILE... is missing" snap verify
refused 2 "help: frob: no such command" help snap frob
refused 2 "help: x: one too many" help list x
subs=$($vmctl help snap | sed -n 's/^  \([a-z]*\) .*/\1/p')
is "$($vmctl complete -- snap "" | cut -f 1)" "$subs" "its commands are offered to shells"
for sub in $subs; do
	$vmctl help snap "$sub" | grep -q "^usage: vmctl snap $sub " &&
		grep -Eq "^\.It (Xo )?Ic snap $sub( |\$)" "$top/Documentation/man/vmctl.8" || echo "# not $sub"
done >out
is "$(cat out)" "" "each has help and is in the manual"
is "$($vmctl complete -- snap show --fields file, | sed -n 2p | cut -f 1)" file,name "and so are fields"
is "$($vmctl complete -- snap ver ""; $vmctl complete -- snap merge -o "" | tail -n 1)" $':files\n:files' "and files"
is "$($vmctl complete -- snap frob "")" "" "where there is nothing, nothing"
done_testing
