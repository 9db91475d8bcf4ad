// SPDX-License-Identifier: GPL-2.0
/*
 * The dirty log: no write is lost, whoever does it and whenever.
 *
 * Processors walk, write and cache between all steps, as in npt_engine.c; with
 * buffers they also note the pages that they make dirty.  What one has cached as
 * writable it is taken to write up to the flush, without a trace.  The kernel
 * writes and marks, with turns of others between.  Each write and each answer
 * has a time, so that
 *  - a write that was complete before a reader came is in his answer, or was in
 *    one that ended after it;
 *  - at the end, when all is quiet, no write is younger than the last answer with
 *    its page;
 *  - no answer has a page that was not written since the log began.
 *
 * A watcher, who may look whether there is a log or not, hashes pages that he was told of.  So
 *  - at the end no write is younger than the last hash of its page, unless he has been told
 *    of it since.
 */
#include "npt/dirty.h"
#include "npt_world.h"

#define FIRST		REGION_PAGES		/* the slot: most of region 1 */
#define PAGES		(REGION_PAGES - 100)
#define BLOCKS		(PAGES / 512)		/* whole ones */
#define WORDS		((PAGES + 63) / 64)
#define PHYS		0x40000000000ULL
#define FRAMES		(1U << 16)

static struct npt_dirty *dirty_log;
static bool buffered, logging;
static unsigned long now, lost, made_up, told_pages, nr_writes_seen;
static unsigned long written[PAGES], told[PAGES];
static bool since_begin[PAGES];

static unsigned int buffer[FRAMES], in_buffer;
static int unmarked;	/* the page that the kernel has written, or -1 */

/* The watcher: times of writes, of hashes, and what he was told and has not seen to. */
static unsigned long wrote[PAGES], hashed[PAGES], missed, rehashed;
static bool news[PAGES];
static bool owed;	/* a flush of somebody else's */

static void tell_watcher(void *ctx, u64 gpa, u64 size, unsigned int what)
{
	u64 page = (gpa - gpa_of(FIRST)) / KB4, n;

	for (n = size / KB4; n; n--, page++) {
		if (page < PAGES)
			news[page] = true;
	}
}

static struct npt_keepers keepers(void)
{
	return (struct npt_keepers){
		.log = logging ? dirty_log : NULL,
		.tell = tree.fmt->dirty ? tell_watcher : NULL,
	};
}

static void note_write(unsigned int page)
{
	if (page - FIRST >= PAGES)
		return;
	written[page - FIRST] = wrote[page - FIRST] = ++now;
	since_begin[page - FIRST] = true;
	nr_writes_seen++;
}

static void cpu_wrote(unsigned int page, bool dirtied)
{
	nr_writes = 0;
	note_write(page);
	if (buffered && dirtied) {
		assert(in_buffer < FRAMES);
		buffer[in_buffer++] = page;
	}
}

/* Whatever a CPU may write without a look at the tables it writes now. */
static void cached_writes(void)
{
	unsigned int i, j;

	for (i = 0; i < CPUS; i++) {
		for (j = 0; j < CACHED; j++) {
			const struct cached *c = &cpus[i].cache[j];

			if (c->valid && c->silent)
				note_write(c->page);
		}
	}
}

static void kernel_turn(void)
{
	bool was = racing;

	if (below(4))
		return;
	racing = false;
	if (unmarked < 0) {
		unmarked = FIRST + below(8) * 61;
		note_write(unmarked);
	} else {
		npt_dirty_mark(dirty_log, gpa_of(unmarked));
		news[unmarked - FIRST] = true;
		unmarked = -1;
	}
	racing = was;
}

/* Sees to what he was told; before that there is the flush that others owe. */
static void watcher_hashes(void)
{
	bool seen[PAGES];
	unsigned int i;

	memcpy(seen, news, sizeof(seen));
	memset(news, 0, sizeof(news));
	cached_writes();
	if (owed)
		cpus_flush();
	for (i = 0; i < PAGES; i++) {
		if (!seen[i])
			continue;
		hashed[i] = ++now;
		rehashed++;
	}
}

