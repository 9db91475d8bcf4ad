// SPDX-License-Identifier: GPL-2.0
/* See kshim.h. */
#include "kshim.h"

void (*kshim_race)(void);
int kshim_atomic, kshim_rcu;
long kshim_allocs_left = -1, kshim_allocated;
u64 kshim_now = 1000000000, kshim_fired;
struct file kshim_eventfd[KSHIM_EVENTFDS];

static struct hrtimer *timers;

static struct { void *p; int n; } dying[4096];
static int nr_dying;

void kshim_might_sleep(void)
{
	if (kshim_atomic || kshim_rcu)
		abort();
}

void *kshim_alloc(size_t size, size_t align)
{
	void *p;

	if (!kshim_allocs_left)
		return NULL;
	if (kshim_allocs_left > 0)
		kshim_allocs_left--;
	kshim_might_sleep();
	if (posix_memalign(&p, align, size))
		abort();
	memset(p, 0, size);
	kshim_allocated++;
	return p;
}

void kfree(void *p)
{
	kshim_allocated -= !!p;
	free(p);
}

static void free_dying(void)
{
	while (nr_dying)
		kfree(dying[--nr_dying].p);
}

void kshim_free_rcu(void *p)
{
	if (!kshim_rcu) {
		kfree(p);
		return;
	}
	if (nr_dying == 4096)
		abort();
	dying[nr_dying++].p = p;
}

void rcu_read_unlock(void)
{
	if (kshim_rcu-- <= 0)
		abort();
	if (!kshim_rcu)
		free_dying();
}

void synchronize_rcu(void)
{
	kshim_might_sleep();
}

/* Timers. */

void vmm_hrtimer_setup(struct hrtimer *t,
		       enum hrtimer_restart (*fn)(struct hrtimer *t),
		       enum hrtimer_mode mode)
{
	memset(t, 0, sizeof(*t));
	t->fn = fn;
}

int hrtimer_try_to_cancel(struct hrtimer *t)
{
	struct hrtimer **p;

	if (!t->queued)
		return 0;
	for (p = &timers; *p != t; p = &(*p)->next)
		;
	*p = t->next;
	t->queued = false;
	return 1;
}

void hrtimer_start(struct hrtimer *t, ktime_t when, enum hrtimer_mode mode)
{
	hrtimer_try_to_cancel(t);
	t->expires = when;
	if (mode == HRTIMER_MODE_REL_HARD)
		t->expires += kshim_now;
	t->queued = true;
	t->next = timers;
	timers = t;
}

u64 hrtimer_forward_now(struct hrtimer *t, ktime_t interval)
{
	u64 n;

	if (interval <= 0)
		abort();
	if ((s64)kshim_now < t->expires)
		return 0;
	n = (kshim_now - t->expires) / interval + 1;
	t->expires += n * interval;
	return n;
}

static struct hrtimer *first_timer(void)
{
	struct hrtimer *t, *best = timers;

	for (t = timers; t; t = t->next) {
		if (t->expires < best->expires)
			best = t;
	}
	return best;
}

void kshim_advance(u64 ns)
{
	u64 end = kshim_now + ns;
	struct hrtimer *t;

	while ((t = first_timer()) && t->expires <= (s64)end) {
		if (t->expires > (s64)kshim_now)
			kshim_now = t->expires;
		hrtimer_try_to_cancel(t);
		kshim_fired++;
		/* A callback is in interrupt context. */
		kshim_atomic++;
		if (t->fn(t) == HRTIMER_RESTART && !t->queued)
			hrtimer_start(t, t->expires, HRTIMER_MODE_ABS_HARD);
		kshim_atomic--;
	}
	kshim_now = end;
}

/* Work. */

struct workqueue_struct *alloc_workqueue(const char *name, int flags, int max)
{
	struct workqueue_struct *wq = kshim_alloc(sizeof(*wq), 16);

