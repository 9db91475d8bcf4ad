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

#define GPR_RCX		(1 * 8)
#define GPR_RDX		(2 * 8)
#define GPR_RBX		(3 * 8)
#define GPR_RBP		(5 * 8)
#define GPR_RSI		(6 * 8)
#define GPR_RDI		(7 * 8)
#define GPR_R(n)	(n * 8)

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

	mov	GPR_RCX(%rsi), %rcx
	mov	GPR_RDX(%rsi), %rdx
	mov	GPR_RBX(%rsi), %rbx
	mov	GPR_RBP(%rsi), %rbp
	mov	GPR_RDI(%rsi), %rdi
	mov	GPR_R(8)(%rsi), %r8
	mov	GPR_R(9)(%rsi), %r9
	mov	GPR_R(10)(%rsi), %r10
	mov	GPR_R(11)(%rsi), %r11
	mov	GPR_R(12)(%rsi), %r12
	mov	GPR_R(13)(%rsi), %r13
	mov	GPR_R(14)(%rsi), %r14
	mov	GPR_R(15)(%rsi), %r15
	mov	GPR_RSI(%rsi), %rsi

	/* Under V_INTR_MASKING this IF decides about host interrupts. */
	sti
	vmrun	%rax
	cli
	vmsave	%rax

	pop	%rax
	mov	%rcx, GPR_RCX(%rax)
	mov	%rdx, GPR_RDX(%rax)
	mov	%rbx, GPR_RBX(%rax)
	mov	%rbp, GPR_RBP(%rax)
	mov	%rsi, GPR_RSI(%rax)
	mov	%rdi, GPR_RDI(%rax)
	mov	%r8, GPR_R(8)(%rax)
	mov	%r9, GPR_R(9)(%rax)
	mov	%r10, GPR_R(10)(%rax)
	mov	%r11, GPR_R(11)(%rax)
	mov	%r12, GPR_R(12)(%rax)
	mov	%r13, GPR_R(13)(%rax)
	mov	%r14, GPR_R(14)(%rax)
	mov	%r15, GPR_R(15)(%rax)

	pop	%rax
	vmload	%rax
	FILL_RETURN_BUFFER %rax, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT

	/* The guest's values must not feed speculation in the host. */
	xor	%eax, %eax
	xor	%ecx, %ecx
	xor	%edx, %edx
	xor	%ebx, %ebx
	xor	%ebp, %ebp
	xor	%esi, %esi
	xor	%edi, %edi
	xor	%r8d, %r8d
	xor	%r9d, %r9d
	xor	%r10d, %r10d
	xor	%r11d, %r11d
	xor	%r12d, %r12d
	xor	%r13d, %r13d
	xor	%r14d, %r14d
	xor	%r15d, %r15d

	stgi
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	RET
SYM_FUNC_END(svm_world_switch)
