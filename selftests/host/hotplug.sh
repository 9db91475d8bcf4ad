#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: check: 6.12, host: amd intel, cpus: 2, timeout: 300, module: no, modules: msr
#
# Processors of the host come and go under running guests: the extension is on where a
# processor is online, guests move and notice nothing, and unloading turns it off. The guest
# is Linux on AMD, and payloads on Intel, where Linux would take minutes. Without posted
# interrupts, which Bochs gets wrong now and then (vmx.rst).

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vm.sh

cpu1=/sys/devices/system/cpu/cpu1/online
module=build/$(uname -r)/vmm.ko
trap 'echo 1 >$cpu1; rm -rf "$tmp"; exit $tap_status' EXIT

# EFER.SVME of processor N: 0 or 1. VMX has no such bit that a program could read.
svme() { echo $((0x$(dd if="/dev/cpu/$1/msr" bs=8 count=1 skip=$((0xc0000080)) \
	iflag=skip_bytes status=none | od -An -tx8 | tr -d ' ') >> 12 & 1)); }
amd() { grep -qw svm /proc/cpuinfo; }

alive() { kill -0 "$1" 2>/dev/null; }

# toggle PID: until that one ends, ten times at least; how often is in $turns.
toggle()
{
	turns=0
	while alive "$1" || [ $turns -lt 10 ]; do
		echo 0 >$cpu1 && sleep 0.05 && echo 1 >$cpu1 || return
		turns=$((turns + 1))
		sleep 0.05
	done
}

load() { insmod "$module" posted=0; }

payloads() { VMCTL=$vmctl SLOW=3 selftests/payload/run --on vmm "$@" >"$tmp/payloads" 2>&1; }

counting()
{
	linux 2 128M "run=\"for i in 1 2 3 4 5 6; do usleep 200000; done; echo guest: counted\"" \
		--timeout 200 &&
		[ "$(guest_said cpus)" = 2 ] && grep -q '^guest: counted' "$tmp/console"
}

# Guests of two processors, for some seconds.
guests() { if amd; then counting; else payloads ipi-2 smp-2 ipi-2 smp-2; fi; }

! amd || modprobe msr || exit
load || exit
! amd || is "$(svme 0)$(svme 1)" 11 "loaded: SVM is on"
guests &
ok "processor 1 goes and comes" toggle $!
echo "# $turns times"
ok "guests of two processors run on" wait $!
! amd || is "$(svme 0)$(svme 1)" 11 "SVM is on again"

# The module comes while a processor is away, and goes while another is.
ok "unloads" rmmod vmm
! amd || is "$(svme 0)$(svme 1)" 00 "unloaded: SVM is off"
echo 0 >$cpu1
ok "loads with one processor away" load
echo 1 >$cpu1
! amd || is "$(svme 0)$(svme 1)" 11 "a processor that comes later has SVM on"
ok "guests run on both" payloads smp-2
echo 0 >$cpu1
ok "unloads with one processor away" rmmod vmm
echo 1 >$cpu1
! amd || is "$(svme 0)$(svme 1)" 00 "none has SVM on"
# Were an extension on anywhere, it would be taken for somebody's.
ok "loads once more" load
ok "unloads once more" rmmod vmm
[ "$tap_bad" = 0 ] || { show_guest; sed 's/^/# /' "$tmp/payloads"; }
done_testing
