/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A kernel for one thread in user space, as far as interrupt controllers and
 * buses need one. Locks, RCU sections and reference counts are checked, not
 * just ignored; time stands still until kshim_advance(); timers fire there.
 */
#ifndef KSHIM_H
#define KSHIM_H

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>

#define __rcu
#define fallthrough	__attribute__((fallthrough))
#define __user
#define __maybe_unused	__attribute__((unused))

/* compiler.h, kernel.h, minmax.h, bits.h */

#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define READ_ONCE(x)	(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
#define smp_mb()	__atomic_thread_fence(__ATOMIC_SEQ_CST)

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))
#define min(a, b)	((a) < (b) ? (a) : (b))
#define max(a, b)	((a) > (b) ? (a) : (b))
#define min_t(t, a, b)	min((t)(a), (t)(b))
#define max_t(t, a, b)	max((t)(a), (t)(b))
#define clamp_t(t, v, lo, hi) min_t(t, max_t(t, v, lo), hi)

#ifndef BIT
#define BIT(n)		(1UL << (n))
#define BIT_ULL(n)	(1ULL << (n))
#endif
#ifndef GENMASK_ULL
#define GENMASK_ULL(h, l) ((~0ULL << (l)) & (~0ULL >> (63 - (h))))
#endif

#define U16_MAX		0xffffU

#define static_assert(e) _Static_assert(e, #e)

/* math64.h */

#define DIV_ROUND_UP_ULL(a, b) (((a) + (b) - 1) / (b))

static inline u64 div64_u64_rem(u64 a, u64 b, u64 *rem)
{
	*rem = a % b;
	return a / b;
}

static inline u64 div64_u64(u64 a, u64 b)
{
	return a / b;
}

static inline u64 div_u64(u64 a, u32 b)
{
	return a / b;
}

static inline u64 mul_u64_u32_div(u64 a, u32 mul, u32 div)
{
	return (unsigned __int128)a * mul / div;
}

/* bitops.h */

static inline int fls(unsigned int x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

static inline unsigned long __ffs(unsigned long x)
{
	return __builtin_ctzl(x);
}

/* Called before atomic operations that have a result: another thread may go first. */
extern void (*kshim_race)(void);

#define BITS_PER_LONG	64
#define BIT_OF(n)	(1UL << ((n) % BITS_PER_LONG))

static inline void set_bit(long n, unsigned long *p)
{
	__atomic_fetch_or(&p[n / BITS_PER_LONG], BIT_OF(n), __ATOMIC_SEQ_CST);
}

static inline void clear_bit(long n, unsigned long *p)
{
	__atomic_fetch_and(&p[n / BITS_PER_LONG], ~BIT_OF(n), __ATOMIC_SEQ_CST);
}

static inline bool test_and_set_bit(long n, unsigned long *p)
{
	if (kshim_race)
		kshim_race();
	return __atomic_fetch_or(&p[n / BITS_PER_LONG], BIT_OF(n),
				 __ATOMIC_SEQ_CST) & BIT_OF(n);
}

static inline bool test_bit(long n, const unsigned long *p)
{
	return p[n / BITS_PER_LONG] & BIT_OF(n);
}

#define __set_bit	set_bit
#define __clear_bit	clear_bit

/* atomic.h */

typedef struct { int v; } atomic_t;
typedef struct { s64 v; } atomic64_t;

#define xchg(p, n)		(kshim_race ? kshim_race() : (void)0, \
				 __atomic_exchange_n(p, n, __ATOMIC_SEQ_CST))
#define atomic_read(a)		__atomic_load_n(&(a)->v, __ATOMIC_RELAXED)
#define atomic_set(a, n)	__atomic_store_n(&(a)->v, n, __ATOMIC_RELAXED)
#define atomic_xchg(a, n)	__atomic_exchange_n(&(a)->v, n, __ATOMIC_SEQ_CST)
#define atomic_or(n, a)		((void)__atomic_fetch_or(&(a)->v, n, __ATOMIC_SEQ_CST))
#define atomic_fetch_or(n, a)	__atomic_fetch_or(&(a)->v, n, __ATOMIC_SEQ_CST)
#define atomic64_read(a)	atomic_read(a)
#define atomic64_set(a, n)	atomic_set(a, n)

/* err.h */

#define MAX_ERRNO	4095
#define ERR_PTR(e)	((void *)(long)(e))
#define PTR_ERR(p)	((long)(p))
#define IS_ERR(p)	((unsigned long)(p) >= (unsigned long)-MAX_ERRNO)
#define PTR_ERR_OR_ZERO(p) (IS_ERR(p) ? PTR_ERR(p) : 0)

/* list.h, rculist.h */

struct list_head {
	struct list_head *next, *prev;
};

