// SPDX-License-Identifier: GPL-2.0
/*
 * Deduplication that merges: equal pages of several objects become one frame in one pass,
 * whoever writes gets a page of his own, and nobody sees other bytes than his; with
 * snapshots, forks, returns, discards, eviction and guests; figures add up, and all of it is
 * given back.
 *
 * test: timeout: 240
 */
#include "ksm_fill.h"
#include "lineage.h"

/* ---- pages become one ----------------------------------------------------------------- */

static void test_two(uint32_t flags, const char *name)
{
	unsigned char *p;
	int a, b;

	begin();
	a = filled(flags, 1000000, &p);
	b = filled(flags, 2000000, &p);
	pass();
	tap_ok(is("pages_shared", CONTENTS) &
	       is("pages_sharing", 2 * EQUAL - CONTENTS) &
	       is("ksm_zero_pages", 2 * ZEROS) &
	       is("merge_fail_nomem", 0) & is("merge_fail_dirty", 0),
	       "%s: one pass merges all of it", name);
	tap_ok(VT_WAIT_FOR(figure("frames_total") ==
			   (long long)(CONTENTS + 2 * (PAGES - EQUAL - ZEROS))),
	       "%s: and gives the rest back (%lld frames)", name,
	       figure("frames_total"));
	tap_ok(mem_figure(a, "resident") == (long)(PAGES - ZEROS) &&
	       figure("saved_bytes") > 0, "%s: objects have what they had", name);
	tap_ok(mem_sum(a, SIZE) == sum_of(1000000) &&
	       mem_sum(b, SIZE) == sum_of(2000000), "%s: byte by byte", name);
	pass();
	pass();
	tap_ok(is("pages_shared", CONTENTS) &
	       is("pages_sharing", 2 * EQUAL - CONTENTS),
	       "%s: it stays so", name);
	close(a);
	tap_ok(VT_WAIT_FOR(figure("pages_sharing") ==
			   (long long)(EQUAL - CONTENTS)) &&
	       mem_sum(b, SIZE) == sum_of(2000000), "%s: one of them goes", name);
	close(b);
	set("mode", "off");
	tap_ok(VT_WAIT_FOR(!figure("pages_shared") &&
			   !figure("frames_total")), "%s: and the other", name);
}

/* ---- who writes ----------------------------------------------------------------------- */

static void test_writes(void)
{
	unsigned char *p, *q;
	unsigned long i;
	int a, b;
	bool good = true;

	begin();
	a = filled(0, 1000000, &p);
	b = filled(0, 1000000, &q);
	pass();
	p = vt_map(a, SIZE);
	q = vt_map(b, SIZE);
	for (i = 0; i < EQUAL; i += 3)
		p[i * VT_PAGE] = 1;
	for (i = 0; i < EQUAL; i++)
		good &= p[i * VT_PAGE] == (i % 3 ? 0x5a : 1) &&
			q[i * VT_PAGE] == 0x5a;
	tap_ok(good, "who writes has a page of his own");
	for (i = 0; i < EQUAL; i += 3)
		p[i * VT_PAGE] = 0x5a;
	tap_ok(mem_sum(a, SIZE) == mem_sum(b, SIZE) &&
	       mem_sum(a, SIZE) == sum_of(1000000), "and nobody else");
	munmap(p, SIZE);
	munmap(q, SIZE);
	pass();
	pass();
	tap_ok(is("pages_shared", PAGES - ZEROS - EQUAL + CONTENTS),
	       "merged again, what is unique in each of two as well");
	close(a);
	tap_ok(mem_sum(b, SIZE) == sum_of(1000000), "the other stays");
	close(b);
}

/* ---- with snapshots -------------------------------------------------------------------- */

static void test_family(void)
{
	unsigned char *p;
	int a, snap, child, b;

	begin();
	a = filled(0, 1000000, &p);
	b = filled(0, 3000000, &p);
	snap = mem_freeze(a);
	child = mem_fork(snap);
	pass();
	tap_ok(is("pages_shared", CONTENTS), "a snapshot and a fork are merged");
	p = vt_map(child, SIZE);
	fill(p, 4000000);
	munmap(p, SIZE);
	tap_ok(mem_sum(child, SIZE) == sum_of(4000000) &&
	       mem_sum(snap, SIZE) == sum_of(1000000) &&
	       mem_sum(a, SIZE) == sum_of(1000000) &&
	       mem_sum(b, SIZE) == sum_of(3000000), "each has its own");
	pass();
	tap_ok(!mem_return(child, snap) &&
	       mem_sum(child, SIZE) == sum_of(1000000), "and returns");
	pass();
	tap_ok(mem_sum(child, SIZE) == sum_of(1000000) &&
	       mem_sum(snap, SIZE) == sum_of(1000000), "merged once more");
	tap_ok(!fallocate(a, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			  SIZE) && !mem_figure(a, "resident") &&
	       mem_sum(child, SIZE) == sum_of(1000000), "one is emptied");
	close(a);
	close(snap);
	close(child);
	tap_ok(mem_sum(b, SIZE) == sum_of(3000000), "the others go");
	close(b);
	set("mode", "off");
	tap_ok(VT_WAIT_FOR(!figure("pages_shared") &&
			   !figure("frames_total")), "and all is given back");
}

