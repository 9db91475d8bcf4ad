/* SPDX-License-Identifier: GPL-2.0 */
/*
 * paging.h: page tables of the running address space.
 *
 * Tests map pages of their own between TEST_BASE and the end of its PML4 slot;
 * the identity map and its user alias (start.S) are not theirs to change.
 */
#ifndef PAYLOAD_PAGING_H
#define PAYLOAD_PAGING_H

#include "cpu.h"

#define USER_ALIAS	(1ull << 39)	/* CPL 3's view of the first 4 GiB */
#define TEST_BASE	(2ull << 39)	/* free for tests, one PML4 slot */

#define PTE_P		BIT(0)
#define PTE_W		BIT(1)
#define PTE_U		BIT(2)
#define PTE_PWT		BIT(3)
#define PTE_PCD		BIT(4)
#define PTE_A		BIT(5)
#define PTE_D		BIT(6)
#define PTE_PS		BIT(7)
#define PTE_PAT		BIT(7)
#define PTE_G		BIT(8)
#define PTE_NX		BIT(63)
#define PTE_ADDR	MASK(51, 12)

#define PF_P		BIT(0)
#define PF_W		BIT(1)
#define PF_U		BIT(2)
#define PF_RSVD		BIT(3)
#define PF_I		BIT(4)

extern u64 boot_pml4[512];

/*
 * The entry for @va at @level (1: 4 KiB ... 4: PML4), made with intermediate
 * tables that allow everything. Set it, then invlpg() as the case needs.
 */
u64 *pte_of(u64 va, int level);
void map(u64 va, u64 pa, u64 flags, int level);

#define user_ptr(p)	((__typeof__(p))((u64)(p) + USER_ALIAS))

#endif
