/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_SUM_H
#define VMM_MEM_SUM_H

/*
 * Checksums of what goes to a swap file: 64 bits, which tell damage.  They are no
 * defence against who can write to the file and knows the key.
 */

#include <linux/types.h>

u64 vmm_sum(const void *data, unsigned int length, u64 key);

#endif /* VMM_MEM_SUM_H */
