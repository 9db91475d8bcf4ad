// SPDX-License-Identifier: GPL-2.0
/*
 * Deduplication that observes: known contents give known figures in one pass, the same
 * seed and steps the same figures; what cannot have changed is passed over; knobs
 * refuse what they cannot do; memory objects and VMs die under a running scan.
 *
 * test: timeout: 240
 */
#include "ksm.h"
#include "lineage.h"

/* ---- contents -------------------------------------------------------------------- */

struct mix {
	unsigned int zero, unique, contents, copies;
};

static const struct mix usual = {
	.zero = 100, .unique = 300, .contents = 50, .copies = 4,
};

static unsigned int pages_of(const struct mix *m)
{
	return m->zero + m->unique + m->contents * m->copies;
}

static int create(size_t pages, uint32_t flags)
{
	struct vmm_create_mem c = { .size = pages * VT_PAGE, .flags = flags };
	int fd = ioctl(vt_dev, VMM_CREATE_MEM, &c);

	if (fd < 0)
		vt_bail("memory");
	return fd;
}

/* Contents differ in their last bytes, too. */
static void write_page(unsigned char *page, uint64_t content)
{
	uint64_t *word = (uint64_t *)page;

	memset(page, content ? 0x5a : 0, VT_PAGE);
	word[0] = word[511] = content;
}

/* Spread over the object, so that equal pages do not lie together. */
static void fill(unsigned char *ram, const struct mix *m, uint64_t first)
{
	unsigned int i, n = 0;

	for (i = 0; i < m->contents * m->copies; i++)
		write_page(ram + n++ * VT_PAGE, 1 + i % m->contents);
	for (i = 0; i < m->unique; i++)
		write_page(ram + n++ * VT_PAGE, first + i);
	for (i = 0; i < m->zero; i++)
		write_page(ram + n++ * VT_PAGE, 0);
}

static bool figures_are(unsigned int zero, unsigned int unique,
			unsigned int contents, unsigned int equal)
{
	/* All are looked at. */
	return is("observed_zero", zero) & is("pages_unique", unique) &
	       is("observed_shared", contents) &
	       is("observed_sharing", equal - contents) &
	       is("pages_unscanned", 0) & is("pages_unshareable", 0) &
	       is("pages_unshared", unique) & is("pages_shared", 0) &
	       is("pages_sharing", 0) & is("ksm_zero_pages", 0);
}

static bool figures_of(const struct mix *m)
{
	return figures_are(m->zero, m->unique, m->contents,
			   m->contents * m->copies);
}

static void from_scratch(const char *policy)
{
	if (set("mode", "observe") || set("run", "0") || set("policy", policy) ||
	    set("seed", "12345"))
		vt_bail("knobs");
}

/* ---- tests ------------------------------------------------------------------------- */

static void test_knobs(void)
{
	static const struct {
		const char *file, *to;
		int err;
	} bad[] = {
		{ "mode", "on", EINVAL },
		{ "mode", "observe x", EINVAL },
		{ "policy", "best", EINVAL },
		{ "policy", "linearly", EINVAL },
		{ "hash", "crc32", EINVAL },
		{ "run", "3", EINVAL },
		{ "run", "-1", EINVAL },
		{ "run", "x", EINVAL },
		{ "pages_to_scan", "4294967296", ERANGE },
		{ "pages_to_scan", "-5", EINVAL },
		{ "sleep_millisecs", "1s", EINVAL },
		{ "sleep_millisecs", "99999999999", ERANGE },
		{ "max_page_sharing", "1", EINVAL },
		{ "max_page_sharing", "1048576", EINVAL },
		{ "max_page_sharing", "many", EINVAL },
		{ "budget_cpu_pct", "0", ERANGE },
		{ "budget_cpu_pct", "101", ERANGE },
		{ "budget_cpu_pct", "all", EINVAL },
		{ "seed", "18446744073709551616", ERANGE },
		{ "seed", "random", EINVAL },
		{ "step", "-1", EINVAL },
		{ "step", "one", EINVAL },
		{ "reset", "0", EINVAL },
		{ "reset", "yes", EINVAL },
		{ "pages_shared", "1", EACCES },
		{ "available_policies", "1", EACCES },
	};
	unsigned int i, wrong = 0;
	int err;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err = set(bad[i].file, bad[i].to);
		if (err == bad[i].err)
			continue;
		tap_note("%s to %s: %s", bad[i].to, bad[i].file, strerror(err));
		wrong++;
	}
	tap_ok(!wrong, "%u writes are refused as they should be", i);
	tap_ok(!strcmp(get("mode"), "observe") && is("run", 0) &&
	       !strcmp(get("policy"), "dirty-clock") && is("budget_cpu_pct", 10),
	       "and change nothing");
	tap_ok(!strcmp(get("available_modes"), "off observe merge"), "modes");
	tap_ok(!strcmp(get("available_policies"),
		       "linear random ksm dirty-clock"), "policies");
	tap_ok(!set("mode", "off") && set("step", "1") == EOPNOTSUPP &&
	       is("metadata_bytes", 0), "off is off");
	tap_ok(!set("mode", "observe") && figure("metadata_bytes") > 0 &&
	       figure("saved_bytes") == -figure("metadata_bytes"),
	       "what is kept costs, and nothing is saved");
}