/* Others go on until the flush, and with what they have cached. */
static void finish(struct npt_batch *batch)
{
	struct npt_pages rest = { };
	unsigned int i;

	for (i = 0; racing && i < 64; i++)
		port_race();
	owed = batch->flush;
	if (tree.fmt->dirty && !below(3))
		watcher_hashes();
	cached_writes();
	if (batch->flush)
		cpus_flush();
	owed = false;
	npt_batch_release(tree.fmt, batch, &rest);
	npt_tree_account(&tree, batch);
	free_all(&rest);
}

static void drain(void)
{
	unsigned int i, n = in_buffer;

	for (i = 0; logging && i < n; i++)
		npt_dirty_mark(dirty_log, gpa_of(buffer[i]));
	memmove(buffer, buffer + n, (in_buffer - n) * sizeof(buffer[0]));
	in_buffer -= n;
}

/* ---- operations ----------------------------------------------------------- */

static unsigned int slot_page(void)
{
	if (below(3))
		return FIRST + below(4) * 512 % PAGES + below(12);
	return FIRST + below(PAGES);
}

/* A whole access, without turns of others. */
static void access_now(unsigned int page, bool write)
{
	struct cpu *cpu = &cpus[below(CPUS)];
	bool was = racing;

	racing = false;
	cpu_start(cpu, page, write);
	while (cpu_step(cpu))
		;
	racing = was;
}

/* As space.c installs a leaf; a write that faulted counts as done. */
static void op_fault(struct npt_pages *pool)
{
	unsigned int page = slot_page(), found, level, prot = NPT_READ | NPT_EXEC;
	unsigned int access = below(3) ? NPT_WRITE : NPT_READ;
	bool huge = (page - FIRST) / 512 < BLOCKS;
	struct npt_batch batch;
	u64 entry, mask;

	race_over(page, 1);
	entry = npt_tree_lookup(&tree, gpa_of(page), &found);
	if (npt_present(tree.fmt, entry) &&
	    (access == NPT_READ || npt_writable(tree.fmt, entry)))
		return;
	level = huge && !logging ? 2 : 1;
	mask = ~(npt_level_size(level) - 1);
	if (!logging || !npt_dirty_denies(tree.fmt, access))
		prot |= NPT_WRITE;
	npt_batch_init(&batch);
	pool_fill(pool, tree.levels);
	if (npt_tree_map(&tree, gpa_of(page) & mask,
			 (PHYS + (page - FIRST) * KB4) & mask, level, prot,
			 access == NPT_WRITE || found < level, pool, &batch))
		assert(false);
	if (logging)
		npt_dirty_mapped(dirty_log, &tree, gpa_of(page), access,
				 found > level && entry && huge);
	if (access == NPT_WRITE)
		since_begin[page - FIRST] = true;
	finish(&batch);
	if (below(2))
		access_now(page, access == NPT_WRITE);
}

/* @open: the page that the kernel was about to mark when the reader came. */
static void check_answer(unsigned int first, unsigned int count,
			 const u64 *bits, unsigned long began, int open)
{
	unsigned int i;

	now++;
	for (i = first; i < first + count; i++) {
		if (bits[(i - first) / 64] >> (i - first) % 64 & 1) {
			told[i] = now;
			told_pages++;
			made_up += !since_begin[i];
		} else if (written[i] && written[i] <= began &&
			   told[i] <= written[i] && open != (int)(i + FIRST)) {
			lost++;
		}
	}
}

static void take(unsigned int first, unsigned int count)
{
	unsigned long began = now;
	struct npt_batch batch;
	struct npt_keepers k;
	int open = unmarked;
	u64 bits[WORDS];

	drain();
	race_over(FIRST + first, count);
	npt_batch_init(&batch);
	k = keepers();
	npt_dirty_take(&k, &tree, first, count, buffered, bits, &batch);
	finish(&batch);
	check_answer(first, count, bits, began, open);
}

static void op_take(void)
{
	unsigned int first = below(WORDS), words = 1 + below(WORDS - first);
	unsigned int count = words * 64;

	if (below(3))
		first = 0, count = PAGES;
	else if ((first + words) * 64 > PAGES)
		count = PAGES - first * 64;
	cached_writes();
	take(first * 64, count);
}

