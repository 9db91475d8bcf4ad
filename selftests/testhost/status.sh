#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: timeout: 180
#
# The test host hands on what its command did: status, both streams byte for byte,
# arguments, variables, the directory; and leaves nothing behind.

. "$(dirname "$0")/../lib/tap.sh"
testhost=tools/testhost/testhost

export TMPDIR=$tmp
for kernel in 6.1 6.12; do
	release=$(cat "$(tools/testhost/kernel $kernel)/release")
	VMM_WORD="it's" $testhost --kernel $kernel --cpus 2 -- sh -c '
		echo "$VMM_WORD|$1|$PWD|$(uname -r)|$(nproc)"
		printf "no end of line" >&2
		: >"$2"
		exit 7' - 'two  words $HOME' "$PWD/build/written" >"$tmp/out" 2>"$tmp/err"
	is $? 7 "$kernel: exit status"
	is "$(cat "$tmp/out")" "it's|two  words \$HOME|$PWD|$release|2" \
		"$kernel: words, variables, directory, kernel, processors"
	is "$(cat "$tmp/err")" "no end of line" "$kernel: standard error is the command's alone"
	ok "$kernel: the machine's files stay as they were" [ ! -e build/written ]
done

head -c 200000 /dev/urandom >"$tmp/bytes"
cp "$tmp/bytes" build/bytes
$testhost -- cat build/bytes >"$tmp/out"
ok "streams carry every byte" cmp "$tmp/bytes" "$tmp/out"
rm -f build/bytes
$testhost -- no-such-command 2>/dev/null
is $? 127 "a command that is not there"
$testhost --cpus 0 -- true 2>/dev/null
is $? 2 "a wrong flag"
cat >"$tmp/slow" <<-END
	#!/bin/sh
	[ ! -e "$tmp/begun" ] || exec "$(tools/testhost/emulator qemu)" "\$@"
	: >"$tmp/begun"
	exec sleep 100
END
chmod +x "$tmp/slow"
VMM_QEMU=$tmp/slow VMM_UP_LIMIT=5 $testhost -- sh -c 'echo here; exit 5' >"$tmp/out" 2>"$tmp/err"
is "$? $(cat "$tmp/out")" "5 here" "a host that does not start is started once more"
ok "and that is said" grep -q 'did not start in 5 s; once more' "$tmp/err"
# Its files outlive it until the clock looks.
VMM_UP_LIMIT=4 $testhost -- sleep 99 >/dev/null 2>&1 &
sleep 2
kill -KILL $!
wait $! 2>/dev/null
sleep 5
is "$(ls -d "$tmp"/testhost.* 2>/dev/null)" "" "no files left"
done_testing
