/* SPDX-License-Identifier: GPL-2.0 */
/* User-space stand-in: one thread needs no atomic counts. */
#ifndef SHIM_LINUX_ATOMIC_H
#define SHIM_LINUX_ATOMIC_H

typedef struct {
	long counter;
} atomic_long_t;

static inline long atomic_long_read(const atomic_long_t *v)
{
	return v->counter;
}

static inline void atomic_long_set(atomic_long_t *v, long val)
{
	v->counter = val;
}

static inline void atomic_long_add(long by, atomic_long_t *v)
{
	v->counter += by;
}

static inline void atomic_long_sub(long by, atomic_long_t *v)
{
	v->counter -= by;
}

static inline void atomic_long_inc(atomic_long_t *v)
{
	v->counter++;
}

static inline void atomic_long_dec(atomic_long_t *v)
{
	v->counter--;
}

#endif
