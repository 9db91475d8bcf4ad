/* SPDX-License-Identifier: GPL-2.0 */
/* tasks-asm.S: where the tasks of tasks.c begin. */
#include "tasks.h"

	.text
	.code32
/*
 * The other task: shows other_seen() its registers and returns, by IRET or, with
 * other_jumps, by a jump. Entered again, it goes on behind that.
 */
	.globl other_entry
other_entry:
	pushf
	pusha
	mov %esp, %eax
	push %eax
	call other_seen
	pop %eax
	popa
	popf
	cmpl $0, other_jumps
	jne 1f
	iret
	incl other_again
	jmp other_entry
1:	ljmp $SEL_MAIN, $0
	incl other_again
	jmp other_entry

/* A task whose first instruction faults. */
	.globl other_faults
other_faults:
	ud2

/* The tasks of faults, all with an error code: EAX is the vector. */
	.globl fault_entry
fault_entry:
	pop probe_error
	str fault_tr
	jmp *fault_back

/* far_call(sel), far_jump(sel): to the TSS or task gate of that selector. */
	.globl far_call, far_jump
far_call:
	mov 4(%esp), %eax
	mov %eax, far_to + 4
	lcall *far_to
	ret
far_jump:
	mov 4(%esp), %eax
	mov %eax, far_to + 4
	ljmp *far_to
	ret

	.bss
	.balign 8
	.globl other_jumps, other_again, fault_tr, fault_back
far_to:		.skip 8
other_jumps:	.skip 4
other_again:	.skip 4
fault_tr:	.skip 4
fault_back:	.skip 4

	.section .rodata
/* Of a 16-bit TSS, at LOW. */
	.globl low16, low16_end
low16:
	mov %ax, seen16
	mov %si, seen16 + 2
	mov %sp, seen16 + 4
	mov %fs, seen16 + 6
	str seen16 + 8
	pushfw
	popw seen16 + 10
	mov $0x7777, %cx
	iret
low16_end:

/* In virtual-8086 mode, at LOW. */
	.code16
	.globl vm86, vm86_end
vm86:
	mov %ds, %bx
	mov $0x1234, %ax
	hlt
vm86_end:
	.bss
	.globl seen16
seen16:	.skip 16
	.section .note.GNU-stack, "", @progbits
