/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_KSM_LOOK_H
#define VMM_KSM_LOOK_H

/*
 * A page that somebody may be writing, looked at: whether it is zero, and its hash.
 */

#include "ksm/hash.h"

/**
 * vksm_page_look() - look at a page
 * @key:	of the hash
 * @aes:	which of the two it is
 * @zeros:	zero pages are told apart; else they have a hash, too
 * @phys:	where the page is; it stays there meanwhile, by RCU or a reference
 * @hash:	unless the page is zero
 *
 * Return: whether it is zero.
 */
bool vksm_page_look(const struct vksm_key *key, bool aes, bool zeros,
		    unsigned long phys, u64 *hash);

#endif /* VMM_KSM_LOOK_H */
