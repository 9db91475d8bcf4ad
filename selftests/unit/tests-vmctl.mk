# SPDX-License-Identifier: GPL-2.0
#
# The tests of vmctl: topics vmctl_*, linked with all of the tool that needs no VM.

.DEFAULT_GOAL	:= all
VMCTL		:= ../../tools/vmctl
VMCTL_TESTS	:= $(patsubst %.c,%,$(wildcard vmctl_*.c))
VMCTL_VM	:= bus cgroup conf conf_file console console_await console_client console_feed \
		   console_hub console_log console_session core_file define end feed log_reader \
		   loop pages place regs runtime sandbox sandbox_filter sandbox_landlock sandbox_spaces \
		   sched scroll spawn talk_server terminal thread unit
VMCTL_SRC	:= $(wildcard $(VMCTL)/boot/*.c $(VMCTL)/dev/*.c $(VMCTL)/ksm/*.c $(VMCTL)/lib/*.c \
		   $(VMCTL)/snap/*.c) \
		   $(VMCTL_VM:%=$(VMCTL)/vm/%.c) $(VMCTL)/top/model.c $(VMCTL)/top/view.c
VMCTL_OBJ	:= $(VMCTL_SRC:$(VMCTL)/%.c=$(BUILD)/vmctl/%.o)

# What unpacks kernels, what sums snapshots, what speaks netlink, and what filters system calls.
$(foreach t,$(VMCTL_TESTS),$(eval LDLIBS_$(t) += -llzma -lz -lzstd -llz4 -lxxhash -lnl-genl-3 -lnl-3 -lseccomp -lm))

# The tool sees the system's headers, not the stand-ins for the kernel's.
VMCTL_CPPFLAGS	:= -D_GNU_SOURCE -I. -I../unit -I$(VMCTL) -I../../uapi \
		   $(shell pkg-config --cflags libnl-genl-3.0)

$(VMCTL_TESTS:%=$(BUILD)/%): $(VMCTL_OBJ)
$(VMCTL_TESTS:%=$(BUILD)/%.o): CPPFLAGS := $(VMCTL_CPPFLAGS)

$(BUILD)/vmctl/%.o: $(VMCTL)/%.c
	@mkdir -p $(@D)
	$(CC) $(VMCTL_CPPFLAGS) $(CFLAGS) -c -o $@ $<

-include $(wildcard $(BUILD)/vmctl/*/*.d)
