/* SPDX-License-Identifier: GPL-2.0 */
/*
 * mmio-asm.S: the instruction forms of mmio.c, and how one is run.
 *
 * A form finds the memory operand's address in RDI and as %fs:0x40 and
 * %gs:0x40, values in RAX, RBX, RCX, RDX, XMM0, XMM1; RSI points to 64 bytes
 * of RAM. R8 to R11 are its own. It is run once on RAM and once on MMIO.
 */
#define CF	0x001
#define PF	0x004
#define AF	0x010
#define ZF	0x040
#define SF	0x080
#define OF	0x800
#define NONE	0
#define ALL	(CF | PF | AF | ZF | SF | OF)
#define LOGIC	(ALL & ~AF)
#define SHIFT	(CF | PF | ZF | SF)
#define MUL	(CF | OF)

/* size: bytes at the operand; flags: those that the instruction defines */
	.macro form size, flags, insn
	.pushsection .rodata
9:	.asciz "\insn"
	.popsection
	.pushsection .data.forms, "aw"
	.quad 8f, 9b
	.long \size, \flags
	.popsection
8:	\insn
	jmp form_done
	.endm

	.text
	.code64
/* form_run(struct state *, code) */
	.globl form_run
form_run:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, %r15
	mov %rdi, %r14
	mov %rsi, %r13
	movdqu 64(%r14), %xmm0
	movdqu 80(%r14), %xmm1
	mov 0(%r14), %rax
	mov 8(%r14), %rcx
	mov 16(%r14), %rdx
	mov 24(%r14), %rbx
	mov 32(%r14), %rsi
	mov 40(%r14), %rdi
	push $0x5a5a1234
	push 48(%r14)
	popfq
	jmp *%r13
form_done:
	mov %r15, %rsp
	pushfq
	pop 48(%r14)
	cld
	mov %rax, 0(%r14)
	mov %rcx, 8(%r14)
	mov %rdx, 16(%r14)
	mov %rbx, 24(%r14)
	movdqu %xmm0, 64(%r14)
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret

	.globl forms_start, forms_end
	.pushsection .data.forms, "aw"
	.balign 8
