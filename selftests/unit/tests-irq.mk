# SPDX-License-Identifier: GPL-2.0
#
# Interrupt controllers and buses. Their code is not all pure: it is compiled
# against irq-shim/kshim.h, which stands in for the kernel, with a clock that
# the test moves. Definitions of the hardware come from the kernel's headers.
.DEFAULT_GOAL := all

KDIR	?= $(lastword $(sort $(wildcard /lib/modules/*/build)))
ASM	:= $(firstword $(wildcard $(KDIR)/arch/x86/include/asm/apicdef.h \
	   $(patsubst %/build,%/source,$(KDIR))/arch/x86/include/asm/apicdef.h))

LAPIC	:= $(addprefix irq/,apic_map.c lapic.c lapic_reg.c lapic_state.c \
	   lapic_timer.c)
IRQCHIP	:= $(LAPIC) io/bus.c $(addprefix irq/,ioapic.c irqchip.c irqfd.c \
	   irqchip_state.c pic.c pit.c pit_dev.c route.c)

SRC_irq_pic	:= irq/pic.c
SRC_irq_pit	:= irq/pit.c
SRC_irq_ioapic	:= irq/ioapic.c
SRC_irq_lapic	:= $(LAPIC)
SRC_irq_lapic_reg := $(LAPIC)
SRC_irq_posted	:= $(LAPIC)
SRC_irq_lapic_timer := $(LAPIC)
SRC_irq_chip	:= $(IRQCHIP)
SRC_irq_fuzz	:= $(IRQCHIP)
SRC_io_bus	:= io/bus.c io/ioeventfd.c

IRQ_TESTS := irq_pic irq_pit irq_ioapic irq_lapic irq_lapic_reg \
	   irq_lapic_timer irq_posted irq_chip irq_fuzz io_bus

# Each of these headers is the stand-in.
IRQ_SHIM := $(addprefix $(BUILD)/irq-shim/linux/,$(addsuffix .h, \
	   atomic bitops bits build_bug compiler err eventfd file gfp hrtimer \
	   kernel ktime list math64 minmax mm mutex poll rculist rcupdate slab \
	   spinlock string workqueue)) $(BUILD)/irq-shim/compat.h

$(IRQ_SHIM):
	@mkdir -p $(@D)
	@echo '#include "kshim.h"' > $@

IRQ_OBJS := $(patsubst %.c,$(BUILD)/module/%.o,$(IRQCHIP) io/ioeventfd.c) \
	   $(IRQ_TESTS:%=$(BUILD)/%.o) $(BUILD)/irq-shim/kshim.o

$(IRQ_OBJS): CPPFLAGS := -I$(BUILD)/irq-shim -Iirq-shim -Iinclude \
	   -I$(MODULE) -I../../uapi -idirafter $(patsubst %/asm/apicdef.h,%,$(ASM))
$(IRQ_OBJS): | $(IRQ_SHIM)
$(IRQ_TESTS:%=$(BUILD)/%): $(BUILD)/irq-shim/kshim.o
