// SPDX-License-Identifier: GPL-2.0
/*
 * Deduplication's outside: knobs, the thread, start and end.
 */

#include <linux/err.h>
#include <linux/freezer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>
#include <asm/cpufeature.h>

#include "ksm/inner.h"
#include "mem/mem.h"
#include "mem/registry.h"
#include "mem/unmerge.h"

DEFINE_MUTEX(vksm_lock);
static DECLARE_WAIT_QUEUE_HEAD(wait);
static struct task_struct *thread;
static struct vksm_worker *worker;	/* the thread's */

struct vksm vksm = {
	.knobs = {
		.mode			= VKSM_OBSERVE,
		.run			= VKSM_STOP,
		.pages_to_scan		= 1024,
		.sleep_millisecs	= 20,
		.budget_cpu_pct		= 10,
		.max_page_sharing	= VKSM_COUNT_MAX,
	},
};

/* How often a number was set: the thread sleeps no longer by the old one. */
static unsigned int turned;

/* --- from nothing -------------------------------------------------------------- */

/* Begins anew, as the knobs say.  What fails leaves nothing and mode off. */
static int start(void)
{
	int err;

	lockdep_assert_held(&vksm_lock);

	vksm.count = (struct vksm_count){ };
	vmm_breaks_read(NULL, &vksm.count.broken);
	vksm.scan.seed = vksm.knobs.seed;
	vksm.scan.uniform = vksm.knobs.security == VKSM_UNIFORM;
	vksm.scan.shared = vksm.knobs.security == VKSM_FOR_ALL;
	vksm_key_make(&vksm.scan.key, vksm.knobs.seed);
	vksm.scan.way = vksm_look_way(vksm.knobs.hash == VKSM_HASH_AES);
	err = vksm_scan_init(&vksm.scan, vksm_policies[vksm.knobs.policy]);
	if (err)
		WRITE_ONCE(vksm.knobs.mode, VKSM_OFF);
	return err;
}

static int restart(void)
{
	lockdep_assert_held(&vksm_lock);

	if (vksm.knobs.mode == VKSM_OFF)
		return 0;
	vksm_scan_free(&vksm.scan);
	return start();
}

/* --- knobs --------------------------------------------------------------------- */

void vksm_get_knobs(struct vksm_knobs *out)
{
	mutex_lock(&vksm_lock);
	*out = vksm.knobs;
	mutex_unlock(&vksm_lock);
}

int vksm_set_mode(enum vksm_mode mode)
{
	int err = 0;

	mutex_lock(&vksm_lock);
	if (mode == VKSM_OFF && vksm.knobs.mode != VKSM_OFF)
		vksm_scan_free(&vksm.scan);
	else if (mode != VKSM_OFF && vksm.knobs.mode == VKSM_OFF)
		err = start();
	if (!err)
		WRITE_ONCE(vksm.knobs.mode, mode);
	mutex_unlock(&vksm_lock);
	wake_up_interruptible(&wait);
	return err;
}

/* From here on merges get no frames. */
static int begin_unmerge(void)
{
	lockdep_assert_held(&vksm_lock);

	vksm.unmerging++;
	return restart();
}

/* What was seen meanwhile may have been frames; what was done still counts. */
static int end_unmerge(int err)
{
	struct vksm_count count = vksm.count;
	int ret;

	lockdep_assert_held(&vksm_lock);

	vksm.unmerging--;
	ret = restart();
	vksm.count = count;
	return ret ?: err;
}

int vksm_set_run(enum vksm_run run)
{
	int err = 0;

	mutex_lock(&vksm_lock);
	WRITE_ONCE(vksm.knobs.run, run);
	if (run == VKSM_STOP_AND_UNMERGE)
		err = begin_unmerge();
	mutex_unlock(&vksm_lock);
	wake_up_interruptible(&wait);
	if (run != VKSM_STOP_AND_UNMERGE)
		return err;
	err = vmm_unmerge_all() ?: err;
	mutex_lock(&vksm_lock);
	if (err && vksm.knobs.run == run)
		WRITE_ONCE(vksm.knobs.run, VKSM_STOP);
	err = end_unmerge(err);
	mutex_unlock(&vksm_lock);
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
	return set_number(&vksm.knobs.pages_to_scan, pages);
}

