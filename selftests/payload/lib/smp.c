// SPDX-License-Identifier: GPL-2.0
/* smp.c: see smp.h. */
#include "smp.h"
#include "apic.h"
#include "machine.h"
#include "sync.h"
#include "test.h"
#include "time.h"

#define TRAMPOLINE	0x8000
#define START_MS	5000

extern const u8 trampoline[], trampoline_end[];
extern u64 ap_stack;
extern u32 ap_index;

struct cpu cpus[MAX_CPUS];

/* Per-CPU descriptor and register state; every CPU calls this for itself. */
static void init_cpu(u32 index)
{
	struct cpu *cpu = &cpus[index];
	u64 tss = (u64)&cpu->tss;
	u64 *desc = gdt + (SEL_TSS >> 3) + 2 * index;

	cpu->index = index;
	cpu->tss.rsp[0] = (u64)cpu->trap_stack + STACK_SIZE;
	cpu->tss.ist[0] = (u64)cpu->ist_stack[0] + sizeof(cpu->ist_stack[0]);
	cpu->tss.ist[1] = (u64)cpu->ist_stack[1] + sizeof(cpu->ist_stack[1]);
	cpu->tss.iomap_base = sizeof(cpu->tss);
	desc[0] = (sizeof(cpu->tss) - 1) | (tss & 0xffffff) << 16 | 0x89ull << 40 |
		  (tss >> 24 & 0xff) << 56;
	desc[1] = tss >> 32;
	asm volatile("ltr %w0" :: "r"(SEL_TSS + 16 * index));
	trap_load();
	exc_clear();
}

static void wake(struct regs *r __unused)
{
	apic_eoi();
}

static void __noreturn idle(struct cpu *cpu)
{
	for (;;) {
		void (*fn)(void *) = load(&cpu->fn);

		if (fn) {
			fn(cpu->arg);
			cli();
			store(&cpu->fn, NULL);
			continue;
		}
		asm volatile("sti; hlt; cli" ::: "memory");
	}
}

/* Called by start.S on every CPU but the first, interrupts off. */
void __noreturn smp_other_main(u32 index)
{
	struct table_ptr p = { SEL_TSS + 16 * MAX_CPUS - 1, (u64)gdt };

	asm volatile("lgdt %0" :: "m"(p));
	init_cpu(index);
	apic_enable();
	store(&cpus[index].online, true);
	idle(&cpus[index]);
}

void smp_init_boot_cpu(void)
{
	struct table_ptr p = { SEL_TSS + 16 * MAX_CPUS - 1, (u64)gdt };

	asm volatile("lgdt %0" :: "m"(p));
	trap_init();
	init_cpu(0);
	trap_set_handler(WAKE_VECTOR, wake);
	apic_enable();
}

bool smp_start(u32 index)
{
	struct cpu *cpu = &cpus[index];

	memcpy((void *)TRAMPOLINE, trampoline, trampoline_end - trampoline);
	store(&cpu->online, false);
	cpu->fn = NULL;
	cpu->catcher = NULL;
	cpu->apic_id = machine.apic_id[index];
	ap_index = index;
	ap_stack = (u64)cpu->stack + STACK_SIZE;
	barrier();
	apic_send_ipi(cpu->apic_id, ICR_INIT | ICR_ASSERT);
	udelay(10000);
	for (int i = 0; i < 2 && !load(&cpu->online); i++) {
		apic_send_ipi(cpu->apic_id, ICR_STARTUP | ICR_ASSERT | TRAMPOLINE >> 12);
		wait_until(load(&cpu->online), i ? START_MS : 100);
	}
	return load(&cpu->online);
}

void smp_start_others(void)
{
	cpus[0].apic_id = apic_id();
	cpus[0].online = true;
	for (u32 i = 1; i < machine.ncpus; i++)
		if (!smp_start(i))
			check(false, "cpu %u (APIC id %u) does not start", i,
			      machine.apic_id[i]);
}

void smp_call_async(u32 index, void (*fn)(void *), void *arg)
{
	smp_wait(index);
	cpus[index].arg = arg;
	store(&cpus[index].fn, fn);
	apic_send_ipi(cpus[index].apic_id, WAKE_VECTOR);
}

void smp_wait(u32 index)
{
	while (load(&cpus[index].fn))
		pause();
}

void smp_call(u32 index, void (*fn)(void *), void *arg)
{
	if (index == this_cpu()->index) {
		fn(arg);
		return;
	}
	smp_call_async(index, fn, arg);
	smp_wait(index);
}

void smp_call_all(void (*fn)(void *), void *arg)
{
	u32 self = this_cpu()->index;

	for (u32 i = 0; i < machine.ncpus; i++)
		if (i != self && cpus[i].online)
			smp_call_async(i, fn, arg);
	fn(arg);
	for (u32 i = 0; i < machine.ncpus; i++)
		if (i != self && cpus[i].online)
			smp_wait(i);
}
