// SPDX-License-Identifier: GPL-2.0
/*
 * When memory runs out: whose pages leave it.
 *
 * Who needs memory for a guest and gets none makes room himself: pages leave.  That
 * throttles him.  If his family is at its limit, or the host has memory and so it is
 * his group's that is used up, only pages of his own family help; else those of all
 * families, by what they have for their shares (vmm_policy_price()).  If none can leave,
 * what his family has given up already is waited for.  Only then he is told.
 *
 * The kernel, when it reclaims, asks by a shrinker what we have.  It may do so in an
 * allocation that was made under our locks, so pages leave in a worker.  A process that
 * reclaims waits for that, but not for long: it may be the one that the worker waits
 * for.  Whatever leaves meanwhile, by whose doing ever, is what it has reclaimed.
 *
 * Cold pages go first; if a family has no others, those in use.  Its minimum stays to
 * each family, but for what it needs itself.
 *
 * Merged frames are a part of what a family has: for its own limit it gives them up as
 * it does pages, whoever else has them; for the host those that few have; for its group
 * those that it alone has.
 *
 * Who writes to a merged page needs one of his own.  If all that his family has is merged
 * with what others have, nothing of it may be able to leave memory, and his group may be full of
 * what he cannot do anything about.  So a few such pages are allocated beyond the group's
 * limit; when the family has these they can leave.
 *
 * How much of a family is in use is sampled: of a few of its blocks, the pages whose
 * accessed bits were set since they were looked at last.
 */

#include <linux/bitmap.h>
#include <linux/jiffies.h>
#include <linux/memcontrol.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/sched/signal.h>
#include <linux/shrinker.h>
#include <linux/swap.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "mem/evict.h"
#include "mem/family.h"
#include "mem/mem.h"
#include "mem/merged.h"
#include "mem/pressure.h"
#include "mem/swap.h"
#include "mem/trace.h"

/*
 * Pages that leave at once: few enough that the wait is that for a grace period; and
 * more if a family is far beyond its limit.
 */
#define ROOM_PAGES	256UL
#define ROOM_PAGES_MAX	4096UL

/* So many more are tried if none of them could. */
#define ROOM_GROWTH	8

/* Turns in which a family has nothing to give itself; then what others give is no help. */
#define ROOM_TURNS	16

/* Pages of its own that a family may have beyond the limit of its group, rather than none. */
#define RESERVE_PAGES	64

/* A family of which nothing could leave is left alone for so long; all, for less. */
#define BARREN_LIFE	(5 * HZ)
#define ALL_BARREN_LIFE	(2 * HZ)

/* A process that reclaims waits for the worker as long at most. */
#define SHRINK_WAIT	(HZ / 20)

/*
 * How long a family whose pages wait for a file that is behind waits for it; and who
 * makes room for all.
 */
#define FILE_WAIT	(10 * HZ)
#define FILE_WAIT_ALL	(HZ / 5)

/* Below this part of all memory it is the host that has none. */
#define SCARCE_SHIFT	5

/* What the worker takes at once, whatever the kernel has asked for meanwhile. */
#define WANTED_MAX	8192L

/* A sample: blocks with pages in them, of so many at most; and how long it counts. */
#define SAMPLE_BLOCKS	8
#define SAMPLE_TRIES	64UL
#define SAMPLE_LIFE	(10 * HZ)

/* Objects of a family that are asked for each. */
#define SAMPLE_MEMBERS	8

/* Blocks between two of a sample: a prime, so that all get their turn, and if it divides
 * their number, another one.
 */
#define SAMPLE_STEP	127
#define SAMPLE_STEP_2	131

static unsigned int idle_tax = 75;

static int set_tax(const char *val, const struct kernel_param *kp)
{
	return param_set_uint_minmax(val, kp, 0, 99);
}

static const struct kernel_param_ops tax_ops = {
	.set	= set_tax,
	.get	= param_get_uint,
};

module_param_cb(idle_tax, &tax_ops, &idle_tax, 0644);
MODULE_PARM_DESC(idle_tax, "what an idle page costs more than one in use, in percent of its price");

