#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, host: intel, timeout: 2000
#
# The Intel host keeps to what the AMD one does: status, both streams byte for byte,
# arguments, variables, the directory; a complaint of its kernel, a panic, a limit, a signal
# to the starter; and it leaves nothing behind. Its processor has what the module needs, and
# KVM agrees.

. "$(dirname "$0")/../lib/tap.sh"
testhost=tools/testhost/testhost

export TMPDIR=$tmp
intel() { $testhost --host intel --timeout 600 "$@"; }
left() { ls -d "$tmp"/testhost.* 2>/dev/null; }

head -c 5000 /dev/urandom >"$tmp/bytes"
VMM_WORD="it's" intel --cpus 2 --modules kvm_intel --keep-log "$tmp/log" \
	--add "$tmp/bytes" --add Makefile:sub/dir/file --add /usr/bin/cmp -- sh -c '
	echo "$VMM_WORD|$1|$PWD|$(grep -c "^processor.*" /proc/cpuinfo)"
	uname -r
	for flag in vmx ept unrestricted_guest vpid; do
		grep -qw "$flag" /proc/cpuinfo && echo $flag
	done
	modprobe kvm_intel && cat /sys/module/kvm_intel/parameters/unrestricted_guest
	/usr/bin/cmp sub/dir/file sub/dir/file && wc -l <sub/dir/file
	printf "no end of line" >&2
	echo BYTES
	cat "$2"
	exit 7' - 'two  words $HOME' "$tmp/bytes" >"$tmp/out" 2>"$tmp/err"
is $? 7 "exit status"
sed '/^BYTES$/,$d' "$tmp/out" >"$tmp/words"
is "$(sed -n 1p "$tmp/words")" "it's|two  words \$HOME|$PWD|2" "words, variables, directory, processors"
kernel=$(sed -n 2p "$tmp/words")
ok "kernel: $kernel" eval '[[ $kernel == 6.1.*-cloud-amd64 ]]'
is "$(sed -n '3,$p' "$tmp/words" | tr '\n' ' ')" \
	"vmx ept unrestricted_guest vpid Y $(wc -l <Makefile) " "processor, KVM, added files"
sed '1,/^BYTES$/d' "$tmp/out" >"$tmp/got"
ok "standard output carries every byte" cmp "$tmp/bytes" "$tmp/got"
is "$(cat "$tmp/err")" "no end of line" "standard error is the command's alone"
ok "the kernel log is kept" grep -q 'reboot: Power down' "$tmp/log"

intel --cpus 1 -- sh -c 'echo told; echo "WARNING: made up" >/dev/kmsg; exit 0' >"$tmp/out" 2>"$tmp/err"
is "$? $(cat "$tmp/out")" "126 told" "a complaint"
ok "is shown" grep -q 'WARNING: made up' "$tmp/err"
intel --cpus 1 -- sh -c 'echo c >/proc/sysrq-trigger; sleep 9' >"$tmp/out" 2>"$tmp/err"
is $? 126 "a panic ends it"
ok "and is shown" grep -q 'Kernel panic' "$tmp/err"
$testhost --host intel --timeout 5 -- true 2>/dev/null
is $? 124 "the limit"
is "$(left)" "" "no files left"

$testhost --host intel -- true 2>/dev/null &
pid=$!
sleep 5
ok "it is on its way" [ -n "$(left)" ]
kill -TERM $pid
wait $pid
is $? 143 "SIGTERM"
is "$(left)" "" "no files left after SIGTERM"
intel --shell 2>"$tmp/err"
is $? 2 "no shell"
ok "and says so" grep -q 'no terminal' "$tmp/err"
done_testing
