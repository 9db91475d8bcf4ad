#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: host: amd, timeout: 60
#
# vmctl list: what it says of VMs that run, in each form, and when they are gone.

. "$(dirname "$0")/../lib/tap.sh"
vmctl=tools/vmctl/vmctl

# A guest that never ends: magic, flags, sum; header, load, load end, bss end, entry; jmp .
{
	printf '\x02\xb0\xad\x1b\x00\x00\x01\x00\xfe\x4f\x51\xe4'
	printf '\x00\x00\x10\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x20\x00\x10\x00'
	printf '\xeb\xfe'
} >"$tmp/spin"

list() { $vmctl list "$@"; }

# within FILTER WANTED ARGS...: what list prints comes to be so.
within()
{
	local filter=$1 wanted=$2 n
	shift 2

	for n in $(seq 100); do
		[ "$(list "$@" | eval "$filter")" = "$wanted" ] && return
		sleep 0.1
	done
	echo "# it is: $(list "$@")"
	return 1
}

is "$(list)" "ID  NAME  STATE  BACKEND  CPUS  MEM  RESIDENT  UPTIME" "no VM: the heads"
is "$(list --no-header)" "" "and nothing without them"
is "$(list -o json)" '{"schema": 1, "vms": []}' "json: an empty list"

$vmctl run -m 16M --multiboot "$tmp/spin" lab </dev/null >/dev/null 2>&1 &
lab=$!
ok "one VM runs" within "awk '{ print \$2, \$3, \$5, \$6 }'" "lab running 1 16M" --no-header
$vmctl run -c 2 -m 8M --multiboot "$tmp/spin" web </dev/null >/dev/null 2>&1 &
web=$!
ok "two, by id" within "tr '\n' ' '" "lab web " -q
is "$(list -o name)" "$(list -q)" "-q is -o name"
ok "table: the heads stand above their columns" eval \
	'[ "$(list | cut -c 5-8 | tr "\n" " ")" = "NAME lab  web  " ]'
backend=$($vmctl info -o json | sed 's/.*"backend": "\([a-z]*\)".*/\1/')
ok "json: bytes and numbers" eval "list -o json | grep -Eq '^{\"schema\": 1, \"vms\": \
\[{\"id\": [0-9]+, \"name\": \"lab\", \"state\": \"running\", \"backend\": \"$backend\", \
\"owner\": 0, .*\"memory\": 16777216, .*\"uptime_ns\": [0-9]{7,}, \"paused_ns\": 0, \"labels\": {}}, {.*}\]}$'"
is "$(list -o jsonl | grep -c '^{"schema": 1, "id": .*}$')" 2 "jsonl: an object a line"
is "$(list -o csv | sed -n 1p)" \
	"id,name,state,backend,owner,vcpus,max_vcpus,memory,max_memory,resident,uptime_ns,paused_ns,labels" \
	"csv: keys"
is "$(list -o csv --no-header | cut -d , -f 2,6,7,8 | tr '\n' ' ')" \
	"lab,1,1,16777216 web,2,2,8388608 " "csv: values"

kill -KILL $web
wait $web 2>/dev/null
ok "a VM is gone with its process" within cat lab -q
kill -KILL $lab
wait $lab 2>/dev/null
ok "and the last one" within cat "" -q -a
done_testing