/* For the watcher. */
static void look(unsigned int first, unsigned int end)
{
	struct npt_keepers k = keepers();
	struct npt_batch batch;

	race_over(FIRST + first, end - first);
	npt_batch_init(&batch);
	npt_dirty_look(&k, &tree, gpa_of(FIRST + first), gpa_of(FIRST + end),
		       &batch);
	finish(&batch);
}

static void op_look(void)
{
	unsigned int first = below(PAGES);

	if (!tree.fmt->dirty)
		return;
	if (below(3))
		look(0, PAGES);
	else
		look(first, first + below(PAGES - first) + 1);
}

/* Leaves go, and the pages behind them have not changed. */
static void op_leave(void)
{
	unsigned int page = slot_page(), n = 1 + below(4);
	struct npt_keepers k = keepers();
	struct npt_batch batch;

	if (!tree.fmt->dirty || page + n > FIRST + PAGES)
		return;
	race_over(page, n);
	npt_batch_init(&batch);
	npt_dirty_leave(&k, &tree, gpa_of(page), gpa_of(page) + n * KB4,
			&batch);
	finish(&batch);
}

static void op_unmap(void)
{
	unsigned int page = slot_page(), n = 1 + below(4), i;
	struct npt_batch batch;
	struct npt_keepers k;

	if (page + n > FIRST + PAGES)
		return;
	race_over(page, n);
	npt_batch_init(&batch);
	k = keepers();
	npt_dirty_unmap(&k, &tree, gpa_of(page), gpa_of(page) + n * KB4,
			&batch);
	finish(&batch);
	/* As space_slots.c does for pages that were replaced. */
	for (i = page; i < page + n; i++) {
		news[i - FIRST] = true;
		if (!logging)
			continue;
		since_begin[i - FIRST] = true;
		npt_dirty_mark(dirty_log, gpa_of(i));
	}
}

static void begin(void)
{
	u64 base = gpa_of(FIRST);
	struct npt_batch batch;
	struct npt_keepers k;

	memset(since_begin, 0, sizeof(since_begin));
	memset(dirty_log->bits, 0, WORDS * sizeof(u64));
	unmarked = -1;
	in_buffer = 0;
	logging = true;
	on_turn = kernel_turn;
	race_over(FIRST, PAGES);
	npt_batch_init(&batch);
	k = keepers();
	npt_dirty_begin(&k, &tree, base, base + PAGES * KB4, &batch);
	finish(&batch);
	memset(written, 0, sizeof(written));
	memset(told, 0, sizeof(told));
}

/* All is quiet: one more answer, and nothing is missing. */
static void end(void)
{
	bool was = racing;
	unsigned int i;

	racing = false;
	if (unmarked >= 0) {
		npt_dirty_mark(dirty_log, gpa_of(unmarked));
		news[unmarked - FIRST] = true;
	}
	unmarked = -1;
	take(0, PAGES);
	if (tree.fmt->dirty)
		look(0, PAGES);
	for (i = 0; i < PAGES; i++) {
		lost += written[i] > told[i];
		missed += tree.fmt->dirty && wrote[i] > hashed[i] && !news[i];
	}
	on_turn = NULL;
	logging = false;
	racing = was;
}

/* Large leaves come, and go with a part of theirs. */
static void without_log(struct npt_pages *pool)
{
	struct npt_batch batch;
	u64 base = gpa_of(FIRST);
	unsigned int i;

	npt_batch_init(&batch);
	npt_tree_unmap(&tree, base, base + PAGES * KB4, &batch);
	finish(&batch);
	memset(news, true, sizeof(news));
	for (i = 0; i < 20; i++) {
		op_fault(pool);
		access_now(slot_page(), true);
		if (!below(4))
			op_look();
		else if (!below(6))
			op_unmap();
	}
	in_buffer = 0;
}