static struct workqueue_struct *pressure_wq;
static struct shrinker *shrinker;
static atomic_long_t wanted;
static atomic_long_t freed;
static unsigned long all_barren;
static DECLARE_WAIT_QUEUE_HEAD(progress);

/* --- what is whose due -------------------------------------------------------------- */

void vmm_policy_init(struct vmm_policy *policy)
{
	policy->shares = VMM_SHARES_DEFAULT;
	policy->active = VMM_ALL_ACTIVE;
}

/**
 * vmm_policy_set() - change what a family's due is
 * @policy:	its
 * @limit:	pages, or 0
 * @min:	pages
 * @shares:	not 0
 */
void vmm_policy_set(struct vmm_policy *policy, unsigned long limit,
		    unsigned long min, unsigned int shares)
{
	WRITE_ONCE(policy->limit, limit);
	WRITE_ONCE(policy->min, min);
	WRITE_ONCE(policy->shares, shares);
}

/* Those that it would have if none were merged: what others have makes no difference. */
static unsigned long pages_of(const struct vmm_family *family)
{
	return max(atomic_long_read(&family->totals.pages) +
		   atomic_long_read(&family->totals.merged), 0L);
}

/* At its limit: several processors at once, and whole blocks, can bring it beyond. */
static bool is_at_limit(const struct vmm_family *family)
{
	unsigned long limit = READ_ONCE(family->policy.limit);

	return limit && pages_of(family) >= limit;
}

static bool is_beyond_limit(const struct vmm_family *family)
{
	unsigned long limit = READ_ONCE(family->policy.limit);

	return limit && pages_of(family) > limit;
}

/*
 * Pages by which the caller's control group is beyond its limit and what may lie ready for it
 * on the processors.  Who makes room takes records and the like beyond the limit.  What he
 * gives back of that lies ready, and the kernel gives it out again without another look at the
 * limit: page by page a group could take what it likes.
 */
#ifdef CONFIG_MEMCG
static long group_excess(void)
{
	long slack = MEMCG_CHARGE_BATCH * num_online_cpus();
	struct mem_cgroup *memcg, *at;
	long most = 0, excess;

	if (mem_cgroup_disabled() || !current->mm)
		return 0;
	memcg = get_mem_cgroup_from_mm(current->mm);
	for (at = memcg; at; at = parent_mem_cgroup(at)) {
		excess = page_counter_read(&at->memory) -
			 READ_ONCE(at->memory.max) - slack;
		most = max(most, excess);
	}
	mem_cgroup_put(memcg);
	return most;
}
#else
static long group_excess(void)
{
	return 0;
}
#endif

/**
 * vmm_policy_is_full() - whether a family is to have no page more
 * @family:	which
 * @merged:	in the place of a merged frame; that is no page more.  Where some of the
 *		family's objects keep the frame it is, and the next one has to wait
 */
bool vmm_policy_is_full(const struct vmm_family *family, bool merged)
{
	return (merged ? is_beyond_limit(family) : is_at_limit(family)) ||
	       group_excess();
}

/* Of the pages from @index on, those that are there, and those that were used. */
static void look_at_block(struct vmm_family *family, pgoff_t index,
			  unsigned long *there, unsigned long *used)
{
	struct vmm_mem_range range = { .first = index };
	unsigned int members = SAMPLE_MEMBERS;
	struct vmm_mem *mem;
	unsigned long i;
	bool huge;

	mutex_lock(&family->members_lock);
	list_for_each_entry(mem, &family->members, kin) {
		if (!vmm_tree_block(&mem->tree, index))
			continue;
		if (!members--)
			break;
		range.count = min(VMM_BLOCK_PAGES, mem->nr_pages - index);
		rcu_read_lock();
		for (i = 0; i < range.count; i++) {
			if (vmm_tree_lookup(&mem->tree, index + i, &huge) &
			    VMM_WORD_PAGE)
				__set_bit(i, there);
		}
		rcu_read_unlock();
		vmm_mem_ask_young(mem, &range, used);
	}
	mutex_unlock(&family->members_lock);
	bitmap_and(used, used, there, VMM_BLOCK_PAGES);
}

