// SPDX-License-Identifier: GPL-2.0
/*
 * The host's LDT after a world switch.
 *
 * Another thread of the process may have made or replaced the LDT while the
 * vCPU was loaded.  The interrupt by which it told us set LDTR, but the next
 * world switch brought back none, or the old one, whose memory has been freed.
 * The GDT need not have the new one yet: with interrupts off, the process
 * itself has it.
 */
#include <asm/desc.h>
#include <asm/mmu_context.h>
#include <linux/sched.h>

#include "x86/ldt.h"

#ifdef CONFIG_MODIFY_LDT_SYSCALL
static void *ldt_address(const struct ldt_struct *ldt)
{
	if (!boot_cpu_has(X86_FEATURE_PTI))
		return ldt->entries;
	return (void *)(LDT_BASE_ADDR +
			ldt->slot * LDT_ENTRIES * LDT_ENTRY_SIZE);
}

void vmm_ldt_renew(void)
{
	const struct ldt_struct *ldt;
	unsigned long flags;

	local_irq_save(flags);
	ldt = READ_ONCE(current->active_mm->context.ldt);
	if (unlikely(ldt))
		set_ldt(ldt_address(ldt), ldt->nr_entries);
	local_irq_restore(flags);
}
#else
void vmm_ldt_renew(void)
{
}
#endif