static void some_op(struct npt_pages *pool)
{
	switch (below(10)) {
	case 0:
		op_take();
		break;
	case 1:
		op_unmap();
		break;
	case 2:
		drain();
		break;
	case 3:
		op_look();
		break;
	case 4:
		op_leave();
		break;
	default:
		op_fault(pool);
	}
}

static void run(const struct npt_format *fmt, bool buffers, bool races,
		unsigned int rounds)
{
	struct npt_pages pool = { }, rest = { };
	unsigned int round, i;

	racing = false;
	npt_tree_init(&tree, fmt, 4, page_alloc());
	dirty_log = calloc(1, sizeof(*dirty_log) + WORDS * sizeof(u64));
	dirty_log->base = gpa_of(FIRST);
	dirty_log->nr_pages = PAGES;
	buffered = buffers;
	lost = made_up = told_pages = nr_writes_seen = missed = rehashed = 0;
	memset(news, true, sizeof(news));
	memset(wrote, 0, sizeof(wrote));
	memset(hashed, 0, sizeof(hashed));
	on_write = cpu_wrote;
	cpus_flush();
	racing = races;
	for (round = 0; round < rounds; round++) {
		without_log(&pool);
		begin();
		for (i = 0; i < 60; i++) {
			some_op(&pool);
			access_now(slot_page(), below(2));
		}
		end();
	}
	racing = false;
	on_write = NULL;
	tap_ok(!lost && !made_up && told_pages > rounds && nr_writes_seen,
	       "%s%s%s: %lu writes, %lu pages told, %lu lost, %lu made up",
	       fmt->name, buffers ? ", buffers" : "", races ? ", racing" : "",
	       nr_writes_seen, told_pages, lost, made_up);
	if (fmt->dirty)
		tap_ok(!missed && rehashed > rounds,
		       "a watcher beside it: %lu pages looked at again, %lu missed",
		       rehashed, missed);
	npt_tree_destroy(&tree, &rest);
	free_all(&rest);
	free_all(&pool);
	free(dirty_log);
}

/* ---- the edges -------------------------------------------------------------- */

static void test_marks(void)
{
	u64 bits[2] = { 0 };
	struct {
		struct npt_dirty log;
		u64 bits[2];
	} l = { .log = { .base = GB1, .nr_pages = 70 } };
	struct npt_keepers k = { .log = &l.log };
	struct npt_batch batch;

	npt_dirty_mark(&l.log, GB1 - 1);
	npt_dirty_mark(&l.log, 0);
	npt_dirty_mark(&l.log, ~0ULL);
	npt_dirty_mark(&l.log, GB1 + 70 * KB4);
	tap_ok(!l.log.bits[0] && !l.log.bits[1], "marks outside of the slot");
	npt_dirty_mark(&l.log, GB1 + 123);
	npt_dirty_mark(&l.log, GB1 + 63 * KB4);
	npt_dirty_mark(&l.log, GB1 + 70 * KB4 - 1);
	tap_ok(l.log.bits[0] == (1ULL << 63 | 1) && l.log.bits[1] == 1 << 5,
	       "marks at its edges");
	npt_tree_init(&tree, &npt_format_ept, 4, page_alloc());
	npt_batch_init(&batch);
	npt_dirty_take(&k, &tree, 64, 6, true, bits, &batch);
	tap_ok(bits[0] == 1 << 5 && !l.log.bits[1] && l.log.bits[0] &&
	       !batch.flush, "a part taken");
	page_free(tree.root);
}

