# SPDX-License-Identifier: GPL-2.0
#
# The tests of vmctl: topics vmctl_*, linked with all of the tool that needs no VM.

.DEFAULT_GOAL	:= all
VMCTL		:= ../../tools/vmctl
VMCTL_TESTS	:= $(patsubst %.c,%,$(wildcard vmctl_*.c))
VMCTL_SRC	:= $(wildcard $(VMCTL)/boot/*.c $(VMCTL)/dev/*.c) $(VMCTL)/vm/bus.c $(VMCTL)/vm/end.c \
		   $(VMCTL)/vm/conf.c \
		   $(VMCTL)/vm/console.c $(wildcard $(VMCTL)/vm/console_*.c) $(VMCTL)/vm/define.c \
		   $(VMCTL)/vm/loop.c $(VMCTL)/vm/regs.c $(VMCTL)/vm/runtime.c $(VMCTL)/vm/scroll.c $(VMCTL)/vm/talk_server.c \
		   $(VMCTL)/vm/terminal.c $(VMCTL)/vm/thread.c $(wildcard $(VMCTL)/lib/*.c)
VMCTL_OBJ	:= $(VMCTL_SRC:$(VMCTL)/%.c=$(BUILD)/vmctl/%.o)

# What unpacks kernels, and what speaks netlink.
$(foreach t,$(VMCTL_TESTS),$(eval LDLIBS_$(t) += -llzma -lz -lzstd -llz4 -lnl-genl-3 -lnl-3))

# The tool sees the system's headers, not the stand-ins for the kernel's.
VMCTL_CPPFLAGS	:= -D_GNU_SOURCE -I. -I../unit -I$(VMCTL) -I../../uapi \
		   $(shell pkg-config --cflags libnl-genl-3.0)

$(VMCTL_TESTS:%=$(BUILD)/%): $(VMCTL_OBJ)
$(VMCTL_TESTS:%=$(BUILD)/%.o): CPPFLAGS := $(VMCTL_CPPFLAGS)

$(BUILD)/vmctl/%.o: $(VMCTL)/%.c
	@mkdir -p $(@D)
	$(CC) $(VMCTL_CPPFLAGS) $(CFLAGS) -c -o $@ $<

-include $(wildcard $(BUILD)/vmctl/*/*.d)