static void test_away(void)
{
	struct vmm_mem_reclaim r = { .pages = PAGES, .flags = VMM_RECLAIM_ALL };
	unsigned char *p;
	int a, b;

	begin();
	a = filled(0, 1000000, &p);
	b = filled(0, 2000000, &p);
	pass();
	tap_ok(!ioctl(a, VMM_MEM_RECLAIM, &r) && r.pages == PAGES - ZEROS &&
	       !mem_figure(a, "resident"),
	       "what is merged leaves like the rest (%lld)", (long long)r.pages);
	tap_ok(VT_WAIT_FOR(figure("pages_sharing") ==
			   (long long)(EQUAL - CONTENTS)) &&
	       is("pages_shared", CONTENTS), "but from those of others");
	tap_ok(mem_sum(a, SIZE) == sum_of(1000000) &&
	       mem_sum(b, SIZE) == sum_of(2000000), "and comes back");
	pass();
	pass();
	r.pages = PAGES;
	tap_ok(!ioctl(a, VMM_MEM_RECLAIM, &r) && r.pages == PAGES - ZEROS,
	       "merged once more it leaves again");
	p = vt_map(a, SIZE);
	fill(p, 5000000);
	munmap(p, SIZE);
	tap_ok(mem_sum(a, SIZE) == sum_of(5000000) &&
	       mem_sum(b, SIZE) == sum_of(2000000), "and is written");
	close(a);
	close(b);
}

/* ---- between the look and the merge ------------------------------------------------------ */

/*
 * The first of several to be merged is another page by then; no frame is made of it.  (The first
 * of each content is looked at twice, and no candidate.)
 */
static void test_changed(void)
{
	unsigned char *p;
	unsigned long i;
	int a, b, c;

	begin();
	a = filled(0, 1000000, &p);
	b = filled(0, 2000000, &p);
	c = filled(0, 3000000, &p);
	set_number("step", figure("pages_total") - 1);
	p = vt_map(a, SIZE);
	for (i = 0; i < EQUAL; i++)
		p[i * VT_PAGE] = 1;
	munmap(p, SIZE);
	set_number("step", 1);
	tap_ok(is("pages_shared", CONTENTS) &
	       is("pages_sharing", 2 * EQUAL - CONTENTS) &
	       is("merge_fail_dirty", EQUAL - CONTENTS),
	       "what has changed since it was hashed is nobody's frame");
	tap_ok(mem_sum(b, SIZE) == sum_of(2000000) &&
	       mem_sum(c, SIZE) == sum_of(3000000), "others are merged");
	close(a);
	close(b);
	close(c);
}

/* ---- what is known from before ------------------------------------------------------------ */

/* Pages that cannot have changed since they were looked at are merged without another look. */
static void test_still(void)
{
	unsigned char *p;
	long long hashed;
	int a, b, fa, fb;

	begin();
	set("mode", "observe");
	a = filled(0, 1000000, &p);
	b = filled(0, 2000000, &p);
	fa = mem_freeze(a);
	fb = mem_freeze(b);
	close(a);
	close(b);
	pass();
	pass();
	hashed = figure("pages_hashed");
	tap_ok(is("pages_shared", 0), "observed, nothing is merged");
	set("mode", "merge");
	pass();
	tap_ok(is("pages_shared", CONTENTS) &
	       is("pages_sharing", 2 * EQUAL - CONTENTS) &
	       is("pages_hashed", hashed),
	       "frozen pages are merged without another look");
	tap_ok(mem_sum(fa, SIZE) == sum_of(1000000) &&
	       mem_sum(fb, SIZE) == sum_of(2000000), "byte by byte");
	close(fa);
	close(fb);
}