int vksm_set_sleep_millisecs(unsigned int ms)
{
	return set_number(&vksm.knobs.sleep_millisecs, ms);
}

int vksm_set_budget_cpu_pct(unsigned int pct)
{
	if (!pct || pct > 100)
		return -ERANGE;
	return set_number(&vksm.knobs.budget_cpu_pct, pct);
}

int vksm_set_max_page_sharing(unsigned int pages)
{
	if (pages < 2 || pages > VKSM_COUNT_MAX)
		return -EINVAL;
	/* Frames that were full may have room. */
	mutex_lock(&vksm_lock);
	vksm.scan.mergeable++;
	mutex_unlock(&vksm_lock);
	return set_number(&vksm.knobs.max_page_sharing, pages);
}

int vksm_set_policy(unsigned int policy)
{
	int err;

	mutex_lock(&vksm_lock);
	vksm.knobs.policy = policy;
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
	vksm.knobs.hash = hash;
	err = restart();
	mutex_unlock(&vksm_lock);
	return err;
}

int vksm_set_seed(u64 seed)
{
	int err;

	mutex_lock(&vksm_lock);
	vksm.knobs.seed = seed;
	err = restart();
	mutex_unlock(&vksm_lock);
	return err;
}

int vksm_set_security(enum vksm_security security)
{
	int err;

	mutex_lock(&vksm_lock);
	if (vksm.knobs.security == security) {
		mutex_unlock(&vksm_lock);
		return 0;
	}
	err = begin_unmerge();
	mutex_unlock(&vksm_lock);
	err = vmm_unmerge_all() ?: err;
	mutex_lock(&vksm_lock);
	if (!err)
		vksm.knobs.security = security;
	err = end_unmerge(err);
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

static bool may_run(void)
{
	return READ_ONCE(vksm.knobs.run) == VKSM_RUN &&
	       READ_ONCE(vksm.knobs.mode) != VKSM_OFF &&
	       READ_ONCE(vksm.knobs.pages_to_scan);
}

/* So many pages at once, or what there is. */
static void run_round(struct vksm_worker *w)
{
	u64 left = READ_ONCE(vksm.knobs.pages_to_scan);

	while (left && may_run() && !kthread_should_stop() &&
	       !freezing(current)) {
		w->batch.room = min_t(u64, left, VKSM_BATCH_PAGES);
		if (!vksm_run_batch(w) || w->batch.ended)
			break;
		left -= w->batch.visited;
	}
	/* No object is kept while the thread sleeps. */
	vksm_merge(w);
}

/* How long to sleep after that. */
static unsigned long pause_of(u64 busy_ns)
{
	unsigned int pct = READ_ONCE(vksm.knobs.budget_cpu_pct);
	u64 ns = (u64)READ_ONCE(vksm.knobs.sleep_millisecs) * NSEC_PER_MSEC;

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

/* --- start and end ------------------------------------------------------------------ */

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

	vksm.knobs.seed = get_random_u64();
	vksm.knobs.policy = default_policy();
	vksm.knobs.hash = boot_cpu_has(X86_FEATURE_AES) ? VKSM_HASH_AES :
						     VKSM_HASH_MUL;
	mutex_lock(&vksm_lock);
	err = start();
	mutex_unlock(&vksm_lock);
	if (err)
		goto err_worker;
	vmm_registry_watch(vksm_forget_object);
	thread = kthread_run(scanner, NULL, "vmm_ksm");
	if (!IS_ERR(thread))
		return 0;
	vmm_registry_watch(NULL);
	vksm_scan_free(&vksm.scan);
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
	vksm_step_exit();
	vmm_registry_watch(NULL);
	vksm_set_mode(VKSM_OFF);
}
