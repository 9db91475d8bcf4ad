// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations that fail at random, in debug builds: see faults.h.
 */

#include <linux/atomic.h>
#include <linux/compiler.h>
#include <linux/moduleparam.h>
#include <linux/random.h>

#include "mem/faults.h"

static unsigned int mem_fail;
module_param(mem_fail, uint, 0600);
MODULE_PARM_DESC(mem_fail, "One in this many allocations of guests' memory fails; 0: none");

static atomic_t failed;
module_param_named(mem_failed, failed.counter, int, 0400);
MODULE_PARM_DESC(mem_failed, "How many have failed");

/**
 * vmm_mem_fault() - whether an allocation is to fail
 */
bool vmm_mem_fault(void)
{
	unsigned int one_in = READ_ONCE(mem_fail);

	if (!one_in || get_random_u32() % one_in)
		return false;
	atomic_inc(&failed);
	return true;
}
