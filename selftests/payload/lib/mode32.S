/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mode32.S: long mode to 32-bit protected mode and back; exceptions in 32-bit
 * code.
 */
#define SEL_CODE64	0x08
#define SEL_DATA	0x10
#define SEL_CODE32	0x38
#define MSR_EFER	0xc0000080

	.text
	.code64
	.globl leave_long
leave_long:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	pushfq
	cli
	sidt saved_idt(%rip)
	mov %rsp, saved_rsp(%rip)
	mov %cr4, %rax
	mov %rax, saved_cr4(%rip)
	mov %cr3, %rax
	mov %rax, saved_cr3(%rip)
	mov %edi, %ebx
	ljmp *to_code32(%rip)

	.code32
1:	mov $SEL_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov %cr0, %eax
	and $0x7fffffff, %eax		/* paging off: long mode ends */
	mov %eax, %cr0
	mov $MSR_EFER, %ecx
	rdmsr
	and $~0x100, %eax
	wrmsr
	call *%ebx

	cli
	mov %cr0, %eax
	and $0x7fffffff, %eax
	mov %eax, %cr0
	mov saved_cr4, %eax
	mov %eax, %cr4
	mov saved_cr3, %eax
	mov %eax, %cr3
	mov $MSR_EFER, %ecx
	rdmsr
	or $0x100, %eax
	wrmsr
	mov %cr0, %eax
	or $0x80000000, %eax
	mov %eax, %cr0
	ljmp $SEL_CODE64, $2f
	.code64
2:	mov saved_rsp(%rip), %rsp
	lidt saved_idt(%rip)
	mov $SEL_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	popfq
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret

	.data
	.balign 8
to_code32:
	.long 1b, SEL_CODE32
saved_rsp:	.quad 0
saved_cr3:	.quad 0
saved_cr4:	.quad 0
saved_idt:	.quad 0, 0

/*
 * probe32(fn, arg): calls fn(arg), returns the vector of the exception that
 * ended it or -1; details in probe_error, probe_cr2, probe_eip.
 */
	.text
	.code32
	.globl probe32
probe32:
	push %ebx
	push %esi
	push %edi
	push %ebp
	mov %esp, probe_esp
	push 24(%esp)
	call *24(%esp)
	mov $-1, %eax
	.globl probe_out
probe_out:
	mov probe_esp, %esp
	pop %ebp
	pop %edi
	pop %esi
	pop %ebx
	ret

	.macro gate32 n
	.balign 16
	.if \n == 8 || (\n >= 10 && \n <= 14) || \n == 17
	.else
	push $0
	.endif
	push $\n
	jmp trap32
	.endm
	.balign 16
	.globl gates32
	.altmacro
gates32:
	.set n, 0
	.rept 32
	gate32 %n
	.set n, n + 1
	.endr
	.noaltmacro
trap32:
	mov $SEL_DATA, %eax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	pop %eax
	pop probe_error
	pop probe_eip
	mov %cr2, %ecx
	mov %ecx, probe_cr2
	jmp probe_out

	.bss
	.globl probe_error, probe_cr2, probe_eip
probe_error:	.skip 4
probe_cr2:	.skip 4
probe_eip:	.skip 4
probe_esp:	.skip 4
	.section .note.GNU-stack, "", @progbits