static void test_rights(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		if (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000))
			_exit(1);
		_exit(!!get("seed") || !!get("observed_sharing") ||
		      !!get("pages_unshared") || set("run", "1") != EACCES ||
		      set("step", "1") != EACCES || !get("mode"));
	}
	waitpid(pid, &status, 0);
	tap_ok(!status, "what is equal to what is for root alone");
}

/* All figures but those of time and place. */
static void all_figures(char *to, size_t room)
{
	static const char *const names[] = {
		"pages_unshared", "pages_volatile", "pages_scanned",
		"full_scans", "frames_total", "pages_total", "pages_unscanned",
		"pages_unique", "pages_unshareable", "observed_shared",
		"observed_sharing", "observed_zero", "metadata_bytes",
		"pages_skipped_clean", "pages_hashed", "pages_changed",
		"bytes_hashed", "lookups", "hash_collisions", "nomem",
	};
	size_t i, len = 0;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		len += snprintf(to + len, room - len, "%s=%lld ", names[i],
				figure(names[i]));
}

static void test_contents(const char *policy, unsigned int passes)
{
	unsigned int n = pages_of(&usual), i;
	int fd = create(n, VMM_MEM_SMALL_PAGES);
	unsigned char *ram = vt_map(fd, n * VT_PAGE);
	char once[1024], again[1024];

	fill(ram, &usual, 1000);
	from_scratch(policy);
	tap_ok(is("pages_unscanned", n), "%s: nothing is known at first", policy);
	for (i = 1; i < passes; i++) {
		set_number("step", n);
		tap_ok(is("observed_shared", 0) & is("pages_volatile", n),
		       "%s: nothing after pass %u", policy, i);
	}
	set_number("step", n);
	tap_ok(figures_of(&usual) & is("full_scans", passes) &
	       is("pages_scanned", passes * n) & is("pages_volatile", 0) &
	       is("pages_total", n) & is("frames_total", n),
	       "%s: exact after %u", policy, passes);
	set_number("step", n / 3);
	set_number("step", n - n / 3 + 1);
	tap_ok(figures_of(&usual) & is("pages_scanned", (passes + 1) * n + 1) &
	       is("pages_changed", 0), "%s: and in steps", policy);
	all_figures(once, sizeof(once));
	from_scratch(policy);
	for (i = 0; i < passes; i++)
		set_number("step", n);
	set_number("step", n / 3);
	set_number("step", n - n / 3 + 1);
	all_figures(again, sizeof(again));
	if (!tap_ok(!strcmp(once, again), "%s: the same once more", policy)) {
		tap_note("%s", once);
		tap_note("%s", again);
	}
	munmap(ram, n * VT_PAGE);
	close(fd);
	tap_ok(figures_are(0, 0, 0, 0) & is("pages_total", 0),
	       "%s: and nothing is left", policy);
}

