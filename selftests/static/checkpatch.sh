#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: timeout: 900
#
# checkpatch.pl of Debian's kernel source: no error anywhere, no warning in the module.

. "$(dirname "$0")/tree.sh"
. tools/testhost/lib.sh

# What only the kernel's own tree can satisfy; what lists of X() lines can't; and what takes
# KERNEL_VERSION() for a constant on the wrong side.
IGNORE=FILE_PATH_CHANGES,LINUX_VERSION_CODE,CONFIG_DESCRIPTION,EMBEDDED_FILENAME
IGNORE+=,COMPLEX_MACRO,TRAILING_SEMICOLON,CONSTANT_COMPARISON,BRACKET_SPACE,SPDX_LICENSE_TAG,NETWORKING_BLOCK_COMMENT_STYLE

# A label of asm goto, %l[name], is no remainder.
LABEL="need consistent spacing around '%' (ctx:WxV)"

# Three files of a large package; the rest of it is not kept.
get_checkpatch()
{
	local dir=$1 tmp=$1.part top=linux-source-6.1/scripts

	rm -rf "$tmp" && mkdir -p "$tmp/deb" || return
	echo "fetching linux-source-6.1"
	(cd "$tmp/deb" && apt-get -q download linux-source-6.1 >/dev/null 2>&1) || return
	dpkg --fsys-tarfile "$tmp"/deb/*.deb 2>/dev/null | tar -xO ./usr/src/linux-source-6.1.tar.xz |
		tar -xJ -C "$tmp" --strip-components=2 --occurrence=1 $top/checkpatch.pl \
			$top/spelling.txt $top/const_structs.checkpatch 2>/dev/null
	rm -rf "$tmp/deb"
	[ -s "$tmp/checkpatch.pl" ] && [ -s "$tmp/spelling.txt" ] && mv "$tmp" "$dir"
}

dir=$CACHE/checkpatch
if [ ! -e "$dir" ]; then
	cache_lock
	[ -e "$dir" ] || get_checkpatch "$dir" || { echo "cannot get checkpatch.pl"; exit 1; }
	cache_unlock
fi

# check WHAT-COUNTS FILE...
check()
{
	local counts=$1
	shift

	[ $# -gt 0 ] || return
	offences_of < <(perl "$dir/checkpatch.pl" --no-tree --no-summary --terse --show-types \
		--max-line-length=100 --ignore $IGNORE -f "$@" 2>/dev/null |
		grep -E ": ($counts):" | grep -Fv "$LABEL")
}

module=$(files 'module/*.[chS]' 'uapi/*.h')
other=$(files 'tools/*.[chS]' 'selftests/*.[chS]')
check 'ERROR|WARNING' $module
check 'ERROR' $other
# Its memory of names, which it keeps in the top of a git tree.
rm -f .checkpatch-camelcase.*
verdict "$(wc -w <<<"$module $other")"
