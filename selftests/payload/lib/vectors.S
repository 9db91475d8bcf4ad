/* SPDX-License-Identifier: GPL-2.0 */
/*
 * vectors.S: the ways into and out of trap(): 256 gates, saved contexts, CPL 3.
 */
	.text
	.code64

/* Vectors for which the CPU pushes an error code. */
	.macro gate n
	.balign 16
	.if \n == 8 || (\n >= 10 && \n <= 14) || \n == 17 || \n == 21 || \n == 29 || \n == 30
	.else
	pushq $0
	.endif
	pushq $\n
	jmp trap_entry
	.endm

	.balign 16
	.globl trap_gates
trap_gates:
	.altmacro
	.set n, 0
	.rept 256
	gate %n
	.set n, n + 1
	.endr
	.noaltmacro

	.globl trap_entry
trap_entry:
	push %rax
	push %rcx
	push %rdx
	push %rbx
	push %rbp
	push %rsi
	push %rdi
	push %r8
	push %r9
	push %r10
	push %r11
	push %r12
	push %r13
	push %r14
	push %r15
	cld
	mov %rsp, %rdi
	call trap
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %r11
	pop %r10
	pop %r9
	pop %r8
	pop %rdi
	pop %rsi
	pop %rbp
	pop %rbx
	pop %rdx
	pop %rcx
	pop %rax
	add $16, %rsp
	.globl trap_iret
trap_iret:
	iretq

/* int context_save(struct context *): 0 now, the value of the way back later */
	.globl context_save
context_save:
	mov (%rsp), %rax
	mov %rax, 0(%rdi)
	lea 8(%rsp), %rax
	mov %rax, 8(%rdi)
	mov %rbx, 16(%rdi)
	mov %rbp, 24(%rdi)
	mov %r12, 32(%rdi)
	mov %r13, 40(%rdi)
	mov %r14, 48(%rdi)
	mov %r15, 56(%rdi)
	pushfq
	popq 64(%rdi)
	xor %eax, %eax
	ret

/* context_restore(struct context *): trap() arranges to "return" here */
	.globl context_restore
context_restore:
	mov 16(%rdi), %rbx
	mov 24(%rdi), %rbp
	mov 32(%rdi), %r12
	mov 40(%rdi), %r13
	mov 48(%rdi), %r14
	mov 56(%rdi), %r15
	mov 8(%rdi), %rsp
	push 64(%rdi)
	popfq
	mov $1, %eax
	jmp *0(%rdi)

/* enter_user(rip, rsp, arg, cs, flags): to CPL 3; comes back by a trap only */
	.globl enter_user
enter_user:
	mov %rdx, %rax
	mov $0x23, %edx
	mov %edx, %ds
	mov %edx, %es
	push %rdx			/* SS */
	push %rsi
	push %r8
	push %rcx
	push %rdi
	mov %rax, %rdi
	iretq

/* What a user function returns to. */
	.globl user_return
user_return:
	int $0x81
	.section .note.GNU-stack, "", @progbits
