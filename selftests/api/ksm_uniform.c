// SPDX-License-Identifier: GPL-2.0
/*
 * security=uniform: what is equal to others, what is like nothing else, and zeros are treated
 * alike. A guest that reads or writes them has as many faults and copies, whatever they
 * are; in the first pass and in later ones; and bytes are what they were.
 *
 * test: timeout: 240
 */
#include "ksm_fill.h"
#include "lineage.h"

#define LOW	(2 * VT_MB)
#define GPA	(16 * VT_MB)
#define N	90UL	/* pages of each kind */

/* Where they are: see fill(). */
static const struct kind {
	const char *name;
	unsigned long first;
} kinds[] = {
	{ "merged",	CONTENTS },
	{ "single",	EQUAL + ZEROS },
	{ "zero",	EQUAL },
	{ "merged, in another block", 510 },
};

#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

static struct vt t;
static unsigned int id;
static int fd;

/* ecx pages from ebx on. */
VT_BLOB(read_pages,
	"1: mov (%ebx), %eax\n"
	"add $0x1000, %ebx\n"
	"dec %ecx\n"
	"jnz 1b\n"
	"out %al, $0x80\n"
	"hlt");

/* They are what they were after it. */
VT_BLOB(write_pages,
	"1: lock addl $0, (%ebx)\n"
	"add $0x1000, %ebx\n"
	"dec %ecx\n"
	"jnz 1b\n"
	"out %al, $0x80\n"
	"hlt");

struct cost {
	long long faults, breaks;
};

static struct cost cost_now(void)
{
	char file[64];

	snprintf(file, sizeof(file), "../vms/%u/exits/npf", id);
	return (struct cost){ figure(file), figure("breaks") };
}

/* What it costs a guest to have each page of a kind, after a pass. */
static struct cost use(const struct kind *kind, bool writes)
{
	struct vmm_regs regs;
	struct cost was, now;

	if (writes)
		VT_LOAD(&t, write_pages);
	else
		VT_LOAD(&t, read_pages);
	pass();
	was = cost_now();
	vt_start(&t, 0, VT_CODE);
	ioctl(t.cpu[0], VMM_VCPU_GET_REGS, &regs);
	regs.rbx = GPA + kind->first * VT_PAGE;
	regs.rcx = N;
	ioctl(t.cpu[0], VMM_VCPU_SET_REGS, &regs);
	if (!vt_wrote_port(&t, 0, 0x80))
		vt_bail("the guest");
	now = cost_now();
	now.faults -= was.faults;
	now.breaks -= was.breaks;
	return now;
}

/* Reads once and again, writes, and writes what is its own. */
static struct cost use_again(const struct kind *kind, bool writes)
{
	struct cost c = use(kind, writes), d = use(kind, writes);

	c.faults += 1000 * d.faults;
	c.breaks += 1000 * d.breaks;
	return c;
}

static void test_costs(bool writes)
{
	struct cost c[KINDS];
	bool same = true;
	unsigned int i;

	for (i = 0; i < KINDS; i++) {
		c[i] = use_again(&kinds[i], writes);
		tap_note("%s: %lld faults, %lld copies", kinds[i].name,
			 c[i].faults, c[i].breaks);
		same &= c[i].faults == c[0].faults && c[i].breaks == c[0].breaks;
	}
	tap_ok(same && c[0].faults >= 1001 * (long long)N &&
	       (c[0].breaks >= 1001 * (long long)N) == writes,
	       "%s: each has as many faults and copies",
	       writes ? "writes" : "reads");
}

/* As many copies in any other mode tell them apart: the test can fail. */
static void test_told_apart(void)
{
	struct cost merged, single;
	unsigned char *p;

	set("security", "domain");
	merged = use(&kinds[0], true);
	single = use(&kinds[1], true);
	tap_ok(merged.breaks >= (long long)N && single.breaks < (long long)N,
	       "the mode domain tells them apart (%lld, %lld copies)",
	       merged.breaks, single.breaks);
	set("security", "uniform");
	/* That has given zeros up. */
	p = vt_map(fd, SIZE);
	fill(p, 1000000);
	munmap(p, SIZE);
}

static void test_frames(void)
{
	unsigned char *p;
	int a, b, snap;

	begin();
	a = filled(0, 1000000, &p);
	b = filled(VMM_MEM_SMALL_PAGES, 2000000, &p);
	pass();
	tap_ok(is("pages_shared", CONTENTS + 2 * (PAGES - EQUAL - ZEROS) + 1) &
	       is("pages_sharing", 2 * (EQUAL + ZEROS) - CONTENTS - 1) &
	       is("ksm_zero_pages", 0), "each page is a frame");
	snap = mem_freeze(a);
	p = vt_map(a, SIZE);
	/* Two that are single become one, which is what another is. */
	write_page(p + (PAGES - 1) * VT_PAGE, 77777);
	write_page(p + (PAGES - 2) * VT_PAGE, 77777);
	munmap(p, SIZE);
	pass();
	pass();
	tap_ok(VT_WAIT_FOR(figure("pages_shared") == CONTENTS +
			   2 * (PAGES - EQUAL - ZEROS) + 2),
	       "what comes to be equal later, too");
	tap_ok(mem_sum(snap, SIZE) == sum_of(1000000) &&
	       mem_sum(b, SIZE) == sum_of(2000000), "byte by byte");
	tap_ok(!set("run", "2") && VT_WAIT_FOR(!figure("pages_shared")) &&
	       mem_sum(snap, SIZE) == sum_of(1000000) &&
	       mem_sum(b, SIZE) == sum_of(2000000), "and apart again");
	close(a);
	close(b);
	close(snap);
	tap_ok(VT_WAIT_FOR(!figure("frames_total")), "nothing is left");
}

int main(void)
{
	unsigned char *p;
	char path[64];

	vt_open();
	tap_ok(set("security", "none") == EINVAL &&
	       !set("security", "uniform") &&
	       !strcmp(get("security"), "uniform"), "it can be set");
	test_frames();
	begin();
	fd = filled(0, 1000000, &p);
	vt_make(&t, 1, LOW);
	do
		snprintf(path, sizeof(path), KSM "/../vms/%u", id++);
	while (access(path, F_OK));
	id--;
	if (vt_set_slot(t.vm, 1, GPA, SIZE, fd, 0, 0))
		vt_bail("slot");
	test_costs(false);
	test_costs(true);
	test_told_apart();
	test_costs(true);
	tap_ok(mem_sum(fd, SIZE) == sum_of(1000000), "bytes are what they were");
	vt_free(&t);
	close(fd);
	set("security", "domain");
	set("mode", "off");
	tap_ok(VT_WAIT_FOR(!figure("pages_shared") && !figure("frames_total")),
	       "nothing is left");
	set("mode", "observe");
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
