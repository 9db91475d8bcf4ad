#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.1, host: amd intel, timeout: 900, module: no, files: selftests/api/build/dirty selftests/api/build/ksm_written
#
# The module does without each optional feature: guests must not notice. Here all are off at
# once, then one or two alone; options-soak.sh takes one after another, with more guests.
# OPTIONS="a,b c" names other settings, PAYLOADS other guests, APIS other tests of api/.

. "$(dirname "$0")/../lib/tap.sh"

module=build/$(uname -r)/vmm.ko
parameters=/sys/module/vmm/parameters

load() { insmod "$module" "$@" && here=1; }
unload() { [ -z "${here-}" ] || rmmod vmm; here=; }
trap 'unload; rm -rf "$tmp"; exit $tap_status' EXIT

# What can be turned off, but for what only the other vendor's backend looks at. A new
# parameter is taken to concern both.
optional()
{
	local file name others

	case $1 in
	vmx)	others=" nrips decode_assists flush_by_asid clean_bits pause_filter " ;;
	svm)	others=" vpid ept_ad ple flexpriority pml apicv preemption_timer posted " ;;
	*)	return 1 ;;
	esac
	for file in "$parameters"/*; do
		name=${file##*/}
		case $(<"$file") in Y | N) ;; *) continue ;; esac
		[[ $others == *" $name "* ]] || echo "$name"
	done
}

# Bochs leaves a guest that spins with interrupts off by pause-loop exiting alone (vmx.rst),
# and that is how the processors of a payload wait for each other.
ends_spins() { ! grep -qs Bochs /sys/class/dmi/id/bios_vendor || [[ ,$1, != *,ple,* ]]; }

of_one_processor()
{
	local name

	for name; do
		awk -v name="$name" '$1 == name && $3 == 1 { print name }' selftests/payload/list
	done
}

# without NAMES: the module does without those, and guests are well.
without()
{
	local names=${1//,/ } name off=() payloads=$payloads

	ends_spins "$1" || payloads=$(of_one_processor $payloads | xargs)

	for name in $names; do
		off+=("$name=0")
	done
	ok "without $1: loads" load "${off[@]}" || return
	for name in $names; do
		is "$(cat "$parameters/$name")" N "without $1: $name is off"
	done
	VMCTL=tools/vmctl/vmctl SLOW=${SLOW:-5} \
		selftests/payload/run --on vmm $payloads >"$tmp/guests" 2>&1
	is $? 0 "without $1: $payloads"
	sed 's/^/# /' "$tmp/guests"
	for name in ${APIS:-dirty ksm_written}; do
		"selftests/api/build/$name" >"$tmp/api" 2>&1
		is $? 0 "without $1: api/$name"
		grep '^not ok' "$tmp/api" | sed 's/^/# /'
	done
	ok "without $1: unloads" unload
}

payloads=${PAYLOADS:-paging irq-tpr timer mmio x2apic ipi-2 smp-2}
load || exit
backend=$(tools/vmctl/vmctl doctor | sed -n 's/.*backend \([a-z]*\).*/\1/p')
names=$(optional "$backend" | xargs)
unload
ok "backend $backend can do without: $names" [ -n "$names" ]
case ${OPTIONS-}:$backend in
each:*)	settings=$names ;;
:vmx)	settings="ept_ad ple" ;;
:svm)	settings="nrips" ;;
*)	settings=$OPTIONS ;;
esac
for setting in ${names// /,} $settings; do
	without "$setting"
done
done_testing
