/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trampoline.S: where a start-up IPI sends a CPU: real mode, CS = page << 8.
 * smp.c copies this below 1 MiB. It only turns protection on and leaves.
 */
	.section .rodata
	.code16
	.globl trampoline, trampoline_end
trampoline:
	cli
	lgdtl %cs:tramp_gdt - trampoline
	mov %cr0, %eax
	and $0x9fffffff, %eax
	or $1, %eax
	mov %eax, %cr0
	ljmpl $0x38, $ap_start32
	.balign 4
tramp_gdt:
	.word 0x7f
	.long gdt
trampoline_end:
	.section .note.GNU-stack, "", @progbits
