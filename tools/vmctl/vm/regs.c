// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "vm/regs.h"

#define RFLAGS_FIXED	0x2ULL

#define CR0_PE		(1ULL << 0)
#define CR0_ET		(1ULL << 4)
#define CR0_NE		(1ULL << 5)
#define CR0_PG		(1ULL << 31)
#define CR4_PAE		(1ULL << 5)
#define EFER_LME	(1ULL << 8)
#define EFER_LMA	(1ULL << 10)

/* Segment attributes, in struct vmm_segment's form. */
#define ATTR_CODE32	0xc09b	/* granular, 32-bit, present, execute-read */
#define ATTR_CODE64	0xa09b	/* likewise, 64-bit */
#define ATTR_DATA	0xc093	/* granular, 32-bit, present, read-write */
#define ATTR_TSS	0x008b	/* present, busy */

static struct vmm_segment flat(uint16_t selector, uint32_t attr)
{
	return (struct vmm_segment){
		.limit = UINT32_MAX,
		.selector = selector,
		.attr = attr,
	};
}

void regs_for_entry(const struct boot_entry *entry, struct vmm_regs *regs,
		    struct vmm_sregs *sregs)
{
	bool is_long = entry->mode == BOOT_LONG;
	struct vmm_segment data = flat(BOOT_DS, ATTR_DATA);

	*regs = (struct vmm_regs){
		.rip = entry->rip,
		.rax = entry->rax,
		.rbx = entry->rbx,
		.rsi = entry->rsi,
		.rflags = RFLAGS_FIXED,
	};
	sregs->cs = flat(BOOT_CS, is_long ? ATTR_CODE64 : ATTR_CODE32);
	sregs->ds = sregs->es = sregs->ss = sregs->fs = sregs->gs = data;
	sregs->tr = (struct vmm_segment){
		.limit = 0x67, .selector = BOOT_TSS, .attr = ATTR_TSS,
	};
	sregs->ldtr = (struct vmm_segment){ .attr = VMM_SEG_UNUSABLE };
	sregs->gdtr = (struct vmm_dtable){
		.base = entry->gdt, .limit = BOOT_GDT_SIZE - 1,
	};
	sregs->idtr = (struct vmm_dtable){ 0 };
	sregs->cr0 = CR0_PE | CR0_ET;
	sregs->cr4 = 0;
	sregs->efer = 0;
	if (!is_long)
		return;
	sregs->cr0 |= CR0_PG | CR0_NE;
	sregs->cr3 = entry->cr3;
	sregs->cr4 = CR4_PAE;
	sregs->efer = EFER_LME | EFER_LMA;
}

__attribute__((format(printf, 3, 4)))
static void add(char *buf, size_t size, const char *fmt, ...)
{
	size_t len = strlen(buf);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf + len, size - len, fmt, ap);
	va_end(ap);
}

static void add_segment(char *buf, size_t size, const char *name,
			const struct vmm_segment *s)
{
	add(buf, size, "  %-4s %04x base %016" PRIx64 " limit %08x attr %05x\n",
	    name, s->selector, (uint64_t)s->base, s->limit, s->attr);
}

void regs_text(char *buf, size_t size, const struct vmm_regs *regs,
	       const struct vmm_sregs *sregs)
{
	static const char *const names[] = {
		"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
		"r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
		"rip", "rflags",
	};
	const uint64_t values[] = {
		regs->rax, regs->rcx, regs->rdx, regs->rbx, regs->rsp,
		regs->rbp, regs->rsi, regs->rdi, regs->r8, regs->r9, regs->r10,
		regs->r11, regs->r12, regs->r13, regs->r14, regs->r15,
		regs->rip, regs->rflags,
	};
	unsigned int i;

	buf[0] = 0;
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		add(buf, size, "  %-6s %016" PRIx64 "%s", names[i], values[i],
		    i % 3 == 2 ? "\n" : "");
	add_segment(buf, size, "cs", &sregs->cs);
	add_segment(buf, size, "ss", &sregs->ss);
	add_segment(buf, size, "ds", &sregs->ds);
	add_segment(buf, size, "tr", &sregs->tr);
	add(buf, size, "  gdt  %016" PRIx64 " limit %04x  idt %016" PRIx64
	    " limit %04x\n", (uint64_t)sregs->gdtr.base, sregs->gdtr.limit,
	    (uint64_t)sregs->idtr.base, sregs->idtr.limit);
	add(buf, size, "  cr0 %" PRIx64 " cr2 %" PRIx64 " cr3 %" PRIx64
	    " cr4 %" PRIx64 " efer %" PRIx64 "\n", (uint64_t)sregs->cr0,
	    (uint64_t)sregs->cr2, (uint64_t)sregs->cr3, (uint64_t)sregs->cr4,
	    (uint64_t)sregs->efer);
}
