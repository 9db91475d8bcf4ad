// SPDX-License-Identifier: GPL-2.0
/*
 * VMX on the host's processors: turn it on and off; what all guests share.
 */
#define pr_fmt(fmt) "vmm: " fmt

#include <asm/cpu.h>
#include <asm/cpufeature.h>
#include <asm/msr.h>
#include <asm/perf_event.h>
#include <asm/processor.h>
#include <asm/tlbflush.h>
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/idr.h>
#include <linux/io.h>
#include <linux/mm.h>

#include "vmx/vmx.h"
#include "x86/msr.h"

/* MSR bitmap: reads of low and high MSRs, then writes of both. */
#define BITMAP_HIGH		0x400
#define BITMAP_WRITE		0x800

#define X2APIC_MSR(offset)	(VMM_X2APIC_MSR_FIRST + ((offset) >> 4))

DEFINE_PER_CPU(struct vmx_cpu, vmx_cpu);

static struct page *msr_bitmap, *msr_bitmap_apicv;
static DEFINE_IDA(vpids);

const u32 vmx_switched_msrs[VMX_NR_SWITCHED_MSRS] = {
	[VMX_MSR_STAR]		= MSR_STAR,
	[VMX_MSR_LSTAR]		= MSR_LSTAR,
	[VMX_MSR_CSTAR]		= MSR_CSTAR,
	[VMX_MSR_SYSCALL_MASK]	= MSR_SYSCALL_MASK,
	[VMX_MSR_KERNEL_GS_BASE] = MSR_KERNEL_GS_BASE,
};

/* 0 is the host's.  A vCPU that gets none does without. */
int vmx_vpid_get(void)
{
	int vpid;

	if (!(vmx_config.secondary & SECONDARY_EXEC_ENABLE_VPID))
		return 0;
	vpid = ida_alloc_range(&vpids, 1, VMX_NR_VPIDS - 1, GFP_KERNEL);
	return max(vpid, 0);
}

void vmx_vpid_put(int vpid)
{
	if (vpid)
		ida_free(&vpids, vpid);
}

static bool writes_exit(u32 msr)
{
	int i;

	for (i = 0; i < VMX_NR_STABLE_MSRS; i++)
		if (vmx_switched_msrs[i] == msr)
			return true;
	return false;
}

static void pass_through(u8 *map, u32 msr)
{
	u32 bit = msr & 0x1fff;

	if (msr & ~0x1fffU & ~0xc0000000U)
		return;
	if (msr & 0xc0000000U)
		map += BITMAP_HIGH;
	__clear_bit(bit, (unsigned long *)map);
	if (!writes_exit(msr))
		__clear_bit(bit, (unsigned long *)(map + BITMAP_WRITE));
}

/* Another bitmap, which also passes what the processor does for the APIC. */
static void pass_apic(u8 *map)
{
	u32 msr;

	memcpy(map, page_address(msr_bitmap), PAGE_SIZE);
	for (msr = VMM_X2APIC_MSR_FIRST; msr <= VMM_X2APIC_MSR_LAST; msr++)
		if (vmm_lapic_hw_reads(msr))
			__clear_bit(msr, (unsigned long *)map);
	map += BITMAP_WRITE;
	__clear_bit(X2APIC_MSR(APIC_TASKPRI), (unsigned long *)map);
	__clear_bit(X2APIC_MSR(APIC_EOI), (unsigned long *)map);
	__clear_bit(X2APIC_MSR(APIC_SELF_IPI), (unsigned long *)map);
}

static int alloc_bitmaps(void)
{
	unsigned int i;

	msr_bitmap = alloc_page(GFP_KERNEL);
	if (!msr_bitmap)
		return -ENOMEM;
	msr_bitmap_apicv = alloc_page(GFP_KERNEL);
	if (!msr_bitmap_apicv) {
		__free_page(msr_bitmap);
		return -ENOMEM;
	}
	memset(page_address(msr_bitmap), 0xff, PAGE_SIZE);
	for (i = 0; vmm_msr_passthrough[i]; i++)
		pass_through(page_address(msr_bitmap), vmm_msr_passthrough[i]);
	pass_apic(page_address(msr_bitmap_apicv));
	vmx_config.msr_bitmap_pa = page_to_phys(msr_bitmap);
	vmx_config.msr_bitmap_apicv_pa = page_to_phys(msr_bitmap_apicv);
	return 0;
}

static void free_cpus(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct vmx_cpu *vc = per_cpu_ptr(&vmx_cpu, cpu);

		if (vc->vmxon)
			__free_page(vc->vmxon);
		vc->vmxon = NULL;
	}
}

static int alloc_cpus(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct vmx_cpu *vc = per_cpu_ptr(&vmx_cpu, cpu);

		INIT_LIST_HEAD(&vc->active);
		vc->vmxon = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!vc->vmxon) {
			free_cpus();
			return -ENOMEM;
		}
		*(u32 *)page_address(vc->vmxon) =
			vmx_basic_vmcs_revision_id(vmx_config.basic);
	}
	return 0;
}

int vmx_setup(void)
{
	int err;

	err = alloc_cpus();
	if (err)
		return err;
	err = alloc_bitmaps();
	if (err) {
		free_cpus();
		return err;
	}
	vmx_config.flush_l1d = boot_cpu_has_bug(X86_BUG_L1TF) &&
		boot_cpu_has(X86_FEATURE_FLUSH_L1D) && !cpu_mitigations_off();
	vmx_config.renew_ibrs = boot_cpu_has(X86_FEATURE_KERNEL_IBRS);
	return 0;
}

void vmx_teardown(void)
{
	__free_page(msr_bitmap_apicv);
	__free_page(msr_bitmap);
	free_cpus();
	ida_destroy(&vpids);
}

/* What somebody else who had VMX left in the TLB. */
static void forget_everything(void)
{
	if (vmx_config.all_roots)
		vmx_invept(VMX_EPT_EXTENT_GLOBAL, 0);
	if (vmx_config.all_vpids)
		vmx_invvpid(VMX_VPID_EXTENT_ALL_CONTEXT, 0);
}

static void read_host(struct vmx_cpu *vc)
{
	int i;

	rdmsrl(MSR_GS_BASE, vc->gs_base);
	rdmsrl(MSR_IA32_SYSENTER_ESP, vc->sysenter_esp);
	for (i = 0; i < VMX_NR_STABLE_MSRS; i++)
		rdmsrl(vmx_switched_msrs[i], vc->msrs[i]);
}

int vmx_enable(void)
{
	struct vmx_cpu *vc = this_cpu_ptr(&vmx_cpu);

	if (__read_cr4() & X86_CR4_VMXE)
		return -EBUSY;
	intel_pt_handle_vmx(1);
	cr4_set_bits_irqsoff(X86_CR4_VMXE);
	if (!vmx_vmxon(page_to_phys(vc->vmxon))) {
		cr4_clear_bits_irqsoff(X86_CR4_VMXE);
		intel_pt_handle_vmx(0);
		return -EBUSY;
	}
	vc->current_vmcs = NULL;
	vc->on = true;
	read_host(vc);
	forget_everything();
	return 0;
}

void vmx_disable(void)
{
	struct vmx_cpu *vc = this_cpu_ptr(&vmx_cpu);

	if (!vc->on)
		return;
	vmx_vmcs_clear_all(vc);
	vc->on = false;
	asm volatile("1: vmxoff\n\t"
		     "2:\n\t"
		     _ASM_EXTABLE(1b, 2b) : : : "cc", "memory");
	cr4_clear_bits_irqsoff(X86_CR4_VMXE);
	intel_pt_handle_vmx(0);
}
