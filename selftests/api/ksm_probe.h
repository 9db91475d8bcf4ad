/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest that tries to find out what was merged, by the time that its reads and writes take.
 *
 * It has pages of three kinds, mixed at random: such as somebody else of its domain has, too;
 * such as nobody has; zeros.  After each pass it touches each of them once, in random
 * order, reads some and writes to others as a coin falls, and takes the time by its
 * own time-stamp counter.  All that is random follows from a seed.
 *
 * So kinds differ in nothing but what deduplication makes of them: a test whether latencies of
 * two kinds are of one distribution tells whether it can be seen.
 */
#ifndef KSM_PROBE_H
#define KSM_PROBE_H

#include "ksm.h"

#include <linux/vmm_mem.h>

#define PROBE_PAGES	1020UL
#define PROBE_GPA	(16 * VT_MB)
#define PROBE_RAM	(2 * VT_MB)
#define PROBE_LIST	0x40000UL
#define PROBE_RESULT	0x50000UL

enum probe_kind {
	PROBE_MERGED,		/* in another object of the domain, too */
	PROBE_SINGLE,		/* like no other */
	PROBE_ZERO,
	PROBE_KINDS,
};

enum probe_access {
	PROBE_READ,
	PROBE_WRITE,
	PROBE_ACCESSES,
};

static const char *const probe_kind_name[] = { "merged", "single", "zero" };
static const char *const probe_access_name[] = { "read", "write" };

/**
 * struct probe_sample - latencies, in ticks
 * @val:	them
 * @nr:		how many
 */
struct probe_sample {
	uint32_t *val;
	size_t nr;
};

static struct probe_sample probe_sample[PROBE_ACCESSES][PROBE_KINDS];

static struct {
	struct vt t;
	int mine, others;		/* memory */
	unsigned char *page;		/* of @mine */
	enum probe_kind kind[PROBE_PAGES];
	uint32_t order[PROBE_PAGES];
	uint64_t state;
} probe;

/*
 * esi: addresses, of pages to be written to with bit 0 set; ecx: how many.  Times go
 * behind them.  What is written is what is there.
 */
VT_BLOB(probe_pages,
	"1: mov (%esi), %ebx\n"
	"btr $0, %ebx\n"
	"jc 2f\n"
	"lfence\n rdtsc\n lfence\n"
	"mov %eax, %edi\n"
	"mov (%ebx), %eax\n"
	"lfence\n rdtsc\n"
	"jmp 3f\n"
	"2: lfence\n rdtsc\n lfence\n"
	"mov %eax, %edi\n"
	"lock addl $0, (%ebx)\n"
	"lfence\n rdtsc\n"
	"3: sub %edi, %eax\n"
	"mov %eax, 0x10000(%esi)\n"
	"add $4, %esi\n"
	"dec %ecx\n"
	"jnz 1b\n"
	"out %al, $0x80\n"
	"hlt");

static uint32_t probe_random(uint32_t below)
{
	probe.state = probe.state * 6364136223846793005ULL +
		      1442695040888963407ULL;
	return (probe.state >> 33) % below;
}

static void probe_shuffle(uint32_t *item)
{
	uint32_t i, k, was;

	for (i = PROBE_PAGES - 1; i; i--) {
		k = probe_random(i + 1);
		was = item[i];
		item[i] = item[k];
		item[k] = was;
	}
}

static unsigned char *probe_memory(int *fd)
{
	struct vmm_create_mem c = {
		.size = 4 * VT_MB, .flags = VMM_MEM_SMALL_PAGES,
	};
	unsigned char *p;

	*fd = ioctl(vt_dev, VMM_CREATE_MEM, &c);
	p = *fd < 0 ? NULL : vt_map(*fd, c.size);
	if (!p)
		vt_bail("memory");
	return p;
}

static void probe_fill_page(unsigned char *page, uint64_t content)
{
	memset(page, 0x5a, VT_PAGE);
	*(uint64_t *)page = content;
}