static void sample_block(struct vmm_family *family, pgoff_t index,
			 unsigned long *nr_there, unsigned long *nr_used)
{
	struct mutex *lock = vmm_family_lock(family, index);
	DECLARE_BITMAP(there, VMM_BLOCK_PAGES) = { };
	DECLARE_BITMAP(used, VMM_BLOCK_PAGES) = { };

	/* Who has it may be kept from running: a sample is not worth a wait. */
	if (!mutex_trylock(lock))
		return;
	look_at_block(family, index, there, used);
	mutex_unlock(lock);
	*nr_there += bitmap_weight(there, VMM_BLOCK_PAGES);
	*nr_used += bitmap_weight(used, VMM_BLOCK_PAGES);
}

/* What is new counts as much as all that was known. */
static void sample(struct vmm_family *family)
{
	unsigned long blocks = DIV_ROUND_UP(family->nr_pages, VMM_BLOCK_PAGES);
	unsigned long tries = min(blocks, SAMPLE_TRIES);
	unsigned int step = blocks % SAMPLE_STEP ? SAMPLE_STEP : SAMPLE_STEP_2;
	struct vmm_policy *policy = &family->policy;
	unsigned long there = 0, used = 0;

	while (tries-- && there < SAMPLE_BLOCKS * VMM_BLOCK_PAGES) {
		policy->hand = (policy->hand + step) % blocks;
		sample_block(family, policy->hand << VMM_BLOCK_SHIFT, &there,
			     &used);
		cond_resched();
	}
	if (there)
		WRITE_ONCE(policy->active, (policy->active +
			   used * VMM_ALL_ACTIVE / there) / 2);
	policy->sampled = jiffies | 1;
}

static bool is_over(unsigned long until)
{
	return !until || time_after_eq(jiffies, until);
}

static u64 price_of(struct vmm_family *family)
{
	struct vmm_policy *policy = &family->policy;
	unsigned long pages = pages_of(family);

	if (pages <= READ_ONCE(policy->min) || !is_over(READ_ONCE(policy->barren)))
		return 0;
	if (!policy->sampled ||
	    time_after(jiffies, policy->sampled + SAMPLE_LIFE))
		sample(family);
	return vmm_policy_price(pages, READ_ONCE(policy->shares),
				READ_ONCE(policy->active),
				READ_ONCE(idle_tax));
}

/* One that may have to give pages. */
struct payer {
	struct vmm_family *family;
	u64 price;
};

static bool pays_before(const struct payer *a, const struct payer *b)
{
	return a->price > b->price ||
	       (a->price == b->price && a->family > b->family);
}

/* The first that pays after @last, whose reference is not needed; referenced, or NULL. */
static struct payer next_payer(const struct payer *last)
{
	struct payer at = { }, next = { };

	while ((at.family = vmm_family_next(at.family))) {
		at.price = price_of(at.family);
		if (!at.price || !pays_before(last, &at) ||
		    (next.family && !pays_before(&at, &next)))
			continue;
		if (next.family)
			vmm_family_put(next.family);
		next = at;
		vmm_family_get(next.family);
	}
	return next;
}

/* --- pages leave --------------------------------------------------------------------- */

/* Who waits for memory, whoever made room, goes on. */
static void tell_freed(unsigned long pages)
{
	if (!pages)
		return;
	atomic_long_add(pages, &freed);
	wake_up_all(&progress);
}

/*
 * How many have left, of @most that may.  Who has no idle pages gives others; and what is
 * tried first need not be what compresses.  What could go to a file that is behind waits
 * for it.  @how: VMM_EVICT_TRY, _FEW, _SHARED.
 */
