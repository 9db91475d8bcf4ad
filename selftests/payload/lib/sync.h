/* SPDX-License-Identifier: GPL-2.0 */
/*
 * sync.h: locks, a barrier for CPUs that meet, and bounded waiting.
 * Atomics are the compiler's own (__atomic_*); the names here are short forms.
 */
#ifndef PAYLOAD_SYNC_H
#define PAYLOAD_SYNC_H

#include "cpu.h"

struct lock { u32 taken; };

static inline void lock(struct lock *l)
{
	while (__atomic_exchange_n(&l->taken, 1, __ATOMIC_ACQUIRE))
		while (__atomic_load_n(&l->taken, __ATOMIC_RELAXED))
			pause();
}

static inline void unlock(struct lock *l)
{
	__atomic_store_n(&l->taken, 0, __ATOMIC_RELEASE);
}

static inline u64 lock_irq(struct lock *l)
{
	u64 flags = read_flags();

	cli();
	lock(l);
	return flags;
}

static inline void unlock_irq(struct lock *l, u64 flags)
{
	unlock(l);
	if (flags & FLAG_IF)
		sti();
}

#define load(p)		__atomic_load_n(p, __ATOMIC_SEQ_CST)
#define store(p, v)	__atomic_store_n(p, v, __ATOMIC_SEQ_CST)
#define add(p, v)	__atomic_add_fetch(p, v, __ATOMIC_SEQ_CST)

/* Every one of @total CPUs waits here until all have come; reusable. */
struct meeting { u32 here, round; };

static inline void meet(struct meeting *m, u32 total)
{
	u32 round = load(&m->round);

	if (add(&m->here, 1) == total) {
		store(&m->here, 0);
		add(&m->round, 1);
		return;
	}
	while (load(&m->round) == round)
		pause();
}

#endif
