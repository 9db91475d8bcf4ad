// SPDX-License-Identifier: GPL-2.0
/*
 * Looks at pages: see look.h.
 */

#include <linux/io.h>
#include <asm/cpufeature.h>
#include <asm/fpu/api.h>
#include <asm/fpu/xcr.h>

#include "ksm/look.h"

enum vksm_way vksm_look_way(bool aes)
{
	if (!aes)
		return VKSM_WAY_MUL;
	if (boot_cpu_has(X86_FEATURE_VAES) && boot_cpu_has(X86_FEATURE_AVX2) &&
	    boot_cpu_has(X86_FEATURE_OSXSAVE) &&
	    cpu_has_xfeatures(XFEATURE_MASK_SSE | XFEATURE_MASK_YMM, NULL))
		return VKSM_WAY_VAES;
	return VKSM_WAY_AES;
}

static void look_by_mul(const struct vksm_key *key, bool zeros,
			struct vksm_look *look)
{
	const void *page = __va(look->phys);

	look->zero = zeros && vksm_page_is_zero(page);
	look->hash = look->zero ? 0 : vksm_hash_mul(key, page);
}

static void look_by_aes(const struct vksm_key *key, enum vksm_way way,
			bool zeros, struct vksm_look *look)
{
	const void *page = __va(look->phys);

	look->zero = zeros && vksm_page_is_zero_sse(page);
	look->hash = 0;
	if (!look->zero)
		look->hash = way == VKSM_WAY_VAES ? vksm_hash_vaes(key, page) :
						    vksm_hash_aes(key, page);
}

void vksm_pages_look(const struct vksm_key *key, enum vksm_way way, bool zeros,
		     struct vksm_look *look, unsigned int nr)
{
	unsigned int i;

	if (way == VKSM_WAY_MUL) {
		for (i = 0; i < nr; i++)
			look_by_mul(key, zeros, &look[i]);
		return;
	}
	kernel_fpu_begin();
	for (i = 0; i < nr; i++)
		look_by_aes(key, way, zeros, &look[i]);
	kernel_fpu_end();
}
