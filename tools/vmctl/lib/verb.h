/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the process of a machine in the background can be asked over its control
 * socket (lib/talk.h), beyond what the kernel can be.
 */
#ifndef VMCTL_VERB_H
#define VMCTL_VERB_H

#include <linux/vmm.h>

enum {
	VERB_REGS = 1,	/* u32: a vCPU; the reply is a struct verb_regs */
};

/** struct verb_regs - @vcpus: how many the machine has */
struct verb_regs {
	__u32 vcpus;
	__u32 pad;
	struct vmm_regs regs;
	struct vmm_sregs sregs;
};

#endif
