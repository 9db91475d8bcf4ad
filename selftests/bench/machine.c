// SPDX-License-Identifier: GPL-2.0
/* A machine whose guest is guest.S, whatever monitor it has. */
#include <err.h>
#include <string.h>
#include "backend.h"
#include "guest.h"

#define PAGE_BYTES	0x1000UL
#define HUGE_BYTES	0x200000UL

extern const uint8_t guest_start[], guest_end[], guest_faults[], guest_irq[];

/* Bits of x86 page tables and descriptors, for which user space has no header. */
#define PTE_TABLE	0x67ULL		/* present, writable, user, accessed, dirty */
#define PTE_LARGE	0xe7ULL		/* the same, and a page of 2 MiB */
#define DESC_CODE	0x00af9b000000ffffULL
#define DESC_DATA	0x00cf93000000ffffULL
#define DESC_TSS	0x00008b0000000067ULL
#define GATE_IRQ	0x8e00U

static void put64(struct machine *m, uint64_t gpa, uint64_t value)
{
	memcpy(m->mem + gpa, &value, sizeof(value));
}

static void put_gate(struct machine *m, unsigned int vector, const uint8_t *handler)
{
	uint64_t at = GUEST_CODE + (handler - guest_start);

	put64(m, GUEST_IDT + 16 * vector, (at & 0xffff) | GUEST_CS << 16 |
	      (uint64_t)GATE_IRQ << 32 | (at & 0xffff0000) << 32);
	put64(m, GUEST_IDT + 16 * vector + 8, at >> 32);
}

/* The guest's code and the tables it runs on. */
void machine_fill(struct machine *m)
{
	unsigned int i;

	put64(m, GUEST_PML4, GUEST_PDPT | PTE_TABLE);
	for (i = 0; i < 4; i++)
		put64(m, GUEST_PDPT + 8 * i, (GUEST_PD + PAGE_BYTES * i) | PTE_TABLE);
	for (i = 0; i < 4 * 512; i++)
		put64(m, GUEST_PD + 8 * i, i * HUGE_BYTES | PTE_LARGE);
	put64(m, GUEST_GDT + GUEST_CS, DESC_CODE);
	put64(m, GUEST_GDT + GUEST_DS, DESC_DATA);
	put64(m, GUEST_GDT + GUEST_TR, DESC_TSS);
	for (i = 0; i < 32; i++)
		put_gate(m, i, guest_faults + 16 * i);
	put_gate(m, VECTOR_IRQ, guest_irq);
	memcpy(m->mem + GUEST_CODE, guest_start, guest_end - guest_start);
}

/* The user-space part of a round; as little as can be. 1: the routine is through. */
static int handle(const struct stop *stop)
{
	if (stop->kind == STOP_AGAIN)
		return 0;
	if (stop->kind == STOP_IO && stop->addr == PORT_DONE)
		return 1;
	if (stop->kind == STOP_IO && stop->addr == PORT_FAULT) {
		warnx("the guest got exception %u", *(uint8_t *)stop->data);
		return -1;
	}
	if (stop->addr != PORT_USER && stop->addr != GUEST_MMIO) {
		warnx("the guest used address %#llx", (unsigned long long)stop->addr);
		return -1;
	}
	if (!stop->write)
		memset(stop->data, 0xff, stop->len);
	return 0;
}

uint64_t machine_run(struct machine *m, const uint8_t *code, uint64_t rdi, uint64_t rsi,
		     uint64_t r9)
{
	uint64_t rip = GUEST_CODE + (code - guest_start), cost;
	struct stop stop;
	int r;

	put64(m, GUEST_RESULT, 0);
	if (m->ops->start(m, rip, rdi, rsi, r9))
		return 0;
	do {
		if (m->ops->run(m, &stop))
			return 0;
		r = handle(&stop);
	} while (!r);
	if (r < 0)
		return 0;
	memcpy(&cost, m->mem + GUEST_RESULT, sizeof(cost));
	return cost;
}

const struct backend *backend_find(const char *name)
{
	static const struct backend *const backends[] = { &kvm_backend, &vmm_backend };

	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
		if (!strcmp(name, backends[i]->name))
			return backends[i];
	return NULL;
}
