/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The control side: how VMs are seen and steered from outside of their process.
 *
 *	ctl.c		start and end; what core tells goes to the others
 *	sysfs.c		/sys/kernel/vmm
 *	debugfs.c	/sys/kernel/debug/vmm
 *	netlink.c	the generic-netlink family: policies, operations, look-up, rights
 *	nl_get.c	operations that tell
 *	nl_ksm.c	that which tells of deduplication
 *	nl_act.c	operations that change
 *	events.c	multicast
 *
 * Documentation/netlink.rst has the rules.
 */
#ifndef VMM_CTL_CTL_H
#define VMM_CTL_CTL_H

/* Before the first VM and after the last. */
int vmm_ctl_init(void);
void vmm_ctl_exit(void);

#endif
