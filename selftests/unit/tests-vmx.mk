# SPDX-License-Identifier: GPL-2.0
#
# Tests of module/vmx.  The C library has a header of the same name as the kernel's;
# the names that are needed are taken from that one.

VMX_KERNEL	?= $(lastword $(sort $(wildcard /lib/modules/*/source)))
VMX_INCLUDE	:= $(BUILD)/include-vmx

SRC_vmx_tlb	:=
SRC_vmx_check	:= vmx/check.c x86/mtrr.c

VMX_OBJS	:= $(BUILD)/vmx_check.o $(BUILD)/module/vmx/check.o

$(VMX_INCLUDE)/asm/vmx.h: $(VMX_KERNEL)/arch/x86/include/asm/vmx.h
	@mkdir -p $(@D)
	grep -E '^#define (VMX_AR|INTR|GUEST_INTR_STATE)_' $< >$@

$(VMX_OBJS): CPPFLAGS := -I$(VMX_INCLUDE) -Iinclude-x86 -I../../uapi \
	   -idirafter $(VMX_KERNEL)/arch/x86/include $(CPPFLAGS)
$(VMX_OBJS): $(VMX_INCLUDE)/asm/vmx.h