/* Pages are rewritten, and become equal, single, zero, absent. */
static void test_rewritten(const char *hash)
{
	unsigned int n = pages_of(&usual), i, zero_at = n - usual.zero;
	int fd = create(n, VMM_MEM_SMALL_PAGES);
	unsigned char *ram = vt_map(fd, n * VT_PAGE);

	if (set("hash", hash)) {
		tap_skip("the CPU has no such instructions");
		close(fd);
		return;
	}
	fill(ram, &usual, 1000);
	from_scratch("linear");
	set_number("step", n);
	tap_ok(figures_of(&usual), "%s: as written", hash);
	for (i = 0; i < 10; i++) {
		/* One of four is single, a single one is zero, a zero one like others. */
		write_page(ram + i * VT_PAGE, 5000 + i);
		write_page(ram + (usual.contents * usual.copies + i) * VT_PAGE, 0);
		write_page(ram + (zero_at + i) * VT_PAGE, 20 + i);
	}
	set_number("step", n);
	tap_ok(figures_of(&usual) & is("pages_changed", 30),
	       "%s: 30 changes", hash);
	/* Only the last 8 bytes of a page that has copies. */
	for (i = 0; i < 10; i++)
		((uint64_t *)(ram + (40 + i) * VT_PAGE))[511] = 77 + i;
	fallocate(fd, 3, zero_at * VT_PAGE, usual.zero * VT_PAGE);
	set_number("step", n - usual.zero);
	tap_ok(figures_are(10, usual.unique + 10, usual.contents,
			   usual.contents * usual.copies - 20),
	       "%s: discarded pages are forgotten, small differences seen", hash);
	munmap(ram, n * VT_PAGE);
	close(fd);
}

/* Objects with common pages: these cannot change, and have no frames of their own. */
static void test_frozen(void)
{
	unsigned int n = pages_of(&usual), i;
	int fd = create(n, VMM_MEM_SMALL_PAGES), snap, kin;
	unsigned char *ram = vt_map(fd, n * VT_PAGE);

	fill(ram, &usual, 1000);
	from_scratch("dirty-clock");
	/* What others had goes after a grace period. */
	tap_ok(VT_WAIT_FOR(figure("frames_total") == n), "frames of one object");
	set_number("step", n);
	snap = mem_freeze(fd);
	kin = mem_fork(snap);
	tap_ok(snap >= 0 && kin >= 0 && is("pages_total", 3 * n) &&
	       is("frames_total", n), "three objects, one set of frames");
	set_number("step", 3 * n);
	tap_ok(figures_are(3 * usual.zero, 0, usual.unique + usual.contents,
			   3 * (usual.unique + usual.contents * usual.copies)) &
	       is("pages_skipped_clean", 0), "equal three times");
	set_number("step", 3 * n);
	tap_ok(is("pages_skipped_clean", 3 * n), "and all of them passed over");
	for (i = 0; i < 20; i++)
		write_page(ram + i * VT_PAGE, 9000 + i);
	set_number("step", 3 * n);
	tap_ok(is("pages_skipped_clean", 6 * n - 20) & is("pages_changed", 20) &
	       is("frames_total", n + 20), "but what was written");
	close(kin);
	kin = mem_freeze(fd);
	for (i = 0; i < 20; i++)
		write_page(ram + i * VT_PAGE, 7000 + i);
	close(snap);
	close(kin);
	/* Taken over, rewritten and frozen again between two looks. */
	VT_WAIT_FOR(figure("frames_total") == n);
	for (i = 0; i < 20; i++)
		write_page(ram + (100 + i) * VT_PAGE, 6000 + i);
	snap = mem_freeze(fd);
	set_number("step", 2 * n);
	tap_ok(is("pages_changed", 60) & is("observed_zero", 2 * usual.zero) &
	       is("pages_unique", 0) & is("pages_unscanned", 0),
	       "a freeze makes it look again");
	munmap(ram, n * VT_PAGE);
	close(fd);
	close(snap);
}

static long long of_vm(unsigned int id, const char *file)
{
	char path[64];

	snprintf(path, sizeof(path), "../vms/%u/ksm/%s", id, file);
	return figure(path);
}

static bool sum_is(unsigned int id, const char *file, const char *total)
{
	long long sum = of_vm(id, file) + of_vm(id + 1, file) +
			of_vm(id + 2, file);

	if (sum == figure(total))
		return true;
	tap_note("%s: %lld, %s: %lld", file, sum, total, figure(total));
	return false;
}

