/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The world switch of SVM.
 *
 * VMRUN and #VMEXIT switch RAX, RSP, RIP, RFLAGS, control and segment
 * registers but for FS, GS, TR, LDTR and the system-call MSRs, which VMLOAD
 * and VMSAVE move; the other general registers are moved here.  With GIF clear
 * neither an interrupt nor an NMI can arrive while the guest's GS is loaded.
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/nospec-branch.h>

#include "x86/gprs.S"

	.section .text, "ax"

/*
 * void svm_world_switch(phys_addr_t vmcb_pa, u64 *gpr, phys_addr_t host_vmcb_pa)
 */
SYM_FUNC_START(svm_world_switch)
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdx
	push	%rsi

	clgi
	mov	%rdi, %rax
	vmload	%rax

	gprs_load %rsi
	mov	GPR_RSI(%rsi), %rsi

	/* Under V_INTR_MASKING this IF decides about host interrupts. */
	sti
	vmrun	%rax
	cli
	vmsave	%rax

	pop	%rax
	gprs_store %rax

	pop	%rax
	vmload	%rax
	FILL_RETURN_BUFFER %rax, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT

	xor	%eax, %eax
	gprs_clear

	stgi
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	RET
SYM_FUNC_END(svm_world_switch)
