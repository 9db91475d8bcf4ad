// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations that fail at random, in debug builds: see faults.h.
 */

#include <linux/compiler.h>
#include <linux/moduleparam.h>
#include <linux/random.h>

#include "mem/faults.h"

static unsigned int mem_fail;
module_param(mem_fail, uint, 0600);
MODULE_PARM_DESC(mem_fail, "One in this many allocations of guests' memory fails; 0: none");

/**
 * vmm_mem_fault() - whether an allocation is to fail
 */
bool vmm_mem_fault(void)
{
	unsigned int one_in = READ_ONCE(mem_fail);

	return one_in && !(get_random_u32() % one_in);
}