forms_start:
	.popsection

	/* How an operand is addressed. */
	form 4, NONE, "mov (%rdi), %edx"
	form 4, NONE, "mov %rdi, %rax; mov (%rax), %eax"
	form 4, NONE, "lea -0x10(%rdi), %r8; mov 0x10(%r8), %eax"
	form 4, NONE, "lea 0x80(%rdi), %r9; mov -0x80(%r9), %eax"
	form 4, NONE, "lea -0x12345678(%rdi), %r10; mov 0x12345678(%r10), %eax"
	form 4, NONE, "mov $3, %ecx; lea -3(%rdi), %r8; mov (%r8,%rcx,1), %eax"
	form 4, NONE, "mov $3, %ecx; lea -6(%rdi), %rbx; mov (%rbx,%rcx,2), %eax"
	form 4, NONE, "mov $3, %r9d; lea -12(%rdi), %r8; mov (%r8,%r9,4), %eax"
	form 4, NONE, "mov $-3, %r10; lea 24(%rdi), %r11; mov (%r11,%r10,8), %eax"
	form 4, NONE, "mov $3, %ecx; lea -0x1c(%rdi), %r8; mov 0x10(%r8,%rcx,4), %eax"
	form 4, NONE, "mov $3, %ecx; lea -0x100c(%rdi), %r8; mov 0x1000(%r8,%rcx,4), %eax"
	form 4, NONE, "mov %rdi, %r12; mov (%r12), %eax"
	form 4, NONE, "lea -8(%rdi), %r12; mov 8(%r12), %eax"
	form 4, NONE, "lea -5(%rdi), %r8; mov $5, %r12d; mov (%r8,%r12), %eax"
	form 4, NONE, "mov %rdi, %r13; jmp 5f; 5: mov (%r13), %eax"
	form 4, NONE, "mov %rdi, %rbp; mov (%rbp), %eax"
	form 4, NONE, "lea -4(%rdi), %rbp; mov $4, %ecx; mov (%rbp,%rcx), %eax"
	form 4, NONE, "mov %rdi, %rsp; mov (%rsp), %eax"
	form 4, NONE, "lea -8(%rdi), %rsp; mov 8(%rsp), %eax"
	form 4, NONE, "lea -0x100(%rdi), %rsp; mov $0x40, %ecx; mov (%rsp,%rcx,4), %eax"
	form 4, NONE, "mov %rdi, %rcx; shr $2, %rcx; mov 0(,%rcx,4), %eax; xor %ecx, %ecx"
	form 4, NONE, "mov (%edi), %eax"
	form 4, NONE, "lea 0x1000(%rdi), %ebx; mov $-0x1000, %ecx; mov (%ebx,%ecx), %eax"
	form 4, NONE, "mov $-1, %r8; shl $32, %r8; or %rdi, %r8; mov (%r8d), %eax"
	form 4, NONE, "mov %fs:0x40, %eax"
	form 4, NONE, "mov %gs:0x40, %eax"
	form 4, NONE, "mov $0x20, %ecx; mov %fs:(%rcx,%rcx), %eax"
	form 4, NONE, "mov $0x40, %r8d; mov %gs:(%r8), %r9d; mov %r9d, %eax"
	form 4, NONE, "mov %eax, %gs:0x40"
	form 4, NONE, ".byte 0x3e; mov (%rdi), %eax"
	form 4, NONE, ".byte 0x26; mov %eax, (%rdi)"

	/* Moves, every size and direction. */
	form 1, NONE, "mov (%rdi), %al"
	form 1, NONE, "mov (%rdi), %ah"
	form 1, NONE, "mov (%rdi), %dh"
	form 1, NONE, "mov (%rdi), %r8b; mov %r8b, %al"
	form 1, NONE, "mov %rbx, %r10; mov (%rdi), %r10b; mov %r10, %rax"
	form 2, NONE, "mov (%rdi), %ax"
	form 4, NONE, "mov (%rdi), %eax"
	form 8, NONE, "mov (%rdi), %rax"
	form 8, NONE, "mov (%rdi), %r11; mov %r11, %rax"
	form 1, NONE, "mov %al, (%rdi)"
	form 1, NONE, "mov %bh, (%rdi)"
	form 1, NONE, "mov %edx, %r9d; mov %r9b, (%rdi)"
	form 2, NONE, "mov %ax, (%rdi)"
	form 4, NONE, "mov %eax, (%rdi)"
	form 4, NONE, "mov %edx, %r8d; mov %r8d, (%rdi)"
	form 8, NONE, "mov %rax, (%rdi)"
	form 1, NONE, "movb $0x5a, (%rdi)"
	form 2, NONE, "movw $0x5aa5, (%rdi)"
	form 4, NONE, "movl $0x12345678, (%rdi)"
	form 4, NONE, "lea -0x10(%rdi), %r8; movl $0x12345678, 0x10(%r8)"
	form 8, NONE, "movq $-2, (%rdi)"
	form 4, NONE, "movnti %eax, (%rdi)"
	form 8, NONE, "movnti %rax, (%rdi)"
	form 1, NONE, "movzbw (%rdi), %ax"
	form 1, NONE, "movzbl (%rdi), %eax"
	form 1, NONE, "movzbq (%rdi), %rax"
	form 2, NONE, "movzwl (%rdi), %eax"
	form 2, NONE, "movzwq (%rdi), %rax"
	form 1, NONE, "movsbw (%rdi), %ax"
	form 1, NONE, "movsbl (%rdi), %eax"
	form 1, NONE, "movsbq (%rdi), %rax"
	form 2, NONE, "movswl (%rdi), %eax"
	form 2, NONE, "movswq (%rdi), %rax"
	form 4, NONE, "movslq (%rdi), %rax"
	form 4, ALL, "cmp %eax, %eax; cmove (%rdi), %ecx"
	form 4, ALL, "cmp %eax, %eax; cmovne (%rdi), %rcx"
	form 1, ALL, "cmp %eax, %eax; sete (%rdi)"
	form 1, ALL, "cmp %eax, %eax; setb (%rdi)"
	form 4, NONE, "xchg %eax, (%rdi)"
	form 1, NONE, "xchg %al, (%rdi)"
	form 8, NONE, "xchg %rax, (%rdi)"
	form 1, NONE, "mov %rdi, %rbx; xor %eax, %eax; xlat"

	/* Arithmetic: every operation, every form, every size. */
	.irp op, add, sub, cmp, adc, sbb
	form 4, ALL, "\op %eax, (%rdi)"
	form 4, ALL, "\op (%rdi), %eax"
	form 4, ALL, "\op\()l $0x7f, (%rdi)"
	form 4, ALL, "\op\()l $0x12345678, (%rdi)"
	form 1, ALL, "\op %al, (%rdi)"
	form 1, ALL, "\op (%rdi), %ch"
	form 1, ALL, "\op\()b $0x81, (%rdi)"
	form 2, ALL, "\op %ax, (%rdi)"
	form 2, ALL, "\op (%rdi), %dx"
	form 2, ALL, "\op\()w $0x8001, (%rdi)"
	form 8, ALL, "\op %rax, (%rdi)"
	form 8, ALL, "\op (%rdi), %rdx"
	form 8, ALL, "\op\()q $-5, (%rdi)"
	.endr
	.irp op, and, or, xor
	form 4, LOGIC, "\op %eax, (%rdi)"
	form 4, LOGIC, "\op (%rdi), %eax"
	form 4, LOGIC, "\op\()l $0x0f, (%rdi)"
	form 4, LOGIC, "\op\()l $0x12345678, (%rdi)"
	form 1, LOGIC, "\op %al, (%rdi)"
	form 1, LOGIC, "\op\()b $0x81, (%rdi)"
	form 2, LOGIC, "\op (%rdi), %dx"
	form 2, LOGIC, "\op\()w $0x8001, (%rdi)"
	form 8, LOGIC, "\op %rax, (%rdi)"
	form 8, LOGIC, "\op\()q $-5, (%rdi)"
	.endr
	.irp op, add, sub, adc, sbb, xadd
	.ifnc \op, xadd
	form 4, ALL, "lock \op\()l $3, (%rdi)"
	.endif
	form 4, ALL, "lock \op %ecx, (%rdi)"
	.endr
	form 4, LOGIC, "lock andl $0xff00ff, (%rdi)"
	form 4, LOGIC, "lock orl $0xff00ff, (%rdi)"
	form 4, LOGIC, "lock xorl $0xff00ff, (%rdi)"
	form 4, ALL, "xadd %eax, (%rdi)"
	form 1, ALL, "xadd %al, (%rdi)"
	form 8, ALL, "xadd %rax, (%rdi)"
	form 4, ALL, "incl (%rdi)"
	form 4, ALL, "decl (%rdi)"
	form 1, ALL, "incb (%rdi)"
	form 2, ALL, "decw (%rdi)"
	form 8, ALL, "incq (%rdi)"
	form 4, ALL, "lock incl (%rdi)"
	form 4, ALL, "lock decl (%rdi)"
	form 4, ALL, "negl (%rdi)"
	form 1, ALL, "negb (%rdi)"
	form 4, ALL, "notl (%rdi)"
	form 2, ALL, "notw (%rdi)"
	form 8, ALL, "lock notq (%rdi)"
	form 4, LOGIC, "test %eax, (%rdi)"
	form 1, LOGIC, "testb $0x80, (%rdi)"
	form 2, LOGIC, "testw $0x8080, (%rdi)"
	form 4, LOGIC, "testl $0x12345678, (%rdi)"
	form 8, LOGIC, "testq $0x12345678, (%rdi)"
	form 4, ALL, "cmpxchg %ecx, (%rdi)"
	form 4, ALL, "mov (%rdi), %eax; cmpxchg %ecx, (%rdi)"
	form 4, ALL, "mov (%rdi), %eax; lock cmpxchg %ecx, (%rdi)"
	form 1, ALL, "cmpxchg %cl, (%rdi)"
	form 8, ALL, "cmpxchg %rcx, (%rdi)"
	form 8, ZF, "cmpxchg8b (%rdi)"
	form 8, ZF, "lock cmpxchg8b (%rdi)"

	/* Shifts, bits, multiplication, division. */
	.irp op, shl, shr, sar, rol, ror
	form 4, CF, "\op\()l (%rdi)"
	form 4, CF, "\op\()l $5, (%rdi)"
	form 4, CF, "mov $7, %ecx; \op\()l %cl, (%rdi)"
	form 1, CF, "\op\()b $3, (%rdi)"
	form 2, CF, "\op\()w (%rdi)"
	form 8, CF, "\op\()q $9, (%rdi)"
	.endr
	form 4, CF, "stc; rcll (%rdi)"
	form 4, CF, "stc; rcrl $3, (%rdi)"
	form 4, SHIFT, "shld $4, %eax, (%rdi)"
	form 4, SHIFT, "mov $4, %ecx; shrd %cl, %eax, (%rdi)"
	form 4, CF, "btl $5, (%rdi)"
	form 4, CF, "btsl $5, (%rdi)"
	form 4, CF, "btrl $5, (%rdi)"
	form 4, CF, "btcl $5, (%rdi)"
	form 4, CF, "lock btsl $31, (%rdi)"
	form 4, CF, "mov $9, %ecx; bt %ecx, (%rdi)"
	form 4, CF, "mov $9, %ecx; btc %ecx, (%rdi)"
	form 4, CF, "mov $-23, %ecx; lea 4(%rdi), %r8; bts %ecx, (%r8)"
	form 4, CF, "mov $41, %ecx; lea -4(%rdi), %r8; btr %rcx, (%r8)"
	form 4, ZF, "bsf (%rdi), %eax"
	form 4, ZF, "bsr (%rdi), %eax"
	form 4, MUL, "mull (%rdi)"
	form 4, MUL, "imull (%rdi)"
	form 4, MUL, "imul (%rdi), %ecx"
	form 4, MUL, "imul $-7, (%rdi), %ecx"
	form 2, MUL, "imul $0x1234, (%rdi), %cx"
	form 1, MUL, "mulb (%rdi)"
	form 8, MUL, "mulq (%rdi)"
	form 4, NONE, "xor %edx, %edx; divl (%rdi)"
	form 4, NONE, "xor %edx, %edx; idivl (%rdi)"
	form 1, NONE, "mov $77, %eax; divb (%rdi)"

	/* The stack: operand in memory, and the stack itself there. */
	form 8, NONE, "pushq (%rdi); pop %rax"
	form 2, NONE, "pushw (%rdi); pop %ax"
	form 8, NONE, "popq (%rdi)"
	form 8, NONE, "lea 8(%rdi), %rsp; push %rax"
	form 8, NONE, "lea 8(%rdi), %rsp; push $0x11"
	form 8, NONE, "mov %rdi, %rsp; pop %rax"

	/* String instructions. */
	form 4, NONE, "movsl"
	form 4, NONE, "xchg %rsi, %rdi; movsl; mov -4(%rdi), %eax"
	form 4, NONE, "mov %rdi, %rsi; movsl"
	form 1, NONE, "mov $3, %ecx; xchg %rsi, %rdi; rep movsb; mov -3(%rdi), %ax"
	form 8, NONE, "mov $2, %ecx; xchg %rsi, %rdi; rep movsq; mov -16(%rdi), %rax"
	form 8, NONE, "mov $2, %ecx; rep movsq"
	form 4, NONE, "stosl"
	form 1, NONE, "mov $5, %ecx; rep stosb"
	form 4, NONE, "std; stosl"
	form 4, NONE, "mov %rdi, %rsi; lodsl"
	form 2, NONE, "mov %rdi, %rsi; lodsw"
	form 1, ALL, "mov $0, %al; mov $4, %ecx; repne scasb"
	form 4, ALL, "scasl"
	form 4, ALL, "cmpsl"
	form 1, ALL, "mov $8, %ecx; repe cmpsb"
	form 4, ALL, "mov %rdi, %rsi; mov $1, %ecx; repe cmpsl"
	form 4, NONE, "xor %ecx, %ecx; rep movsl"
	form 4, NONE, "mov %edi, %r8d; addr32 stosl"

	/* Wide registers. */
	form 4, NONE, "movd (%rdi), %xmm0"
	form 4, NONE, "movd %xmm0, (%rdi)"
	form 8, NONE, "movq (%rdi), %xmm0"
	form 8, NONE, "movq %xmm0, (%rdi)"
	form 16, NONE, "movups (%rdi), %xmm0"
	form 16, NONE, "movaps (%rdi), %xmm0"
	form 16, NONE, "movdqa (%rdi), %xmm0"
	form 16, NONE, "movdqu (%rdi), %xmm0"
	form 16, NONE, "movups %xmm0, (%rdi)"
	form 16, NONE, "movaps %xmm0, (%rdi)"
	form 16, NONE, "movdqa %xmm0, (%rdi)"
	form 16, NONE, "movntdq %xmm0, (%rdi)"
	form 16, NONE, "lddqu 1(%rdi), %xmm0"
	form 16, NONE, "movdqa 8(%rdi), %xmm0"
	form 16, NONE, "movntps %xmm0, (%rdi)"
	form 16, NONE, "movntdqa (%rdi), %xmm0"
	form 4, NONE, "movss (%rdi), %xmm0"
	form 4, NONE, "movss %xmm0, (%rdi)"
	form 8, NONE, "movsd (%rdi), %xmm0"
	form 8, NONE, "movsd %xmm0, (%rdi)"
	form 8, NONE, "movlps (%rdi), %xmm0"
	form 8, NONE, "movlps %xmm0, (%rdi)"
	form 8, NONE, "movhps (%rdi), %xmm0"
	form 8, NONE, "movhps %xmm0, (%rdi)"

	/* MMX registers, and what using one does to the x87 stack. */
	form 4, NONE, "movq %rax, %mm3; movd (%rdi), %mm3; movq %mm3, %rax; emms"
	form 4, NONE, "movq %rax, %mm3; movd %mm3, (%rdi); emms"
	form 8, NONE, "movq (%rdi), %mm0; movq %mm0, %rax; emms"
	form 8, NONE, "movq %rax, %mm0; movq %mm0, (%rdi); emms"
	form 8, NONE, "movq %rax, %mm7; movntq %mm7, (%rdi); emms"
	form 8, NONE, ".byte 0x48, 0x0f, 0x6e, 0x2f; movq %mm5, %rax; emms"
	form 8, NONE, "movq %rax, %mm5; .byte 0x48, 0x0f, 0x7e, 0x2f; emms"
	form 4, NONE, "fninit; fld1; fldpi; movd (%rdi), %mm5; fnstenv (%rsi); emms; mov 4(%rsi), %ax; mov 8(%rsi), %dx"
	form 4, NONE, "fninit; fld1; fldpi; movd %mm5, (%rdi); fnstenv (%rsi); emms; mov 4(%rsi), %ax; mov 8(%rsi), %dx"
	form 4, NONE, "fninit; fldpi; fld1; movd (%rdi), %mm5; movq %mm7, %rax; movq %mm6, %rdx; emms"
	form 4, NONE, "fninit; fldpi; fld1; movd %mm5, (%rdi); movq %mm7, %rax; movq %mm6, %rdx; emms"

	/* Words of the FPU. */
	form 4, NONE, "stmxcsr (%rdi)"
	form 4, NONE, "ldmxcsr (%rdi); movl $0x1f80, (%rsi); ldmxcsr (%rsi)"
	form 2, NONE, "fninit; fnstcw (%rdi)"
	form 2, NONE, "fninit; fld1; fnstsw (%rdi)"
	form 2, NONE, "fninit; fldcw (%rdi); fnstcw (%rsi); fninit; mov (%rsi), %ax; and $0x1f3f, %eax"

	/* Moves with VEX; RAX and RDX get the upper half of what was loaded. */
	.globl forms_avx
	.pushsection .data.forms, "aw"
