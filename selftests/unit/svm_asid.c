// SPDX-License-Identifier: GPL-2.0
/*
 * Which ASIDs the SVM backend uses and when it flushes. Emulators flush everything
 * at each world switch, so that no guest can tell whether these decisions are
 * right.
 */
#include "tap.h"
#include "svm/asid.h"

#define NR_ASIDS	4

static void expect(struct svm_asid_pool *pool, struct svm_asid_tag *tag, int cpu,
		   bool forget, u8 flush, u32 asid, const char *when)
{
	u8 got = svm_asid_prepare(pool, tag, cpu, forget);

	tap_ok(got == flush && tag->asid == asid,
	       "%s: flush %u of ASID %u, want %u of %u", when, got, tag->asid,
	       flush, asid);
}

static void hands_out(bool by_asid)
{
	struct svm_asid_pool pool = { };
	struct svm_asid_tag a = { }, b = { };

	svm_asid_pool_init(&pool, NR_ASIDS, by_asid);
	expect(&pool, &a, 0, false, TLB_CONTROL_FLUSH_ALL_ASID, 1, "first entry");
	expect(&pool, &a, 0, false, TLB_CONTROL_DO_NOTHING, 1, "again");
	expect(&pool, &b, 0, false, TLB_CONTROL_DO_NOTHING, 2, "another vCPU");
	if (by_asid)
		expect(&pool, &a, 0, true, TLB_CONTROL_FLUSH_ASID, 1, "forget");
	else
		expect(&pool, &a, 0, true, TLB_CONTROL_DO_NOTHING, 3, "forget");
}

static void runs_out(void)
{
	struct svm_asid_pool pool = { };
	struct svm_asid_tag tag[4] = { };

	svm_asid_pool_init(&pool, NR_ASIDS, false);
	svm_asid_prepare(&pool, &tag[0], 0, false);
	svm_asid_prepare(&pool, &tag[1], 0, false);
	expect(&pool, &tag[2], 0, false, TLB_CONTROL_DO_NOTHING, 3, "the last one");
	expect(&pool, &tag[3], 0, false, TLB_CONTROL_FLUSH_ALL_ASID, 1, "none left");
	expect(&pool, &tag[0], 0, false, TLB_CONTROL_DO_NOTHING, 2,
	       "a vCPU of the generation before");
}

static void moves(void)
{
	struct svm_asid_pool pool[2] = { };
	struct svm_asid_tag a = { }, b = { };

	svm_asid_pool_init(&pool[0], NR_ASIDS, true);
	svm_asid_pool_init(&pool[1], NR_ASIDS, true);
	svm_asid_prepare(&pool[0], &a, 0, false);
	svm_asid_prepare(&pool[1], &b, 1, false);
	expect(&pool[1], &a, 1, false, TLB_CONTROL_DO_NOTHING, 2, "moved");
	expect(&pool[0], &a, 0, false, TLB_CONTROL_DO_NOTHING, 2, "moved back");
}

/* The processor was off: a suspend, or hotplug. */
static void restarts(void)
{
	struct svm_asid_pool pool = { };
	struct svm_asid_tag a = { }, b = { };

	svm_asid_pool_init(&pool, NR_ASIDS, true);
	svm_asid_prepare(&pool, &a, 0, false);
	svm_asid_prepare(&pool, &b, 0, false);
	svm_asid_pool_init(&pool, NR_ASIDS, true);
	expect(&pool, &b, 0, false, TLB_CONTROL_FLUSH_ALL_ASID, 1,
	       "first entry after the restart");
	expect(&pool, &a, 0, false, TLB_CONTROL_DO_NOTHING, 2,
	       "a tag from before is stale");
}

int main(void)
{
	hands_out(true);
	hands_out(false);
	runs_out();
	moves();
	restarts();
	return tap_done();
}