/* Kinds are dealt at random; the other object has what is to be merged. */
static void probe_fill(unsigned char *others)
{
	unsigned char *mine = vt_map(probe.mine, 4 * VT_MB);
	uint32_t i;

	for (i = 0; i < PROBE_PAGES; i++)
		probe.order[i] = i;
	probe_shuffle(probe.order);
	for (i = 0; i < PROBE_PAGES; i++) {
		probe.kind[probe.order[i]] = i % PROBE_KINDS;
		if (i % PROBE_KINDS == PROBE_MERGED)
			probe_fill_page(others + i * VT_PAGE, 1 + i);
		if (i % PROBE_KINDS == PROBE_ZERO)
			memset(mine + probe.order[i] * VT_PAGE, 0, VT_PAGE);
		else
			probe_fill_page(mine + probe.order[i] * VT_PAGE, 1 + i);
	}
	munmap(mine, 4 * VT_MB);
}

/* All of memory, from the beginning to the end. */
static void probe_pass(void)
{
	long long passes = figure("full_scans");

	set_number("step", figure("pages_total"));
	while (figure("full_scans") == passes)
		set_number("step", 1);
}

static void probe_begin(const char *security, uint64_t seed)
{
	unsigned char *others;

	set("run", "0");
	if (set("mode", "merge") || set("policy", "dirty-clock") ||
	    set("security", security))
		vt_bail("security %s", security);
	set_number("seed", seed);
	probe.state = seed;
	munmap(probe_memory(&probe.mine), 4 * VT_MB);
	others = probe_memory(&probe.others);
	probe_fill(others);
	munmap(others, 4 * VT_MB);
	vt_make(&probe.t, 1, PROBE_RAM);
	if (vt_set_slot(probe.t.vm, 1, PROBE_GPA, 4 * VT_MB, probe.mine, 0, 0))
		vt_bail("slot");
	VT_LOAD(&probe.t, probe_pages);
}

static void probe_end(void)
{
	vt_free(&probe.t);
	close(probe.mine);
	close(probe.others);
	set("security", "domain");
	set("mode", "off");
}

static void probe_run(void)
{
	struct vmm_regs regs;

	vt_start(&probe.t, 0, VT_CODE);
	ioctl(probe.t.cpu[0], VMM_VCPU_GET_REGS, &regs);
	regs.rsi = PROBE_LIST;
	regs.rcx = PROBE_PAGES;
	ioctl(probe.t.cpu[0], VMM_VCPU_SET_REGS, &regs);
	if (!vt_wrote_port(&probe.t, 0, 0x80))
		vt_bail("the guest");
}

/* A pass, and one access to each page. */
static void probe_batch(bool counts)
{
	uint32_t *list = (uint32_t *)(probe.t.ram + PROBE_LIST), i, page;
	uint32_t *result = (uint32_t *)(probe.t.ram + PROBE_RESULT);
	struct probe_sample *s;

	probe_shuffle(probe.order);
	probe_pass();
	for (i = 0; i < PROBE_PAGES; i++)
		list[i] = PROBE_GPA + probe.order[i] * VT_PAGE + probe_random(2);
	probe_run();
	for (i = 0; counts && i < PROBE_PAGES; i++) {
		page = probe.order[i];
		s = &probe_sample[list[i] & 1][probe.kind[page]];
		s->val[s->nr++] = result[i];
	}
}

/*
 * At least @probes latencies into probe_sample, with @security; the first passes make
 * things what they stay, and do not count.
 */
static void probe_take(const char *security, unsigned long probes, uint64_t seed)
{
	unsigned long batches = (probes + PROBE_PAGES - 1) / PROBE_PAGES, i;
	struct probe_sample *s = probe_sample[0];

	for (i = 0; i < PROBE_ACCESSES * PROBE_KINDS; i++, s++) {
		s->nr = 0;
		s->val = realloc(s->val, batches * PROBE_PAGES * sizeof(*s->val));
		if (!s->val)
			vt_bail("latencies");
	}
	probe_begin(security, seed);
	probe_batch(false);
	probe_batch(false);
	for (i = 0; i < batches; i++)
		probe_batch(true);
	probe_end();
}

#endif
