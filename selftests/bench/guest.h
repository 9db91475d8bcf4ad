/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the guest code of the benchmark and the program that runs it agree on: where things
 * lie in guest-physical memory (mapped one to one) and which ports mean what.
 */
#ifndef BENCH_GUEST_H
#define BENCH_GUEST_H

#define GUEST_PML4	0x1000
#define GUEST_PDPT	0x2000
#define GUEST_PD	0x3000		/* four pages: 4 GiB in 2 MiB mappings */
#define GUEST_GDT	0x7000
#define GUEST_IDT	0x8000
#define GUEST_STACK	0xa000		/* its upper end */
#define GUEST_RESULT	0xb000		/* what the last run cost */
#define GUEST_CODE	0x10000
#define GUEST_TOUCH	0x1000000	/* pages that nobody used before */

#define GUEST_CS	0x08
#define GUEST_DS	0x10
#define GUEST_TR	0x18

#define GUEST_MMIO	0xd0000000	/* in no slot: user space's */

#define PORT_USER	0x510		/* user space's */
#define PORT_DONE	0x511		/* the result is there */
#define PORT_FAULT	0x512		/* an exception: its vector; or a wrong byte */
#define FAULT_WRONG	0xff
#define PORT_PIC_MASK	0x21

#define VECTOR_IRQ	0x40

#define VENDOR_AMD_EBX	0x68747541	/* "Auth" of CPUID leaf 0 */
#define HYPERCALL_NONE	0x7fff

/* A page of the routine "squeeze": so many words, which do not compress; and one more. */
#define SQUEEZE_WORDS	256
#define SQUEEZE_COUNT	0xff8

#define MARK_ON		0x766d0001
#define MARK_OFF	0x766d0002

/* The kernel's headers have these, but not for user space. */
#define MSR_APIC_BASE	0x1b
#define MSR_TSC_ADJUST	0x3b
#define APIC_BASE_ON	(1 << 11)
#define APIC_BASE_X2APIC (1 << 10)
#define APIC_BASE_GPA	0xfee00000
#define APIC_ID		0x20
#define APIC_TPR	0x80
#define APIC_EOI	0xb0
#define APIC_SVR	0xf0
#define APIC_ICR	0x300
#define APIC_LVT_TIMER	0x320
#define APIC_TIMER_COUNT 0x380
#define APIC_TIMER_DIVIDE 0x3e0
#define APIC_SELF_IPI	0x3f0
#define APIC_SVR_ON	0x1ff
#define APIC_ICR_SELF	0x44000		/* to itself, asserted, fixed, by edge */
#define APIC_DIVIDE_BY_1 0xb

/* Instructions, which are nanoseconds, until a timer fires; more than arming it takes. */
#define TIMER_DELAY	20000

#endif
