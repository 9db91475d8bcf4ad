/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages of their own, zeroed, as the kernel gives them: what is not used of them costs nothing.
 * Out of a heap in use they would be cleared; and of a process that is forked, each child's.
 */
#ifndef VMCTL_FRESH_H
#define VMCTL_FRESH_H

#include <stddef.h>

/** fresh_alloc() - NULL if there is no memory */
void *fresh_alloc(size_t size);
/** fresh_free() - of the same @size; NULL is fine */
void fresh_free(void *fresh, size_t size);

#endif
