# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the checks of the source itself: a check prints each offence as FILE:LINE: what is
# wrong, with `offence`, and ends with `verdict`. It looks at the files that git knows or
# would know, so that forgotten ones count and built ones do not.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit
offences=0

# files PATHSPEC...
files() { git -c safe.directory="*" ls-files -co --exclude-standard -- "$@" | sort -u | while read -r f; do
	[ ! -e "$f" ] || echo "$f"; done; }

offence() { echo "$*"; offences=$((offences + 1)); }

# offences FROM A PIPE, a line each
offences_of()
{
	local line

	while IFS= read -r line; do
		[ -z "$line" ] || offence "$line"
	done
}

# A check that looked at nothing proves nothing.
verdict()
{
	[ "$1" -gt 0 ] || { echo "nothing to check"; exit 1; }
	[ "$offences" = 0 ] || { echo "$offences offences"; exit 1; }
	echo "$1 checked"
	exit 0
}
