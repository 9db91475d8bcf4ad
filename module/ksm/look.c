// SPDX-License-Identifier: GPL-2.0
/*
 * A look at a page: see look.h.  Vector registers are taken for one page at a time.
 */

#include <linux/io.h>
#include <asm/fpu/api.h>

#include "ksm/look.h"

bool vksm_page_look(const struct vksm_key *key, bool aes, bool zeros,
		    unsigned long phys, u64 *hash)
{
	const void *page = __va(phys);
	bool zero;

	if (!aes) {
		zero = zeros && vksm_page_is_zero(page);
		if (!zero)
			*hash = vksm_hash_mul(key, page);
		return zero;
	}
	kernel_fpu_begin();
	zero = zeros && vksm_page_is_zero_sse(page);
	if (!zero)
		*hash = vksm_hash_aes(key, page);
	kernel_fpu_end();
	return zero;
}
