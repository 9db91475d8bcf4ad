/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The port of memory objects' trees for tests: "physical" pages live in an arena of
 * the test's, which knows who has what and refuses memory when it likes.
 */
#ifndef UNIT_MEM_PORT_H
#define UNIT_MEM_PORT_H

#include <errno.h>
#include <stdbool.h>
#include <linux/atomic.h>
#include <linux/kernel.h>

#include "mem/tree.h"

unsigned long vmm_port_page_alloc(bool zeroed);
unsigned long vmm_port_block_alloc(void);
void vmm_port_page_free(unsigned long phys);
void vmm_port_page_copy(unsigned long to, unsigned long from);
void vmm_port_page_thaw(unsigned long phys);
bool vmm_port_page_busy(unsigned long phys);
unsigned long *vmm_port_page_count(unsigned long phys);
void vmm_port_merged_get(unsigned long frame, unsigned long names);
void vmm_port_merged_put(unsigned long frame);
unsigned long *vmm_port_away_count(unsigned long away);
unsigned long *vmm_port_away_phys(unsigned long away);
void vmm_port_away_free(struct vmm_totals *totals, unsigned long away);
void *vmm_port_va(unsigned long phys);
unsigned long vmm_port_phys(const void *va);
struct vmm_root *vmm_port_root_alloc(size_t size);
void vmm_port_root_free(struct vmm_root *root);

static inline void vmm_port_publish(unsigned long *slot, unsigned long word)
{
	*slot = word;
}

static inline void vmm_port_breathe(void)
{
}

static inline void vmm_port_mark(unsigned long *slot, unsigned long mark)
{
	*slot |= mark;
}

#endif
