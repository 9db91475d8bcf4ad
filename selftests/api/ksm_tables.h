/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest that rewrites its page tables without end.
 *
 * Page 0 of an object is a page directory, which maps the guest's memory and the object as they are, and
 * by four tables a window of 16 MiB; whose pages are the object's 64 pages of data, in
 * an order that turns by one in each round.
 */
#ifndef KSM_TABLES_H
#define KSM_TABLES_H

#include "ksm.h"

#include <linux/vmm_mem.h>

#define TABLES_RAM	(2 * VT_MB)
#define TABLES_SIZE	(4 * VT_MB)
#define TABLES_GPA	0x1000000UL
#define TABLES		16UL		/* of the window, four */
#define TABLES_DATA	64UL
#define TABLES_ENTRIES	4096UL

#define PTE(_gpa)	((uint32_t)(_gpa) | 7)	/* present, writable, for all */

/*
 * ecx rounds from the one in ebx on: each page of the window is looked at and written to; then tables
 * are made for the next round.
 */
VT_BLOB(tables_churn,
	"1: xor %edi, %edi\n"
	"2: mov %edi, %eax\n"
	"shr $10, %eax\n"
	"mov %edi, %edx\n"
	"and $1023, %edx\n"
	"add %edx, %eax\n"
	"add %ebx, %eax\n"
	"and $63, %eax\n"
	"mov %edi, %edx\n"
	"shl $12, %edx\n"
	"add $0x4000000, %edx\n"
	"cmp %eax, (%edx)\n"
	"jne 9f\n"
	"mov %eax, 4(%edx)\n"
	"inc %edi\n"
	"cmp $4096, %edi\n"
	"jb 2b\n"
	"inc %ebx\n"
	"xor %edi, %edi\n"
	"3: mov %edi, %eax\n"
	"shr $10, %eax\n"
	"mov %edi, %edx\n"
	"and $1023, %edx\n"
	"add %edx, %eax\n"
	"add %ebx, %eax\n"
	"and $63, %eax\n"
	"shl $12, %eax\n"
	"add $0x1040007, %eax\n"
	"mov %eax, 0x1010000(,%edi,4)\n"
	"inc %edi\n"
	"cmp $4096, %edi\n"
	"jb 3b\n"
	"mov %cr3, %eax\n"
	"mov %eax, %cr3\n"
	"dec %ecx\n"
	"jnz 1b\n"
	"out %al, $0x80\n"
	"hlt\n"
	"9: out %al, $0x81\n"
	"hlt");

static void tables_fill(unsigned char *p)
{
	uint32_t *dir = (uint32_t *)p, i;
	uint32_t *ram = (uint32_t *)(p + VT_PAGE);
	uint32_t *self = (uint32_t *)(p + 2 * VT_PAGE);
	uint32_t *window = (uint32_t *)(p + TABLES * VT_PAGE);

	dir[0] = PTE(TABLES_GPA + VT_PAGE);
	dir[4] = PTE(TABLES_GPA + 2 * VT_PAGE);
	for (i = 0; i < 4; i++)
		dir[16 + i] = PTE(TABLES_GPA + (TABLES + i) * VT_PAGE);
	for (i = 0; i < 1024; i++) {
		ram[i] = PTE(i * VT_PAGE);
		self[i] = PTE(TABLES_GPA + i * VT_PAGE);
	}
	for (i = 0; i < TABLES_ENTRIES; i++)
		window[i] = PTE(TABLES_GPA + (TABLES_DATA + ((i >> 10) + (i & 1023)) % 64) * VT_PAGE);
	for (i = 0; i < 64; i++) {
		memset(p + (TABLES_DATA + i) * VT_PAGE, 0x5a, VT_PAGE);
		*(uint32_t *)(p + (TABLES_DATA + i) * VT_PAGE) = i;
	}
}

/* A machine, whose memory object is told. */
static int tables_make(struct vt *t)
{
	struct vmm_create_mem c = {
		.size = TABLES_SIZE, .flags = VMM_MEM_SMALL_PAGES,
	};
	int fd = ioctl(vt_dev, VMM_CREATE_MEM, &c);
	unsigned char *p = fd < 0 ? NULL : vt_map(fd, TABLES_SIZE);

	if (!p)
		vt_bail("memory");
	tables_fill(p);
	munmap(p, TABLES_SIZE);
	vt_make(t, 1, TABLES_RAM);
	VT_LOAD(t, tables_churn);
	if (vt_set_slot(t->vm, 1, TABLES_GPA, TABLES_SIZE, fd, 0, 0))
		vt_bail("slot");
	return fd;
}

/* With paging on, from a round on; port 0x80 tells that all was found where it should be. */
static void tables_start(struct vt *t, uint32_t from, uint32_t rounds)
{
	struct vmm_sregs sregs;
	struct vmm_regs regs;

	vt_start(t, 0, VT_CODE);
	ioctl(t->cpu[0], VMM_VCPU_GET_SREGS, &sregs);
	sregs.cr3 = TABLES_GPA;
	sregs.cr0 |= 0x80000000;
	ioctl(t->cpu[0], VMM_VCPU_GET_REGS, &regs);
	regs.rbx = from;
	regs.rcx = rounds;
	if (ioctl(t->cpu[0], VMM_VCPU_SET_SREGS, &sregs) ||
	    ioctl(t->cpu[0], VMM_VCPU_SET_REGS, &regs))
		vt_bail("paging");
}

#endif
