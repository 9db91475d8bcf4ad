// SPDX-License-Identifier: GPL-2.0
/*
 * dedupbench: what a page costs deduplication that observes, in ticks of the time-stamp
 * counter: where the clock counts instructions, instructions; and in bytes.
 *
 * One line a figure, "vmm,NAME,dedup,LEAST,MEDIAN", all of them per page, bytes per
 * 100 pages.  A pass includes what is done at its ends, and a write to sysfs.
 */
#include <stdio.h>
#include <x86intrin.h>

#include "lineage.h"

#define KSM	"/sys/kernel/vmm/ksm/"
#define PAGES	8192UL
#define RUNS	3

static unsigned char *ram;

static void put(const char *file, const char *to)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), KSM "%s", file);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, to, strlen(to)) < 0)
		vt_bail("%s to %s", to, file);
	close(fd);
}

static unsigned long long get(const char *file)
{
	char path[64], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), KSM "%s", file);
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) < 0)
		vt_bail("%s", file);
	close(fd);
	return strtoull(text, NULL, 10);
}

/* A pass over so many pages. */
static uint64_t pass(unsigned long pages)
{
	unsigned long long passes = get("full_scans");
	uint64_t begun, ticks;
	char to[32];

	snprintf(to, sizeof(to), "%lu", pages);
	begun = __rdtsc();
	put("step", to);
	ticks = __rdtsc() - begun;
	if (get("full_scans") != passes + 1)
		vt_bail("not a pass");
	return ticks / pages;
}

static void tell(const char *name, uint64_t *v, unsigned int n)
{
	uint64_t swap;
	unsigned int i, k;

	for (i = 0; i < n; i++) {
		for (k = i + 1; k < n; k++) {
			if (v[k] >= v[i])
				continue;
			swap = v[i];
			v[i] = v[k];
			v[k] = swap;
		}
	}
	printf("vmm,%s,dedup,%llu,%llu\n", name, (unsigned long long)v[0],
	       (unsigned long long)v[n / 2]);
}

/* So many pages to a content; none of them was there before. */
static void write_all(unsigned int copies)
{
	static uint64_t round;
	unsigned long i;

	round++;
	for (i = 0; i < PAGES; i++)
		*(uint64_t *)(ram + i * VT_PAGE) = round << 32 | i / copies;
}

static void measure_hash(const char *hash)
{
	uint64_t single[RUNS], same[RUNS], equal[RUNS];
	char name[32];
	unsigned int i;

	put("hash", hash);
	write_all(1);
	pass(PAGES);
	for (i = 0; i < RUNS; i++) {
		write_all(1);
		single[i] = pass(PAGES);
		same[i] = pass(PAGES);
		write_all(4);
		equal[i] = pass(PAGES);
	}
	snprintf(name, sizeof(name), "changed_%s", hash);
	tell(name, single, RUNS);
	snprintf(name, sizeof(name), "same_%s", hash);
	tell(name, same, RUNS);
	snprintf(name, sizeof(name), "equal_%s", hash);
	tell(name, equal, RUNS);
}

static void measure_bytes(void)
{
	uint64_t bytes;

	write_all(1);
	put("reset", "1");
	bytes = get("metadata_bytes");
	pass(PAGES);
	bytes = (get("metadata_bytes") - bytes) * 100 / PAGES;
	tell("bytes_100_single", &bytes, 1);
}

static void measure_frozen(int mem)
{
	int frozen = mem_freeze(mem);
	uint64_t ticks[RUNS];
	unsigned int i;

	if (frozen < 0)
		vt_bail("freeze");
	pass(2 * PAGES);
	for (i = 0; i < RUNS; i++)
		ticks[i] = pass(2 * PAGES);
	tell("unchanged", ticks, RUNS);
	close(frozen);
}

static void measure_zero(void)
{
	uint64_t ticks[RUNS];
	unsigned int i;

	memset(ram, 0, PAGES * VT_PAGE);
	for (i = 0; i < RUNS; i++)
		ticks[i] = pass(PAGES);
	tell("zero", ticks, RUNS);
}

int main(void)
{
	struct vmm_create_mem c = {
		.size = PAGES * VT_PAGE, .flags = VMM_MEM_SMALL_PAGES,
	};
	int mem;

	vt_open();
	mem = ioctl(vt_dev, VMM_CREATE_MEM, &c);
	ram = mem < 0 ? NULL : vt_map(mem, c.size);
	if (!ram)
		vt_bail("memory");
	memset(ram, 0x33, c.size);
	put("seed", "1");
	measure_hash("mul");
	measure_hash("aes");
	measure_bytes();
	measure_frozen(mem);
	measure_zero();
	return 0;
}
