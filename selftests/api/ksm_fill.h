/* SPDX-License-Identifier: GPL-2.0 */
/* Memory objects with known contents, and passes over them. */
#ifndef KSM_FILL_H
#define KSM_FILL_H

#include "ksm.h"

#include <linux/vmm_mem.h>

#define PAGES	1024UL
#define SIZE	(PAGES * VT_PAGE)
#define EQUAL	600UL	/* of them, of CONTENTS contents */
#define CONTENTS 100UL
#define ZEROS	100UL

VT_UNUSED static int create(uint32_t flags)
{
	struct vmm_create_mem c = { .size = SIZE, .flags = flags };
	int fd = ioctl(vt_dev, VMM_CREATE_MEM, &c);

	if (fd < 0)
		vt_bail("memory");
	return fd;
}

/* Contents differ in their last bytes alone. */
VT_UNUSED static void write_page(unsigned char *page, uint64_t content)
{
	memset(page, content ? 0x5a : 0, VT_PAGE);
	((uint64_t *)page)[511] = content;
}

VT_UNUSED static void fill(unsigned char *p, uint64_t unique)
{
	unsigned long i;

	for (i = 0; i < PAGES; i++) {
		if (i < EQUAL)
			write_page(p + i * VT_PAGE, 1 + i % CONTENTS);
		else if (i < EQUAL + ZEROS)
			write_page(p + i * VT_PAGE, 0);
		else
			write_page(p + i * VT_PAGE, unique + i);
	}
}

/* What an object has whose memory was filled so. */
VT_UNUSED static uint64_t sum_of(uint64_t unique)
{
	unsigned char *p = malloc(SIZE);
	uint64_t sum = 14695981039346656037ULL, *word = (uint64_t *)p;
	size_t i;

	fill(p, unique);
	for (i = 0; i < SIZE / 8; i++)
		sum = (sum ^ word[i]) * 1099511628211ULL;
	free(p);
	return sum;
}

/* A pass, and what it has come across after that. */
VT_UNUSED static void pass(void)
{
	set_number("step", figure("pages_total"));
}

VT_UNUSED static void begin(void)
{
	set("run", "0");
	set("mode", "merge");
	set("policy", "dirty-clock");
	set_number("seed", 42);
}

VT_UNUSED static int filled(uint32_t flags, uint64_t unique, unsigned char **p)
{
	int fd = create(flags);

	*p = vt_map(fd, SIZE);
	fill(*p, unique);
	munmap(*p, SIZE);
	*p = NULL;
	return fd;
}

#endif
