// SPDX-License-Identifier: GPL-2.0
/*
 * Breaks of merged frames: see breaks.h.
 *
 * Each processor counts for itself, as breaks of different families have nothing in common.  What
 * belongs to one break is counted in one section of a sequence counter, so that who reads
 * never sees a part of it: sums by cause, time and age are of the same breaks.
 */

#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/seqlock.h>
#include <linux/string.h>

#include "compat.h"
#include "mem/breaks.h"

#define CREATE_TRACE_POINTS
#include "mem/trace.h"

/**
 * struct break_count - what a processor has counted
 * @seq:	odd while it does
 * @sum:	changed on that processor alone, without preemption
 */
struct break_count {
	seqcount_t seq;
	struct vmm_breaks sum;
};

static DEFINE_PER_CPU(struct break_count, counts);

static unsigned int place_of(u64 ns)
{
	return ns < 2 ? 0 : min_t(unsigned int, ilog2(ns), VMM_BREAK_TIMES - 1);
}

static unsigned long *birth_of(unsigned long frame)
{
	return vmm_page_second_word(pfn_to_page(frame >> PAGE_SHIFT));
}

void vmm_breaks_begin(unsigned long frame)
{
	*birth_of(frame) = ktime_get_ns();
}

void vmm_breaks_count(u32 mem, u64 index, unsigned long frame,
		      const struct vmm_break_way *way)
{
	u64 now = ktime_get_ns(), born = *birth_of(frame);
	struct break_count *c = get_cpu_ptr(&counts);

	raw_write_seqcount_begin(&c->seq);
	c->sum.why[way->why]++;
	c->sum.took[place_of(now - way->began)]++;
	c->sum.age[place_of(now - born)]++;
	c->sum.ns += now - way->began;
	c->sum.flushes += way->flushes;
	raw_write_seqcount_end(&c->seq);
	put_cpu_ptr(&counts);
	trace_vmm_mem_break(mem, index, way->why, now - way->began, now - born);
}

void vmm_breaks_unmerge(u64 index, unsigned int nr, unsigned long flushes)
{
	struct break_count *c = get_cpu_ptr(&counts);

	raw_write_seqcount_begin(&c->seq);
	c->sum.why[VMM_BREAK_UNMERGE] += nr;
	c->sum.flushes += flushes;
	raw_write_seqcount_end(&c->seq);
	put_cpu_ptr(&counts);
	trace_vmm_mem_unmerge(index, nr);
}

/* --- sums ------------------------------------------------------------------------- */

/* All members are of one type. */
#define WORDS	(sizeof(struct vmm_breaks) / sizeof(u64))

/* All of them as they were at one time. */
static void add_of(const struct break_count *c, struct vmm_breaks *out)
{
	struct vmm_breaks was = *out;
	const u64 *from = (const u64 *)&c->sum;
	u64 *to = (u64 *)out;
	unsigned int seq, i;

	do {
		*out = was;
		seq = raw_read_seqcount_begin(&c->seq);
		for (i = 0; i < WORDS; i++)
			to[i] += READ_ONCE(from[i]);
	} while (read_seqcount_retry(&c->seq, seq));
}

void vmm_breaks_read(const struct vmm_breaks *base, struct vmm_breaks *out)
{
	const u64 *less = (const u64 *)base;
	u64 *to = (u64 *)out;
	unsigned int i;
	int cpu;

	memset(out, 0, sizeof(*out));
	for_each_possible_cpu(cpu)
		add_of(per_cpu_ptr(&counts, cpu), out);
	for (i = 0; base && i < WORDS; i++)
		to[i] -= less[i];
}
