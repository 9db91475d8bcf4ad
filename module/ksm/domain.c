// SPDX-License-Identifier: GPL-2.0
/*
 * Domains: which pages may become one with which.
 *
 * A domain is a family's, as a page that leaves to be merged leaves for all objects of
 * the family.  It goes into hashes as a salt, so that pages of different domains are never
 * equal to the index; and what is merged is known by the index of its domain alone.
 *
 * A family that gets another domain, or is not to be merged any more, is barred first: no
 * scan sees it, no merge of its pages gets a frame, and what was known of it is
 * forgotten.  Then its merged frames become pages.  Then it is as it was made to be, or, where
 * memory failed, as it was before.  Who has found candidates in it has the salt that
 * they were found with, and is refused if it is another by then.
 */

#include <linux/atomic.h>
#include <linux/mm.h>

#include "ksm/inner.h"
#include "mem/family.h"
#include "mem/mem.h"
#include "mem/registry.h"
#include "mem/unmerge.h"

/* Below are those of users, by their number. */
static atomic64_t last_domain = ATOMIC64_INIT(1ULL << 32);

/* Objects that come meanwhile are barred, too. */
static void forget(struct vmm_family *family)
{
	struct vmm_mem *mem;
	u32 id = 0;

	while ((mem = vmm_registry_next(id))) {
		id = mem->id + 1;
		if (mem->family == family)
			vksm_forget_object(mem->id);
		vmm_mem_unref(mem);
		cond_resched();
	}
}

/* From here to leave(): nothing of the family is merged. */
static void bar(struct vmm_family *family)
{
	mutex_lock(&vksm_lock);
	family->merging.barred++;
	mutex_unlock(&vksm_lock);
	forget(family);
}

/* @domain, @off: what becomes of it, or NULL: who changes the other one meanwhile has his way. */
static void unbar(struct vmm_family *family, const u64 *domain, const bool *off)
{
	mutex_lock(&vksm_lock);
	family->merging.barred--;
	if (domain)
		WRITE_ONCE(family->merging.domain, *domain);
	if (off)
		WRITE_ONCE(family->merging.off, *off);
	mutex_unlock(&vksm_lock);
}

static int change(struct vmm_family *family, const u64 *domain, const bool *off)
{
	int err;

	bar(family);
	err = vmm_family_unmerge(family);
	unbar(family, err ? NULL : domain, err ? NULL : off);
	return err;
}

u64 vksm_domain_new(void)
{
	return atomic64_inc_return(&last_domain);
}

u64 vksm_domain(const struct vmm_mem *mem)
{
	return READ_ONCE(mem->family->merging.domain);
}

int vksm_set_domain(struct vmm_mem *mem, u64 domain)
{
	return domain == vksm_domain(mem) ? 0 :
	       change(mem->family, &domain, NULL);
}

bool vksm_enabled(const struct vmm_mem *mem)
{
	return !READ_ONCE(mem->family->merging.off);
}

int vksm_set_enabled(struct vmm_mem *mem, bool on)
{
	bool off = !on;

	return on == vksm_enabled(mem) ? 0 : change(mem->family, NULL, &off);
}
