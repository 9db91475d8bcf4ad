/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_PRESSURE_H
#define VMM_MEM_PRESSURE_H

/*
 * Whose pages leave memory, and when: see pressure.c.
 */

#include <linux/types.h>

struct vmm_family;

/* A family's claim to memory, unless it is given another. */
#define VMM_SHARES_DEFAULT	1000U

/* Of all pages; all in use until something else is known. */
#define VMM_ALL_ACTIVE		1000U

/**
 * struct vmm_policy - what is a family's due
 * @limit:	pages that it may have in memory, merged ones included; 0: as many as it likes
 * @min:	pages that are left to it when others need memory
 * @shares:	its claim, beside those of others, not 0
 * @active:	of a thousand of its pages, those in use; sampled
 * @sampled:	when, in jiffies; 0: never
 * @barren:	until when it is not asked, as nothing of it could leave; 0: it is
 * @hand:	the block where the next sample is taken
 *
 * Read and written without a lock: each value counts by itself.
 */
struct vmm_policy {
	unsigned long limit;
	unsigned long min;
	unsigned int shares;
	unsigned int active;
	unsigned long sampled;
	unsigned long barren;
	unsigned long hand;
};

/**
 * struct vmm_room - attempts to make room for one allocation
 * @turns:	how many there were
 * @vain:	those in which nothing of the family's own left
 * @hurried:	what had been given up has been waited for
 * @left:	what family->left was when there seemed to be none to be made
 */
struct vmm_room {
	unsigned int turns;
	unsigned int vain;
	bool hurried;
	unsigned long left;
};

/**
 * vmm_policy_price() - how much memory a family has for its claim
 * @pages:	in memory
 * @shares:	its claim
 * @active:	of a thousand pages
 * @tax:	percent, 0 to 99
 *
 * The inverse of a price per share: who has most pays first.  A page that is idle
 * counts as 1 / (1 - tax) pages, so that a tax of 75 % makes it count four times:
 * "min-funding revocation" with an idle memory tax, after C. Waldspurger, "Memory
 * Resource Management in VMware ESX Server", OSDI 2002, section 5.
 *
 * Return: a number to be compared.
 */
static inline u64 vmm_policy_price(u64 pages, unsigned int shares,
				   unsigned int active, unsigned int tax)
{
	u64 weight = (u64)active * (100 - tax) +
		     (u64)(VMM_ALL_ACTIVE - active) * 100;

	return pages * weight / (100 - tax) * 1000 / shares;
}

int vmm_pressure_init(void);
void vmm_pressure_exit(void);

void vmm_policy_init(struct vmm_policy *policy);
void vmm_policy_set(struct vmm_policy *policy, unsigned long limit,
		    unsigned long min, unsigned int shares);
bool vmm_policy_is_full(const struct vmm_family *family, bool merged);
int vmm_policy_enforce(struct vmm_family *family);
bool vmm_make_room(struct vmm_family *family, struct vmm_room *room);
bool vmm_policy_has_reserve(const struct vmm_family *family, bool merged);

#endif /* VMM_MEM_PRESSURE_H */
