# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For tests that are shell scripts: checks told as TAP. A script ends with done_testing;
# one that ends before has no plan and a status that is not 0. $tmp is a directory of the
# test's own, gone at its end. Work goes on in the checkout's top.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
tmp=$(mktemp -d) || exit
tap_n=0 tap_bad=0
tap_status=1
trap 'rm -rf "$tmp"; exit $tap_status' EXIT
trap 'tap_status=130; exit' INT
trap 'tap_status=143; exit' TERM

# ok NAME COMMAND...
ok()
{
	local name=$1
	shift

	tap_n=$((tap_n + 1))
	if "$@"; then
		echo "ok $tap_n - $name"
	else
		echo "not ok $tap_n - $name"
		tap_bad=$((tap_bad + 1))
	fi
}

# is GOT WANTED NAME
is()
{
	[ "$1" = "$2" ] || printf '# got    <%s>\n# wanted <%s>\n' "$1" "$2"
	ok "$3" [ "$1" = "$2" ]
}

skip_all() { echo "SKIP: $*"; tap_status=4; exit; }

done_testing()
{
	echo "1..$tap_n"
	[ "$tap_bad" != 0 ] || tap_status=0
	exit
}
