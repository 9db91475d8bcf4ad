#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd intel, soak: intel, timeout: 600, module: apicv=0
# test: files: python3 grep Documentation/schema/vmctl.json build/guest.bzImage build/guest.cpio
#
# Snapshots in memory: vmctl snap create, list and rm, and rollback. What a guest has written since is
# gone, what it had is there, in registers, devices and memory; as often as one wants, forth and
# back, and after a reset; what is refused, with its exit code, and changes nothing. Linux with
# two processors goes on counting from where it was.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

export VMM_DIR=$tmp/vmm
log() { echo "$VMM_DIR/log/$1/console.log"; }
tags() { $vmctl snap list -q "$1" | tr '\n' ' '; }

define web count
define off rest
quiet 0 start web
refused 4 "web: has no snapshot; try: vmctl snap create" rollback web
is "$($vmctl snap list web -o json)" '{"schema": 1, "tags": []}' "no snapshots"
ok "it counts" typed web ...W abcB

# ---- forth and back

quiet 0 snap create web first
is "$(state web)" running "a guest that was kept runs"
ok "on" typed web ..W deC
ok "many pages have changed" [ "$($vmctl snap list web -o csv --no-header --fields changed)" -ge $((257 * 4096)) ]
quiet 0 snap create web second
is "$($vmctl snap list web -o csv --no-header --fields name,vm,memory)" "first,web,8388608
second,web,8388608" "both are told"
ok "the newest differs less" [ "$($vmctl snap list web -o csv --no-header --fields changed | tail -n 1)" -lt 65536 ]
quiet 0 rollback web first
ok "the counter and the pages are as they were" typed web V.V BdB
quiet 0 rollback web second
ok "forth, too" typed web V.V CfC
quiet 0 rollback web
ok "without a name it is the newest" typed web .V fC
quiet 0 rollback web first
ok "and back" typed web .V dB
quiet 0 snap create web third
ok "on" typed web ..W efC
quiet 0 snap rm web first
quiet 0 rollback web third
ok "one is not another's: it stays when that goes" typed web .V eB
for n in 1 2 3; do
	ok "again and again: on" typed web ..W fgC
	quiet 0 rollback web third
	ok "and back" typed web .V eB
done
is "$(tags web)" "second third " "two are left"
quiet 0 inject web key R
ok "a reset boots it" until_ok eval 'tail -n 1 "$(log web)" | grep -q ">$"'
ok "in memory without a trace" typed web .V '>aA'
quiet 0 rollback web second
ok "from before the reset" typed web .V fC
quiet 0 pause web
quiet 0 snap create web still
quiet 0 rollback web third
is "$(state web)" paused "one that is paused stays so"
quiet 0 resume web
ok "and goes on" typed web .V eB
quiet 0 snap rm web second third still
is "$(tags web)" "" "none is left"

# ---- names, forms

is "$($vmctl snap create web) $($vmctl snap create web)" "s1 s2" "names are made up, and told"
quiet 0 snap create web s3
is "$($vmctl snap create web)" s4 "not those that are there"
mkdir "$tmp/forms"
for f in json jsonl csv wide table; do
	$vmctl snap list web -o $f >"$tmp/forms/tag.$f" 2>"$tmp/err"
	is "$? $(cat "$tmp/err")" "0 " "list -o $f"
done
$vmctl snap list web -o csv --no-header >"$tmp/forms/tag.bare"
ok "all tell the same, and JSON is as the schema says" /usr/bin/python3 selftests/lib/forms.py \
	"$tmp/forms" tag tags tag
rm -r "$tmp/forms" "$tmp/err"
is "$($vmctl snap list web -o name | tr '\n' ' ')" "s1 s2 s3 s4 " "names"
is "$($vmctl snap list web --sort -name --fields name --no-header | tr '\n' ' ')" "s4 s3 s2 s1 " "sorted"

# ---- refusals

