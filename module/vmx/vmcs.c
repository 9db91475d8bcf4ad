// SPDX-License-Identifier: GPL-2.0
/*
 * Where a VMCS is, and its way to another processor.
 */
#define pr_fmt(fmt) "vmm: " fmt

#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/smp.h>

#include "vmx/vmx.h"

void vmx_vmcs_complain(const char *what, unsigned long field)
{
	if (!this_cpu_read(vmx_cpu.on))
		return;
	pr_err_ratelimited("%s of VMCS field %#lx failed\n", what, field);
	WARN_ON_ONCE(1);
}

int vmx_vmcs_alloc(struct vmx_vmcs *vmcs)
{
	vmcs->region = alloc_page(GFP_KERNEL_ACCOUNT | __GFP_ZERO);
	if (!vmcs->region)
		return -ENOMEM;
	*(u32 *)page_address(vmcs->region) =
		vmx_basic_vmcs_revision_id(vmx_config.basic);
	vmcs->pa = page_to_phys(vmcs->region);
	vmcs->cpu = -1;
	vmcs->launched = false;
	INIT_LIST_HEAD(&vmcs->link);
	return 0;
}

/* Interrupts off, on the processor where it is active. */
static void clear(struct vmx_cpu *vc, struct vmx_vmcs *vmcs)
{
	vmx_vmclear(vmcs->pa);
	if (vc->current_vmcs == vmcs)
		vc->current_vmcs = NULL;
	list_del(&vmcs->link);
	vmcs->launched = false;
	/* Pairs with the acquire in leave_cpu(): another may take it now. */
	smp_store_release(&vmcs->cpu, -1);
}

static void clear_here(void *arg)
{
	struct vmx_vmcs *vmcs = arg;

	/* A processor that was switched off has cleared all. */
	if (READ_ONCE(vmcs->cpu) == smp_processor_id())
		clear(this_cpu_ptr(&vmx_cpu), vmcs);
}

void vmx_vmcs_clear_all(struct vmx_cpu *vc)
{
	struct vmx_vmcs *vmcs, *next;

	list_for_each_entry_safe(vmcs, next, &vc->active, link)
		clear(vc, vmcs);
}

/*
 * Has it cleared where it is active.  The call fails only when that processor
 * has gone, and then it has cleared all before.
 */
static void leave_cpu(struct vmx_vmcs *vmcs)
{
	/* Pairs with the release in clear(). */
	int cpu = smp_load_acquire(&vmcs->cpu);

	if (cpu >= 0)
		smp_call_function_single(cpu, clear_here, vmcs, 1);
}

void vmx_vmcs_free(struct vmx_vmcs *vmcs)
{
	leave_cpu(vmcs);
	__free_page(vmcs->region);
}

void vmx_vmcs_make_current(struct vmx_vmcs *vmcs)
{
	struct vmx_cpu *vc = this_cpu_ptr(&vmx_cpu);
	int cpu = smp_processor_id();
	unsigned long flags;

	lockdep_assert_preemption_disabled();

	if (READ_ONCE(vmcs->cpu) != cpu)
		leave_cpu(vmcs);

	local_irq_save(flags);
	/* While off, nothing is active anywhere: reads give zeroes. */
	if (likely(vc->on)) {
		if (vmcs->cpu < 0) {
			/* The region may never have been cleared yet. */
			if (!vmx_vmclear(vmcs->pa))
				vmx_vmcs_complain("VMCLEAR", 0);
			list_add(&vmcs->link, &vc->active);
			WRITE_ONCE(vmcs->cpu, cpu);
		}
		if (!vmx_vmptrld(vmcs->pa))
			vmx_vmcs_complain("VMPTRLD", 0);
		vc->current_vmcs = vmcs;
	}
	local_irq_restore(flags);
}
