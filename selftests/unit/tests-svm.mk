# SPDX-License-Identifier: GPL-2.0
#
# Tests of module/svm.  The C library has a header of the same name as the kernel's;
# the names that are needed are taken from that one.

SVM_KERNEL	?= $(lastword $(sort $(wildcard /lib/modules/*/source)))
SVM_INCLUDE	:= $(BUILD)/include-svm

SRC_svm_asid	:=

$(SVM_INCLUDE)/asm/svm.h: $(SVM_KERNEL)/arch/x86/include/asm/svm.h
	@mkdir -p $(@D)
	grep '^#define TLB_CONTROL_' $< >$@

$(BUILD)/svm_%.o: CPPFLAGS := -I$(SVM_INCLUDE) $(CPPFLAGS)
$(BUILD)/svm_asid.o: $(SVM_INCLUDE)/asm/svm.h
