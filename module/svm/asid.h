/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Address-space identifiers and when the TLB must be flushed.
 *
 * Pure: the unit test asserts every decision, because emulators flush the
 * whole TLB on each world switch and so forgive a flush that is forgotten.
 *
 * Each processor hands out its ASIDs once a generation.  A tag that a vCPU
 * holds is good on that processor while the generation lasts.  When the
 * ASIDs run out a new generation begins, and the one entry that begins it
 * flushes everything, so that within a generation an ASID never had another
 * owner.  To forget a vCPU's translations its ASID alone is flushed where the
 * processor can do that; otherwise it gets an ASID never used before.
 */
#ifndef VMM_SVM_ASID_H
#define VMM_SVM_ASID_H

#include <asm/svm.h>
#include <linux/types.h>

/**
 * struct svm_asid_pool - one processor's ASIDs; used with interrupts off there
 * @generation:	0 is never current, so that a zeroed tag is stale
 * @next:	lowest ASID not handed out in this generation
 * @max:	highest there is
 * @by_asid:	the processor can flush one ASID
 */
struct svm_asid_pool {
	u64 generation;
	u32 next;
	u32 max;
	bool by_asid;
};

/**
 * struct svm_asid_tag - what a vCPU holds
 * @generation:	of @cpu's pool when @asid was handed out
 * @asid:	0 belongs to the host
 * @cpu:	whose pool
 */
struct svm_asid_tag {
	u64 generation;
	u32 asid;
	int cpu;
};

/*
 * When the extension is turned on; @pool is zeroed or from the last time.  The
 * generation goes on then: tags from before must not look good again.
 */
static inline void svm_asid_pool_init(struct svm_asid_pool *pool, u32 nr_asids,
				      bool by_asid)
{
	pool->generation++;
	/* The first entry after the extension was off must flush, too. */
	pool->next = nr_asids;
	pool->max = nr_asids - 1;
	pool->by_asid = by_asid;
}

/*
 * Makes @tag good for an entry on @cpu.  @forget: translations made under it
 * so far are stale.  Returns the TLB_CONTROL_* for that entry.
 */
static inline u8 svm_asid_prepare(struct svm_asid_pool *pool,
				  struct svm_asid_tag *tag, int cpu,
				  bool forget)
{
	bool good = tag->cpu == cpu && tag->generation == pool->generation;

	if (good && !forget)
		return TLB_CONTROL_DO_NOTHING;
	if (good && pool->by_asid)
		return TLB_CONTROL_FLUSH_ASID;

	tag->cpu = cpu;
	if (pool->next <= pool->max) {
		tag->generation = pool->generation;
		tag->asid = pool->next++;
		return TLB_CONTROL_DO_NOTHING;
	}
	tag->generation = ++pool->generation;
	tag->asid = 1;
	pool->next = 2;
	return TLB_CONTROL_FLUSH_ALL_ASID;
}

#endif
