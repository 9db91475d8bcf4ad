/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Size and last field of each structure of the interface, as the compiler lays
 * them out for 64-bit callers and, from another object of abi.c, for 32-bit
 * ones, where 8-byte fields are aligned to 4.
 */
#ifndef ABI32_H
#define ABI32_H

#include <stddef.h>

struct abi_struct {
	const char *name;
	unsigned int size, last;
};

extern const struct abi_struct abi32[], abi64[];
extern const size_t abi_count;

#endif
