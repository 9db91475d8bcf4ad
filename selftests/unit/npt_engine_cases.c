// SPDX-License-Identifier: GPL-2.0
/*
 * The table engine, case by case: the bits of each format, refusals, large
 * leaves, the cost of protecting everything; and a write by hardware at every
 * single step of each operation, after which no dirty bit may be missing.
 */
#include "npt_world.h"

static void start(const struct npt_format *fmt, struct npt_pages *pool,
		  struct npt_batch *batch)
{
	racing = false;
	npt_tree_init(&tree, fmt, 4, page_alloc());
	*pool = (struct npt_pages){ };
	pool_fill(pool, 16);
	npt_batch_init(batch);
}

static void stop(struct npt_pages *pool, struct npt_batch *batch)
{
	struct npt_pages free = { };

	npt_batch_release(tree.fmt, batch, &free);
	npt_tree_account(&tree, batch);
	npt_tree_destroy(&tree, &free);
	free_all(&free);
	free_all(pool);
}

static void test_refusals(void)
{
	const struct npt_format *fmt = &npt_format_npt_no1g;
	struct npt_pages pool, none = { };
	struct npt_batch batch;

	start(fmt, &pool, &batch);
	tap_ok(npt_tree_map(&tree, 0, 0, 3, NPT_RWX, 0, &pool, &batch) ==
	       -EINVAL, "no 1 GiB leaf where the format has none");
	tap_ok(npt_tree_map(&tree, 0, 0, 0, NPT_RWX, 0, &pool, &batch) ==
	       -EINVAL, "no leaf at level 0");
	tap_ok(npt_tree_map(&tree, KB4, 0, 2, NPT_RWX, 0, &pool, &batch) ==
	       -EINVAL, "guest-physical address not aligned");
	tap_ok(npt_tree_map(&tree, 0, KB4, 2, NPT_RWX, 0, &pool, &batch) ==
	       -EINVAL, "physical address not aligned");
	tap_ok(npt_tree_map(&tree, 1ULL << 48, 0, 1, NPT_RWX, 0, &pool,
			    &batch) == -EINVAL, "beyond the limit");
	tap_ok(npt_tree_map(&tree, 0, 1ULL << 52, 1, NPT_RWX, 0, &pool,
			    &batch) == -EINVAL, "physical address too wide");
	tap_ok(npt_tree_map(&tree, 0, 0, 1, NPT_WRITE, 0, &pool, &batch) ==
	       -EINVAL, "write without read");
	tap_ok(npt_tree_map(&tree, 0, 0, 1, NPT_RWX, 0, &none, &batch) ==
	       -ENOMEM && tree.tables == 1, "empty pool");
	pool_fill(&none, 1);
	tap_ok(npt_tree_map(&tree, 0, 0, 1, NPT_RWX, 0, &none, &batch) ==
	       -ENOMEM && tree.tables == 2 && !batch.flush,
	       "pool runs dry half-way");
	tap_ok(!npt_tree_map(&tree, 0, 0, 1, NPT_RWX, 0, &pool, &batch),
	       "and again with enough");
	stop(&pool, &batch);
}

static void test_gigabyte(void)
{
	struct npt_pages pool;
	struct npt_batch batch;
	unsigned int level;
	u64 entry;

	start(&npt_format_ept, &pool, &batch);
	npt_tree_map(&tree, GB1, 8 * GB1, 3, NPT_RWX, true, &pool, &batch);
	entry = npt_tree_lookup(&tree, GB1 + 5 * MB2 + KB4, &level);
	tap_ok(level == 3 && npt_addr(tree.fmt, entry) == 8 * GB1,
	       "1 GiB leaf");
	npt_tree_split(&tree, GB1 + 5 * MB2 + KB4, 1, &pool, &batch);
	entry = npt_tree_lookup(&tree, GB1 + 5 * MB2 + KB4, &level);
	tap_ok(level == 1 && npt_dirty(tree.fmt, entry) && batch.flush &&
	       npt_addr(tree.fmt, entry) == 8 * GB1 + 5 * MB2 + KB4,
	       "split twice, to 4 KiB");
	entry = npt_tree_lookup(&tree, GB1 + 6 * MB2, &level);
	tap_ok(level == 2 && npt_addr(tree.fmt, entry) == 8 * GB1 + 6 * MB2 &&
	       tree.leaves[2] == 511 && tree.leaves[1] == 512 &&
	       !tree.leaves[3], "its neighbours stay large");
	npt_tree_map(&tree, GB1, 8 * GB1, 3, NPT_RWX, false, &pool, &batch);
	tap_ok(batch.detached[2].count == 1, "a 1 GiB leaf replaces the tables");
	stop(&pool, &batch);
}

