/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_KSM_POLICY_H
#define VMM_KSM_POLICY_H

/*
 * Policies: in which order pages are looked at, which of them are worth a look, and
 * from when on a page counts as one that keeps its content.  Tables of pure functions.
 *
 *	linear		all pages, in order, each as it is found
 *	random		all pages, in an order that the seed and the pass determine
 *	ksm		as Linux's KSM does it: a page is compared with those that are
 *			shared already; with others only if its content is the same as in
 *			the pass before
 *	dirty-clock	as linear, and pages that cannot have changed are passed over
 */

#include <linux/types.h>

/**
 * struct vksm_sight - a page that has been looked at
 * @same:	its content is that of the look before
 * @shared:	at least two others have its content, as far as is known
 */
struct vksm_sight {
	bool same;
	bool shared;
};

/**
 * struct vksm_policy - a policy
 * @name:	for users
 * @place:	the page that is looked at in a step of a pass over an object, up to
 *		vksm_policy_steps(); may be beyond its end.  NULL: in order
 * @steps:	how many steps there are; NULL: as many as pages
 * @passes_over: whether a page that cannot have changed is not looked at again
 * @is_ready:	whether a page takes part; NULL: as it is found
 */
struct vksm_policy {
	const char *name;
	u64 (*place)(u64 salt, u64 step, u64 pages);
	u64 (*steps)(u64 pages);
	bool passes_over;
	bool (*is_ready)(const struct vksm_sight *sight);
};

extern const struct vksm_policy *const vksm_policies[];
extern const unsigned int vksm_nr_policies;

/* The one that a module begins with. */
const struct vksm_policy *vksm_policy_default(void);

/* NULL: there is none of that name. */
const struct vksm_policy *vksm_policy_find(const char *name);

static inline u64 vksm_policy_steps(const struct vksm_policy *policy, u64 pages)
{
	return policy->steps ? policy->steps(pages) : pages;
}

#endif /* VMM_KSM_POLICY_H */
