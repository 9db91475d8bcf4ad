// SPDX-License-Identifier: GPL-2.0
/*
 * Deduplication's figures: see stats_list.h.
 */

#include <linux/mm.h>

#include "ksm/inner.h"
#include "mem/family.h"
#include "mem/mem.h"
#include "mem/merged.h"
#include "mem/registry.h"

const char *const vksm_stat_names[VKSM_NR_STATS] = {
#define X(sym, name) [VKSM_STAT_##sym] = name,
	VKSM_STATS(X)
#undef X
};

const char *const vksm_vm_stat_names[VKSM_NR_VM_STATS] = {
#define X(sym, name) [VKSM_VM_STAT_##sym] = name,
	VKSM_VM_STATS(X)
#undef X
};

/* --- figures --------------------------------------------------------------------- */

/* A frame that was there for less than 2^EARLY ns, a second or so, has saved nothing. */
#define EARLY	30

static void add_breaks(s64 stat[VKSM_NR_STATS], struct vmm_breaks *breaks)
{
	unsigned int i;

	lockdep_assert_held(&vksm_lock);

	vmm_breaks_read(&vksm.count.broken, breaks);
	for (i = 0; i < VMM_NR_BREAKS; i++)
		stat[VKSM_STAT_BREAKS] += breaks->why[i];
	for (i = 0; i < EARLY; i++)
		stat[VKSM_STAT_BREAKS_EARLY] += breaks->age[i];
	stat[VKSM_STAT_BREAKS_GUEST] = breaks->why[VMM_BREAK_GUEST];
	stat[VKSM_STAT_BREAKS_WALK] = breaks->why[VMM_BREAK_WALK];
	stat[VKSM_STAT_BREAKS_HOST] = breaks->why[VMM_BREAK_HOST];
	stat[VKSM_STAT_BREAKS_PIN] = breaks->why[VMM_BREAK_PIN];
	stat[VKSM_STAT_BREAKS_UNMERGE] = breaks->why[VMM_BREAK_UNMERGE];
	stat[VKSM_STAT_BREAK_NS] = breaks->ns;
	stat[VKSM_STAT_TLB_FLUSHES] = vksm.count.flushes + breaks->flushes;
}

