/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The VMCS: access to its fields, and where it is.
 *
 * A VMCS is "active" on the one processor that may have parts of it cached,
 * and "current" on a processor while VMREAD and VMWRITE mean it.  To go to
 * another processor it must be cleared where it was, which only that processor
 * can do.  Whoever touches fields does so between vmx_vmcs_begin() and
 * vmx_vmcs_end(), or knows the vCPU to be loaded.
 *
 * VMX may be off underneath (reboot, hotplug): reads then give 0 and writes go
 * nowhere, quietly, since the guest never runs again like that.  An access that
 * fails while VMX is on is a mistake of ours and is told to the log.
 */
#ifndef VMM_VMX_VMCS_H
#define VMM_VMX_VMCS_H

#include <asm/asm.h>
#include <asm/vmx.h>
#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/types.h>

/**
 * struct vmx_vmcs - a VMCS and where it is
 * @region:	the page that hardware keeps it in
 * @pa:		its physical address
 * @cpu:	where it is active, or -1; written there with interrupts off, by
 *		others only while it is -1, by the owner
 * @link:	in that processor's list of active ones; likewise
 * @launched:	VMRESUME is the instruction to use; likewise
 */
struct vmx_vmcs {
	struct page *region;
	phys_addr_t pa;
	int cpu;
	bool launched;
	struct list_head link;
};

struct vmx_cpu;

int vmx_vmcs_alloc(struct vmx_vmcs *vmcs);
void vmx_vmcs_free(struct vmx_vmcs *vmcs);

/* Makes @vmcs current here.  Preemption off, interrupts on unless it is. */
void vmx_vmcs_make_current(struct vmx_vmcs *vmcs);

/* Clears all that are active here.  Interrupts off, or NMI on the way down. */
void vmx_vmcs_clear_all(struct vmx_cpu *vc);

void vmx_vmcs_complain(const char *what, unsigned long field);

/* An instruction that does its work leaves CF and ZF clear. */

/* An instruction of VMX that takes a physical address; false: it failed. */
#define VMX_ADDRESS_INSN(insn)						\
static inline bool vmx_##insn(phys_addr_t pa)				\
{									\
	u64 operand = pa;						\
									\
	asm goto("1: " #insn " %0\n\t"					\
		 "jbe %l[failed]\n\t"					\
		 _ASM_EXTABLE(1b, %l[failed])				\
		 : : "m" (operand) : "cc", "memory" : failed);		\
	return true;							\
failed:									\
	return false;							\
}

VMX_ADDRESS_INSN(vmxon)
VMX_ADDRESS_INSN(vmclear)
VMX_ADDRESS_INSN(vmptrld)

struct vmx_invalidate {
	u64 what;
	u64 address;
};

/* An instruction of VMX that forgets translations; likewise. */
#define VMX_INVALIDATE_INSN(insn)					\
static inline bool vmx_##insn(unsigned long extent, u64 what)		\
{									\
	struct vmx_invalidate operand = { .what = what };		\
									\
	asm goto("1: " #insn " %0, %1\n\t"				\
		 "jbe %l[failed]\n\t"					\
		 _ASM_EXTABLE(1b, %l[failed])				\
		 : : "m" (operand), "r" (extent) : "cc", "memory"	\
		 : failed);						\
	return true;							\
failed:									\
	return false;							\
}

VMX_INVALIDATE_INSN(invept)
VMX_INVALIDATE_INSN(invvpid)

#ifdef CONFIG_CC_HAS_ASM_GOTO_OUTPUT
static __always_inline u64 vmcs_read(unsigned long field)
{
	u64 val;

	asm volatile goto("1: vmread %[field], %[val]\n\t"
			  "jbe %l[failed]\n\t"
			  _ASM_EXTABLE(1b, %l[failed])
			  : [val] "=r" (val) : [field] "r" (field)
			  : "cc" : failed);
	/* Without a statement between, GCC may take the value too early. */
	asm volatile("");
	return val;
failed:
	vmx_vmcs_complain("VMREAD", field);
	return 0;
}
#else
/* A fault leaves the flags as they were, which here is as after a failure. */
static __always_inline u64 vmcs_read(unsigned long field)
{
	u64 val = 0;
	bool failed;

	asm volatile("stc\n\t"
		     "1: vmread %[field], %[val]\n\t"
		     "2: setbe %[failed]\n\t"
		     _ASM_EXTABLE(1b, 2b)
		     : [val] "+r" (val), [failed] "=qm" (failed)
		     : [field] "r" (field) : "cc");
	if (unlikely(failed))
		vmx_vmcs_complain("VMREAD", field);
	return val;
}
#endif

static __always_inline void vmcs_write(unsigned long field, u64 val)
{
	asm goto("1: vmwrite %[val], %[field]\n\t"
		 "jbe %l[failed]\n\t"
		 _ASM_EXTABLE(1b, %l[failed])
		 : : [field] "r" (field), [val] "rm" (val) : "cc" : failed);
	return;
failed:
	vmx_vmcs_complain("VMWRITE", field);
}

#endif