/* Bits as the manuals have them. */
static void test_bits(void)
{
	struct npt_pages pool;
	struct npt_batch batch;
	unsigned int level;

	start(&npt_format_npt, &pool, &batch);
	npt_tree_map(&tree, MB2, 4 * MB2, 2, NPT_RWX, true, &pool, &batch);
	tap_ok(npt_tree_lookup(&tree, MB2, &level) == (4 * MB2 | 0xe7),
	       "npt: 2 MiB, all rights, dirty");
	npt_tree_map(&tree, 0, KB4, 1, NPT_READ, false, &pool, &batch);
	tap_ok(npt_tree_lookup(&tree, 0, &level) ==
	       (1ULL << 63 | KB4 | 0x25), "npt: 4 KiB, read only");
	tap_ok((npt_table_va(tree.root)[0] & 0xfff) == 0x27,
	       "npt: table entries");
	tap_ok(npt_format_npt.root(0x5000, 4) == 0x5000, "npt: root");
	stop(&pool, &batch);

	start(&npt_format_ept, &pool, &batch);
	npt_tree_map(&tree, MB2, 4 * MB2, 2, NPT_RWX, true, &pool, &batch);
	tap_ok(npt_tree_lookup(&tree, MB2, &level) == (4 * MB2 | 0x3b7),
	       "ept: 2 MiB, all rights, dirty");
	npt_tree_map(&tree, 0, KB4, 1, NPT_EXEC, false, &pool, &batch);
	tap_ok(npt_tree_lookup(&tree, 0, &level) == (KB4 | 0x134),
	       "ept: 4 KiB, execute only");
	tap_ok((npt_table_va(tree.root)[0] & 0xfff) == 0x107,
	       "ept: table entries");
	tap_ok(npt_format_ept.root(0x5000, 4) == 0x505e &&
	       npt_format_ept.root(0x5000, 5) == 0x5066 &&
	       npt_format_ept_noad.root(0x5000, 4) == 0x501e, "ept: roots");
	stop(&pool, &batch);
}

/* Protecting everything costs the same however much is mapped. */
static void test_freeze_cost(void)
{
	struct npt_pages pool;
	struct npt_batch batch;
	unsigned int i, level;
	u64 *root;

	start(&npt_format_ept, &pool, &batch);
	for (i = 0; i < 512; i++)
		npt_tree_map(&tree, i * KB4, i * KB4, 1, NPT_RWX, true, &pool,
			     &batch);
	npt_tree_protect_all(&tree, &batch);
	root = npt_table_va(tree.root);
	tap_ok(!(root[0] & 2) && batch.flush &&
	       (npt_table_va(npt_addr(tree.fmt, root[0]))[0] & 2),
	       "only the root has lost its write bit");
	tap_ok(!npt_writable(tree.fmt, npt_tree_lookup(&tree, 0, &level)),
	       "yet nothing is writable");
	npt_batch_init(&batch);
	npt_tree_map(&tree, 3 * KB4, 3 * KB4, 1, NPT_RWX, true, &pool, &batch);
	tap_ok(npt_writable(tree.fmt,
			    npt_tree_lookup(&tree, 3 * KB4, &level)) &&
	       !npt_writable(tree.fmt, npt_tree_lookup(&tree, 0, &level)) &&
	       !batch.flush, "a write brings back its own page, no flush");
	stop(&pool, &batch);
}

/* An operation on the page at 0, in a tree where that is mapped at @level. */
struct victim {
	const char *name;
	unsigned int level;
	void (*run)(struct npt_pages *pool, struct npt_batch *batch);
};

static void v_protect(struct npt_pages *pool, struct npt_batch *batch)
{
	npt_tree_protect(&tree, 0, KB4, 1, batch);
}

static void v_protect_all(struct npt_pages *pool, struct npt_batch *batch)
{
	npt_tree_protect_all(&tree, batch);
	npt_tree_map(&tree, KB4, KB4, 1, NPT_RWX, false, pool, batch);
}

static void v_collect(struct npt_pages *pool, struct npt_batch *batch)
{
	npt_tree_collect(&tree, 0, KB4, NPT_COLLECT_ACCESSED |
			 NPT_COLLECT_DIRTY, on_dirty, NULL, batch);
}

static void v_age(struct npt_pages *pool, struct npt_batch *batch)
{
	npt_tree_collect(&tree, 0, KB4, NPT_COLLECT_ACCESSED, on_dirty, NULL,
			 batch);
}

static void v_map(struct npt_pages *pool, struct npt_batch *batch)
{
	npt_tree_map(&tree, 0, 0, 1, NPT_READ | NPT_WRITE, false, pool, batch);
}

static void v_split(struct npt_pages *pool, struct npt_batch *batch)
{
	npt_tree_split(&tree, 0, 1, pool, batch);
}

static const struct victim victims[] = {
	{ "protect", 1, v_protect }, { "protect large", 2, v_protect },
	{ "protect all, push down", 1, v_protect_all },
	{ "collect", 1, v_collect }, { "collect large", 2, v_collect },
	{ "collect accessed", 1, v_age }, { "map again", 1, v_map },
	{ "map in large", 2, v_map }, { "split", 2, v_split },
};

/* Hardware writes at the @at-th step: whether its dirty bit got lost. */
static bool lost_at(const struct victim *v, unsigned int at, bool *reached)
{
	struct npt_pages pool;
	struct npt_batch batch;
	unsigned int level;
	bool lost;
	u64 entry;

	start(&npt_format_npt, &pool, &batch);
	npt_tree_map(&tree, 0, 0, v->level, NPT_RWX, false, &pool, &batch);
	memset(reported, 0, sizeof(reported));
	cpus_flush();
	nr_writes = 0;
	race_over(0, 1);
	race_in = at;
	race_exact = racing = true;
	v->run(&pool, &batch);
	*reached = !racing;
	race_exact = racing = false;
	entry = npt_tree_lookup(&tree, 0, &level);
	lost = nr_writes && !reported[0] && !npt_dirty(tree.fmt, entry);
	nr_writes = 0;
	stop(&pool, &batch);
	return lost;
}

static void test_interleavings(void)
{
	unsigned int i, at, lost;
	bool reached;

	for (i = 0; i < sizeof(victims) / sizeof(victims[0]); i++) {
		lost = 0;
		for (at = 1, reached = true; reached; at++)
			lost += lost_at(&victims[i], at, &reached);
		tap_ok(!lost && at > 3, "%s: a write at each of %u steps",
		       victims[i].name, at - 2);
	}
}

int main(void)
{
	test_bits();
	test_refusals();
	test_gigabyte();
	test_freeze_cost();
	test_interleavings();
	return tap_done();
}
