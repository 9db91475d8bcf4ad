// SPDX-License-Identifier: GPL-2.0
/*
 * squeezebench DEVICE kvm|vmm: a guest that has more memory than its host, and uses all of it.
 *
 * The host is left 512 MiB; the guest writes 1 GiB, half of which does not compress, and goes
 * over it in order, the worst that can be. What does not fit leaves for DEVICE: by the host's swap
 * under KVM, by the module's under vmm. Where the clock counts instructions the cost is that
 * of the host a page, all that it does included: what the guest does itself is measured
 * where everything fits, and taken off.
 *
 * One line, "MONITOR,squeeze,squeeze,COST,COST".
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "backend.h"
#include "guest.h"

#define MIB		(1UL << 20)
#define PAGE_BYTES	0x1000UL
#define HOST		(512 * MIB)
#define GUEST		(1024 * MIB)
#define SMALL		(16 * MIB)
#define PASSES		3

extern const uint8_t guest_squeeze[];

static uint64_t available(void)
{
	unsigned long kib = 0;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f) && sscanf(line, "MemAvailable: %lu", &kib) != 1)
		;
	if (f)
		fclose(f);
	return kib * 1024UL;
}

/* All memory but @left is ours, for good. */
static int take_all_but(uint64_t left)
{
	uint64_t has = available(), size;
	void *p;

	if (has < left) {
		warnx("the host has %lu MiB, not %lu", (unsigned long)(has / MIB),
		      (unsigned long)(left / MIB));
		return -1;
	}
	size = (has - left) & -PAGE_BYTES;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);
	if (p != MAP_FAILED)
		return 0;
	warn("taking %lu MiB", (unsigned long)(size / MIB));
	return -1;
}

static uint64_t squeeze(struct machine *m, uint64_t size)
{
	return machine_run(m, guest_squeeze, size / PAGE_BYTES, GUEST_TOUCH, PASSES);
}

/* What the guest does itself, @size of it: the second time round everything is there. */
static uint64_t own_cost(struct machine *m, uint64_t size)
{
	uint64_t cost = 0;
	int i;

	for (i = 0; i < 2; i++) {
		memset(m->mem + GUEST_TOUCH, 0, SMALL);
		cost = squeeze(m, SMALL);
	}
	return cost * (size / SMALL);
}

static int measure(struct machine *m, const char *device)
{
	uint64_t own, all;

	machine_fill(m);
	own = own_cost(m, GUEST);
	memset(m->mem + GUEST_TOUCH, 0, SMALL);
	if (!own || take_all_but(HOST) || m->ops->page_to(m, device))
		return -1;
	all = squeeze(m, GUEST);
	if (!all)
		return -1;
	printf("%s,squeeze,squeeze,%.1f,%.1f\n", m->ops->name,
	       (double)(all - own) / (GUEST / PAGE_BYTES),
	       (double)(all - own) / (GUEST / PAGE_BYTES));
	return 0;
}

int main(int argc, char **argv)
{
	const struct backend *backend = argc == 3 ? backend_find(argv[2]) : NULL;
	struct machine *m;
	int r;

	if (!backend) {
		fprintf(stderr, "usage: squeezebench DEVICE kvm|vmm\n");
		return 2;
	}
	m = backend->create(GUEST_TOUCH + GUEST, PAGES_ANY);
	if (!m)
		return 1;
	r = measure(m, argv[1]);
	backend->destroy(m);
	return r ? 1 : 0;
}