	if (wq)
		INIT_LIST_HEAD(&wq->list);
	return wq;
}

bool queue_work(struct workqueue_struct *wq, struct work_struct *w)
{
	if (!list_empty(&w->link))
		return false;
	list_add_tail(&w->link, &wq->list);
	return true;
}

void flush_workqueue(struct workqueue_struct *wq)
{
	kshim_might_sleep();
	while (!list_empty(&wq->list)) {
		struct work_struct *w = list_entry(wq->list.next,
						   struct work_struct, link);

		list_del_init(&w->link);
		w->fn(w);
	}
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	flush_workqueue(wq);
	kfree(wq);
}

/* Eventfds. */

static void wake(struct eventfd_ctx *ctx, __poll_t events)
{
	wait_queue_entry_t *w, *next;

	list_for_each_entry_safe(w, next, &ctx->wqh.head, link)
		w->func(w, 0, 0, (void *)(uintptr_t)events);
}

void kshim_eventfd_open(int fd)
{
	struct file *f = &kshim_eventfd[fd];

	if (f->ctx.refs)
		abort();
	memset(f, 0, sizeof(*f));
	INIT_LIST_HEAD(&f->ctx.wqh.head);
	f->ctx.refs = 1;
	f->ctx.files = 1;
}

void kshim_eventfd_close(int fd)
{
	fput(&kshim_eventfd[fd]);
}

void vmm_eventfd_signal(struct eventfd_ctx *ctx)
{
	kshim_spin(&ctx->wqh.lock, true);
	ctx->count++;
	wake(ctx, EPOLLIN);
	kshim_spin(&ctx->wqh.lock, false);
}

struct file *fget(int fd)
{
	if (fd < 0 || fd >= KSHIM_EVENTFDS || !kshim_eventfd[fd].ctx.files)
		return NULL;
	kshim_eventfd[fd].ctx.files++;
	return &kshim_eventfd[fd];
}

void fput(struct file *f)
{
	if (f->ctx.files <= 0)
		abort();
	if (--f->ctx.files)
		return;
	kshim_spin(&f->ctx.wqh.lock, true);
	wake(&f->ctx, EPOLLHUP);
	kshim_spin(&f->ctx.wqh.lock, false);
	eventfd_ctx_put(&f->ctx);
}

struct eventfd_ctx *eventfd_ctx_fileget(struct file *f)
{
	f->ctx.refs++;
	return &f->ctx;
}

struct eventfd_ctx *eventfd_ctx_fdget(int fd)
{
	if (fd < 0 || fd >= KSHIM_EVENTFDS || !kshim_eventfd[fd].ctx.files)
		return ERR_PTR(-EBADF);
	return eventfd_ctx_fileget(&kshim_eventfd[fd]);
}

void eventfd_ctx_put(struct eventfd_ctx *ctx)
{
	if (ctx->refs-- <= 0)
		abort();
	/* Whoever listens holds a reference. */
	if (!ctx->refs && !list_empty(&ctx->wqh.head))
		abort();
}

void eventfd_ctx_do_read(struct eventfd_ctx *ctx, u64 *count)
{
	lockdep_assert_held(&ctx->wqh.lock);
	*count = ctx->count;
	ctx->count = 0;
}

int eventfd_ctx_remove_wait_queue(struct eventfd_ctx *ctx,
				  wait_queue_entry_t *w, u64 *count)
{
	kshim_spin(&ctx->wqh.lock, true);
	list_del(&w->link);
	eventfd_ctx_do_read(ctx, count);
	kshim_spin(&ctx->wqh.lock, false);
	return 0;
}

__poll_t vfs_poll(struct file *f, poll_table *p)
{
	kshim_might_sleep();
	kshim_spin(&f->ctx.wqh.lock, true);
	p->queue(f, &f->ctx.wqh, p);
	kshim_spin(&f->ctx.wqh.lock, false);
	return f->ctx.count ? EPOLLIN : 0;
}
