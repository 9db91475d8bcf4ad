/* SPDX-License-Identifier: GPL-2.0 */
/*
 * modes-asm.S: the switches of modes.c beyond lib/mode32.S: to compatibility
 * mode, to 16-bit protected and real mode, and back; and the real-mode tests,
 * which run from a copy at BLOB.
 */
#include "modes.h"

#define SEL_CODE64	0x08
#define SEL_DATA	0x10
#define SEL_CODE32	0x38
#define SEL_CODE16	0x40
#define SEL_DATA16	0x48

	.data
	.balign 8
idt_real:
	.word 0x3ff
	.long IVT
	.globl saved_idt32
saved_idt32:	.quad 0

/* compat_call(fn): calls a 32-bit function at CPL 0 within long mode */
	.text
	.code64
	.globl compat_call
compat_call:
	push %rbx
	push %rbp
	mov %edi, %ebx
	ljmp *to_compat(%rip)
	.code32
3:	call *%ebx
	ljmp $SEL_CODE64, $4f
	.code64
4:	pop %rbp
	pop %rbx
	ret
	.data
to_compat:
	.long 3b, SEL_CODE32

/* go_real(): 32-bit protected, no paging, to BLOB in real mode, and back */
	.text
	.code32
	.globl go_real
go_real:
	push %ebx
	push %esi
	push %edi
	push %ebp
	mov %esp, real_esp
	sidt saved_idt32
	lidt idt_real
	mov $SEL_DATA, %eax
	mov %eax, %fs			/* its 4 GiB limit stays: "big real" */
	ljmp $SEL_CODE16, $BLOB
real_back:
	mov $SEL_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov real_esp, %esp
	lidt saved_idt32
	pop %ebp
	pop %edi
	pop %esi
	pop %ebx
	ret

	.bss
real_esp:	.skip 4

#define AT(x)		(x - blob + BLOB)
#define RES(n)		(RESULTS + 4 * (n))

	.section .rodata
	.code16
	.globl blob, blob_end
blob:
	/* 16-bit protected mode still */
	mov $SEL_DATA16, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss
	mov %cr0, %eax
	and $~1, %al
	mov %eax, %cr0
	ljmp $0, $AT(real)
real:
	xor %ax, %ax
	mov %ax, %ds
	mov %ax, %es
	mov %ax, %ss
	mov $STACK16, %sp
	mov %cr0, %eax
	and $1, %eax
	mov %eax, RES(R_PE)

	/* a segment is 16 times its number */
	mov $0x7000, %ax
	mov %ax, %es
	movl $0x11223344, %es:0x123
	mov $0x7012, %ax
	mov %ax, %es
	mov %es:0x3, %eax
	mov %eax, RES(R_SEGMENT)
	mov $0xffff, %ax
	mov %ax, %es
	mov %es:0x10, %eax
	mov %eax, RES(R_A20)

	/* interrupts through the moved table */
	sti
	int $0x40
	cli

	/* faults: each handler notes its number and goes behind the instruction */
	movw $0xffff, %bx
	movl $RES(R_LIMIT), AT(fault_slot)
	mov (%bx), %ax			/* a word at 0xffff */
	movl $RES(R_DIVIDE), AT(fault_slot)
	xor %cl, %cl
	div %cl
	movl $RES(R_UD), AT(fault_slot)
	ud2

	/* instructions that a monitor may have to finish */
	xor %eax, %eax
	cpuid
	mov %ebx, RES(R_CPUID)
	mov $0x1b, %ecx
	rdmsr
	mov %eax, RES(R_MSR)
	mov $0x100000, %ebx
	addr32 mov %fs:(%ebx), %eax
	mov %eax, RES(R_BIG)
	mov $0xfee00030, %ebx
	addr32 mov %fs:(%ebx), %eax
	mov %eax, RES(R_MMIO)

	/* strings */
	xor %ax, %ax
	mov %ax, %es
	mov $AT(text), %si
	mov $RES(R_STRING), %di
	mov $4, %cx
	cld
	rep movsb
	mov $0x3ff, %dx
	mov $0x6b, %al
	out %al, %dx
	mov $RES(R_PORT), %di
	insb
	mov $AT(text), %si
	outsb

	/* far calls, the stack */
	mov %sp, %bp
	lcall $0, $AT(far)
	pushaw
	pushal
	popal
	popaw
	enter $16, $0
	leave
	sub %sp, %bp
	movzwl %bp, %ebp
	mov %ebp, RES(R_STACK)

	/* an interrupt from the timer, with patience */
	mov $0x34, %al
	out %al, $0x43
	mov $0x50, %al
	out %al, $0x40
	mov $4, %al
	out %al, $0x40
	mov $0x4000000, %ecx
	sti
1:	cmpl $2, RES(R_IRQ)
	jae 2f
	dec %ecx
	jnz 1b
2:	cli
	movl $1, RES(R_ALIVE)
	mov %cr0, %eax
	or $1, %al
	mov %eax, %cr0
	ljmpl $SEL_CODE32, $real_back

far:
	movl $0xfa, RES(R_FAR)
	lret
text:	.ascii "real"
	.balign 4
fault_slot: .long 0

	.globl int40_16, fault0_16, fault6_16, fault13_16, irq_16
int40_16:
	movl $0x40, RES(R_INT)
	pushf
	pop %ax
	and $0x200, %ax
	movzwl %ax, %eax
	or $1, %eax
	mov %eax, RES(R_INT_IF)
	iret
fault0_16:
	mov $0x100, %eax
	jmp 3f
fault6_16:
	mov $0x106, %eax
	jmp 3f
fault13_16:
	mov $0x10d, %eax
3:	mov AT(fault_slot), %bx
	mov %eax, (%bx)
	mov %sp, %bp
	addw $2, (%bp)			/* all three are two bytes long */
	mov $1, %cl
	iret
irq_16:
	push %ax
	incl RES(R_IRQ)
	mov $0x20, %al
	out %al, $0x20
	pop %ax
	iret
blob_end:
	.section .note.GNU-stack, "", @progbits
