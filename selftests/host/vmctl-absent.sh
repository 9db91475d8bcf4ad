#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd intel, module: no, timeout: 120, modules: kvm_intel, files: Documentation/man/vmctl.8
#
# vmctl where it cannot work: each refusal is one line on standard error that names value
# and limit, with the exit code that the manual gives.

. "$(dirname "$0")/../lib/tap.sh"
vmctl=tools/vmctl/vmctl

# refused CODE PATTERN ARGS...: no output, one line of error that matches.
refused()
{
	local code=$1 pattern=$2 status lines
	shift 2

	$vmctl "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	status=$?
	mapfile -t lines <"$tmp/err"
	[ $status = "$code" ] || echo "# exit code $status, not $code"
	ok "vmctl $*: ${lines[*]}" [ "$status ${#lines[@]} $(<"$tmp/out")" = "$code 1 " ]
	ok "that says: $pattern" eval '[[ ${lines[0]} =~ ^vmctl:\ .*$pattern ]]'
}

# what needs no module to be seen as wrong
refused 2 "no command"
refused 2 "frob: no such command" frob
refused 2 "-c 0: .* 1 to [0-9]+" run -c 0 -k x
refused 2 "-c 4096: .* 1 to [0-9]+" run -c 4096 -k x
refused 2 "-c two" run -c two -k x
refused 2 "-m 1K: .* at least 2M" run -m 1K -k x
refused 2 "-m 3000001: .*multiple of 4096" run -m 3000001 -k x
refused 2 "-m 99999999T: not a size" run -m 99999999T -k x
refused 2 "-m 8192T: .*52 bits" run -m 8192T -k x
refused 2 "--timeout 0" run --timeout 0 -k x
refused 2 "--debug-exit 0x10000: .*0xffff" run --debug-exit 0x10000 -k x
refused 2 "-k needs a value" run -k
refused 2 "--frob: unknown" run --frob
refused 2 "nothing to boot" run
refused 2 "-k and --multiboot" run -k x --multiboot y
refused 2 "must start with a letter" run -k x 1st
refused 2 "name of 64 .*limit is 63" run -k x "$(printf 'x%.0s' {1..64})"
refused 2 "one name is enough" run -k x one two
refused 2 "-o xml: .*jsonl, csv and name" info -o xml
refused 2 "-o name: these have no names" doctor -o name
refused 2 "takes no argument" version now
refused 2 "-o xml: .*jsonl, csv and name" list -o xml
refused 2 "web: takes no argument" list web
refused 2 "VM is missing" pause
refused 2 "lab: one too many" kill web lab
refused 2 "-x: unknown option" stop -xf web
refused 2 "--frob: unknown option" kill --frob web
refused 2 "-t needs a value" stop web -t
refused 2 "-t 1m: not a number of seconds" stop -t 1m web
refused 2 "--for dead: neither running" wait --for dead web
refused 2 "web: nothing to set" set web
refused 2 "s: may be sched or set" s
refused 2 "k: may be kill or ksm" k
refused 2 "what: not KEY=VALUE of a known key" ksm set what
refused 2 "frob=1: not KEY=VALUE of a known key" ksm set frob=1
refused 2 "mode=: no value" ksm set mode=
refused 2 "nothing to set" ksm set
refused 2 "-1: unknown option|not a number of pages" ksm scan -1
refused 2 "many: not a number of pages" ksm scan many
refused 2 "2: one too many" ksm scan 1 2
refused 2 "now: takes no argument" ksm status now
refused 2 "FILE... is missing" ksm analyze
refused 2 "FILE... is missing" ksm report
refused 2 "VM is missing" ksm hashes
refused 2 "VM.FILE is missing" ksm map
refused 2 "-o csv: the formats are table and json" ksm map -o csv x