static void test_vms(void)
{
	unsigned int id, i;
	long long equal;
	struct vt t[3];

	from_scratch("linear");
	for (i = 0; i < 3; i++) {
		vt_make(&t[i], 1, 2 * VT_MB);
		fill(t[i].ram + VT_MB / 2, &(struct mix){ 5, 50, 10, 3 }, 1000);
	}
	for (id = 0; of_vm(id, "resident_pages") < 0 && id < 1000; id++)
		;
	set_number("step", figure("pages_total"));
	tap_ok(is("full_scans", 1) & sum_is(id, "unique_pages", "pages_unique") &
	       sum_is(id, "zero_pages", "observed_zero") &
	       sum_is(id, "volatile_pages", "pages_volatile") &
	       sum_is(id, "unshareable_pages", "pages_unshareable") &
	       sum_is(id, "pages_scanned", "pages_scanned") &
	       sum_is(id, "pages_hashed", "pages_hashed") &
	       sum_is(id, "resident_pages", "pages_total"),
	       "sums over VMs are the totals");
	equal = of_vm(id, "equal_pages");
	tap_ok(equal == of_vm(id + 1, "equal_pages") && equal >= 80 &&
	       3 * equal == figure("observed_shared") + figure("observed_sharing"),
	       "each has its share of what is equal (%lld)", equal);
	vt_free(&t[1]);
	tap_ok(is("pages_unscanned", 0) &&
	       of_vm(id, "equal_pages") + of_vm(id + 2, "equal_pages") ==
	       figure("observed_shared") + figure("observed_sharing"),
	       "one that dies takes what it had along");
	vt_free(&t[0]);
	vt_free(&t[2]);
	tap_ok(figures_are(0, 0, 0, 0), "as do the last");
}

/* The thread scans while all there is comes and goes. */
static void test_dying(void)
{
	unsigned int n = pages_of(&usual), round;
	long long before;
	unsigned char *ram;
	int fd, snap, kin;
	struct vt t;

	from_scratch("dirty-clock");
	before = figure("metadata_bytes");
	set_number("pages_to_scan", 100000);
	set_number("sleep_millisecs", 0);
	set_number("budget_cpu_pct", 100);
	set_number("run", 1);
	for (round = 0; round < 12; round++) {
		fd = create(n, round % 2 ? VMM_MEM_SMALL_PAGES : 0);
		ram = vt_map(fd, n * VT_PAGE);
		fill(ram, &usual, 1000 * round);
		snap = mem_freeze(fd);
		kin = mem_fork(snap);
		vt_make(&t, 1, VT_MB);
		fill(ram, &usual, 1000 * round + 500);
		VT_LOAD(&t, vt_hello);
		if (!vt_wrote_port(&t, 0, 0x80))
			vt_bail("run");
		if (round % 3 == 1)
			mem_return(kin, snap);
		if (round % 3 == 2)
			set_number("reset", 1);
		munmap(ram, n * VT_PAGE);
		close(round % 2 ? fd : snap);
		vt_free(&t);
		close(kin);
		close(round % 2 ? snap : fd);
	}
	fd = create(n, VMM_MEM_SMALL_PAGES);
	ram = vt_map(fd, n * VT_PAGE);
	fill(ram, &usual, 1000);
	set_number("reset", 1);
	tap_ok(VT_WAIT_FOR(figure("full_scans") >= 3), "the thread scans");
	set_number("run", 0);
	set_number("step", n);
	tap_ok(figures_of(&usual) && !figure("nomem"),
	       "exact after all that came and went");
	munmap(ram, n * VT_PAGE);
	close(fd);
	set_number("run", 2);
	tap_ok(figures_are(0, 0, 0, 0) && is("metadata_bytes", before),
	       "nothing of it is left");
}

int main(void)
{
	vt_open();
	test_knobs();
	test_rights();
	test_contents("linear", 1);
	test_contents("random", 1);
	test_contents("dirty-clock", 1);
	test_contents("ksm", 2);
	test_rewritten("mul");
	test_rewritten("aes");
	test_frozen();
	test_vms();
	test_dying();
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
