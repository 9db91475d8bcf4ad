#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# test: group: soak, host: amd intel, timeout: 3000, alone: yes, module: no, files: selftests/host/options.sh selftests/api/build/dirty selftests/api/build/vcpu selftests/api/build/events selftests/api/build/state
#
# The module without each of its optional features in turn, and without all: guests and
# the tests of the interface.

PAYLOADS="exceptions delivery paging irq irq-tpr ioapic timer mmio portio msr syscall cpuid-3 \
	ipi-1 ipi-4 smp-2 smp-4 debug xsave-4 x2apic modes hypercall-2 opcodes-1 spin riot" \
	APIS="dirty vcpu events state" OPTIONS=each exec selftests/host/options.sh