/* Frames of the same content become one where there is room. */
static void test_join(void)
{
	unsigned char *p;
	int a, b;

	begin();
	set_number("max_page_sharing", 5);
	a = filled(0, 1000000, &p);
	b = filled(0, 2000000, &p);
	pass();
	tap_ok(is("pages_shared", 3 * CONTENTS), "12 pages, 5 to a frame");
	pass();
	tap_ok(is("pages_shared", 3 * CONTENTS), "and so they stay");
	set_number("max_page_sharing", (1 << 20) - 1);
	pass();
	tap_ok(VT_WAIT_FOR(figure("pages_shared") == (long long)CONTENTS) &&
	       is("pages_sharing", 2 * EQUAL - CONTENTS),
	       "with room, all have one");
	tap_ok(mem_sum(a, SIZE) == sum_of(1000000) &&
	       mem_sum(b, SIZE) == sum_of(2000000), "which is the same");
	close(a);
	close(b);
}

/* ---- figures -------------------------------------------------------------------------- */

/* Frames that the index alone has are a loss. */
static void test_loss(void)
{
	unsigned char *p;
	unsigned long i;
	int fd[2], k;

	begin();
	fd[0] = filled(0, 1000000, &p);
	fd[1] = filled(0, 2000000, &p);
	pass();
	for (k = 0; k < 2; k++) {
		p = vt_map(fd[k], SIZE);
		for (i = 0; i < EQUAL; i++)
			p[i * VT_PAGE] = 1;
		munmap(p, SIZE);
	}
	tap_ok(VT_WAIT_FOR(figure("saved_bytes") ==
			   -(long long)(CONTENTS * VT_PAGE) -
			   figure("metadata_bytes")) &&
	       is("pages_shared", CONTENTS) & is("pages_sharing", 0),
	       "frames without pages are a loss (%lld)", figure("saved_bytes"));
	close(fd[0]);
	close(fd[1]);
}

/* ---- guests ----------------------------------------------------------------------------- */

#define LOW	(2 * VT_MB)
#define GPA	(16 * VT_MB)

/* Adds 1 to a word in each of ecx pages from ebx on. */
VT_BLOB(add,
	"1: incl (%ebx)\n"
	"add $0x1000, %ebx\n"
	"dec %ecx\n"
	"jnz 1b\n"
	"out %al, $0x80\n"
	"hlt");

static void run_add(struct vt *t)
{
	struct vmm_regs regs;

	vt_start(t, 0, VT_CODE);
	ioctl(t->cpu[0], VMM_VCPU_GET_REGS, &regs);
	regs.rbx = GPA;
	regs.rcx = EQUAL;
	ioctl(t->cpu[0], VMM_VCPU_SET_REGS, &regs);
	if (!vt_wrote_port(t, 0, 0x80))
		vt_bail("the guest");
}

static bool added(int fd, uint32_t n)
{
	static uint32_t page[VT_PAGE / 4];
	unsigned long i;

	for (i = 0; i < EQUAL; i++) {
		if (pread(fd, page, VT_PAGE, i * VT_PAGE) != VT_PAGE ||
		    page[0] != 0x5a5a5a5a + n ||
		    page[1022] != 1 + i % CONTENTS)
			return false;
	}
	return true;
}

static void test_guests(void)
{
	unsigned char *p;
	struct vt t[2];
	int fd[2], i;

	begin();
	for (i = 0; i < 2; i++) {
		fd[i] = filled(i ? VMM_MEM_SMALL_PAGES : 0, 1000000 * (i + 1), &p);
		vt_make(&t[i], 1, LOW);
		VT_LOAD(&t[i], add);
		if (vt_set_slot(t[i].vm, 1, GPA, SIZE, fd[i], 0, 0))
			vt_bail("slot");
	}
	pass();
	run_add(&t[0]);
	tap_ok(added(fd[0], 1) && added(fd[1], 0), "a guest writes to its own");
	pass();
	pass();
	run_add(&t[1]);
	tap_ok(added(fd[0], 1) && added(fd[1], 1), "the other, too");
	pass();
	pass();
	/*
	 * So is some of what the tests have in all guests.  What it was merged into before
	 * goes after a grace period.
	 */
	tap_ok(VT_WAIT_FOR(figure("pages_shared") < (long long)CONTENTS + 16) &&
	       figure("pages_shared") >= (long long)CONTENTS,
	       "they are equal again (%lld)", figure("pages_shared"));
	run_add(&t[0]);
	run_add(&t[0]);
	run_add(&t[1]);
	tap_ok(added(fd[0], 3) && added(fd[1], 2), "for a while");
	for (i = 0; i < 2; i++) {
		vt_free(&t[i]);
		close(fd[i]);
	}
}

int main(void)
{
	vt_open();
	test_two(0, "blocks");
	test_two(VMM_MEM_SMALL_PAGES, "pages");
	test_writes();
	test_family();
	test_away();
	test_changed();
	test_still();
	test_join();
	test_loss();
	test_guests();
	set("mode", "off");
	tap_ok(VT_WAIT_FOR(!figure("pages_shared")), "nothing is left");
	set("mode", "observe");
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
