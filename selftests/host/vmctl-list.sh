#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd intel, soak: intel, timeout: 150
# test: files: setpriv grep python3 Documentation/schema/vmctl.json tools/vmctl/completion/vmctl.bash
#
# vmctl list and show: what they say of VMs that run, in each form, and when they are gone.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vmctl.sh

list() { $vmctl list "$@"; }

like() { grep -Eq "$1" "$2" || { sed 's/^/# /' "$2"; return 1; }; }

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
is "$(list -o json | tee "$tmp/none")" '{"schema": 1, "vms": []}' "json: an empty list"
is "$(list -o csv --fields name,id)" "name,id" "csv: the keys"

begin lab rest
lab=$pid
ok "one VM runs" within "awk '{ print \$2, \$3, \$5, \$6 }'" "lab running 1 8M" --no-header
begin web rest -c 2 -m 4M
web=$pid
ok "two, by id" within "tr '\n' ' '" "lab web " -q
is "$(list -o name)" "$(list -q)" "-q is -o name"
ok "table: the heads stand above their columns" eval \
	'[ "$(list | cut -c 5-8 | tr "\n" " ")" = "NAME lab  web  " ]'
backend=$($vmctl info -o json | tee "$tmp/info" | sed 's/.*"backend": "\([a-z]*\)".*/\1/')
list -o json >"$tmp/list"
ok "json: bytes and numbers" like "^{\"schema\": 1, \"vms\": \
\[{\"id\": [0-9]+, \"name\": \"lab\", \"state\": \"running\", \"backend\": \"$backend\", \
\"owner\": 0, .*\"memory\": 8388608, .*\"uptime_ns\": [0-9]{7,}, \"paused_ns\": 0, \
\"labels\": \{\}, \"weight\": null, \"cap\": null, \"pin\": \"[0-9,-]*\", \
\"mem_limit\": null}, {.*}\]}$" "$tmp/list"
list -o jsonl >"$tmp/lines"
is "$(grep -c '^{"schema": 1, "id": .*}$' "$tmp/lines")" 2 "jsonl: an object a line"
is "$(list -o csv | sed -n 1p)" \
	"id,name,state,backend,owner,vcpus,max_vcpus,memory,max_memory,resident,uptime_ns,paused_ns,labels,weight,cap,pin,mem_limit" \
	"csv: keys"
is "$(list -o csv --no-header | cut -d , -f 2,6,7,8 | tr '\n' ' ')" \
	"lab,1,1,8388608 web,2,2,4194304 " "csv: values"
is "$(list --fields vcpus,name | tr -s ' ' | tr '\n' ';')" "CPUS NAME;1 lab;2 web;" "--fields"
is "$(list --sort -name -q | tr '\n' ' ')" "web lab " "--sort -name"
is "$(list --sort memory -q | tr '\n' ' ')" "web lab " "--sort memory"
ok "wide has more" grep -q "LABELS" <(list -o wide)
refused 2 "no field 'x'; there are id, name" list --fields id,x
refused 2 "--sort: no field" list --sort x

# ---- show

$vmctl show web -o json >"$tmp/show"
ok "show: processors and memory" grep -Eq '"vcpus": \[{"id": 0, "state": "halted".*{"id": 1, "state": "wait-for-sipi", "cpu": null.*"slots": \[{"id": 0, "gpa": 0, "size": ' "$tmp/show"
$vmctl show web >"$tmp/table"
ok "show: lines for people" grep -Eq '^max_memory +0$' "$tmp/table"
ok "and tables" grep -Eq '^VCPU +STATE +CPU +THREAD' "$tmp/table"
id=$(list -o csv --no-header --fields id,name | sed -n 's/,web//p')
is "$($vmctl show "$id" | sed -n 's/^name  *//p')" web "show by id"
refused 3 "show: nobody: no VM of this name; try: vmctl list" show nobody
refused 3 "99: no VM of this id" show 99
refused 2 "a b: neither a name nor an id" show "a b"
refused 2 "VM is missing" show
is "$(as_nobody list -q; echo $?)" 0 "who may see no VM gets an empty list"
as_nobody show web >"$tmp/out" 2>"$tmp/err"
is "$? $(grep -c 'no VM of this name' "$tmp/err")" "3 1" "and no VM of a name"
as_nobody show "$id" >"$tmp/out" 2>"$tmp/err"
is "$? $(grep -c "another user's; try: as its owner" "$tmp/err")" "5 1" "whose id he may know"

# ---- what shells complete

candidates() { $vmctl complete -- "$@" | cut -f 1 | tr '\n' ' '; }
is "$(candidates pause "")" "lab web " "live names"
is "$($vmctl complete -- show "" | sed -n 's/^web\t//p')" running "with their states"
is "$(bash -c '. tools/vmctl/completion/vmctl.bash
	COMP_WORDS=('$vmctl' pause w) COMP_CWORD=2; _vmctl; echo "${COMPREPLY[*]}"')" web "bash"
if command -v fish >/dev/null; then
	is "$(fish --no-config -c 'set -p PATH $PWD/tools/vmctl
		set fish_complete_path $PWD/tools/vmctl/completion
		complete -C "vmctl pause w"')" $'web\trunning' "fish"
fi

{ kill -KILL $web; wait $web; } 2>/dev/null
ok "a VM is gone with its process" within cat lab -q
{ kill -KILL $lab; wait $lab; } 2>/dev/null
ok "and the last one" within cat "" -q -a
ok "JSON is as the schema says" /usr/bin/python3 selftests/lib/schema.py list "$tmp/none" \
	list "$tmp/list" vm "$tmp/lines" show "$tmp/show" info "$tmp/info"
done_testing
