/* SPDX-License-Identifier: GPL-2.0 */
/* What a host of one processor works, where its clock counts instructions. */
#ifndef BENCH_BUSY_H
#define BENCH_BUSY_H

#include <stdint.h>

/*
 * Ticks of the time-stamp counter in which the processor was not idle, less those that
 * asking took.
 */
uint64_t busy(void);

#endif
