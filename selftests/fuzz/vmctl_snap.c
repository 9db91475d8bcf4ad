// SPDX-License-Identifier: GPL-2.0
/*
 * Snapshot files, cut off and altered.  With sums as they were, all must be refused; with
 * sums that are right again, what is taken stays within the memory that it tells of, and
 * what is refused has a reason of one line.  The sanitizers see the rest.
 */
#include <sys/mman.h>

#include "vmctl_snap_files.h"
#include "vmctl_snap_pieces.h"

static uint64_t state;
static struct world *world;
static char path[32];
static int file;

static uint64_t below(uint64_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return ((state * 0x2545f4914f6cdd1d) >> 11) % n;
}

static uint8_t *sample(uint8_t parent, size_t *size)
{
	struct snap_about a = about_of(1, parent);
	char name[] = "/tmp/vmctl-snap-XXXXXX";
	struct world *none = calloc(1, sizeof(*none));
	struct err err;
	uint8_t *data;
	unsigned int i;

	close(mkstemp(name));
	unlink(name);
	for (i = 0; i < 6; i++)
		fill(world, 100 * i, 2 * i);
	fill(world, PAGES + 3, 8);
	fill(none, 2, 2);
	if (write_file(name, &a, world, parent ? none : NULL, &err))
		abort();
	data = slurp(name, size);
	unlink(name);
	free(none);
	return data;
}

/* 1: taken; 0: refused; -1: refused without a reason */
static int try(const uint8_t *data, size_t size)
{
	struct err err = { .code = -1 };
	struct snap_totals totals;
	struct snap_about about;

	if (ftruncate(file, 0) || pwrite(file, data, size, 0) != (ssize_t)size)
		abort();
	if (!read_file(path, world, &about, &totals, &err))
		return 1;
	if (err.code == VMCTL_FAILED && !strncmp(err.text, path, strlen(path)) &&
	    strstr(err.text, ": at byte ") && !strchr(err.text, '\n'))
		return 0;
	printf("%s\n", err.text);
	return -1;
}

static const uint32_t odd[] = {
	0, 1, 2, 3, 40, 255, 512, 513, 1024, 3000, 4096, 0x7fffffff, 0x80000000,
	0xffffffff, 0xfffff000,
};

static void alter(uint8_t *data, size_t size)
{
	size_t at = size ? below(size) : 0;

	if (!size)
		return;
	if (below(2))
		data[at] ^= (uint8_t)(1U << below(8));
	else if (size >= 4)
		put32(data + (below(size - 3) & ~3ULL),
		      odd[below(sizeof(odd) / sizeof(odd[0]))]);
}

/* One part of a file in others, and all sums as they must be. */
static int altered_inside(const uint8_t *data, size_t size)
{
	struct pieces p = take_apart(data, size);
	unsigned int n = 1 + (unsigned int)below(2), a, b;
	struct piece *one, swap;
	uint8_t *again;
	int ret;

	while (n--) {
		one = &p.piece[below(p.count)];
		switch (below(8)) {
		case 0:
			one->size = below(one->size + 64);
			break;
		case 1:
			a = (unsigned int)below(p.count);
			b = (unsigned int)below(p.count);
			swap = p.piece[a];
			p.piece[a] = p.piece[b];
			p.piece[b] = swap;
			break;
		case 2:
			one->flags = (uint32_t)below(4);
			one->type ^= below(3) ? 0 : 1U << below(32);
			break;
		default:
			alter(one->data, below(4) ? one->size :
			      one->size < 64 ? one->size : 64);
		}
	}
	again = put_together(&p, &size);
	ret = try(again, size);
	free(again);
	free_pieces(&p);
	return ret;
}

static int altered_outside(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size + 1);
	size_t n = below(4) ? size : below(size);
	int ret = 0;

	memcpy(copy, data, size);
	copy[size] = 0;
	do {
		alter(copy, n);
	} while (below(3));
	if (memcmp(copy, data, size) || n < size)
		ret = try(copy, n);
	if (ret > 0)
		printf("taken, with a wrong sum\n");
	free(copy);
	return ret ? -1 : 0;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 0) : 20000, i;
	unsigned long taken = 0;
	uint8_t *data[2];
	size_t size[2];
	int ret = 0, which;

	state = (argc > 2 ? strtoul(argv[2], NULL, 0) : 1) * 0x9e3779b97f4a7c15;
	world = calloc(1, sizeof(*world));
	data[0] = sample(0, &size[0]);
	data[1] = sample(9, &size[1]);
	file = memfd_create("snapshot", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	for (which = 0; which < 2; which++)
		if (try(data[which], size[which]) != 1)
			return 1;
	for (i = 0; i < count && ret >= 0; i++) {
		which = (int)below(2);
		if (below(4))
			ret = altered_inside(data[which], size[which]);
		else
			ret = altered_outside(data[which], size[which]);
		taken += ret > 0;
	}
	free(data[0]);
	free(data[1]);
	free(world);
	printf("%lu files, %lu taken\n", i, taken);
	return ret < 0 || taken < count / 100;
}