forms_avx:
	.popsection
	.macro load size, insn
	form \size, NONE, "vmovdqu (%rsi), %ymm0; \insn, %xmm0; vmovdqu %ymm0, (%rsi); mov 16(%rsi), %rax; mov 24(%rsi), %rdx"
	.endm
	load 4, "vmovd (%rdi)"
	load 8, "vmovq (%rdi)"
	load 8, ".byte 0xc4, 0xe1, 0xf9, 0x6e, 0x07; vmovaps %xmm0"
	load 4, "vmovss (%rdi)"
	load 8, "vmovsd (%rdi)"
	load 8, "vmovlps (%rdi), %xmm1"
	load 8, "vmovhps (%rdi), %xmm1"
	load 8, "vmovlpd (%rdi), %xmm1"
	load 8, "vmovhpd (%rdi), %xmm1"
	form 4, NONE, "vmovd (%rdi), %xmm9; vmovdqa %xmm9, %xmm0"
	.irp op, vmovups, vmovaps, vmovupd, vmovapd, vmovdqu, vmovdqa, vlddqu, vmovntdqa
	load 16, "\op (%rdi)"
	.endr
	.irp op, vmovups, vmovaps, vmovupd, vmovapd, vmovdqu, vmovdqa, vlddqu
	form 32, NONE, "\op (%rdi), %ymm0; vmovdqu %ymm0, (%rsi); mov 16(%rsi), %rax; mov 24(%rsi), %rdx"
	.endr
	.irp op, vmovups, vmovaps, vmovdqu, vmovdqa, vmovntps, vmovntpd, vmovntdq
	form 16, NONE, "\op %xmm0, (%rdi)"
	form 32, NONE, "\op %ymm0, (%rdi)"
	.endr
	form 32, NONE, "vmovdqu 3(%rdi), %ymm11; vmovdqu %ymm11, (%rsi); mov 16(%rsi), %rax; mov 24(%rsi), %rdx"
	form 4, NONE, "vmovd %xmm0, (%rdi)"
	form 4, NONE, "vmovss %xmm0, (%rdi)"
	form 8, NONE, "vmovq %xmm0, (%rdi)"
	form 8, NONE, "vmovsd %xmm0, (%rdi)"
	form 8, NONE, "vmovlps %xmm0, (%rdi)"
	form 8, NONE, "vmovhps %xmm0, (%rdi)"
	form 4, NONE, "vstmxcsr (%rdi)"
	form 4, NONE, "vldmxcsr (%rdi); movl $0x1f80, (%rsi); ldmxcsr (%rsi)"
	form 16, NONE, "vmovdqa 8(%rdi), %xmm0"
	form 32, NONE, "vmovaps 16(%rdi), %ymm0"
	form 32, NONE, "vmovntdq %ymm0, 16(%rdi)"
	/* Encodings that do not exist: VEX.vvvv in use, VEX.L where it must be 0. */
	form 32, NONE, ".byte 0xc5, 0xf6, 0x6f, 0x07"
	form 4, NONE, ".byte 0xc5, 0xfd, 0x6e, 0x07"
	form 8, NONE, ".byte 0xc5, 0xfc, 0x13, 0x07"

	.globl forms_odd
	.pushsection .data.forms, "aw"
forms_odd:
	.popsection
	/* What nobody does to a device: a monitor may refuse, in words. */
	form 16, ZF, "cmpxchg16b (%rdi)"
	form 16, NONE, "pxor (%rdi), %xmm0"
	form 4, NONE, "fninit; fildl (%rdi); fistpl (%rsi); mov (%rsi), %eax"
	form 4, NONE, "fninit; fldpi; fistpl (%rdi)"
	form 2, NONE, "smsw (%rdi)"
	form 2, NONE, "str (%rdi)"
	form 4, NONE, "movbe (%rdi), %eax"
	form 4, NONE, "movbe %eax, (%rdi)"
	form 4, ZF, "popcnt (%rdi), %eax"
	form 4, NONE, "crc32l (%rdi), %eax"
	form 4, NONE, "prefetcht0 (%rdi)"
	form 4, NONE, "clflush (%rdi)"
	.pushsection .data.forms, "aw"
forms_end:
	.popsection
	.section .note.GNU-stack, "", @progbits
