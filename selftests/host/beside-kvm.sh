#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# test: host: amd intel, module: no, modules: kvm_intel, timeout: 180, alone: yes
#
# The module beside a KVM that is there and idle, in either order of loading: it works
# or is refused with EBUSY, and the kernel warns of nothing, which would end this host.

. "$(dirname "$0")/../lib/tap.sh"
. selftests/lib/vm.sh

module=build/$(uname -r)/vmm.ko
kvm=kvm_amd
! grep -qw vmx /proc/cpuinfo || kvm=kvm_intel

guest_runs()
{
	run_tiny >/dev/null 2>"$tmp/words"
	[ $? = 42 ] || { sed 's/^/# /' "$tmp/words"; false; }
}

# The extension is KVM's from its loading on, or only while it has a VM.
kvm_keeps_it() { [ "$(cat /sys/module/kvm/parameters/enable_virt_at_load 2>/dev/null)" = Y ]; }

make_tiny || exit
rounds="first second"
[ $kvm = kvm_amd ] || rounds=only	# modules take long to load in Bochs
for round in $rounds; do
	ok "$round round: $kvm loads" modprobe $kvm
	if kvm_keeps_it; then
		insmod "$module" 2>"$tmp/words"
		ok "vmm does not, after it" grep -qi busy "$tmp/words"
		modprobe -r $kvm kvm
		ok "$kvm loads, to be off while idle" modprobe kvm enable_virt_at_load=0
		modprobe $kvm
	fi
	ok "vmm loads after it" insmod "$module"
	ok "a guest runs" guest_runs
	ok "vmm unloads first" rmmod vmm
	ok "$kvm unloads" modprobe -r $kvm kvm

	ok "vmm loads" insmod "$module"
	if modprobe $kvm 2>/dev/null; then
		ok "a guest runs beside $kvm, which came later" guest_runs
		ok "$kvm unloads first" modprobe -r $kvm kvm
	else
		ok "$kvm is refused, for it wants the extension at once" kvm_keeps_it
		modprobe -r kvm
	fi
	ok "a guest runs" guest_runs
	ok "vmm unloads" rmmod vmm
done
done_testing
