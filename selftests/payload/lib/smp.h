/* SPDX-License-Identifier: GPL-2.0 */
/*
 * smp.h: per-CPU data and the other CPUs.
 *
 * this_cpu() goes by the task register, so that tests are free to play with
 * GS and the MSRs. The other CPUs sleep in HLT, interrupts on, and wake for
 * smp_call(). Index 0 is the boot CPU.
 */
#ifndef PAYLOAD_SMP_H
#define PAYLOAD_SMP_H

#include "trap.h"

#define MAX_CPUS	64
#define STACK_SIZE	0x4000
#define WAKE_VECTOR	0xf0

struct tss {
	u32 res0;
	u64 rsp[3], res1, ist[7], res2;
	u16 res3, iomap_base;
} __attribute__((packed));

struct cpu {
	struct tss tss;
	u32 index, apic_id;
	bool online;
	void (*fn)(void *);		/* work for smp_call(), NULL when idle */
	void *arg;
	struct exc exc;
	struct context *catcher;
	u64 user_result;
	u8 stack[STACK_SIZE] __aligned(16);
	u8 trap_stack[STACK_SIZE] __aligned(16);
	u8 ist_stack[2][STACK_SIZE / 2] __aligned(16);
	u8 user_stack[STACK_SIZE] __aligned(4096);
};

extern struct cpu cpus[MAX_CPUS];
extern u64 gdt[];

static inline struct cpu *this_cpu(void)
{
	u16 tr;

	asm volatile("str %0" : "=r"(tr));
	return &cpus[(tr - SEL_TSS) >> 4];
}

void smp_init_boot_cpu(void);
void smp_start_others(void);
bool smp_start(u32 index);		/* INIT, SIPI, SIPI; true when it runs */
void smp_call_async(u32 index, void (*fn)(void *), void *arg);
void smp_wait(u32 index);
void smp_call(u32 index, void (*fn)(void *), void *arg);
/* On every CPU at once, this one included; returns when all are done. */
void smp_call_all(void (*fn)(void *), void *arg);

#endif
