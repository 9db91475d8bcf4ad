# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# What the scripts of the test host share: where things are, how they complain, and
# how a Debian package is fetched and unpacked without being installed.
#
# Nouns: the *cache* holds unpacked packages and what is made of them; it is shared by
# all checkouts of a user and may be deleted at any time.

TESTHOST=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
CHECKOUT=$(cd "$TESTHOST/../.." && pwd -P)
if [ -n "${VMM_CACHE-}" ]; then
	CACHE=$VMM_CACHE
elif [ -n "${XDG_CACHE_HOME-}${HOME-}" ]; then
	CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/vmm
else
	CACHE=$CHECKOUT/build/cache
fi

# Infrastructure failures have a status of their own: a test can't be blamed for them.
E_INFRA=125
E_TIMEOUT=124
E_USAGE=2

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() { say "$*"; exit "$E_INFRA"; }

# One fetch at a time: parallel tests of a fresh checkout want the same packages.
cache_lock()
{
	mkdir -p "$CACHE" || die "cannot create $CACHE"
	exec 9>"$CACHE/.lock" && flock 9 || die "cannot lock $CACHE"
}

cache_unlock() { exec 9>&-; }

# unpack PACKAGE DIR: fetch a package and unpack it to DIR, all or nothing.
unpack()
{
	local pkg=$1 dir=$2 tmp=$2.part.$$

	rm -rf "$tmp" && mkdir -p "$tmp/deb" || return 1
	say "fetching $pkg"
	if ! (cd "$tmp/deb" && apt-get -q download "$pkg" >../log 2>&1); then
		cat "$tmp/log" >&2
		rm -rf "$tmp"
		return 1
	fi
	dpkg -x "$tmp"/deb/*.deb "$tmp/root" && rm -rf "$dir" &&
		mv "$tmp/root" "$dir" && rm -rf "$tmp"
}

# The package need not be installed; it must be the static one.
static_busybox()
{
	local dir=$CACHE/busybox bin

	bin=$(command -v busybox) && ! ldd "$bin" >/dev/null 2>&1 && echo "$bin" && return
	cache_lock
	[ -x "$dir/bin/busybox" ] || unpack busybox-static "$dir" || return 1
	cache_unlock
	echo "$dir/bin/busybox"
}

# pack DIR: a cpio archive of a directory, the same for the same files.
pack()
{
	(cd "$1" && find . -exec touch -hd @0 {} + && find . -mindepth 1 | LC_ALL=C sort |
		cpio -o -H newc -R 0:0 --reproducible 2>/dev/null)
}

# What a healthy kernel never says.
COMPLAINTS='BUG:|WARNING:|Oops|general protection fault|Kernel panic|Call Trace:|kernel BUG at'
COMPLAINTS+='|detected stalls|self-detected stall|blocked for more than|soft lockup|hard LOCKUP'
COMPLAINTS+='|scheduling while atomic|sleeping function called|list_(add|del) corruption'
COMPLAINTS+='|possible (circular|recursive|irq lock)|inconsistent lock state|bad unlock balance'
COMPLAINTS+='|still has locks held|lock held when returning|refcount_t:|UBSAN:|KASAN:|KFENCE:'
COMPLAINTS+='|Bad page state|Bad rss-counter|unable to handle|Objects remaining|Slab cache still has'
COMPLAINTS+='|unchecked MSR access|Bad FPU state|Poison overwritten|Redzone overwritten|Object already free'
COMPLAINTS+='|double fault|stack guard page|corrupted stack|hogged CPU|unexpected shift|Modules linked in:'
