#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd intel, soak: intel, timeout: 180
# test: files: setpriv python3 Documentation/schema/vmctl.json
#
# vmctl reclaim and swap: memory of a guest leaves, compressed and to a file, and comes back when the
# guest asks for it; what is told, in all its forms, and what is refused, with its exit code.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

export VMM_DIR=$tmp/vmm
field() { $vmctl swap "$1" --no-header --fields "$2" -o csv; }
reclaimed() { $vmctl reclaim --no-header --fields reclaimed -o csv "$@"; }

define web count
define off rest
quiet 0 start web
ok "it writes" typed web W..W BabC
resident=$(field web resident)
ok "a MiB at least: $resident" [ "$resident" -ge $((1 << 20)) ]
is "$(field web memory,away,compressed,filed,room,limit,min,shares)" "8388608,0,0,0,0,0,0,1000" "all of it in memory"

# ---- compressed

left=$(reclaimed -a web 8M)
ok "nearly all leaves: $left of $resident" [ "$left" -gt $((resident / 2)) ]
ok "compressed" [ "$(field web compressed)" -gt 0 -a "$(field web compressed_to)" -lt "$(field web compressed)" ]
ok "it reads what it wrote" typed web V C
ok "and goes on" typed web WV DD
reclaimed -a web 8M >"$tmp/out"
is "$($vmctl reclaim -b web --no-header --fields reclaimed,away -o csv)" 0,0 "all is back"
reclaimed -a web 1M >"$tmp/out"
ok "no more than was asked for: $(cat "$tmp/out")" [ "$(cat "$tmp/out")" -le $((1 << 20)) ]

# ---- limits

quiet 0 reclaim --limit 4M --shares 500 web
is "$(field web limit,min,shares)" "4194304,0,500" "a limit"
quiet 0 reclaim --min 1M web
is "$(field web limit,min,shares)" "4194304,1048576,500" "a minimum, and the rest as it was"
refused 2 "web: the minimum, 8M, is above the limit, 4M" reclaim --min 8M web
ok "it goes on" typed web WV EE
quiet 0 reclaim --limit none --min none --shares 1000 web
is "$(field web limit,min,shares)" "0,0,1000" "as before"
refused 2 "1M: a limit is 4M at least" reclaim --limit 1M web
refused 2 "5000: neither a size" reclaim --min 5000 web
refused 2 "0: shares are 1 to 1000000" reclaim --shares 0 web

# ---- to a file

truncate -s 8M "$tmp/file"
quiet 0 swap --size 4M --offset 1M web "$tmp/file"
is "$(field web room)" $((4 << 20)) "a swap file"
refused 4 "web: it has a swap file" swap web "$tmp/file"
reclaimed -a web 8M >"$tmp/out"
ok "memory is there" until_ok eval '[ "$(field web compressed)" = 0 -a "$(field web filed)" -gt 0 ]'
ok "and comes back" typed web V E
quiet 0 fork web other
refused 4 "other: it has a swap file" swap other "$tmp/file"
reclaimed -a other 8M >"$tmp/out"
ok "a fork has its own" typed other W F
ok "from the same file" typed web V E
quiet 0 swap --off web
is "$(field other room,filed)" "0,0" "no file any more, for both"
refused 4 "web: has no swap file" swap --off web
ok "both have their memory" typed web V E
ok "as it was" typed other V F

# ---- refusals

refused 1 "cannot open $tmp/none: No such file" swap web "$tmp/none"
truncate -s 64K "$tmp/small"
refused 1 "web: the file is too small" swap web "$tmp/small"
refused 1 "web: the file is too small" swap --offset 8M web "$tmp/file"
refused 2 "--off takes no file" swap --off web "$tmp/file"
refused 2 "a size of no file" swap --keep 1M web
refused 2 "1000: not a size that is a multiple of 4096" swap --size 1000 web "$tmp/file"
refused 2 "x: not a size" swap --keep x web "$tmp/file"
refused 2 "how much is to leave" reclaim web
refused 2 "neither a size nor --all" reclaim -b web 4K
refused 2 "neither a size nor --all" reclaim -a -b web
for size in 0 1 4097 x -4K; do
	refused 2 "not a size|unknown option" reclaim web "$size"
done
refused 4 "off: does not run in the background" swap off
refused 4 "off: does not run in the background" reclaim off 4K
quiet 0 pause web
ok "of one that is paused" [ "$(reclaimed -a web 8M)" -gt 0 ]
quiet 0 resume web
ok "it goes on" typed web V E
for words in swap "reclaim -b"; do
	# shellcheck disable=SC2086
	$vmctl $words web -o json >"$tmp/json"
	ok "JSON of $words is as the schema says" /usr/bin/python3 selftests/lib/schema.py "${words%% *}" "$tmp/json"
done
quiet 0 kill other

# ---- a file that others write to

quiet 0 swap web "$tmp/file"
reclaimed -a web 8M >"$tmp/out"
ok "its memory is there" until_ok eval '[ "$(field web filed)" -gt 0 ]'
dd if=/dev/urandom of="$tmp/file" bs=1M count=8 conv=notrunc 2>"$tmp/dd"
refused 1 "web: cannot swap its memory: Bad message" swap --off web
quiet 0 inject web key V
ok "the guest stops" until_ok eval '[ "$(state web)" = stopped ]'
ok "and its log says why" eval '$vmctl logs web | grep -q "^\[vmctl: web ended: .* did not come back"'
refused 4 "web: does not run, it has ended: .* did not come back" show web

# ---- by definition

define bound count --page-limit 4M --page-min 1M --page-shares 2000 --swap "$tmp/file"
quiet 0 start bound
is "$(field bound limit,min,shares,room)" "4194304,1048576,2000,8388608" "as it was defined"
ok "it runs" typed bound W B
quiet 0 fork bound twin
ok "the definition of a fork names no file" eval '! $vmctl show twin -o conf | grep -q swap'
is "$(field twin limit,room)" "4194304,8388608" "but it has what there is"
quiet 0 kill twin
quiet 0 reset bound
is "$(field bound limit,room)" "4194304,8388608" "a reset changes nothing"
define late rest --swap "$tmp/none"
refused 1 "late: cannot open $tmp/none: No such file" start late
quiet 0 kill bound
is "$($vmctl list -q)" "" "none is left"
done_testing
