/* SPDX-License-Identifier: GPL-2.0 */
/* A stream with every record in it, for tests of what walks streams. */
#ifndef STATE_WORLD_H
#define STATE_WORLD_H

#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

#include "state/stream.h"

#define UNITS	3	/* of what has no fixed length */

static inline void put_kind(struct vmm_stream_writer *w,
			    const struct vmm_stream_kind *k, u32 instance,
			    u32 vcpus)
{
	u32 size = k->fixed + UNITS * k->unit;
	struct vmm_state_vm vm = { .magic = VMM_STATE_MAGIC, .vcpus = vcpus };
	void *to = vmm_stream_begin(w, k->type, instance, size);

	if (to)
		memset(to, k->type, size);
	if (to && k->type == VMM_STATE_VM)
		memcpy(to, &vm, sizeof(vm));
}

/* vCPUs with ids 0, 2, 4 and so on. */
static inline void put_stream(struct vmm_stream_writer *w, u32 vcpus)
{
	unsigned int i, n;

	for (i = 0; i < VMM_STREAM_VM_KINDS; i++)
		put_kind(w, &vmm_stream_vm[i], 0, vcpus);
	for (n = 0; n < vcpus; n++)
		for (i = 0; i < VMM_STREAM_VCPU_KINDS; i++)
			put_kind(w, &vmm_stream_vcpu[i], 2 * n, vcpus);
	vmm_stream_end(w);
}

/* In memory of exactly its size, to be freed. */
static inline void *make_stream(u32 vcpus, size_t *size)
{
	struct vmm_stream_writer length = {}, w = {};

	put_stream(&length, vcpus);
	w.buf = malloc(length.len);
	w.room = length.len;
	put_stream(&w, vcpus);
	if (w.len != w.room)
		abort();
	*size = w.len;
	return w.buf;
}

#endif
