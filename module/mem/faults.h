/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_FAULTS_H
#define VMM_MEM_FAULTS_H

/*
 * For debug builds (make modules AUDIT=1): of the allocations for guests' memory, its
 * trees and its nested tables, one in as many fails as the module's parameter mem_fail
 * says, chosen at random; none while that is 0.  Without, nothing.
 */

#include <linux/types.h>

#ifdef VMM_MEM_AUDIT
bool vmm_mem_fault(void);
#else
static inline bool vmm_mem_fault(void)
{
	return false;
}
#endif

#endif /* VMM_MEM_FAULTS_H */
