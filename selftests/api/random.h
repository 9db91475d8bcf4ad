/* SPDX-License-Identifier: GPL-2.0 */
/* Bytes that look random, the same in each run. */
#ifndef VMM_RANDOM_H
#define VMM_RANDOM_H

#include <stddef.h>

#include "rnd.h"

static inline void fill_random(void *p, size_t len)
{
	unsigned char *c = p;

	while (len--)
		*c++ = rnd();
}

#endif
