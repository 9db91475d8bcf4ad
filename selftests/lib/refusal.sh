# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For tests that load the module where it cannot work; after lib/tap.sh.

# have_module RELEASE HEADERS: alone, such a test has had nothing built.
have_module()
{
	[ -e "build/$1/vmm.ko" ] || make -s modules KDIR="$2" >"$tmp/make" 2>&1 ||
		{ cat "$tmp/make"; return 1; }
}

# Some insmods try both system calls, so that there may be two lines alike.
refusal_job='
	if insmod "build/$(uname -r)/vmm.ko" 2>/dev/null; then echo loaded; else echo refused; fi
	dmesg | sed -n "s/.*vmm: \(this processor\)/\1/p" | uniq
	[ ! -e /sys/module/vmm ] || echo left
	[ ! -e /dev/vmm ] || echo device'

# refused HOST MODEL WORDS
refused()
{
	tools/testhost/testhost --host "$1" --cpu "$2" --cpus 1 -- sh -c "$refusal_job" \
		>"$tmp/out" 2>"$tmp/err"
	is "$?" 0 "$2: the host runs" || sed 's/^/# /' "$tmp/err"
	is "$(xargs -d '\n' <"$tmp/out")" "refused $3" "$2: the module does not load, and says why"
}
