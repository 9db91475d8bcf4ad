/* SPDX-License-Identifier: GPL-2.0 */
/* A VM's saved state in memory: got, set, taken apart, compared. */
#ifndef API_STREAMS_H
#define API_STREAMS_H

#include <linux/vmm_state.h>

#include "../vmmtest.h"

struct stream {
	unsigned char *data;
	size_t size;
};

static int get(int vm, void *data, uint64_t *size)
{
	struct vmm_vm_state s = { .data = (uintptr_t)data, .size = *size };
	int ret = ioctl(vm, VMM_VM_GET_STATE, &s);

	*size = s.size;
	return ret;
}

static uint64_t bad_at;
static uint32_t bad_type;

static int set_flags(int vm, const void *data, size_t size, uint32_t flags)
{
	struct vmm_vm_state s = {
		.data = (uintptr_t)data, .size = size, .flags = flags,
	};
	int ret = ioctl(vm, VMM_VM_SET_STATE, &s);

	bad_at = s.record;
	bad_type = s.seen;
	return ret;
}

static int set(int vm, const void *data, size_t size)
{
	return set_flags(vm, data, size, 0);
}

static struct stream save(int vm)
{
	struct stream s = {};
	uint64_t size = 0;

	if (!vt_refused(get(vm, NULL, &size), ENOSPC))
		vt_bail("the size of the state");
	s.size = size;
	s.data = malloc(size);
	if (get(vm, s.data, &size) || size != s.size)
		vt_bail("the state");
	return s;
}

static struct stream copy(const struct stream *s)
{
	struct stream c = { malloc(s->size), s->size };

	memcpy(c.data, s->data, s->size);
	return c;
}

static struct vmm_state_record *first(const struct stream *s)
{
	return (void *)s->data;
}

/* The record behind @r, NULL at the end. */
static struct vmm_state_record *next(const struct stream *s,
				     struct vmm_state_record *r)
{
	unsigned char *at = (unsigned char *)(r + 1) + r->size;

	return at < s->data + s->size ? (void *)at : NULL;
}

static struct vmm_state_record *find(const struct stream *s, uint32_t type,
				     uint32_t instance)
{
	struct vmm_state_record *r;

	for (r = first(s); r; r = next(s, r))
		if (r->type == type && r->instance == instance)
			return r;
	errno = ENOENT;
	vt_bail("record %#x of %u", type, instance);
}

static bool equal(const struct stream *a, const struct stream *b)
{
	struct vmm_state_record *r, *q;
	size_t i;

	if (a->size != b->size) {
		tap_note("%zu bytes and %zu", a->size, b->size);
		return false;
	}
	if (!memcmp(a->data, b->data, a->size))
		return true;
	for (r = first(a), q = first(b); r && q;
	     r = next(a, r), q = next(b, q)) {
		for (i = 0; i < r->size && i < q->size; i++)
			if (((unsigned char *)(r + 1))[i] !=
			    ((unsigned char *)(q + 1))[i])
				break;
		if (i < r->size)
			tap_note("record %#x of %u differs from byte %zu on",
				 r->type, r->instance, i);
	}
	return false;
}

#endif
