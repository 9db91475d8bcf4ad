#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The grammar of the netlink family against the code: numbers of Documentation/netlink's
# spec are those that the compiler finds in the header, and each request takes in the module
# the attributes, and only those, that the spec lists.

. "$(dirname "$0")/tree.sh"

spec=Documentation/netlink/specs/vmm.yaml
python3 -c 'import yaml' 2>/dev/null || { echo "python3-yaml is lacking"; exit 1; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Lines "NAME NUMBER" for what the spec numbers, "policy COMMAND ATTRIBUTE..." for requests.
python3 - $spec >"$tmp/spec" <<'END'
import sys, yaml

spec = yaml.safe_load(open(sys.argv[1]))

def name(prefix, n):
    return (prefix + n).replace('-', '_').upper()

for d in spec['definitions']:
    for i, e in enumerate(d['entries']):
        n = 1 << i if d['type'] == 'flags' else i + d.get('value-start', 0)
        print(name(d['name-prefix'], e), n)
for s in spec['attribute-sets']:
    for i, a in enumerate(s['attributes'], 1):
        print(name(s['name-prefix'], a['name']), i)
    print(name(s['name-prefix'], 'max'), len(s['attributes']))
ops = spec['operations']
known = {a['name'] for s in spec['attribute-sets'] for a in s['attributes']}
for i, o in enumerate(ops['list'], 1):
    print(name(ops['name-prefix'], o['name']), i)
    for kind in ('do', 'dump'):
        r = o.get(kind, {})
        for way in ('request', 'reply'):
            for a in r.get(way, {}).get('attributes', []):
                assert a in known, a
    if 'do' in o or 'dump' in o:
        r = o.get('do', o.get('dump')).get('request', {}).get('attributes', [])
        print('policy', name(ops['name-prefix'], o['name']),
              *sorted(name('vmm-nl-a-', a) for a in r))
print(name(ops['name-prefix'], 'max'), len(ops['list']))
END
[ -s "$tmp/spec" ] || { echo "$spec cannot be read"; exit 1; }

{
	echo '#include <linux/types.h>'
	echo '#include <linux/vmm.h>'
	echo '#include <linux/vmm_netlink.h>'
	grep -v '^policy' "$tmp/spec" | while read -r name number; do
		echo "_Static_assert($name == $number, \"$name is not $number\");"
	done
} >"$tmp/check.c"
${CC:-cc} -Iuapi -fsyntax-only "$tmp/check.c" 2>"$tmp/words" ||
	offences_of < <(grep -E 'error' "$tmp/words" | sed "s|^[^ ]*|$spec:|")

# The attributes in the table that a command's operation names.
code=module/ctl/netlink.c
attributes_of()
{
	local table

	table=$(grep -oE "OP\($1, [a-z_]+" $code | sed 's/.*, //')
	{
		sed -n "/ $table\[/,/^};/p" $code
		! sed -n "/ $table\[/,/^};/p" $code | grep -q VM_POLICY ||
			sed -n '/define VM_POLICY/,/NAME_MAX_LEN }/p' $code
	} | grep -oE '\[VMM_NL_A_[A-Z_]+\]' | tr -d '[]' | sort -u | tr '\n' ' '
}

checked=$(wc -l <"$tmp/spec")
while read -r _ command wanted; do
	got=$(attributes_of "$command")
	[ "${got% }" = "$(tr ' ' '\n' <<<"$wanted" | sort -u | tr '\n' ' ' | sed 's/ $//')" ] ||
		offence "$spec: $command takes $wanted, the module ${got% }"
done < <(grep '^policy' "$tmp/spec")
verdict "$checked"
