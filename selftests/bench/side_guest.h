/* SPDX-License-Identifier: GPL-2.0 */
/* The guest that has the memory of side_vmm.c.  Whatever fails ends the program. */
#ifndef BENCH_SIDE_GUEST_H
#define BENCH_SIDE_GUEST_H

#include <stddef.h>
#include <stdint.h>

void side_guest_make(void);
void side_guest_free(void);

/* It has area @i; where. */
uint64_t side_guest_add(unsigned int i, int fd, size_t bytes);

/* It writes to pages, and changes nothing. */
void side_guest_write(uint64_t gpa, unsigned long pages);

#endif
