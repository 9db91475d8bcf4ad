// SPDX-License-Identifier: GPL-2.0
/*
 * Deduplication of memory to which a trace is played (bench/trace.h): after each pass what is
 * saved is, to the page, what the trace knows could be; and all bytes are the trace's, with
 * pages rewritten, zeroed, freed and back again in each period.
 *
 * test: timeout: 240
 */
#include <stdio.h>

#include "ksm.h"
#include "trace.h"

#define AREAS	3
#define PAGES	1024
#define BYTES	(PAGES * VT_PAGE)
#define PERIODS	5

static struct trace t;
static int object[AREAS];
static unsigned char *area[AREAS];

static const struct trace_params usual = {
	.areas = AREAS, .pages = PAGES, .equal = 1200, .degrees = TRACE_GEOMETRIC,
	.degree = 5, .self = 300, .zero = 400, .tail = 200, .absent = 300,
	.hot = 1000, .rewritten = 300, .zeroed = 50, .freed = 60, .back = 50,
};

static void begin(uint64_t seed, uint32_t flags)
{
	struct vmm_create_mem c = { .size = BYTES, .flags = flags };
	struct trace_params p = usual;
	int i;

	p.seed = seed;
	if (trace_init(&t, &p))
		vt_bail("a trace");
	for (i = 0; i < AREAS; i++) {
		object[i] = ioctl(vt_dev, VMM_CREATE_MEM, &c);
		if (object[i] < 0)
			vt_bail("memory");
		area[i] = vt_map(object[i], BYTES);
	}
}

static void end(void)
{
	int i;

	for (i = 0; i < AREAS; i++) {
		munmap(area[i], BYTES);
		close(object[i]);
	}
	trace_free(&t);
}

static void play(void)
{
	struct trace_op op;

	while (trace_next(&t, &op)) {
		if (op.kind != TRACE_FREE)
			trace_bytes(&t, op.content, area[op.area] + op.page * VT_PAGE);
		else if (fallocate(object[op.area],
				   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				   op.page * VT_PAGE, VT_PAGE))
			vt_bail("discard");
	}
}

/* Read, not mapped: nothing is made by that. */
static bool has_its_bytes(void)
{
	static uint64_t is[VT_PAGE / 8], wanted[VT_PAGE / 8];
	uint64_t content;
	uint32_t a, i;

	for (a = 0; a < AREAS; a++) {
		for (i = 0; i < PAGES; i++) {
			content = trace_content(&t, a, i);
			if (content == TRACE_ABSENT)
				content = TRACE_ZERO;
			trace_bytes(&t, content, wanted);
			if (pread(object[a], is, VT_PAGE, i * VT_PAGE) == VT_PAGE &&
			    !memcmp(is, wanted, VT_PAGE))
				continue;
			tap_note("period %u: area %u: page %u", t.period, a, i);
			return false;
		}
	}
	return true;
}

static void pass(void)
{
	long long passes = figure("full_scans");

	set_number("step", figure("pages_total"));
	while (figure("full_scans") == passes)
		set_number("step", 1);
}

static bool saves_all(bool merging)
{
	struct trace_oracle o = trace_oracle(&t, 0);
	long long frames = o.contents, save = o.save;

	if (!merging)
		return is("observed_zero", o.zero) &
		       is("observed_sharing", save - o.zero);
	/* What is given back is so after a grace period. */
	if (VT_WAIT_FOR(figure("frames_total") == frames))
		return true;
	tap_note("period %u: %lld frames, wanted %lld", t.period,
		 figure("frames_total"), frames);
	return false;
}

static void test_replay(const char *mode, const char *policy, uint64_t seed,
			uint32_t flags)
{
	bool all = true, bytes = true;
	unsigned int i;

	set("mode", mode);
	set("policy", policy);
	set_number("seed", seed);
	begin(seed, flags);
	for (i = 0; i < PERIODS && all && bytes; i++) {
		if (i)
			trace_advance(&t);
		play();
		pass();
		all &= saves_all(!strcmp(mode, "merge"));
		bytes &= has_its_bytes();
	}
	tap_ok(all, "%s, %s: after each of %u passes all is found", mode, policy,
	       i);
	tap_ok(bytes, "%s, %s: and no byte is another", mode, policy);
	end();
	set("mode", "off");
	tap_ok(VT_WAIT_FOR(!figure("frames_total")), "nothing is left");
}

int main(void)
{
	vt_open();
	set("run", "0");
	test_replay("observe", "linear", 1, VMM_MEM_SMALL_PAGES);
	test_replay("observe", "random", 2, VMM_MEM_SMALL_PAGES);
	test_replay("merge", "dirty-clock", 3, VMM_MEM_SMALL_PAGES);
	test_replay("merge", "random", 4, VMM_MEM_SMALL_PAGES);
	test_replay("merge", "dirty-clock", 5, 0);
	set("mode", "observe");
	tap_ok(vt_host_works(), "the host works");
	return tap_done();
}
