/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The host's LDT after a world switch.
 */
#ifndef VMM_X86_LDT_H
#define VMM_X86_LDT_H

/*
 * Loads the LDT that the current process has, if it has one; before its segment
 * registers are loaded again.  Preemption off, on the vCPU's own thread.
 */
void vmm_ldt_renew(void);

#endif