# what does
refused 6 "ksm/mode: no such file; try: .*insmod" ksm status
refused 6 "policy=ksm: .*no such file; try: .*insmod" ksm set policy=ksm
refused 6 "ksm/step: no such file; try: .*insmod" ksm scan 5
refused 6 "/dev/vmm: cannot open: .*try: .*insmod" run -k /dev/null
refused 6 "/dev/vmm" run -k /nowhere -m 512M
refused 6 "/dev/vmm" info
for words in list "ksm pairs" "ksm hashes web" "ksm map web" "top -b -n 1" "show web" "pause web" "resume web" "stop web" "kill web" "reset web" "inject web nmi" "set web name=x" stats "exits web" events "wait web"; do
	# shellcheck disable=SC2086
	refused 6 "netlink: no family vmm; try: .*insmod" $words
done

export VMM_DIR=$tmp/vmm
$vmctl create -k /dev/null web
refused 6 "web: /dev/vmm: cannot open: .*try: .*insmod" start web
is "$(ls "$VMM_DIR/run")" "" "one that cannot start leaves nothing"
refused 4 "web: does not run in the background; try: vmctl start web" console web
refused 6 "netlink: no family vmm" logs 7

if grep -qw vmx /proc/cpuinfo; then
	extension=VMX kvm=kvm_intel
else
	extension=SVM kvm=kvm_amd
fi
$vmctl doctor >"$tmp/out" 2>"$tmp/err"
is $? 6 "doctor: exit code"
ok "doctor: the processor is fine" grep -q "^ok  *processor has $extension" "$tmp/out"
ok "doctor: the module is not" grep -q '^FAIL  */dev/vmm' "$tmp/out"
modprobe $kvm
$vmctl doctor -o json >"$tmp/out"
is $? 7 "doctor: exit code with $kvm"
ok "doctor: names the holder" grep -q \
	"\"fail\", \"text\": \"$extension is in use by $kvm; try: modprobe -r $kvm" "$tmp/out"
ok "$kvm lets go" modprobe -r $kvm

is "$($vmctl version)" "$($vmctl ver)" "a prefix of a command"
ok "help lists run" grep -q '^  run ' <($vmctl help)
commands=$($vmctl help | sed -n 's/^  \([a-z]*\) .*/\1/p')
for command in $commands; do
	$vmctl help "$command" | grep -q "^usage: vmctl $command" &&
		grep -Eq "^\.It (Xo )?Ic $command( |\$)" Documentation/man/vmctl.8 || echo "# not $command"
done >"$tmp/out"
is "$(cat "$tmp/out")" "" "each command has help and is in the manual"
is "$($vmctl complete -- "" | cut -f 1)" "$commands" "and is offered to shells"
is "$($vmctl complete -- run -k "")" ":files" "files are left to them"
is "$($vmctl complete -- pause ""; $vmctl complete -- frob ""; $vmctl complete -- list x "")" "" \
	"where there is nothing, nothing is offered"
is "$($vmctl complete -- wait --for "" | tr -d '\t' | tr '\n' ' ')" "running paused stopped gone " \
	"an option's values"
is "$($vmctl complete -- list --fields id,na | cut -f 1 | sed -n 1,3p | tr '\n' ' ')" \
	"id,id id,name id,state " "fields, behind those that are there"
is "$($vmctl complete -- top --sort -c | cut -f 1 | sed -n 2p)" "-name" "and to sort by"
ok "help names them" grep -q "^Fields: id, name, state," <($vmctl help list)
for shell in bash zsh fish; do
	script=tools/vmctl/completion/vmctl.$shell
	[ $shell != zsh ] || script=tools/vmctl/completion/_vmctl
	[ ! -e "$script" ] || ! command -v $shell >/dev/null || ok "completion: $shell" $shell -n "$script"
done
ok "help run tells of --timeout" grep -q -- --timeout <($vmctl help run)
$vmctl help >/dev/full 2>"$tmp/err"
is $? 1 "no room for the output"
done_testing
