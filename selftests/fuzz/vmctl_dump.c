// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps of page hashes, cut off and altered.  With sums as they were, all must be refused; with sums
 * that are right again, what is taken is analyzed and mapped, and what is refused
 * has a reason of one line.  The sanitizers see the rest.
 */
#include <xxhash.h>

#include "vmctl_ksm_dumps.h"

static uint64_t state;

static uint64_t below(uint64_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return ((state * 0x2545f4914f6cdd1d) >> 11) % n;
}

static uint8_t *sample(size_t *size)
{
	static const uint32_t flags[] = {
		0, VMM_KSM_PAGE_AWAY, VMM_KSM_PAGE_PRESENT,
		VMM_KSM_PAGE_PRESENT | VMM_KSM_PAGE_ZERO,
		VMM_KSM_PAGE_PRESENT | VMM_KSM_PAGE_MERGED,
		VMM_KSM_PAGE_PRESENT | VMM_KSM_PAGE_KIN | VMM_KSM_PAGE_HUGE,
	};
	struct dump *d = dump_of("web", 3, 5);
	unsigned int i, f;
	uint8_t *data;

	for (i = 0; i < 1300; i++) {
		f = i < 600 ? 2 : (unsigned int)below(6);
		if (!add_page(d, 1 + i / 400, flags[f], f < 2 || f == 3 ? 0 : 1 + below(50),
			      f < 2 ? 0 : 1 + below(99)))
			abort();
	}
	data = dump_bytes(d, size);
	dump_free(d);
	free(d);
	return data;
}

static void mend(uint8_t *data, size_t size)
{
	uint64_t sum = XXH64(data, DUMP_AT_SUM, 0);

	if (size < DUMP_HEAD_SIZE + DUMP_END_SIZE)
		return;
	put64(data + DUMP_AT_SUM, sum);
	put64(data + size - DUMP_END_SIZE,
	      XXH64(data + DUMP_HEAD_SIZE,
		    size - DUMP_HEAD_SIZE - DUMP_END_SIZE, sum));
}

/* All that is done with a dump, beside the one that was not altered. */
static void use(struct dump *d, const uint8_t *whole, size_t size)
{
	struct dump *other = calloc(1, sizeof(*other)), *own = calloc(1, sizeof(*own));
	uint64_t count[MAP_KINDS], total = 0;
	struct ksm_analysis a;
	struct set s = {};
	struct err err;
	unsigned int i;

	free(map_make(d, count));
	for (i = 0; i < MAP_KINDS; i++)
		total += count[i];
	if (total != d->pages || read_bytes(other, whole, size, &err))
		abort();
	other->seed = d->seed;
	memcpy(other->hash, d->hash, sizeof(d->hash));
	*own = *d;
	memset(d, 0, sizeof(*d));
	if (set_add(&s, own, &err) || set_add(&s, other, &err) ||
	    set_order(&s, &err) || ksm_analyze(&a, &s, &err))
		abort();
	if (ksm_last(&a)->frames > ksm_last(&a)->present)
		abort();
	ksm_analysis_free(&a);
	set_free(&s);
}

/* 1: taken; 0: refused; -1: refused without a reason */
static int try(const uint8_t *data, size_t size, const uint8_t *whole, size_t all)
{
	struct err err = { .code = -1 };
	struct dump d;
	int ret;

	if (!read_bytes(&d, data, size, &err)) {
		use(&d, whole, all);
		return 1;
	}
	dump_free(&d);
	ret = err.code == VMCTL_FAILED && !strncmp(err.text, "x: at byte ", 11) &&
	      !strchr(err.text, '\n') ? 0 : -1;
	if (ret)
		printf("%s\n", err.text);
	return ret;
}

static const uint64_t odd[] = {
	0, 1, 2, 3, 16, 32, 63, 64, 255, 1299, 1301, 0x7fffffff, 0x80000000, 0xffffffff,
	1ULL << 30, (1ULL << 30) + 1, 1ULL << 63, ~0ULL,
};

static void alter(uint8_t *data, size_t size)
{
	size_t at = below(3) ? below(size) : below(size < DUMP_HEAD_SIZE ? size : DUMP_HEAD_SIZE);
	uint64_t v = odd[below(sizeof(odd) / sizeof(odd[0]))];

	if (below(2))
		data[at] ^= (uint8_t)(1U << below(8));
	else if (at + 8 <= size && below(2))
		put64(data + (at & ~7ULL), v);
	else if (at + 4 <= size)
		put32(data + (at & ~3ULL), (uint32_t)v);
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 0) : 5000, i;
	unsigned long taken = 0;
	size_t size, n;
	uint8_t *data, *copy;
	int ret = 0;
	bool mended;

	state = (argc > 2 ? strtoul(argv[2], NULL, 0) : 1) * 0x9e3779b97f4a7c15;
	data = sample(&size);
	copy = malloc(size + 64);
	if (try(data, size, data, size) != 1)
		return 1;
	for (i = 0; i < count && ret >= 0; i++) {
		n = below(4) ? size : 1 + below(size + 64);
		memset(copy, 0, size + 64);
		memcpy(copy, data, n < size ? n : size);
		mended = below(4);
		do {
			alter(copy, n);
		} while (below(3));
		if (mended)
			mend(copy, n);
		if (n == size && !memcmp(copy, data, size))
			continue;
		ret = try(copy, n, data, size);
		taken += ret > 0;
		if (ret > 0 && !mended) {
			printf("taken, with a wrong sum\n");
			ret = -1;
		}
	}
	free(copy);
	free(data);
	printf("%lu files, %lu taken\n", i, taken);
	return ret < 0 || taken < count / 100;
}
