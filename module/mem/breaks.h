/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_MEM_BREAKS_H
#define VMM_MEM_BREAKS_H

/*
 * Breaks: copies of merged frames for who wants a page of his own; how many, for whom, how long
 * they took, and how old the frames were.
 */

#include <linux/types.h>

/* For whom a frame's content was copied to a page of his own. */
enum vmm_break {
	VMM_BREAK_GUEST,	/* a vCPU's write, or one for it by the kernel */
	VMM_BREAK_WALK,		/* a write to the guest's page tables by who walks them */
	VMM_BREAK_HOST,		/* a mapping of user space that may write */
	VMM_BREAK_PIN,		/* who pins pages by such a mapping */
	VMM_BREAK_UNMERGE,
	VMM_NR_BREAKS,
};

/* Times of less than 2 ns, of 2 to 3, 4 to 7, ...; the last place has all above, too. */
#define VMM_BREAK_TIMES	48

/**
 * struct vmm_break_way - how one was made
 * @why:	for whom; not VMM_BREAK_UNMERGE
 * @began:	when that began, by ktime_get_ns()
 * @flushes:	how often CPUs had to forget translations for it
 */
struct vmm_break_way {
	enum vmm_break why;
	u64 began;
	unsigned int flushes;
};

/**
 * struct vmm_breaks - what was counted; of those but VMM_BREAK_UNMERGE times, too
 * @why:	how many, by enum vmm_break
 * @took:	how many took so long
 * @age:	how many were of a frame so old
 * @ns:		sum of times
 * @flushes:	how often CPUs had to forget translations, for all of them
 */
struct vmm_breaks {
	u64 why[VMM_NR_BREAKS];
	u64 took[VMM_BREAK_TIMES];
	u64 age[VMM_BREAK_TIMES];
	u64 ns;
	u64 flushes;
};

static inline u64 vmm_break_time_least(unsigned int place)
{
	return place ? 1ULL << place : 0;
}

/* A frame is made; a copy of one, which is not gone yet, was made for a page of an object. */
void vmm_breaks_begin(unsigned long frame);
void vmm_breaks_count(u32 mem, u64 index, unsigned long frame,
		      const struct vmm_break_way *way);

/* Some by who takes all apart, with so many flushes; the first of them is at @index. */
void vmm_breaks_unmerge(u64 index, unsigned int nr, unsigned long flushes);

/* All since @base, or ever, if that is NULL: sums of @why, @took and @age go together. */
void vmm_breaks_read(const struct vmm_breaks *base, struct vmm_breaks *out);

#endif /* VMM_MEM_BREAKS_H */
