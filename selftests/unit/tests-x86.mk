# SPDX-License-Identifier: GPL-2.0
#
# Tests of module/x86.  Names of features and registers come from the kernel's
# headers; what runs on the host is replaced by include-x86/fake_host.h.

X86_KERNEL	?= $(lastword $(sort $(wildcard /lib/modules/*/source)))
X86_CPPFLAGS	:= -Iinclude-x86 -I../../uapi \
		   -idirafter $(X86_KERNEL)/arch/x86/include

X86_CPUID	:= x86/cpuid.c x86/cpuid_build.c x86/cpuid_rules.c x86/xsave.c

SRC_x86_cpuid	:= $(X86_CPUID)
SRC_x86_creg	:= x86/creg.c
SRC_x86_debug	:= x86/debug.c
SRC_x86_xsave	:= x86/xsave.c
SRC_x86_msr	:= $(X86_CPUID) x86/msr.c x86/msr_table.c x86/mtrr.c x86/creg.c
SRC_x86_clock	:= x86/clock.c x86/pvtime.c x86/pvclock.c
SRC_x86_steal	:= $(SRC_x86_clock)

# Shims of this directory come before the shared ones.
$(BUILD)/x86_%.o: CPPFLAGS := $(X86_CPPFLAGS) $(CPPFLAGS)
$(BUILD)/module/x86/%.o: CPPFLAGS := $(X86_CPPFLAGS) $(CPPFLAGS)
