/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The guest's general registers in a world switch, for both vendors' enter.S to include:
 * they lie at @base, a register, in the order of the architecture's encoding.  RSP is
 * hardware's affair; RAX and the base itself are the caller's, which knows when it can
 * spare them.
 */
#define GPR_RAX		(0 * 8)
#define GPR_RCX		(1 * 8)
#define GPR_RDX		(2 * 8)
#define GPR_RBX		(3 * 8)
#define GPR_RBP		(5 * 8)
#define GPR_RSI		(6 * 8)
#define GPR_RDI		(7 * 8)
#define GPR_R(n)	(n * 8)

/* All but RAX and @base.  Flags stay. */
.macro gprs_load base
	mov	GPR_RCX(\base), %rcx
	mov	GPR_RDX(\base), %rdx
	mov	GPR_RBX(\base), %rbx
	mov	GPR_RBP(\base), %rbp
	.ifnc \base, %rsi
	mov	GPR_RSI(\base), %rsi
	.endif
	mov	GPR_RDI(\base), %rdi
	mov	GPR_R(8)(\base), %r8
	mov	GPR_R(9)(\base), %r9
	mov	GPR_R(10)(\base), %r10
	mov	GPR_R(11)(\base), %r11
	mov	GPR_R(12)(\base), %r12
	mov	GPR_R(13)(\base), %r13
	mov	GPR_R(14)(\base), %r14
	mov	GPR_R(15)(\base), %r15
.endm

/* All but RAX, which @base should be.  Flags stay. */
.macro gprs_store base
	mov	%rcx, GPR_RCX(\base)
	mov	%rdx, GPR_RDX(\base)
	mov	%rbx, GPR_RBX(\base)
	mov	%rbp, GPR_RBP(\base)
	mov	%rsi, GPR_RSI(\base)
	mov	%rdi, GPR_RDI(\base)
	mov	%r8, GPR_R(8)(\base)
	mov	%r9, GPR_R(9)(\base)
	mov	%r10, GPR_R(10)(\base)
	mov	%r11, GPR_R(11)(\base)
	mov	%r12, GPR_R(12)(\base)
	mov	%r13, GPR_R(13)(\base)
	mov	%r14, GPR_R(14)(\base)
	mov	%r15, GPR_R(15)(\base)
.endm

/* All but RAX: the guest's values must not feed speculation in the host. */
.macro gprs_clear
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
.endm
