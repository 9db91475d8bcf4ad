/* SPDX-License-Identifier: GPL-2.0 */
/*
 * machine.h: what the loader and the firmware tables say: memory, modules,
 * command line (Multiboot 1); CPUs, IOAPIC, interrupt overrides (ACPI's MADT,
 * else the MP table, else `cpus=N` with ids 0..N-1). And a page allocator.
 */
#ifndef PAYLOAD_MACHINE_H
#define PAYLOAD_MACHINE_H

#include "types.h"

struct machine {
	u32 ncpus;
	u32 apic_id[64];
	u64 lapic, ioapic;
	u32 irq_gsi[16];		/* ISA IRQ -> GSI */
	const char *source;		/* of the CPU list: "MADT", "MP", "command line" */
	u64 ram_end;			/* of RAM below 4 GiB */
	u64 module, module_end;		/* the first boot module, or 0 */
	char cmdline[256];
	bool multiboot;
};
extern struct machine machine;

void machine_init(u32 magic, u32 info);
void machine_find_cpus(void);

/* Zeroed, identity mapped, never freed; stops the payload when there is none. */
void *alloc_pages(u32 count);
void *alloc_aligned(u64 size, u64 align);

#endif
