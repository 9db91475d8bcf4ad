// SPDX-License-Identifier: GPL-2.0
/*
 * Deduplication's outside: knobs, the thread, figures.
 *
 * vksm_lock is held for a batch at a time, and never by who has a lock that a vCPU's
 * fault wants.  The scanner has a reference to the object that a batch is about, and
 * gives it back without the lock: if it is the last one, the object's end takes it.
 */

#include <linux/err.h>
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <asm/cpufeature.h>

#include "ksm/ksm.h"
#include "ksm/scan.h"
#include "mem/mem.h"
#include "mem/merge.h"
#include "mem/merged.h"
#include "mem/registry.h"

/* Pages that are visited under the lock; fewer if they have to be looked at. */
#define BATCH_PAGES	1024

/* Candidates that are merged at once: for a grace period. */
#define CANDIDATES	(2 * VKSM_BATCH_CANDIDATES)

/* A block of 2 MiB is taken apart if this part of it can be merged. */
#define SPLIT_PART	8

static DEFINE_MUTEX(vksm_lock);
static DECLARE_WAIT_QUEUE_HEAD(wait);
static struct task_struct *thread;
static struct vksm_worker *worker;	/* the thread's */

/* Both change under vksm_lock; the thread reads knobs without it, too. */
static struct vksm_scan scan;
static struct vksm_knobs knobs = {
	.mode			= VKSM_OBSERVE,
	.run			= VKSM_STOP,
	.pages_to_scan		= 1024,
	.sleep_millisecs	= 20,
	.budget_cpu_pct		= 10,
};

/* How often a number was set: the thread sleeps no longer by the old one. */
static unsigned int turned;

/**
 * struct vksm_worker - who scans, and what it has found that can be merged
 * @batch:	of the scan
 * @mem:	the object of the candidates, referenced, or NULL
 * @nr:		how many there are
 * @candidate:	with room for those of a batch more
 */
struct vksm_worker {
	struct vksm_batch batch;
	struct vmm_mem *mem;
	unsigned int nr;
	struct vmm_merge_candidate candidate[CANDIDATES];
};

/* What became of candidates, by enum vmm_merge_end; and time; vksm_lock. */
static u64 ended[VMM_MERGE_NO_FRAME + 1];
static u64 compares, zeros, merge_ns;

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

/* --- from nothing -------------------------------------------------------------- */

/* Begins anew, as the knobs say.  What fails leaves nothing and mode off. */
static int start(void)
{
	int err;

	lockdep_assert_held(&vksm_lock);

	memset(ended, 0, sizeof(ended));
	compares = 0;
	zeros = 0;
	merge_ns = 0;
	scan.seed = knobs.seed;
	vksm_key_make(&scan.key, knobs.seed, 0);
	scan.needs_fpu = knobs.hash == VKSM_HASH_AES;
	err = vksm_scan_init(&scan, vksm_policies[knobs.policy]);
	if (err)
		WRITE_ONCE(knobs.mode, VKSM_OFF);
	return err;
}

static int restart(void)
{
	lockdep_assert_held(&vksm_lock);

	if (knobs.mode == VKSM_OFF)
		return 0;
	vksm_scan_free(&scan);
	return start();
}

/* --- knobs --------------------------------------------------------------------- */

void vksm_get_knobs(struct vksm_knobs *out)
{
	mutex_lock(&vksm_lock);
	*out = knobs;
	mutex_unlock(&vksm_lock);
}

int vksm_set_mode(enum vksm_mode mode)
{
	int err = 0;

	mutex_lock(&vksm_lock);
	if (mode == VKSM_OFF && knobs.mode != VKSM_OFF) {
		vksm_scan_free(&scan);
	} else if (mode != VKSM_OFF && knobs.mode == VKSM_OFF) {
		err = start();
	}
	if (!err)
		WRITE_ONCE(knobs.mode, mode);
	mutex_unlock(&vksm_lock);
	wake_up_interruptible(&wait);
	return err;
}

int vksm_set_run(enum vksm_run run)
{
	int err = 0;

	mutex_lock(&vksm_lock);
	WRITE_ONCE(knobs.run, run);
	if (run == VKSM_STOP_AND_FORGET)
		err = restart();
	mutex_unlock(&vksm_lock);
	wake_up_interruptible(&wait);
	return err;
}

static int set_number(unsigned int *knob, unsigned int to)
{
	mutex_lock(&vksm_lock);
	WRITE_ONCE(*knob, to);
	WRITE_ONCE(turned, turned + 1);
	mutex_unlock(&vksm_lock);
	wake_up_interruptible(&wait);
	return 0;
}

int vksm_set_pages_to_scan(unsigned int pages)
{
	return set_number(&knobs.pages_to_scan, pages);
}

int vksm_set_sleep_millisecs(unsigned int ms)
{
	return set_number(&knobs.sleep_millisecs, ms);
}

int vksm_set_budget_cpu_pct(unsigned int pct)
{
	if (!pct || pct > 100)
		return -ERANGE;
	return set_number(&knobs.budget_cpu_pct, pct);
}

int vksm_set_policy(unsigned int policy)
{
	int err;

	mutex_lock(&vksm_lock);
	knobs.policy = policy;
	err = restart();
	mutex_unlock(&vksm_lock);
	return err;
}

int vksm_set_hash(enum vksm_hash hash)
{
	int err;

	if (hash == VKSM_HASH_AES && !boot_cpu_has(X86_FEATURE_AES))
		return -EOPNOTSUPP;
	mutex_lock(&vksm_lock);
	knobs.hash = hash;
	err = restart();
	mutex_unlock(&vksm_lock);
	return err;
}

int vksm_set_seed(u64 seed)
{
	int err;

	mutex_lock(&vksm_lock);
	knobs.seed = seed;
	err = restart();
	mutex_unlock(&vksm_lock);
	return err;
}

int vksm_reset(void)
{
	int err;

	mutex_lock(&vksm_lock);
	err = restart();
	mutex_unlock(&vksm_lock);
	return err;
}

/* --- scanning ------------------------------------------------------------------ */

/* The frame of the content, one made of the page if there was none. */
static unsigned long frame_of(void *ctx, const struct vmm_merge_candidate *c,
			      unsigned long phys)
{
	struct vksm_index *ix = &scan.engine.index;
	unsigned long frame = 0;

	mutex_lock(&vksm_lock);
	compares++;
	if (knobs.mode == VKSM_MERGE && vksm_index_count(ix, c->cookie)) {
		frame = vksm_index_frame(ix, c->cookie) << PAGE_SHIFT;
		if (!frame)
			frame = vmm_merged_create(phys);
		else
			vmm_merged_get(frame, 1);
		if (frame && !vksm_index_frame(ix, c->cookie)) {
			vksm_index_set_frame(ix, c->cookie,
					     frame >> PAGE_SHIFT);
			vmm_merged_get(frame, 1);
		}
	}
	mutex_unlock(&vksm_lock);
	return frame;
}

static bool split(void *ctx, unsigned int candidates)
{
	return candidates >= VMM_BLOCK_PAGES / SPLIT_PART;
}

static const struct vmm_merge_ops merge_ops = {
	.frame	= frame_of,
	.split	= split,
};

static int by_index(const void *a, const void *b)
{
	const struct vmm_merge_candidate *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

static void count_ends(const struct vksm_worker *w)
{
	unsigned int i;

	lockdep_assert_held(&vksm_lock);

	for (i = 0; i < w->nr; i++) {
		if (w->candidate[i].zero &&
		    w->candidate[i].end == VMM_MERGE_DONE)
			zeros++;
		else
			ended[w->candidate[i].end]++;
	}
}

/* Nobody is a candidate twice. */
static void sort_candidates(struct vksm_worker *w)
{
	unsigned int i, n = 0;

	sort(w->candidate, w->nr, sizeof(w->candidate[0]), by_index, NULL);
	for (i = 0; i < w->nr; i++) {
		if (n && w->candidate[n - 1].index == w->candidate[i].index)
			n--;
		w->candidate[n++] = w->candidate[i];
	}
	w->nr = n;
}

/* All candidates so far. */
static void merge(struct vksm_worker *w)
{
	u64 began = ktime_get_ns();

	if (w->nr) {
		sort_candidates(w);
		vmm_mem_merge(w->mem, w->candidate, w->nr, &merge_ops, NULL);
		mutex_lock(&vksm_lock);
		count_ends(w);
		merge_ns += ktime_get_ns() - began;
		mutex_unlock(&vksm_lock);
	}
	w->nr = 0;
	if (w->mem)
		vmm_mem_unref(w->mem);
	w->mem = NULL;
}

/* A batch has come to another object: its candidates are the first of that. */
static void hand_over(struct vksm_worker *w)
{
	unsigned int before = w->nr;

	merge(w);
	memmove(w->candidate, w->candidate + before,
		w->batch.nr * sizeof(w->candidate[0]));
}

/* What a batch has found, to what is known so far; the batch's reference goes there, too. */
static void collect(struct vksm_worker *w)
{
	struct vksm_batch *b = &w->batch;

	if (!b->nr) {
		if (b->mem)
			vmm_mem_unref(b->mem);
		return;
	}
	if (w->mem)
		vmm_mem_unref(w->mem);
	w->mem = b->mem;
	w->nr += b->nr;
}

/* false: the mode is off, and nothing was done. */
static bool run_batch(struct vksm_worker *w)
{
	struct vksm_batch *b = &w->batch;
	bool on;

	if (w->nr > CANDIDATES - VKSM_BATCH_CANDIDATES)
		merge(w);
	b->mem = NULL;
	b->nr = 0;
	b->candidate = w->candidate + w->nr;
	mutex_lock(&vksm_lock);
	on = knobs.mode != VKSM_OFF;
	b->merging = knobs.mode == VKSM_MERGE;
	if (on)
		vksm_scan_batch(&scan, b);
	mutex_unlock(&vksm_lock);
	if (w->mem && b->mem && b->mem != w->mem)
		hand_over(w);
	collect(w);
	cond_resched();
	return on;
}

static int step(struct vksm_worker *w, u64 pages)
{
	struct vksm_batch *b = &w->batch;
	u64 in_pass = 0;

	while (pages) {
		b->room = min_t(u64, pages, BATCH_PAGES);
		if (!run_batch(w))
			return -EOPNOTSUPP;
		if (fatal_signal_pending(current))
			return -EINTR;
		pages -= b->visited;
		in_pass += b->visited;
		if (b->ended && !in_pass)
			return 0;
		if (b->ended)
			in_pass = 0;
	}
	b->room = 0;
	while (!b->at_page && !b->ended) {
		if (!run_batch(w))
			return -EOPNOTSUPP;
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

int vksm_step(u64 pages)
{
	struct vksm_worker *w = kvzalloc(sizeof(*w), GFP_KERNEL_ACCOUNT);
	int err;

	if (!w)
		return -ENOMEM;
	err = step(w, pages);
	merge(w);
	kvfree(w);
	return err;
}

static bool may_run(void)
{
	return READ_ONCE(knobs.run) == VKSM_RUN &&
	       READ_ONCE(knobs.mode) != VKSM_OFF &&
	       READ_ONCE(knobs.pages_to_scan);
}

/* So many pages at once, or what there is. */
static void run_round(struct vksm_worker *w)
{
	u64 left = READ_ONCE(knobs.pages_to_scan);

	while (left && may_run() && !kthread_should_stop() &&
	       !freezing(current)) {
		w->batch.room = min_t(u64, left, BATCH_PAGES);
		if (!run_batch(w) || w->batch.ended)
			break;
		left -= w->batch.visited;
	}
	/* No object is kept while the thread sleeps. */
	merge(w);
}

/* How long to sleep after that. */
static unsigned long pause_of(u64 busy_ns)
{
	unsigned int pct = READ_ONCE(knobs.budget_cpu_pct);
	u64 ns = (u64)READ_ONCE(knobs.sleep_millisecs) * NSEC_PER_MSEC;

	ns = max(ns, div_u64(busy_ns * (100 - pct), pct));
	return max(nsecs_to_jiffies(ns), 1UL);
}

static int scanner(void *unused)
{
	unsigned long pause;
	unsigned int seen;
	u64 began;

	set_user_nice(current, 5);
	set_freezable();
	while (!kthread_should_stop()) {
		wait_event_freezable(wait, may_run() || kthread_should_stop());
		seen = READ_ONCE(turned);
		began = ktime_get_ns();
		run_round(worker);
		pause = pause_of(ktime_get_ns() - began);
		wait_event_freezable_timeout(wait, !may_run() ||
					     READ_ONCE(turned) != seen ||
					     kthread_should_stop(), pause);
	}
	return 0;
}

/* --- figures --------------------------------------------------------------------- */

void vksm_stats(s64 stat[VKSM_NR_STATS])
{
	u64 merged = vmm_merged_frames(), pages = vmm_registry_resident();
	u64 frames = vmm_family_pages() + merged, words;
	const struct vksm_figures *f = &scan.engine.figures;
	const struct vksm_index *ix = &scan.engine.index;
	const u64 *kind = f->kind, *work = f->work;
	u64 known = 0;
	int i;

	mutex_lock(&vksm_lock);
	for (i = 0; i < VKSM_NR_STATS; i++)
		stat[i] = 0;
	for (i = 0; i < VKSM_NR_KINDS; i++)
		known += kind[i];
	/* Of each frame that it knows the index has a name, and no page. */
	words = vmm_merged_names() - ix->frames;
	stat[VKSM_STAT_PAGES_SHARED] = merged;
	stat[VKSM_STAT_PAGES_SHARING] = words > merged ? words - merged : 0;
	stat[VKSM_STAT_KSM_ZERO_PAGES] = zeros;
	stat[VKSM_STAT_COMPARES] = compares;
	stat[VKSM_STAT_MERGES] = ended[VMM_MERGE_DONE];
	stat[VKSM_STAT_FAIL_RACE] = ended[VMM_MERGE_RACE];
	stat[VKSM_STAT_FAIL_PINNED] = ended[VMM_MERGE_STAYS];
	stat[VKSM_STAT_FAIL_DIRTY] = ended[VMM_MERGE_DIFFERS];
	stat[VKSM_STAT_FAIL_NOMEM] = ended[VMM_MERGE_NO_FRAME];
	stat[VKSM_STAT_MERGE_NS] = merge_ns;
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
	stat[VKSM_STAT_FULL_SCANS] = scan.passes;
	stat[VKSM_STAT_SCAN_NS] = scan.scan_ns;
	if (knobs.mode != VKSM_OFF)
		stat[VKSM_STAT_METADATA_BYTES] = vksm_engine_bytes(&scan.engine);
	mutex_unlock(&vksm_lock);
	stat[VKSM_STAT_SAVED_BYTES] =
		stat[VKSM_STAT_PAGES_SHARING] * (s64)PAGE_SIZE -
		stat[VKSM_STAT_METADATA_BYTES];
	stat[VKSM_STAT_GENERAL_PROFIT] = stat[VKSM_STAT_SAVED_BYTES];
}

void vksm_add_object_stats(struct vmm_mem *mem, u64 stat[VKSM_NR_VM_STATS])
{
	const struct vksm_object *o = NULL;
	struct vmm_mem_stats resident;

	vmm_mem_stats(mem, &resident);
	stat[VKSM_VM_STAT_RESIDENT] += resident.resident;
	mutex_lock(&vksm_lock);
	if (knobs.mode != VKSM_OFF)
		o = xa_load(&scan.objects, mem->id);
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

/* --- start and end ------------------------------------------------------------------ */

static void object_gone(u32 id)
{
	mutex_lock(&vksm_lock);
	if (knobs.mode != VKSM_OFF)
		vksm_scan_gone(&scan, id);
	mutex_unlock(&vksm_lock);
}

static unsigned int default_policy(void)
{
	unsigned int i = 0;

	while (vksm_policies[i] != vksm_policy_default())
		i++;
	return i;
}

/**
 * vksm_init() - when the module is loaded, behind vmm_mem_init()
 */
int vksm_init(void)
{
	int err;

	worker = kvzalloc(sizeof(*worker), GFP_KERNEL);
	if (!worker)
		return -ENOMEM;

	knobs.seed = get_random_u64();
	knobs.policy = default_policy();
	knobs.hash = boot_cpu_has(X86_FEATURE_AES) ? VKSM_HASH_AES :
						     VKSM_HASH_MUL;
	mutex_lock(&vksm_lock);
	err = start();
	mutex_unlock(&vksm_lock);
	if (err)
		goto err_worker;
	vmm_registry_watch(object_gone);
	thread = kthread_run(scanner, NULL, "vmm_ksm");
	if (!IS_ERR(thread))
		return 0;
	vmm_registry_watch(NULL);
	vksm_scan_free(&scan);
	err = PTR_ERR(thread);
err_worker:
	kvfree(worker);
	return err;
}

/**
 * vksm_exit() - when the module goes; no object is left
 */
void vksm_exit(void)
{
	kthread_stop(thread);
	kvfree(worker);
	vmm_registry_watch(NULL);
	vksm_set_mode(VKSM_OFF);
}
