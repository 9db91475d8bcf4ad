/* SPDX-License-Identifier: GPL-2.0 */
/* tasks.h: what the parts of tasks.c share. */
#ifndef PAYLOAD_TASKS_H
#define PAYLOAD_TASKS_H

#define LOW		0x6000		/* code that has to be below 64 KiB */
#define LOW_STACK	0x5800

/* Selectors of tasks.c's own GDT, whose first entries are the library's. */
#define SEL_MAIN	0x50		/* the task that tests */
#define SEL_OTHER	0x58		/* the one that it switches to */
#define SEL_FAULT	0x60		/* those of #DF, #TS, #NP, #SS, #GP; 8 apart */
#define SEL_TSS16	0x88
#define SEL_LDT		0x90
#define SEL_ABSENT	0x98		/* data that is not present */
#define SEL_NO_CODE	0xa0		/* likewise code */
#define SEL_NO_TSS	0xa8		/* likewise a TSS */
#define SEL_SHORT	0xb0		/* a TSS with too low a limit */
#define SEL_GATE	0xb8		/* a task gate to SEL_OTHER */
#define SEL_READ_ONLY	0xc0
#define SEL_LDT_DATA	0x04		/* in the LDT */

#ifndef __ASSEMBLER__
#include "mode32.h"
#endif
#endif
