/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_KSM_LOOK_H
#define VMM_KSM_LOOK_H

/*
 * Pages that somebody may be writing, looked at: whether they are zero, and their hashes.
 */

#include "ksm/engine.h"
#include "ksm/hash.h"

/* The instructions that do it; the last two make the same hash. */
enum vksm_way {
	VKSM_WAY_MUL,
	VKSM_WAY_AES,
	VKSM_WAY_VAES,
};

/* The best that there is for this hash. */
enum vksm_way vksm_look_way(bool aes);

/* Pages at once, while the processor can't be given to another task. */
#define VKSM_LOOKS		8

/**
 * vksm_pages_look() - look at some pages
 * @key:	of the hash
 * @way:	which one, and how
 * @zeros:	zero pages are told apart; else they have a hash, too
 * @look:	where they are; receives @zero, and @hash, 0 if the page is zero
 * @nr:		how many, VKSM_LOOKS at most
 *
 * They stay where they are meanwhile, by RCU or references.
 */
void vksm_pages_look(const struct vksm_key *key, enum vksm_way way, bool zeros,
		     struct vksm_look *look, unsigned int nr);

/* Likewise at one page; whether it is zero. */
static inline bool vksm_page_look(const struct vksm_key *key, enum vksm_way way,
				  bool zeros, unsigned long phys, u64 *hash)
{
	struct vksm_look look = { .phys = phys };

	vksm_pages_look(key, way, zeros, &look, 1);
	*hash = look.hash;
	return look.zero;
}

#endif /* VMM_KSM_LOOK_H */
