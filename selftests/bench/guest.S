/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest code of the benchmark: one routine a kind of exit, in 64-bit mode at CPL 0.
 *
 * A routine gets the number of rounds in RDI and, if it touches memory, the first address
 * in RSI and the distance in R9. It stores the difference of the time-stamp counter over
 * all rounds at GUEST_RESULT and writes PORT_DONE. Both instructions of the loop count.
 * An interrupt handler clears EBX, and is free to change RAX, RCX and RDX.
 *
 * The code runs where it is copied to, GUEST_CODE, so it knows itself only relatively.
 */
#include "guest.h"

#define X2APIC_MSR(reg)	(0x800 + ((reg) >> 4))

	.section .note.GNU-stack, "", @progbits
	.section .rodata
	.balign 16
	.code64

	.macro routine name
	.globl	guest_\name
guest_\name:
	.endm

	/*
	 * Instructions that do nothing, for whoever looks on from outside: the rounds are
	 * between a MARK_ON and a MARK_OFF.
	 */
	.macro mark what
	nopl	\what(%rax)
	.endm

	.macro clock_on
	mark	MARK_ON
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	mov	%rax, %r15
	.endm

	/* From here to the end of a round. */
	.macro rounds_end
	dec	%rdi
	jnz	1b
	rdtsc
	shl	$32, %rdx
	or	%rdx, %rax
	sub	%r15, %rax
	mark	MARK_OFF
	.endm

	.macro finish
	mov	%rax, GUEST_RESULT
	mov	$PORT_DONE, %edx
	out	%al, %dx
2:	jmp	2b
	.endm

	.macro write_msr msr, value
	mov	$\msr, %ecx
	mov	$\value, %eax
	xor	%edx, %edx
	wrmsr
	.endm

	.macro x2apic_on
	mov	$MSR_APIC_BASE, %ecx
	rdmsr
	or	$(APIC_BASE_ON | APIC_BASE_X2APIC), %eax
	wrmsr
	write_msr X2APIC_MSR(APIC_SVR), APIC_SVR_ON
	.endm

	.macro xapic_on
	mov	$APIC_BASE_GPA, %r12d
	movl	$APIC_SVR_ON, APIC_SVR(%r12)
	.endm

	.globl	guest_start
guest_start:

/* The ruler itself: two instructions a round. */
routine loop
	clock_on
1:	rounds_end
	finish

routine cpuid
	clock_on
1:	xor	%eax, %eax
	cpuid
	rounds_end
	finish

/* A number that no interface defines, by the instruction of the processor's vendor. */
routine hypercall
	xor	%eax, %eax
	cpuid
	cmp	$VENDOR_AMD_EBX, %ebx
	jne	guest_vmcall
	clock_on
1:	mov	$HYPERCALL_NONE, %eax
	vmmcall
	rounds_end
	finish

routine vmcall
	clock_on
1:	mov	$HYPERCALL_NONE, %eax
	vmcall
	rounds_end
	finish

routine rdmsr
	clock_on
1:	mov	$MSR_APIC_BASE, %ecx
	rdmsr
	rounds_end
	finish

routine wrmsr
	clock_on
1:	write_msr MSR_TSC_ADJUST, 0
	rounds_end
	finish

	.macro port_routines name, port
	routine \name\()_write
	mov	$\port, %r10d
	clock_on
1:	mov	%r10d, %edx
	mov	$0xff, %eax
	out	%al, %dx
	rounds_end
	finish

	routine \name\()_read
	mov	$\port, %r10d
	clock_on
1:	mov	%r10d, %edx
	in	%dx, %al
	rounds_end
	finish
	.endm

port_routines pic, PORT_PIC_MASK
port_routines port, PORT_USER

routine lapic_write
	xapic_on
	clock_on
1:	movl	$0x10, APIC_TPR(%r12)
	rounds_end
	finish

routine lapic_read
	xapic_on
	clock_on
1:	movl	APIC_ID(%r12), %eax
	rounds_end
	finish

routine mmio_write
	mov	$GUEST_MMIO, %r12d
	clock_on
1:	movl	%eax, (%r12)
	rounds_end
	finish

routine mmio_read
	mov	$GUEST_MMIO, %r12d
	clock_on
1:	movl	(%r12), %eax
	rounds_end
	finish

/* The first write to a page. */
routine touch
	clock_on
1:	movb	$1, (%rsi)
	add	%r9, %rsi
	rounds_end
	finish

