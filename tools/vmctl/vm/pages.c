// SPDX-License-Identifier: GPL-2.0
#include <stdint.h>
#include <string.h>

#include "lib/mem_figures.h"
#include "lib/size.h"
#include "vm/pages.h"

#define PAGE		4096

/* Bytes; "none" is as good as 0. */
static int parse_bound(const char *text, uint64_t least, __u64 *to,
		       struct err *err)
{
	char limit[SIZE_TEXT_LEN];
	uint64_t value = 0;

	if (strcmp(text, "none") &&
	    (size_parse(text, &value) || value % PAGE || value > INT64_MAX))
		return err_set(err, VMCTL_USAGE,
			       "neither a size that is a multiple of %d bytes nor none",
			       PAGE);
	if (value && value < least)
		return err_set(err, VMCTL_USAGE, "a limit is %s at least",
			       size_text(limit, least));
	*to = value;
	return 0;
}

static int parse_shares(const char *text, __u32 *to, struct err *err)
{
	uint64_t value;

	if (uint_parse(text, &value) || !value || value > VMM_MEM_MAX_SHARES)
		return err_set(err, VMCTL_USAGE, "shares are 1 to %d",
			       VMM_MEM_MAX_SHARES);
	*to = (__u32)value;
	return 0;
}

int pages_parse(struct pages *p, enum pages_word word, const char *text,
		struct err *err)
{
	int ret = word == PAGES_SHARES ?
			  parse_shares(text, &p->policy.shares, err) :
		  word == PAGES_LIMIT ?
			  parse_bound(text, VMM_MEM_MIN_LIMIT,
				      &p->policy.limit, err) :
			  parse_bound(text, 0, &p->policy.min, err);

	if (!ret)
		p->told |= 1U << word;
	return ret;
}

static bool has_told(const struct pages *p, enum pages_word word)
{
	return p->told & 1U << word;
}

bool pages_wants(const struct pages *p, enum pages_word word)
{
	if (!has_told(p, word))
		return false;
	switch (word) {
	case PAGES_LIMIT:
		return p->policy.limit;
	case PAGES_MIN:
		return p->policy.min;
	default:
		return p->policy.shares != VMM_MEM_SHARES;
	}
}

static int check(const struct vmm_mem_policy *policy, struct err *err)
{
	char min[SIZE_TEXT_LEN], limit[SIZE_TEXT_LEN];

	if (!policy->limit || policy->min <= policy->limit)
		return 0;
	return err_set(err, VMCTL_USAGE, "the minimum, %s, is above the limit, %s",
		       size_text(min, policy->min),
		       size_text(limit, policy->limit));
}

int pages_check(const struct pages *p, struct err *err)
{
	return has_told(p, PAGES_LIMIT) && has_told(p, PAGES_MIN) ?
	       check(&p->policy, err) : 0;
}

int pages_set(const struct pages *p, int memory, struct err *err)
{
	struct vmm_mem_policy policy = p->policy;
	struct mem_figures is;

	if (!p->told)
		return 0;
	if (mem_figures_read(memory, &is, err))
		return -1;
	if (!has_told(p, PAGES_LIMIT))
		policy.limit = is.limit;
	if (!has_told(p, PAGES_MIN))
		policy.min = is.min;
	if (!has_told(p, PAGES_SHARES))
		policy.shares = is.shares;
	return check(&policy, err) ? -1 :
	       vmm_mem_set_policy(memory, &policy, err);
}
