/* SPDX-License-Identifier: GPL-2.0 */
/* modes.h: what the 16-, 32- and 64-bit parts of modes.c share. */
#ifndef PAYLOAD_MODES_H
#define PAYLOAD_MODES_H

#define BLOB		0x6000		/* the 16-bit code runs here */
#define IVT		0x5000		/* its interrupt table, moved from 0 */
#define RESULTS		0x5800		/* 32-bit words, by the numbers below */
#define STACK16		0x5800		/* grows down */

/* What the real-mode part leaves in its results. */
#define R_PE		0
#define R_SEGMENT	1
#define R_A20		2
#define R_INT		3
#define R_INT_IF	4
#define R_LIMIT		5
#define R_DIVIDE	6
#define R_UD		7
#define R_CPUID		8
#define R_MSR		9
#define R_BIG		10
#define R_MMIO		11
#define R_STRING	12
#define R_PORT		13
#define R_FAR		14
#define R_STACK		15
#define R_IRQ		16
#define R_ALIVE		17
#define R_COUNT		18

#ifndef __ASSEMBLER__
#include "mode32.h"
#endif
#endif