/* One write in what a large leaf was: the others need no fault of their own. */
static void test_large(const struct npt_format *fmt)
{
	struct npt_pages pool = { }, rest = { };
	struct npt_batch batch;
	unsigned int level;
	u64 entry, bits[8], gpa = GB1 + 5 * KB4;
	struct npt_keepers k = { };
	bool good;

	dirty_log = calloc(1, sizeof(*dirty_log) + sizeof(bits));
	k.log = dirty_log;
	dirty_log->base = GB1;
	dirty_log->nr_pages = 512;
	npt_tree_init(&tree, fmt, 4, page_alloc());
	npt_batch_init(&batch);
	pool_fill(&pool, 8);
	npt_tree_map(&tree, GB1, GB1, 2, NPT_RWX, true, &pool, &batch);
	npt_dirty_begin(&k, &tree, GB1, GB1 + MB2, &batch);
	entry = npt_tree_lookup(&tree, GB1, &level);
	tap_ok(batch.flush && level == 2 && !npt_writable(fmt, entry) &&
	       !npt_dirty(fmt, entry), "%s: a large leaf is clean and denies",
	       fmt->name);
	npt_tree_map(&tree, gpa, gpa, 1, NPT_RWX, true, &pool, &batch);
	npt_dirty_mapped(dirty_log, &tree, gpa, NPT_WRITE, true);
	entry = npt_tree_lookup(&tree, GB1 + 6 * KB4, &level);
	tap_ok(level == 1 && npt_writable(fmt, entry) == !!fmt->dirty &&
	       !npt_dirty(fmt, entry), "%s: its neighbours %s", fmt->name,
	       fmt->dirty ? "can be written" : "wait for a fault");
	npt_dirty_take(&k, &tree, 0, 512, false, bits, &batch);
	good = bits[0] == 1 << 5;
	for (level = 1; level < 8; level++)
		good &= !bits[level];
	tap_ok(good, "%s: one page was written", fmt->name);
	npt_batch_release(fmt, &batch, &rest);
	npt_tree_destroy(&tree, &rest);
	free_all(&rest);
	free_all(&pool);
	free(dirty_log);
}

static void no_matter(void *ctx, u64 gpa, u64 size, unsigned int what)
{
}

/* What only a dirty bit tells is marked when the leaf goes. */
static void test_leave(const struct npt_format *fmt)
{
	struct npt_pages pool = { }, rest = { };
	struct npt_batch batch;
	unsigned int level;
	struct {
		struct npt_dirty log;
		u64 bits[8];
	} l = { .log = { .base = GB1, .nr_pages = 512 } };
	struct npt_keepers k = { .log = &l.log };

	npt_tree_init(&tree, fmt, 4, page_alloc());
	npt_batch_init(&batch);
	pool_fill(&pool, 8);
	npt_tree_map(&tree, GB1, GB1, 2, NPT_READ | NPT_EXEC, true, &pool,
		     &batch);
	npt_tree_split(&tree, GB1 + 3 * KB4, 1, &pool, &batch);
	if (fmt->dirty)
		npt_tree_collect(&tree, GB1 + 4 * KB4, GB1 + 5 * KB4,
				 NPT_COLLECT_DIRTY, no_matter, NULL, &batch);
	npt_dirty_leave(&k, &tree, GB1 + 3 * KB4, GB1 + 5 * KB4, &batch);
	tap_ok(l.log.bits[0] == (fmt->dirty ? 1 << 3 : 0),
	       "%s: dirty leaves that go are marked, clean ones are not",
	       fmt->name);
	tap_ok(!npt_tree_lookup(&tree, GB1 + 3 * KB4, &level) == !!fmt->dirty &&
	       !npt_tree_lookup(&tree, GB1 + 4 * KB4, &level) == !!fmt->dirty &&
	       npt_tree_lookup(&tree, GB1 + 5 * KB4, &level),
	       "%s: they are taken out, where that tells", fmt->name);
	npt_batch_release(fmt, &batch, &rest);
	npt_tree_destroy(&tree, &rest);
	free_all(&rest);
	free_all(&pool);
}

int main(void)
{
	test_marks();
	test_leave(&npt_format_npt);
	test_leave(&npt_format_ept);
	test_leave(&npt_format_ept_noad);
	test_large(&npt_format_npt);
	test_large(&npt_format_ept);
	test_large(&npt_format_ept_noad);
	run(&npt_format_npt, false, false, 50);
	run(&npt_format_npt, false, true, 150);
	run(&npt_format_ept, false, true, 150);
	run(&npt_format_ept, true, false, 50);
	run(&npt_format_ept, true, true, 300);
	run(&npt_format_ept_noad, false, false, 50);
	run(&npt_format_ept_noad, false, true, 150);
	return tap_done();
}
