/* SPDX-License-Identifier: GPL-2.0 */
/*
 * start.S: from a Multiboot 1 loader's 32-bit protected mode to 64-bit C.
 *
 * The first 4 GiB are mapped twice: at their own addresses for the kernel, and
 * at USER_ALIAS for code at CPL 3 (paging.h). The code is position independent,
 * so that any function runs at either address. The last GiB, where APICs live,
 * is uncached. Other CPUs come in at ap_start32 by way of trampoline.S.
 */
#define PTE_P	0x001
#define PTE_W	0x002
#define PTE_U	0x004
#define PTE_UC	0x018
#define PTE_PS	0x080
#define MB_MAGIC	0x1badb002
#define MB_FLAGS	0x3		/* align modules, pass memory information */
#define STACK_SIZE	0x4000

	.section .multiboot, "a"
	.balign 4
	.long MB_MAGIC, MB_FLAGS, -(MB_MAGIC + MB_FLAGS)

	.code32
	.text
	.globl _start
_start:
	cli
	cld
	mov %eax, boot_magic
	mov %ebx, boot_info
	mov $boot_stack_top, %esp
	lgdt gdt_ptr
	ljmp $0x38, $1f
1:	call enter_long
	.code64
	mov boot_magic(%rip), %edi
	mov boot_info(%rip), %esi
	call payload_main

	.code32
	.globl ap_start32
ap_start32:
	mov $0x10, %ax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %ss
	mov ap_stack, %esp
	call enter_long
	.code64
	mov ap_index(%rip), %edi
	call smp_other_main

/* In: 32-bit code segment, paging off. Returns to its caller in 64-bit mode. */
	.code32
	.globl enter_long
enter_long:
	mov $0x10, %ax
	mov %eax, %ds
	mov %eax, %es
	mov %eax, %fs
	mov %eax, %gs
	mov %eax, %ss
	mov %cr4, %eax
	or $0x620, %eax			/* PAE, OSFXSR, OSXMMEXCPT */
	mov %eax, %cr4
	mov $boot_pml4, %eax
	mov %eax, %cr3
	mov $0x80000001, %eax
	cpuid
	mov $0x100, %ebx		/* EFER.LME */
	bt $20, %edx
	jnc 1f
	or $0x800, %ebx			/* EFER.NXE */
1:	mov $0xc0000080, %ecx
	rdmsr
	or %ebx, %eax
	wrmsr
	mov %cr0, %eax
	and $0x9ffffff3, %eax		/* caches on, EM and TS off */
	or $0x80010022, %eax		/* PG, WP, NE, MP */
	mov %eax, %cr0
	pop %ecx
	ljmp $0x08, $1f
	.code64
1:	mov %esp, %esp
	mov %ecx, %ecx
	fninit
	jmp *%rcx

	.data
	.balign 4
boot_magic:	.long 0
boot_info:	.long 0
	.globl ap_stack, ap_index
ap_stack:	.quad 0
ap_index:	.long 0

	.balign 16
	.globl gdt, gdt_ptr
gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* 08 64-bit code */
	.quad 0x00cf93000000ffff	/* 10 data */
	.quad 0x00cffb000000ffff	/* 18 user 32-bit code */
	.quad 0x00cff3000000ffff	/* 20 user data */
	.quad 0x00affb000000ffff	/* 28 user 64-bit code */
	.quad 0x00cff3000000ffff	/* 30 user data again, for SYSEXIT */
	.quad 0x00cf9b000000ffff	/* 38 32-bit code */
	.quad 0x00009b000000ffff	/* 40 16-bit code, base 0 */
	.quad 0x000093000000ffff	/* 48 16-bit data, base 0 */
	.skip 0x80 - 0x50		/* 50 spare */
	.skip 16 * 64			/* 80 one TSS per CPU */
gdt_end:
gdt_ptr:
	.word gdt_end - gdt - 1
	.quad gdt

	.macro identity_pds flags
	.set addr, 0
	.rept 2048
	.if addr >= 0xc0000000
	.quad addr + PTE_P + PTE_W + PTE_PS + PTE_UC + \flags
	.else
	.quad addr + PTE_P + PTE_W + PTE_PS + \flags
	.endif
	.set addr, addr + 0x200000
	.endr
	.endm

	.macro four_pds name, flags
	.quad \name + \flags, \name + 0x1000 + \flags
	.quad \name + 0x2000 + \flags, \name + 0x3000 + \flags
	.fill 508, 8, 0
	.endm

	.balign 4096
	.globl boot_pml4
boot_pml4:
	.quad kernel_pdpt + PTE_P + PTE_W + PTE_U	/* the leaves decide */
	.quad user_pdpt + PTE_P + PTE_W + PTE_U
	.fill 510, 8, 0
kernel_pdpt:
	four_pds kernel_pds, PTE_P + PTE_W + PTE_U
user_pdpt:
	four_pds user_pds, PTE_P + PTE_W + PTE_U
kernel_pds:
	identity_pds 0
user_pds:
	identity_pds PTE_U

	.bss
	.balign 16
	.skip STACK_SIZE
	.globl boot_stack_top
boot_stack_top:
	.section .note.GNU-stack, "", @progbits