/*
 * RDI pages from RSI: half of each is filled with what does not compress, which its address
 * tells; then R9 times over all of them: the first word is looked at, and a count in the
 * other half, which grows.
 */
	.macro next_word
	imul	%r13, %rax
	add	$12345, %rax
	.endm

routine squeeze
	mov	$6364136223846793005, %r13
	mov	%rdi, %r10
	mov	%rsi, %r11
	clock_on
1:	mov	%rsi, %rax
	mov	$SQUEEZE_WORDS, %ecx
	mov	%rsi, %rbx
3:	next_word
	mov	%rax, (%rbx)
	add	$8, %rbx
	dec	%ecx
	jnz	3b
	add	$0x1000, %rsi
	dec	%rdi
	jnz	1b
	xor	%r8d, %r8d
	mov	%r9, %rdi
1:	mov	%r11, %rsi
	mov	%r10, %rbx
4:	mov	%rsi, %rax
	next_word
	cmp	%rax, (%rsi)
	jne	5f
	cmp	%r8, SQUEEZE_COUNT(%rsi)
	jne	5f
	incq	SQUEEZE_COUNT(%rsi)
	add	$0x1000, %rsi
	dec	%rbx
	jnz	4b
	inc	%r8
	rounds_end
	finish
5:	mov	$FAULT_WRONG, %eax
	mov	$PORT_FAULT, %edx
	out	%eax, %dx
6:	jmp	6b

	/* Interrupts are on, so the handler runs at once, or as soon as it can. */
	.macro await_irq
3:	test	%ebx, %ebx
	jnz	3b
	.endm

routine ipi_x2apic
	x2apic_on
	lea	irq_x2apic(%rip), %r13
	sti
	clock_on
1:	mov	$1, %ebx
	write_msr X2APIC_MSR(APIC_SELF_IPI), VECTOR_IRQ
	await_irq
	rounds_end
	finish

routine ipi_xapic
	xapic_on
	lea	irq_xapic(%rip), %r13
	sti
	clock_on
1:	mov	$1, %ebx
	movl	$(APIC_ICR_SELF | VECTOR_IRQ), APIC_ICR(%r12)
	await_irq
	rounds_end
	finish

/* Sent while the task priority forbids it, delivered when that is lowered. */
routine ipi_tpr
	x2apic_on
	lea	irq_x2apic(%rip), %r13
	sti
	clock_on
1:	mov	$1, %ebx
	mov	$15, %eax
	mov	%rax, %cr8
	write_msr X2APIC_MSR(APIC_SELF_IPI), VECTOR_IRQ
	xor	%eax, %eax
	mov	%rax, %cr8
	await_irq
	rounds_end
	finish

	.macro timer_on
	x2apic_on
	write_msr X2APIC_MSR(APIC_TIMER_DIVIDE), APIC_DIVIDE_BY_1
	write_msr X2APIC_MSR(APIC_LVT_TIMER), VECTOR_IRQ
	lea	irq_x2apic(%rip), %r13
	.endm

/* Net of waiting: R14 counts the rounds of three instructions that were spent on it. */
routine timer_spin
	timer_on
	xor	%r14d, %r14d
	sti
	clock_on
1:	mov	$1, %ebx
	write_msr X2APIC_MSR(APIC_TIMER_COUNT), TIMER_DELAY
4:	inc	%r14
	test	%ebx, %ebx
	jnz	4b
	rounds_end
	lea	(%r14, %r14, 2), %r14
	sub	%r14, %rax
	finish

/* Net of waiting: less the time that the timer was told to take. */
routine timer_halt
	timer_on
	imul	$TIMER_DELAY, %rdi, %r14
	clock_on
1:	mov	$1, %ebx
	write_msr X2APIC_MSR(APIC_TIMER_COUNT), TIMER_DELAY
5:	sti
	hlt
	cli
	test	%ebx, %ebx
	jnz	5b
	rounds_end
	sub	%r14, %rax
	finish

/* Both handlers enter here; a routine chooses with R13 how the interrupt ends. */
	routine irq
	xor	%ebx, %ebx
	jmp	*%r13

irq_x2apic:
	write_msr X2APIC_MSR(APIC_EOI), 0
	iretq

irq_xapic:
	movl	$0, APIC_EOI(%r12)
	iretq

/* Exceptions: sixteen bytes an entry. */
	.balign	16
	.globl	guest_faults
guest_faults:
	.set	vector, 0
	.rept	32
	.balign	16
	mov	$vector, %eax
	jmp	fault
	.set	vector, vector + 1
	.endr
fault:
	mov	$PORT_FAULT, %edx
	out	%eax, %dx
6:	jmp	6b

	.globl	guest_end
guest_end:
