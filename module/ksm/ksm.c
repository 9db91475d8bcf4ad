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
#include <linux/wait.h>
#include <asm/cpufeature.h>

#include "ksm/ksm.h"
#include "ksm/scan.h"
#include "mem/mem.h"
#include "mem/registry.h"

/* Pages that are visited under the lock; fewer if they have to be looked at. */
#define BATCH_PAGES	1024

static DEFINE_MUTEX(vksm_lock);
static DECLARE_WAIT_QUEUE_HEAD(wait);
static struct task_struct *thread;

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
		WRITE_ONCE(knobs.mode, VKSM_OFF);
		vksm_scan_free(&scan);
	} else if (mode != VKSM_OFF && knobs.mode == VKSM_OFF) {
		err = start();
		if (!err)
			WRITE_ONCE(knobs.mode, mode);
	}
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

/* false: the mode is off, and nothing was done. */
static bool run_batch(struct vksm_batch *b)
{
	bool on;

	b->mem = NULL;
	mutex_lock(&vksm_lock);
	on = knobs.mode != VKSM_OFF;
	if (on)
		vksm_scan_batch(&scan, b);
	mutex_unlock(&vksm_lock);
	if (b->mem)
		vmm_mem_unref(b->mem);
	cond_resched();
	return on;
}

int vksm_step(u64 pages)
{
	struct vksm_batch b = { };
	u64 in_pass = 0;

	while (pages) {
		b.room = min_t(u64, pages, BATCH_PAGES);
		if (!run_batch(&b))
			return -EOPNOTSUPP;
		if (fatal_signal_pending(current))
			return -EINTR;
		pages -= b.visited;
		in_pass += b.visited;
		if (b.ended && !in_pass)
			return 0;
		if (b.ended)
			in_pass = 0;
	}
	b.room = 0;
	while (!b.at_page && !b.ended) {
		if (!run_batch(&b))
			return -EOPNOTSUPP;
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

static bool may_run(void)
{
	return READ_ONCE(knobs.run) == VKSM_RUN &&
	       READ_ONCE(knobs.mode) != VKSM_OFF &&
	       READ_ONCE(knobs.pages_to_scan);
}

/* So many pages at once, or what there is. */
static void run_round(void)
{
	u64 left = READ_ONCE(knobs.pages_to_scan);
	struct vksm_batch b;

	while (left && may_run() && !kthread_should_stop() &&
	       !freezing(current)) {
		b.room = min_t(u64, left, BATCH_PAGES);
		if (!run_batch(&b) || b.ended)
			return;
		left -= b.visited;
	}
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
		run_round();
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
	u64 frames = vmm_family_pages(), pages = vmm_registry_resident();
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
	stat[VKSM_STAT_SAVED_BYTES] = -stat[VKSM_STAT_METADATA_BYTES];
	stat[VKSM_STAT_GENERAL_PROFIT] = -stat[VKSM_STAT_METADATA_BYTES];
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

	knobs.seed = get_random_u64();
	knobs.policy = default_policy();
	knobs.hash = boot_cpu_has(X86_FEATURE_AES) ? VKSM_HASH_AES :
						     VKSM_HASH_MUL;
	mutex_lock(&vksm_lock);
	err = start();
	mutex_unlock(&vksm_lock);
	if (err)
		return err;
	vmm_registry_watch(object_gone);
	thread = kthread_run(scanner, NULL, "vmm_ksm");
	if (!IS_ERR(thread))
		return 0;
	vmm_registry_watch(NULL);
	vksm_scan_free(&scan);
	return PTR_ERR(thread);
}

/**
 * vksm_exit() - when the module goes; no object is left
 */
void vksm_exit(void)
{
	kthread_stop(thread);
	vmm_registry_watch(NULL);
	vksm_set_mode(VKSM_OFF);
}