static inline void INIT_LIST_HEAD(struct list_head *l)
{
	l->next = l->prev = l;
}

static inline bool list_empty(const struct list_head *l)
{
	return l->next == l;
}

static inline void list_add_tail(struct list_head *n, struct list_head *l)
{
	n->next = l;
	n->prev = l->prev;
	l->prev->next = n;
	l->prev = n;
}

static inline void list_del(struct list_head *n)
{
	n->next->prev = n->prev;
	n->prev->next = n->next;
}

static inline void list_del_init(struct list_head *n)
{
	list_del(n);
	INIT_LIST_HEAD(n);
}

#define list_add_tail_rcu	list_add_tail
#define list_del_rcu		list_del
#define list_entry(p, t, m)	container_of(p, t, m)
#define list_for_each_entry(p, l, m)					\
	for ((p) = list_entry((l)->next, __typeof__(*(p)), m);		\
	     &(p)->m != (l);						\
	     (p) = list_entry((p)->m.next, __typeof__(*(p)), m))
#define list_for_each_entry_rcu	list_for_each_entry
#define list_for_each_entry_safe(p, n, l, m)				\
	for ((p) = list_entry((l)->next, __typeof__(*(p)), m),		\
	     (n) = list_entry((p)->m.next, __typeof__(*(p)), m);	\
	     &(p)->m != (l);						\
	     (p) = (n), (n) = list_entry((n)->m.next, __typeof__(*(p)), m))

/* Locks: taking one twice, or leaving one that isn't held, aborts. */

struct kshim_lock { bool held; };
typedef struct kshim_lock raw_spinlock_t, spinlock_t;
struct mutex { struct kshim_lock l; };

extern int kshim_atomic;	/* spin locks held */

static inline void kshim_spin(struct kshim_lock *l, bool take)
{
	if (l->held == take)
		abort();
	l->held = take;
	kshim_atomic += take ? 1 : -1;
}

/* What may sleep calls this. */
void kshim_might_sleep(void);

#define raw_spin_lock_init(l)	((l)->held = false)
#define raw_spin_lock_irq(l)	kshim_spin(l, true)
#define raw_spin_unlock_irq(l)	kshim_spin(l, false)
#define raw_spin_lock_irqsave(l, f) ((f) = 0, kshim_spin(l, true))
#define raw_spin_unlock_irqrestore(l, f) ((void)(f), kshim_spin(l, false))
#define spin_lock_irq(l)	kshim_spin(l, true)
#define spin_unlock_irq(l)	kshim_spin(l, false)

static inline void mutex_lock(struct mutex *m)
{
	kshim_might_sleep();
	if (m->l.held)
		abort();
	m->l.held = true;
}

static inline void mutex_unlock(struct mutex *m)
{
	if (!m->l.held)
		abort();
	m->l.held = false;
}

#define mutex_init(m)		((m)->l.held = false)
#define mutex_destroy(m)	((m)->l.held ? abort() : (void)0)
/* A mutex begins with a lock. */
#define kshim_held(l)		(((const struct kshim_lock *)(l))->held)
#define lockdep_is_held(l)	kshim_held(l)
#define lockdep_assert_held(l)	(kshim_held(l) ? (void)0 : abort())

/* rcupdate.h */

struct rcu_head { void *unused; };

extern int kshim_rcu;		/* nesting of read sections */
void kshim_free_rcu(void *p);

static inline void rcu_read_lock(void)
{
	kshim_rcu++;
}

void rcu_read_unlock(void);
void synchronize_rcu(void);

#define rcu_dereference(p)	(kshim_rcu ? READ_ONCE(p) : (abort(), (p)))
#define rcu_dereference_protected(p, c) ((c) ? (p) : (abort(), (p)))
#define rcu_assign_pointer(p, v) WRITE_ONCE(p, v)
#define RCU_INIT_POINTER(p, v)	WRITE_ONCE(p, v)
#define kvfree_rcu(p, member)	kshim_free_rcu(p)

/* slab.h, mm.h, gfp.h */

#define GFP_KERNEL_ACCOUNT	0
#define struct_size(p, m, n)	(sizeof(*(p)) + (n) * sizeof((p)->m[0]))

/* Allocations left before they fail; below 0: no limit. */
extern long kshim_allocs_left;
/* Allocations not freed. */
extern long kshim_allocated;

void *kshim_alloc(size_t size, size_t align);
void kfree(void *p);
#define kvfree			kfree
#define kzalloc(n, gfp)		kshim_alloc(n, 16)
#define kvzalloc(n, gfp)	kshim_alloc(n, 16)
#define kvcalloc(n, s, gfp)	kshim_alloc((size_t)(n) * (s), 16)
#define get_zeroed_page(gfp)	((unsigned long)kshim_alloc(4096, 4096))
#define free_page(p)		kfree((void *)(p))