void vksm_stats(s64 stat[VKSM_NR_STATS], struct vksm_spans *spans)
{
	u64 merged = vmm_merged_frames(), pages = vmm_registry_resident();
	u64 frames = vmm_family_pages() + merged, words;
	const struct vksm_figures *f = &vksm.scan.engine.figures;
	const struct vksm_index *ix = &vksm.scan.engine.index;
	const u64 *kind = f->kind, *work = f->work;
	struct vmm_breaks broken;
	u64 known = 0;
	s64 saved;
	int i;

	mutex_lock(&vksm_lock);
	for (i = 0; i < VKSM_NR_STATS; i++)
		stat[i] = 0;
	for (i = 0; i < VKSM_NR_KINDS; i++)
		known += kind[i];
	/* Of each frame that it knows the index has a name, and no page. */
	words = vmm_merged_names() - ix->frames;
	/* Less than nothing if there are frames that none has, but the index. */
	saved = (s64)(words - merged) * (s64)PAGE_SIZE;
	stat[VKSM_STAT_PAGES_SHARED] = merged;
	stat[VKSM_STAT_PAGES_SHARING] = words > merged ? words - merged : 0;
	stat[VKSM_STAT_KSM_ZERO_PAGES] = vksm.count.zeros;
	stat[VKSM_STAT_COMPARES] = vksm.count.compares;
	add_breaks(stat, spans ? &spans->breaks : &broken);
	if (spans)
		spans->times = vksm.scan.engine.times;
	stat[VKSM_STAT_CHANGES_FOLLOWED] = vksm.scan.engine.times.changes;
	stat[VKSM_STAT_MERGES_FOLLOWED] = vksm.scan.engine.times.merges;
	stat[VKSM_STAT_EPOCH] = vksm.scan.epoch;
	stat[VKSM_STAT_MERGES] = vksm.count.ended[VMM_MERGE_DONE];
	stat[VKSM_STAT_FAIL_RACE] = vksm.count.ended[VMM_MERGE_RACE];
	stat[VKSM_STAT_FAIL_PINNED] = vksm.count.ended[VMM_MERGE_STAYS];
	stat[VKSM_STAT_FAIL_DIRTY] = vksm.count.ended[VMM_MERGE_DIFFERS];
	stat[VKSM_STAT_FAIL_NOMEM] = vksm.count.ended[VMM_MERGE_NO_FRAME];
	stat[VKSM_STAT_FAIL_DOMAIN] = vksm.count.ended[VMM_MERGE_REFUSED];
	stat[VKSM_STAT_FAIL_CAP] = ix->full;
	stat[VKSM_STAT_MERGE_NS] = vksm.count.merge_ns;
	stat[VKSM_STAT_FRAMES_TOTAL] = frames;
	stat[VKSM_STAT_PAGES_TOTAL] = pages;
	stat[VKSM_STAT_PAGES_UNSCANNED] = pages > known ? pages - known : 0;
	stat[VKSM_STAT_PAGES_UNIQUE] = kind[VKSM_SINGLE] + ix->singles;
	stat[VKSM_STAT_PAGES_UNSHARED] = stat[VKSM_STAT_PAGES_UNIQUE];
	stat[VKSM_STAT_PAGES_VOLATILE] = kind[VKSM_VOLATILE];
	stat[VKSM_STAT_PAGES_UNSHAREABLE] = kind[VKSM_REFUSED];
	stat[VKSM_STAT_OBSERVED_SHARED] = ix->used - ix->singles;
	stat[VKSM_STAT_OBSERVED_SHARING] = ix->sites - ix->used;
	stat[VKSM_STAT_OBSERVED_ZERO] = kind[VKSM_ZERO];
	stat[VKSM_STAT_PAGES_SCANNED] = work[VKSM_WORK_SCANNED];
	stat[VKSM_STAT_PAGES_SKIPPED] = work[VKSM_WORK_SKIPPED];
	stat[VKSM_STAT_PAGES_HASHED] = work[VKSM_WORK_HASHED];
	stat[VKSM_STAT_BYTES_HASHED] = work[VKSM_WORK_HASHED] << PAGE_SHIFT;
	stat[VKSM_STAT_PAGES_CHANGED] = work[VKSM_WORK_CHANGED];
	stat[VKSM_STAT_LOOKUPS] = ix->lookups;
	stat[VKSM_STAT_HASH_COLLISIONS] = ix->collisions;
	stat[VKSM_STAT_NOMEM] = ix->nomem;
	stat[VKSM_STAT_FULL_SCANS] = vksm.scan.passes;
	stat[VKSM_STAT_SCAN_NS] = vksm.scan.scan_ns;
	if (vksm.knobs.mode != VKSM_OFF)
		stat[VKSM_STAT_METADATA_BYTES] = vksm_engine_bytes(&vksm.scan.engine);
	mutex_unlock(&vksm_lock);
	stat[VKSM_STAT_SAVED_BYTES] = saved - stat[VKSM_STAT_METADATA_BYTES];
	stat[VKSM_STAT_GENERAL_PROFIT] = stat[VKSM_STAT_SAVED_BYTES];
}

void vksm_add_object_stats(struct vmm_mem *mem, u64 stat[VKSM_NR_VM_STATS])
{
	const struct vksm_object *o = NULL;
	struct vmm_mem_stats resident;

	vmm_mem_stats(mem, &resident);
	stat[VKSM_VM_STAT_RESIDENT] += resident.resident;
	stat[VKSM_VM_STAT_MERGES] += atomic_long_read(&mem->merges);
	stat[VKSM_VM_STAT_BREAKS] += atomic_long_read(&mem->breaks);
	mutex_lock(&vksm_lock);
	if (vksm.knobs.mode != VKSM_OFF)
		o = xa_load(&vksm.scan.objects, mem->id);
	if (o) {
		stat[VKSM_VM_STAT_UNIQUE] += o->figures.kind[VKSM_SINGLE];
		stat[VKSM_VM_STAT_EQUAL] += o->figures.kind[VKSM_SHARED];
		stat[VKSM_VM_STAT_ZERO] += o->figures.kind[VKSM_ZERO];
		stat[VKSM_VM_STAT_VOLATILE] += o->figures.kind[VKSM_VOLATILE];
		stat[VKSM_VM_STAT_UNSHAREABLE] += o->figures.kind[VKSM_REFUSED];
		stat[VKSM_VM_STAT_SCANNED] += o->figures.work[VKSM_WORK_SCANNED];
		stat[VKSM_VM_STAT_SKIPPED] += o->figures.work[VKSM_WORK_SKIPPED];
		stat[VKSM_VM_STAT_HASHED] += o->figures.work[VKSM_WORK_HASHED];
		stat[VKSM_VM_STAT_CHANGED] += o->figures.work[VKSM_WORK_CHANGED];
	}
	mutex_unlock(&vksm_lock);
}
