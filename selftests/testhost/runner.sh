#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: timeout: 300
#
# The runner's verdicts, on a small tree of its own: what passes, fails and skips; that a
# test which kills its host fails alone; that a complaint finds the test that caused it.

. "$(dirname "$0")/../lib/tap.sh"

tree=$tmp/tree
mkdir -p "$tree"/tools "$tree"/selftests/{static,host}
cp -r tools/testhost "$tree/tools"
cp -r selftests/run selftests/lib "$tree/selftests"
printf 'modules tools:\n' >"$tree/Makefile"

# test KIND NAME NEEDS TEXT
test_of()
{
	printf '#!/bin/sh\n# test: %s\n%s\n' "$3" "$4" >"$tree/selftests/$1/$2.sh"
	chmod +x "$tree/selftests/$1/$2.sh"
}

test_of static pass 'timeout: 9' 'exit 0'
test_of static fail 'timeout: 9' 'exit 1'
test_of static slow 'timeout: 1' 'sleep 20'
test_of static skip 'timeout: 9' 'echo SKIP: no reason to run; exit 4'
test_of static mute 'timeout: 9' 'exit 4'
test_of static plan 'timeout: 9' 'echo 1..2; echo ok 1'
test_of static notok 'timeout: 9' 'echo 1..1; echo not ok 1'
test_of static long 'group: soak' 'exit 0'
host='module: no, kernel: 6.1'
test_of host a-pass "$host" 'exit 0'
test_of host b-warn "$host" 'echo "WARNING: made up" >/dev/kmsg; exit 0'
test_of host c-pass "$host" 'echo out; exit 0'
test_of host d-dies "$host" 'echo c >/proc/sysrq-trigger; sleep 9'
test_of host e-pass "$host" 'exit 0'
test_of host f-slow "$host, timeout: 2" 'sleep 20'
test_of host g-left "$host" 'sleep 20 & exit 0'

# A test host that is lost once before it runs anything, and one that always is.
mv "$tree/tools/testhost/testhost" "$tree/tools/testhost/real"
cat >"$tree/tools/testhost/testhost" <<-END
	#!/bin/bash
	case "\$*" in
	*lost.once*)	[ -e "$tmp/once" ] || { >"$tmp/once"; echo BUG: made up >&2; exit 126; } ;;
	*lost.always*)	echo BUG: made up >&2; exit 126 ;;
	esac
	exec -a testhost "$tree/tools/testhost/real" "\$@"
END
chmod +x "$tree/tools/testhost/testhost"
test_of host h-once "$host, append: lost.once" 'exit 0'
test_of host i-always "$host, append: lost.always" 'exit 0'

"$tree/selftests/run" >"$tmp/out" 2>&1
is $? 1 "status"
sed 's/^/# /' "$tmp/out"

verdict() { awk -v name="$1" '$2 == name { print $1 }' "$tmp/out"; }

for name in pass fail slow skip mute plan notok; do
	case $name in pass) want=ok ;; skip) want=skip ;; *) want=FAIL ;; esac
	is "$(verdict static/$name)" $want "static/$name: $want"
done
for name in a-pass b-warn c-pass d-dies e-pass f-slow g-left h-once i-always; do
	case $name in *pass | g-left | h-once) want=ok ;; *) want=FAIL ;; esac
	is "$(verdict host/$name@6.1)" $want "host/$name: $want"
done
is "$(grep -c '^note .* status 126' "$tmp/out")" 2 "a host lost before its tests gets a second chance, aloud"
is "$(verdict static/long)" "" "the soak group waits to be asked"
is "$(tail -n 1 "$tmp/out")" "6 passed, 9 failed, 1 skipped" "the count"
is "$("$tree/selftests/run" static/pass | tail -n 1)" "1 passed, 0 failed, 0 skipped" "by name"
"$tree/selftests/run" no-such-test >/dev/null 2>&1
is $? 2 "a name that no test has"
is "$(ls -d "$tree"/build/run.* 2>/dev/null)" "" "no files left"
done_testing