/* ktime.h, hrtimer.h */

typedef s64 ktime_t;

enum hrtimer_restart { HRTIMER_NORESTART, HRTIMER_RESTART };
enum hrtimer_mode {
	HRTIMER_MODE_ABS_HARD,
	HRTIMER_MODE_ABS_PINNED_HARD,
	HRTIMER_MODE_REL_HARD,
};

struct hrtimer {
	struct hrtimer *next;
	ktime_t expires;
	bool queued;
	enum hrtimer_restart (*fn)(struct hrtimer *t);
};

extern u64 kshim_now;
extern u64 kshim_fired;		/* callbacks run since the start */

/* Move the clock by @ns; timers fire at their time. */
void kshim_advance(u64 ns);

static inline u64 ktime_get_ns(void)
{
	return kshim_now;
}

#define ns_to_ktime(ns)		((ktime_t)(ns))

void vmm_hrtimer_setup(struct hrtimer *t,
		       enum hrtimer_restart (*fn)(struct hrtimer *t),
		       enum hrtimer_mode mode);
void hrtimer_start(struct hrtimer *t, ktime_t when, enum hrtimer_mode mode);
int hrtimer_try_to_cancel(struct hrtimer *t);
u64 hrtimer_forward_now(struct hrtimer *t, ktime_t interval);
#define hrtimer_cancel		hrtimer_try_to_cancel
#define hrtimer_set_expires(t, when)	((t)->expires = (when))
#define hrtimer_get_expires(t)	((t)->expires)
#define ktime_to_ns(t)		((s64)(t))
#define ktime_add_ns(t, ns)	((ktime_t)((t) + (ns)))
#define hrtimer_active(t)	((t)->queued)
#define hrtimer_start_expires(t, mode) hrtimer_start(t, (t)->expires, \
						     HRTIMER_MODE_ABS_HARD)

/* workqueue.h: work runs when the queue is flushed, or by kshim_run_work() */

struct work_struct {
	struct list_head link;
	void (*fn)(struct work_struct *w);
};

struct workqueue_struct { struct list_head list; };

#define WQ_UNBOUND	0
#define INIT_WORK(w, f)	(INIT_LIST_HEAD(&(w)->link), (w)->fn = (f))

struct workqueue_struct *alloc_workqueue(const char *name, int flags, int max);
void destroy_workqueue(struct workqueue_struct *wq);
bool queue_work(struct workqueue_struct *wq, struct work_struct *w);
void flush_workqueue(struct workqueue_struct *wq);

/* eventfd.h, file.h, poll.h: descriptors are indexes of kshim_eventfd[] */

typedef unsigned int __poll_t;
#ifndef EPOLLIN
#define EPOLLIN		1U
#define EPOLLHUP	0x10U
#endif

typedef struct wait_queue_entry {
	struct list_head link;
	int (*func)(struct wait_queue_entry *w, unsigned int mode, int sync,
		    void *key);
} wait_queue_entry_t;

typedef struct wait_queue_head {
	spinlock_t lock;
	struct list_head head;
} wait_queue_head_t;

struct eventfd_ctx {
	u64 count;
	int refs;	/* references to the context */
	int files;	/* references to the file */
	wait_queue_head_t wqh;
};

struct file { struct eventfd_ctx ctx; };

typedef struct poll_table {
	void (*queue)(struct file *f, wait_queue_head_t *w,
		      struct poll_table *p);
} poll_table;

#define KSHIM_EVENTFDS	8
extern struct file kshim_eventfd[KSHIM_EVENTFDS];

/* User space opens, writes to, and closes descriptor @fd. */
void kshim_eventfd_open(int fd);
void kshim_eventfd_close(int fd);

void vmm_eventfd_signal(struct eventfd_ctx *ctx);
struct eventfd_ctx *eventfd_ctx_fdget(int fd);
struct eventfd_ctx *eventfd_ctx_fileget(struct file *f);
void eventfd_ctx_put(struct eventfd_ctx *ctx);
void eventfd_ctx_do_read(struct eventfd_ctx *ctx, u64 *count);
int eventfd_ctx_remove_wait_queue(struct eventfd_ctx *ctx,
				  wait_queue_entry_t *w, u64 *count);
struct file *fget(int fd);
void fput(struct file *f);
__poll_t vfs_poll(struct file *f, poll_table *p);

#define key_to_poll(key)	((__poll_t)(uintptr_t)(key))
#define init_waitqueue_func_entry(w, f) ((w)->func = (f))
#define init_poll_funcptr(p, q)	((p)->queue = (q))
#define add_wait_queue_priority(q, w) list_add_tail(&(w)->link, &(q)->head)

#endif
