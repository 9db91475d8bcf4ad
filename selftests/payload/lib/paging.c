// SPDX-License-Identifier: GPL-2.0
/* paging.c: see paging.h. */
#include "paging.h"
#include "machine.h"

u64 *pte_of(u64 va, int level)
{
	u64 *table = (u64 *)(read_cr3() & PTE_ADDR);

	for (int l = 4; ; l--) {
		u64 *e = &table[va >> (12 + 9 * (l - 1)) & 511];

		if (l == level)
			return e;
		if (!(*e & PTE_P))
			*e = (u64)alloc_pages(1) | PTE_P | PTE_W | PTE_U;
		table = (u64 *)(*e & PTE_ADDR);
	}
}

void map(u64 va, u64 pa, u64 flags, int level)
{
	*pte_of(va, level) = pa | flags | (level > 1 ? PTE_PS : 0);
	invlpg((void *)va);
}
