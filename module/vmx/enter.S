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

#include "x86/gprs.S"

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

	gprs_load %rax
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
	gprs_store %rax
	setbe	%al

	FILL_RETURN_BUFFER %rcx, RSB_CLEAR_LOOPS, X86_FEATURE_RSB_VMEXIT, \
			   X86_FEATURE_RSB_VMEXIT_LITE

	movzbl	%al, %eax
	gprs_clear

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