static unsigned long try_evict(struct vmm_family *family, unsigned long tries,
			       unsigned long most, unsigned int how)
{
	struct vmm_store *store = family->totals.store;
	unsigned long first = min(most, tries), left;
	u64 arrived = vmm_swap_arrived(store);
	unsigned int flags = how;
	bool busy;

	tries = first;
	for (;;) {
		left = tries;
		busy = vmm_family_evict(family, &left, flags);
		tell_freed(left);
		if (busy || left)
			return left;
		if (flags == how) {
			flags |= VMM_EVICT_ALL;
		} else if (tries < most) {
			tries = min(most, tries * ROOM_GROWTH);
		} else if (vmm_swap_wait(store, arrived,
					 how & VMM_EVICT_TRY ? FILE_WAIT_ALL :
							       FILE_WAIT)) {
			arrived = vmm_swap_arrived(store);
			flags = how;
			tries = first;
		} else {
			break;
		}
	}
	WRITE_ONCE(family->policy.barren, (jiffies + BARREN_LIFE) | 1);
	return 0;
}

static unsigned long evict_from(struct vmm_family *family, unsigned long tries,
				unsigned long most, unsigned int how)
{
	unsigned long pages = pages_of(family);
	unsigned long left = try_evict(family, tries, most, how);

	trace_vmm_mem_pressure(pages, min(most, tries), left,
			       !(how & VMM_EVICT_TRY));
	return left;
}

/*
 * Of who has most for his shares, or if he can't give any, of the next.  Where
 * somebody else is at it already they are not waited for.
 */
static unsigned long evict_by_price(void)
{
	struct payer payer = { .price = U64_MAX };
	unsigned long left = 0, has, least;
	bool busy = false;

	while (!left && !fatal_signal_pending(current)) {
		payer = next_payer(&payer);
		if (!payer.family)
			break;
		has = pages_of(payer.family);
		least = READ_ONCE(payer.family->policy.min);
		if (has > least)
			left = evict_from(payer.family, ROOM_PAGES, has - least,
					  VMM_EVICT_TRY | VMM_EVICT_FEW);
		busy |= !left && is_over(READ_ONCE(payer.family->policy.barren));
		vmm_family_put(payer.family);
	}
	if (!left && !busy)
		WRITE_ONCE(all_barren, (jiffies + ALL_BARREN_LIFE) | 1);
	return left;
}

static void evict_work(struct work_struct *work)
{
	unsigned long left;
	long pages = 0;

	for (;;) {
		/* The price changes with each piece. */
		pages = max(pages, 0L) + atomic_long_xchg(&wanted, 0);
		if (pages <= 0)
			break;
		left = evict_by_price();
		if (!left)
			break;
		pages -= left;
	}
}

static DECLARE_WORK(work, evict_work);

/* --- the kernel asks ------------------------------------------------------------------ */

/* Who reclaims is not kept waiting for what cannot leave. */
static unsigned long count_pages(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long pages = 0;

	if (is_over(READ_ONCE(all_barren)))
		pages = vmm_family_pages() + vmm_merged_frames();
	return pages ?: SHRINK_EMPTY;
}

/*
 * What has left since it was asked last is what kswapd has reclaimed: if it took all that leaves
 * behind its back for nothing it would give up.
 */
static long kswapd_told;

static unsigned long scan_pages(struct shrinker *s, struct shrink_control *sc)
{
	long before = atomic_long_read(&freed), now;

	if (current_is_kswapd())
		before = READ_ONCE(kswapd_told);
	if (atomic_long_read(&wanted) < WANTED_MAX)
		atomic_long_add(sc->nr_to_scan, &wanted);
	queue_work(pressure_wq, &work);
	/* Who may not wait for a disk may be what the worker waits for. */
	if (sc->gfp_mask & __GFP_IO)
		wait_event_timeout(progress, atomic_long_read(&freed) != before,
				   SHRINK_WAIT);
	now = atomic_long_read(&freed);
	if (current_is_kswapd())
		WRITE_ONCE(kswapd_told, now);
	/* What is returned only says whether to ask again. */
	mm_account_reclaimed_pages(now - before);
	return now == before ? SHRINK_STOP : now - before;
}

/* --- making room ---------------------------------------------------------------------- */

static bool host_is_short(void)
{
	return si_mem_available() < (long)(totalram_pages() >> SCARCE_SHIFT);
}