kept() { $vmctl snap list web -o csv --fields name,id,time_ns; state web; find "$VMM_DIR/run" "$VMM_DIR/etc"; }
before=$(kept)
refused 4 "web: has a snapshot s1 already; try: vmctl snap rm" snap create web s1
refused 4 "web: has no snapshot nope; try: vmctl snap list" rollback web nope
refused 4 "web: has no snapshot nope" snap rm web nope
refused 4 "off: does not run in the background; try: vmctl start off" snap create off x
refused 4 "off: does not run in the background" rollback off
refused 3 "nobody: no VM of this name is defined" rollback nobody
for tag in 1a "a b" .x a/b ""; do
	refused 2 "name '.*'" snap create web "$tag"
	refused 2 "name '.*'" rollback web "$tag"
	refused 2 "name '.*'" snap rm web "$tag"
done
refused 2 "name of 64 characters: the limit is 63" snap create web "$(printf 'n%.0s' {1..64})"
refused 2 "one too many" rollback web s1 s2
refused 2 "is missing" snap rm web
refused 2 "no field 'x'; there are" snap list --fields x web
held() { /usr/bin/python3 selftests/lib/hold.py "$VMM_DIR/run/web/control" "$@"; }
for words in "rollback web" "snap create web x"; do
	# shellcheck disable=SC2086
	said=$(held $vmctl $words 2>&1)
	is "$? ${said#*: }" "4 ${words% web*}: web: is being saved" "while it is held for a file: $words"
done
is "$(kept)" "$before" "nothing has changed"
ok "and it works" typed web .V fB
for n in $(seq 60); do $vmctl snap create web; done >"$tmp/made"
is "$(sort -u "$tmp/made" | wc -l)" 60 "64 are kept"
before=$(kept)
refused 4 "web: has 64 snapshots, which is the limit; try: vmctl snap rm" snap create web x
refused 4 "the limit" snap create web
is "$(kept)" "$before" "nothing has changed"
quiet 0 rollback web s1
ok "the first is as good as the last" typed web .V fB
# shellcheck disable=SC2046
quiet 0 snap rm web $(cat "$tmp/made")
is "$(tags web)" "s1 s2 s3 s4 " "64 and none of 60"
quiet 0 kill web
refused 4 "web: does not run" rollback web s1
quiet 0 start web
refused 4 "web: has no snapshot s1" rollback web s1
quiet 0 kill web

# ---- Linux

if [ -e build/guest.bzImage ]; then
	$vmctl create -c 2 -m 256M -k build/guest.bzImage -i build/guest.cpio \
		-a 'console=ttyS0 quiet panic=-1 run="n=0; (while :; do :; done) & while :; do read u x </proc/uptime; echo count $n $u; n=$((n + 1)); sleep 0.1; done"' linux
	quiet 0 start linux
	quiet 0 wait --for "console:count 10 " -t 100 linux
	counts() { grep -ao 'count [0-9]* [0-9.]*' "$(log linux)"; }
	latest() { counts | tail -n 1 | cut -d ' ' -f 2; }
	# It counts while it is asked: what it was at, at the snapshot, lies in between.
	first=$(latest)
	quiet 0 snap create linux t
	last=$(latest)
	far() { [ "$(latest)" -ge $((last + 20)) ]; }
	# The first line behind $lines that is not the next one: some came before the rollback.
	leapt()
	{
		again=$(counts | tail -n +$lines | awk 'NR > 1 && $2 != last + 1 { print; exit } { last = $2 }')
		[ -n "$again" ]
	}
	for n in 1 2 3; do
		ok "it counts on" until_ok far
		lines=$(counts | wc -l)
		quiet 0 rollback linux t
		ok "rolled back" until_ok leapt
		seen=$(echo "$again" | cut -d ' ' -f 2)
		ok "it counts from where it was: $first to $last, $again" [ "$seen" -gt "$first" -a "$seen" -le $((last + 15)) ]
	done
	ok "and on from there" until_ok far
	grep -a '^count .*' "$(log linux)" | tail -n 15 >"$tmp/one"
	ok "nothing is missed, and its clock does not leap" /usr/bin/python3 selftests/lib/counted.py "$tmp/one"
	is "$(tr -d '\r' <"$(log linux)" | grep -aciE 'lockup|stall|BUG:|unstable')" 0 "its kernel complains of nothing"
	quiet 0 kill linux
fi
is "$($vmctl list -q)" "" "none is left"
done_testing
