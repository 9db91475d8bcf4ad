// SPDX-License-Identifier: GPL-2.0
/*
 * Streams of saved state that somebody else has written: valid ones with pieces
 * changed, cut out, doubled and swapped.  The walk stays in its bytes; and what it has
 * found good can be taken to the end.
 *
 *	state_stream [COUNT [SEED]]
 */
#include <stdio.h>

#include "rnd.h"
#include "state_world.h"

#define VCPUS	2

static u32 below(u32 n)
{
	return (u32)(rnd() >> 16) % n;
}

/* Offsets of headers are what matters most. */
static size_t some_place(const char *data, size_t size)
{
	const struct vmm_state_record *h;
	u32 hops = below(30);
	size_t at = 0;

	if (below(4) == 0)
		return below(size) & ~7U;
	while (hops-- && at + sizeof(*h) <= size) {
		h = (const void *)(data + at);
		if (h->size % 8 || h->size > size - at - sizeof(*h))
			break;
		at += sizeof(*h) + h->size;
	}
	return at < size ? at : 0;
}

static void change_word(char *data, size_t size)
{
	static const u32 odd[] = { 0, 1, 8, 16, 0x7fffffff, 0xfffffff8, ~0U };
	size_t at = (some_place(data, size) + 4 * below(6));
	u32 v;

	if (at + sizeof(v) > size)
		return;
	memcpy(&v, data + at, sizeof(v));
	switch (below(3)) {
	case 0:
		v ^= 1U << below(32);
		break;
	case 1:
		v = odd[below(sizeof(odd) / sizeof(odd[0]))];
		break;
	case 2:
		v += 8 * (below(5) - 2);
		break;
	}
	memcpy(data + at, &v, sizeof(v));
}

static size_t change(char *data, size_t size)
{
	size_t a = some_place(data, size), b = some_place(data, size), n;

	switch (below(6)) {
	case 0:
		return a ? a : size;
	case 1:			/* one piece over another */
		n = size - (a > b ? a : b);
		memmove(data + a, data + b, n);
		return size;
	case 2:			/* a piece cut out */
		if (a > b)
			return size;
		memmove(data + a, data + b, size - b);
		return size - (b - a) ? size - (b - a) : size;
	default:
		change_word(data, size);
		return size;
	}
}

/* As a load does; the payloads are read to their ends. */
static u64 take_all(const void *data, size_t size)
{
	struct vmm_stream_reader r = { .data = data };
	const struct vmm_state_vm *vm;
	u32 len, i, n, vcpus = 0;
	const u8 *p;
	u64 sum = 0;

	for (i = 0; i < VMM_STREAM_VM_KINDS; i++) {
		p = vmm_stream_take(&r, vmm_stream_vm[i].type, &len, NULL);
		vm = (const void *)p;
		if (!i)
			vcpus = vm->vcpus;
		sum += len ? p[0] + p[len - 1] : 0;
	}
	for (n = 0; n < vcpus; n++) {
		for (i = 0; i < VMM_STREAM_VCPU_KINDS; i++) {
			p = vmm_stream_take(&r, vmm_stream_vcpu[i].type, &len, NULL);
			sum += len ? p[0] + p[len - 1] : 0;
		}
	}
	if (r.pos > size)
		abort();
	return sum;
}

int main(int argc, char **argv)
{
	u64 count = argc > 1 ? strtoull(argv[1], NULL, 0) : 100000, i;
	u64 good = 0, bad = 0, sum = 0;
	struct vmm_stream_place place;
	size_t size, whole;
	u32 times;
	char *data;

	if (argc > 2)
		seed ^= strtoull(argv[2], NULL, 0) << 32;
	for (i = 0; i < count; i++) {
		void *stream = make_stream(below(VCPUS + 1), &whole);

		size = whole;
		for (times = below(4); times--; )
			size = change(stream, size);
		data = realloc(stream, size);
		if (vmm_stream_check(data, size, &place)) {
			if (place.offset > size)
				abort();
			bad++;
		} else {
			sum += take_all(data, size);
			good++;
		}
		free(data);
	}
	printf("%llu streams: %llu taken, %llu refused, %llx\n",
	       (unsigned long long)count, (unsigned long long)good,
	       (unsigned long long)bad, (unsigned long long)sum);
	return good && bad ? 0 : 1;
}