/* Of its own; as much as it is beyond its limit, if it is. */
static unsigned long evict_own(struct vmm_family *family)
{
	unsigned long pages = pages_of(family);
	unsigned long limit = READ_ONCE(family->policy.limit);
	unsigned long tries = ROOM_PAGES;

	if (limit && pages > limit)
		tries = clamp(pages - limit, ROOM_PAGES, ROOM_PAGES_MAX);
	return evict_from(family, tries, pages,
			  limit && pages >= limit ? VMM_EVICT_SHARED : 0);
}

static bool try_make_room(struct vmm_family *family, struct vmm_room *room)
{
	bool others = !is_at_limit(family) && host_is_short();

	if (room->vain >= ROOM_TURNS)
		return false;
	/* What others give is no help where the family's group is full: not each time. */
	if (others && room->turns++ % 2 == 0 && evict_by_price())
		return true;
	if ((!room->vain || is_over(READ_ONCE(family->policy.barren))) &&
	    evict_own(family))
		return true;
	room->vain++;
	if (others && evict_by_price())
		return true;
	if (room->hurried)
		return false;
	/* Last, as it takes longest. */
	room->hurried = true;
	return vmm_family_hurry(family);
}

/**
 * vmm_make_room() - after an allocation for a family has failed
 * @family:	which; the caller holds none of its locks
 * @room:	zero at first, and the same for each attempt
 *
 * May sleep, and wait for grace periods and for a swap file.  It goes on as long as
 * anything of the family leaves, by whose doing ever: a guest that loses again all that it
 * gets is slow.
 *
 * Return: whether to try again.
 */
bool vmm_make_room(struct vmm_family *family, struct vmm_room *room)
{
	bool full = vmm_policy_is_full(family, false);
	unsigned long left;

	if (fatal_signal_pending(current))
		return false;
	if (try_make_room(family, room))
		return true;
	/* Nothing was left to us, if somebody else was faster: then he has made room. */
	left = READ_ONCE(family->left);
	if (left == room->left && !(full && !vmm_policy_is_full(family, false)))
		return false;
	room->left = left;
	room->vain = 0;
	return !fatal_signal_pending(current);
}

/**
 * vmm_policy_has_reserve() - whether a page may be had beyond the group's limit
 * @family:	whose; there is no room to be made
 * @merged:	it is a copy of a merged frame, and not one that comes back
 *
 * A family whose pages are merged has nothing of its own that could leave for a copy; what it
 * has got so can.  And who made room for others' sake is not refused what he had.
 */
bool vmm_policy_has_reserve(const struct vmm_family *family, bool merged)
{
	/* What comes back does not take what is for copies. */
	if (group_excess() >= (merged ? 2 : 1) * RESERVE_PAGES ||
	    host_is_short())
		return false;
	if (!merged)
		return !is_at_limit(family);
	return atomic_long_read(&family->totals.pages) < RESERVE_PAGES &&
	       !is_beyond_limit(family);
}

/**
 * vmm_policy_enforce() - bring a family down to its limit
 * @family:	which; the caller holds none of its locks
 *
 * As far as its pages can leave.
 *
 * Return: 0, or -EINTR (about to be killed).
 */
int vmm_policy_enforce(struct vmm_family *family)
{
	while (is_at_limit(family) && evict_own(family))
		cond_resched();
	return fatal_signal_pending(current) ? -EINTR : 0;
}

/* --- life ------------------------------------------------------------------------------ */

/**
 * vmm_pressure_init() - when the module is loaded
 */
int vmm_pressure_init(void)
{
	int err = -ENOMEM;

	pressure_wq = alloc_workqueue("vmm_pressure",
				      WQ_MEM_RECLAIM | WQ_UNBOUND, 1);
	if (!pressure_wq)
		return err;
	shrinker = vmm_shrinker_alloc("vmm");
	if (shrinker) {
		shrinker->count_objects = count_pages;
		shrinker->scan_objects = scan_pages;
		shrinker->seeks = DEFAULT_SEEKS;
		err = vmm_shrinker_register(shrinker, "vmm");
	}
	if (err)
		destroy_workqueue(pressure_wq);
	return err;
}

/**
 * vmm_pressure_exit() - when the module goes; no object is left
 */
void vmm_pressure_exit(void)
{
	vmm_shrinker_free(shrinker);
	destroy_workqueue(pressure_wq);
}
