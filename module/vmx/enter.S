/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The world switch of VMX, and a call of the host's interrupt handlers.
 *
 * Hardware switches RSP, RIP, RFLAGS, control and segment registers; the other
 * general registers are moved here.  An exit comes to vmx_exit_point with all
 * arithmetic flags clear; an entry that fails falls through to the same place
 * with CF or ZF set, and with the guest's values still in the registers.
 */
#include <linux/linkage.h>
#include <asm/asm.h>
#include <asm/nospec-branch.h>
#include <asm/segment.h>

#define GPR_RAX		(0 * 8)
#define GPR_RCX		(1 * 8)
#define GPR_RDX		(2 * 8)
#define GPR_RBX		(3 * 8)
#define GPR_RBP		(5 * 8)
#define GPR_RSI		(6 * 8)
#define GPR_RDI		(7 * 8)
#define GPR_R(n)	(n * 8)

	.section .text, "ax"

/*
 * bool vmx_world_switch(u64 *gpr, u64 *host_rsp, bool launched,
 *			 unsigned long rsp_field)
 */
SYM_FUNC_START(vmx_world_switch)
	push	%rbp
	push	%rbx
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rdi

	cmp	%rsp, (%rsi)
	je	.Lhost_rsp_holds
	mov	%rsp, (%rsi)
	vmwrite	%rsp, %rcx
.Lhost_rsp_holds:
	mov	%edx, %ebx
	mov	%rdi, %rax
	VM_CLEAR_CPU_BUFFERS
	/* Nothing below changes flags before the entry. */
	test	%bl, %bl

	mov	GPR_RCX(%rax), %rcx
	mov	GPR_RDX(%rax), %rdx
	mov	GPR_RBX(%rax), %rbx
	mov	GPR_RBP(%rax), %rbp
	mov	GPR_RSI(%rax), %rsi
	mov	GPR_RDI(%rax), %rdi
	mov	GPR_R(8)(%rax), %r8
	mov	GPR_R(9)(%rax), %r9
	mov	GPR_R(10)(%rax), %r10
	mov	GPR_R(11)(%rax), %r11
	mov	GPR_R(12)(%rax), %r12
	mov	GPR_R(13)(%rax), %r13
	mov	GPR_R(14)(%rax), %r14
	mov	GPR_R(15)(%rax), %r15
	mov	GPR_RAX(%rax), %rax

	jz	.Llaunch
	vmresume
	jmp	vmx_exit_point
.Llaunch:
	vmlaunch
SYM_INNER_LABEL(vmx_exit_point, SYM_L_GLOBAL)
	ANNOTATE_NOENDBR
	push	%rax
	mov	8(%rsp), %rax
	pop	GPR_RAX(%rax)
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
	setbe	%al

	FILL_RETURN_BUFFER %rcx, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT, \
			   X86_FEATURE_RSB_VMEXIT_LITE

	/* The guest's values must not feed speculation in the host. */
	movzbl	%al, %eax
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

	pop	%rdi
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbx
	pop	%rbp
	RET
SYM_FUNC_END(vmx_world_switch)

/*
 * void vmx_call_gate(unsigned long handler)
 *
 * The frame is what an interrupt would have left here: it begins on a multiple of
 * 16, and the call puts RIP on top.  The handler's IRET takes it away, and leaves
 * interrupts off, as they were.
 */
SYM_FUNC_START(vmx_call_gate)
	push	%rbp
	mov	%rsp, %rbp

	and	$-16, %rsp
	push	$__KERNEL_DS
	push	%rbp
	pushf
	push	$__KERNEL_CS
	CALL_NOSPEC rdi

	mov	%rbp, %rsp
	pop	%rbp
	RET
SYM_FUNC_END(vmx_call_gate)
