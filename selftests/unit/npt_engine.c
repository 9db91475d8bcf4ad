// SPDX-License-Identifier: GPL-2.0
/*
 * The table engine against a model.
 *
 * The model is an array of what each 4 KiB page of a few regions should
 * translate to.  Random operations go to both.  Beside them runs an imitation
 * of hardware, which gets a turn at every access of the engine to an entry: CPUs
 * that are in the middle of a walk (they hold the address of a table and go
 * on from there), that set accessed and dirty bits, and that cache what they
 * found until a flush.  After each operation
 *  - no CPU has seen a freed table;
 *  - no cached translation says more than the model allows, unless the engine
 *    asked for the flush that would have dropped it;
 *  - no write by hardware is missing from the dirty bits;
 *  - the engine's counts are those of its tables.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "npt/engine.h"
#include "npt/port.h"
#include "tap.h"

#define KB4	0x1000ULL
#define MB2	0x200000ULL
#define GB1	0x40000000ULL
#define POISON	0xdeadbeefdeadbeefULL

static u64 seed = 88172645463325252ULL;

static u64 rnd(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static unsigned int below(unsigned int n)
{
	return (rnd() >> 11) % n;
}

/* --- pages for tables ---------------------------------------------------- */

#define ARENA_PAGES	4096
#define ARENA_BASE	0x123456000ULL

static u64 arena[ARENA_PAGES][512];
static unsigned long arena_link[ARENA_PAGES];
static bool arena_used[ARENA_PAGES];
static unsigned int arena_live, arena_next;

static unsigned int arena_nr(u64 phys)
{
	u64 nr = (phys - ARENA_BASE) / KB4;

	assert(phys >= ARENA_BASE && !(phys % KB4) && nr < ARENA_PAGES);
	return nr;
}

u64 *npt_table_va(u64 phys)
{
	unsigned int nr = arena_nr(phys);

	assert(arena_used[nr]);
	return arena[nr];
}

unsigned long *npt_link(u64 phys)
{
	return &arena_link[arena_nr(phys)];
}

static u64 page_alloc(void)
{
	while (arena_used[arena_next])
		arena_next = (arena_next + 1) % ARENA_PAGES;
	arena_used[arena_next] = true;
	arena_live++;
	memset(arena[arena_next], 0, KB4);
	return ARENA_BASE + arena_next * KB4;
}

static void page_free(u64 phys)
{
	unsigned int nr = arena_nr(phys), i;

	assert(arena_used[nr]);
	arena_used[nr] = false;
	arena_live--;
	for (i = 0; i < 512; i++)
		arena[nr][i] = POISON;
}

static void pool_fill(struct npt_pages *pool, unsigned int count)
{
	while (pool->count < count)
		npt_pages_push(pool, page_alloc());
}

static void free_all(struct npt_pages *pages)
{
	while (pages->count)
		page_free(npt_pages_pop(pages));
}

/* --- the model ----------------------------------------------------------- */

#define REGIONS		4
#define REGION_PAGES	2048
#define NR_PAGES	(REGIONS * REGION_PAGES)

struct model {
	u64 phys;
	u8 prot;	/* 0: not mapped */
	u8 level;	/* of the leaf it is in */
	bool dirty;	/* hardware or the mapper wrote, not yet collected */
	bool accessed;
};

static struct model model[NR_PAGES];
static struct npt_tree tree;
static bool racing;	/* the imitation runs inside the engine's steps */

static u64 region_base(unsigned int region)
{
	u64 top = npt_tree_limit(&tree);

	switch (region) {
	case 0:	return 0;
	case 1:	return GB1 - 4 * MB2 / 2;
	case 2:	return 512 * GB1 - 2 * MB2;
	default: return top - REGION_PAGES * KB4;
	}
}

static u64 gpa_of(unsigned int page)
{
	return region_base(page / REGION_PAGES) + page % REGION_PAGES * KB4;
}

/* First page of the leaf that @page is in, and how many pages it has. */
static unsigned int leaf_first(unsigned int page)
{
	return model[page].prot && model[page].level == 2 ? page & ~511U : page;
}

static unsigned int leaf_pages(unsigned int page)
{
	return model[page].prot && model[page].level == 2 ? 512 : 1;
}

static bool has_dirty(void)
{
	return tree.fmt->dirty;
}

/* --- the imitation of hardware ------------------------------------------- */

#define CPUS	6
#define CACHED	32

struct cached {
	bool valid;
	bool dirty;	/* writes go on without a look at the tables */
	unsigned int page;
	u64 phys;
	bool write;
};

static struct cpu {
	struct cached cache[CACHED];
	bool walking;
	bool write;	/* what the walk is for */
	bool denied;	/* a table on the way has no write bit */
	unsigned int page;
	unsigned int level;
	u64 table;
} cpus[CPUS];

/* Writes during the operation that is going on. */
static struct write {
	unsigned int page;
	u64 phys;
	u64 *slot;
} writes[1 << 16];
static unsigned int nr_writes;

static void cpu_start(struct cpu *cpu, unsigned int page, bool write)
{
	cpu->walking = true;
	cpu->write = write;
	cpu->denied = false;
	cpu->page = page;
	cpu->level = tree.levels;
	cpu->table = tree.root;
}

/* The leaf in *slot serves the walk: set bits, remember it. */
static void cpu_finish(struct cpu *cpu, u64 *slot)
{
	const struct npt_format *fmt = tree.fmt;
	u64 size = npt_level_size(cpu->level), gpa = gpa_of(cpu->page);
	struct cached *c = &cpu->cache[below(CACHED)];

	cpu->walking = false;
	if (cpu->write && (cpu->denied || !npt_writable(fmt, *slot)))
		return;
	*slot |= fmt->accessed | (cpu->write ? fmt->dirty : 0);
	c->valid = true;
	c->page = cpu->page;
	c->phys = npt_addr(fmt, *slot) + (gpa & (size - 1) & ~(KB4 - 1));
	c->write = !cpu->denied && npt_writable(fmt, *slot);
	c->dirty = cpu->write;
	assert(nr_writes < sizeof(writes) / sizeof(writes[0]));
	if (cpu->write)
		writes[nr_writes++] = (struct write){ cpu->page, c->phys, slot };
}

/* One step of a walk; false if it has ended. */
static bool cpu_step(struct cpu *cpu)
{
	const struct npt_format *fmt = tree.fmt;
	u64 *slot, entry;

	if (!cpu->walking)
		return false;
	slot = npt_table_va(cpu->table) +
	       npt_level_index(gpa_of(cpu->page), cpu->level);
	entry = *slot;
	assert(entry != POISON);
	if (!npt_present(fmt, entry)) {
		cpu->walking = false;
	} else if (npt_leaf(fmt, entry, cpu->level)) {
		cpu_finish(cpu, slot);
	} else {
		cpu->denied |= !npt_writable(fmt, entry);
		cpu->table = npt_addr(fmt, entry);
		cpu->level--;
	}
	return cpu->walking;
}

static void cpus_flush(void)
{
	unsigned int i;

	for (i = 0; i < CPUS; i++)
		memset(&cpus[i], 0, sizeof(cpus[i]));
}

/* Mostly one of few, so that operations meet. */
static unsigned int some_page(void)
{
	if (below(4))
		return below(NR_PAGES / 512) * 512 + below(32);
	return below(NR_PAGES);
}

static unsigned int race_first, race_pages;	/* what the operation is about */
static unsigned int race_in = 1;	/* steps until the next turn */
static bool race_exact;			/* one turn: a write to race_first */

/*
 * Turns are rare enough to leave dirty bits clear that can get lost, and come
 * in the first steps of an operation as likely as anywhere in long ones.
 */
static void race_over(unsigned int first, unsigned int pages)
{
	race_first = first;
	race_pages = pages ? pages : 1;
	race_in = 1 + below(24);
}

/*
 * The engine is between two steps: a CPU goes on with its walk by one step, or
 * does a whole access at once, mostly where the engine is at work.
 */
void port_race(void)
{
	unsigned int page;
	struct cpu *cpu;

	if (!racing || --race_in)
		return;
	if (race_exact) {
		racing = false;
		cpu_start(&cpus[0], race_first, true);
		while (cpu_step(&cpus[0]))
			;
		return;
	}
	race_in = 1 + below(1 << below(12));
	cpu = &cpus[below(CPUS)];
	if (cpu->walking && below(4)) {
		cpu_step(cpu);
		return;
	}
	page = race_first + below(race_pages);
	cpu_start(cpu, below(8) ? page : some_page(), below(2));
	if (below(4)) {
		while (cpu_step(cpu))
			;
	}
}

/* --- checks -------------------------------------------------------------- */

static unsigned int failures;
static const char *what = "";

static void check(bool good, const char *text, unsigned int page)
{
	if (good)
		return;
	if (failures++ < 10)
		printf("# %s: %s at page %u, seed state %#llx\n", what, text,
		       page, seed);
}

static void check_page(unsigned int page, bool races)
{
	const struct npt_format *fmt = tree.fmt;
	struct model *m = &model[page];
	unsigned int level;
	u64 entry = npt_tree_lookup(&tree, gpa_of(page), &level);
	u64 off, want;

	if (!m->prot) {
		check(!npt_present(fmt, entry), "mapped", page);
		return;
	}
	if (!npt_present(fmt, entry)) {
		check(false, "not mapped", page);
		return;
	}
	off = gpa_of(page) & (npt_level_size(level) - 1);
	check(level == m->level, "level", page);
	check(npt_addr(fmt, entry) + off == m->phys, "address", page);
	want = fmt->prot[m->prot] | fmt->leaf | (level > 1 ? fmt->huge : 0);
	check((entry & ~(fmt->addr | fmt->accessed | fmt->dirty)) == want,
	      "bits", page);
	if (has_dirty()) {
		if (races)
			check(!m->dirty || npt_dirty(fmt, entry), "dirty lost",
			      page);
		else
			check(m->dirty == npt_dirty(fmt, entry), "dirty", page);
	}
}

static void check_cached(void)
{
	unsigned int i, j;

	for (i = 0; i < CPUS; i++) {
		for (j = 0; j < CACHED; j++) {
			struct cached *c = &cpus[i].cache[j];
			struct model *m = &model[c->page];

			if (!c->valid)
				continue;
			check(m->prot && m->phys == c->phys,
			      "stale translation", c->page);
			check(!c->write || (m->prot & NPT_WRITE),
			      "stale permission", c->page);
			/* such writes leave no trace in the tables */
			check(!c->dirty || !has_dirty() || m->dirty,
			      "dirty lost in a cache", c->page);
		}
	}
}

static void count(u64 table, unsigned int level, unsigned long *tables,
		  unsigned long *leaves)
{
	const struct npt_format *fmt = tree.fmt;
	u64 *va = npt_table_va(table);
	unsigned int i;

	++*tables;
	for (i = 0; i < 512; i++) {
		if (npt_leaf(fmt, va[i], level))
			leaves[level]++;
		else if (npt_table_entry(fmt, va[i], level))
			count(npt_addr(fmt, va[i]), level - 1, tables, leaves);
	}
}

static void check_counts(const struct npt_pages *pool)
{
	unsigned long tables = 0, leaves[NPT_LEVELS_MAX + 1] = { };

	count(tree.root, tree.levels, &tables, leaves);
	check(tables == tree.tables, "count of tables", 0);
	check(leaves[1] == tree.leaves[1], "count of 4 KiB leaves", 0);
	check(leaves[2] == tree.leaves[2], "count of 2 MiB leaves", 0);
	check(tables + pool->count == arena_live, "tables leaked", 0);
}

/*
 * Do what the batch asks for, with hardware going on until the flush, and see
 * that freed tables are out of everybody's reach.
 */
static void finish(struct npt_batch *batch)
{
	struct npt_pages free = { };
	unsigned int i;

	if (racing) {
		for (i = 0; i < 64; i++)
			port_race();
	}
	if (batch->flush)
		cpus_flush();
	for (i = 1; i <= NPT_LEVELS_MAX; i++)
		check(batch->flush || !batch->detached[i].count,
		      "tables detached without flush", 0);
	npt_batch_release(tree.fmt, batch, &free);
	npt_tree_account(&tree, batch);
	free_all(&free);
}

/* Fold the writes by hardware during an operation into the model. */
static void settle_writes(void)
{
	unsigned int i, p;

	for (i = 0; i < nr_writes; i++) {
		struct write *w = &writes[i];
		unsigned int first = leaf_first(w->page);

		if (!model[w->page].prot || model[w->page].phys != w->phys)
			continue;
		for (p = first; p < first + leaf_pages(w->page); p++)
			model[p].dirty = true;
	}
	nr_writes = 0;
}

/* --- operations ---------------------------------------------------------- */

/* In the model, the 2 MiB leaf around @page becomes 4 KiB ones. */
static void model_split(unsigned int page)
{
	unsigned int first = page & ~511U, i;

	if (!model[page].prot || model[page].level != 2)
		return;
	for (i = first; i < first + 512; i++)
		model[i].level = 1;
}

static void op_map(struct npt_pages *pool)
{
	static const u8 prots[] = { NPT_READ, NPT_READ | NPT_WRITE,
				    NPT_READ | NPT_EXEC, NPT_RWX, NPT_RWX };
	unsigned int page = some_page(), level = below(5) ? 1 : 2, n, i;
	unsigned int prot = prots[below(5)];
	struct npt_batch batch;
	bool dirty;
	u64 phys;

	what = "map";
	n = level == 2 ? 512 : 1;
	page &= ~(n - 1);
	race_over(page, n);
	/* A leaf in place of a table must not lose what the table knew. */
	dirty = !!(prot & NPT_WRITE) && !below(4);
	for (i = 0; level == 2 && i < 512; i++)
		dirty |= model[page + i].prot && model[page + i].level == 1;
	/* often the same page again, to see permissions change in place */
	phys = below(2) ? 0x40000000000ULL + page * KB4 :
			  (rnd() & 0xffffff) * KB4 * n;
	npt_batch_init(&batch);
	pool_fill(pool, tree.levels);
	if (npt_tree_map(&tree, gpa_of(page), phys, level, prot, dirty, pool,
			 &batch)) {
		check(false, "refused", page);
		return;
	}
	if (level == 1)
		model_split(page);
	for (i = 0; i < n; i++) {
		struct model *m = &model[page + i];
		bool same = m->prot && m->phys == phys + i * KB4 &&
			    m->level == level;

		m->dirty = dirty || (same && m->dirty);
		m->phys = phys + i * KB4;
		m->prot = prot;
		m->level = level;
	}
	finish(&batch);
}

static void range(unsigned int *first, unsigned int *end)
{
	unsigned int region = below(REGIONS) * REGION_PAGES;
	unsigned int a = below(REGION_PAGES + 1), b = below(REGION_PAGES + 1);

	if (below(8)) {
		a = some_page() % REGION_PAGES;
		b = a + below(16);
	}
	if (b > REGION_PAGES)
		b = REGION_PAGES;
	if (a > b) {
		unsigned int tmp = a;

		a = b;
		b = tmp;
	}
	/* now and then an empty range, but not at a region's end */
	*first = region + (a < REGION_PAGES ? a : 0);
	*end = region + b;
	race_over(*first, *end - *first);
}

static u64 range_gpa(unsigned int first, unsigned int page)
{
	return page == first || page % REGION_PAGES ? gpa_of(page) :
	       gpa_of(page - 1) + KB4;
}

/* Call @fn for each page in [first, end) and the rest of large leaves there. */
static void for_leaves(unsigned int first, unsigned int end,
		       void (*fn)(struct model *m))
{
	unsigned int page, i, from, n;

	for (page = first; page < end; page++) {
		from = leaf_first(page);
		n = leaf_pages(page);
		for (i = from; i < from + n; i++)
			fn(&model[i]);
	}
}

static void do_unmap(struct model *m)
{
	m->prot = 0;
	m->dirty = false;
}

static void op_unmap(void)
{
	struct npt_batch batch;
	unsigned int first, end;

	what = "unmap";
	range(&first, &end);
	npt_batch_init(&batch);
	npt_tree_unmap(&tree, gpa_of(first), range_gpa(first, end), &batch);
	for_leaves(first, end, do_unmap);
	finish(&batch);
}

static void do_protect(struct model *m)
{
	m->prot &= ~NPT_WRITE;
}

static void op_protect(void)
{
	struct npt_batch batch;
	unsigned int first, end;

	what = "protect";
	range(&first, &end);
	if (first == end)
		return;
	npt_batch_init(&batch);
	npt_tree_protect(&tree, gpa_of(first), range_gpa(first, end), &batch);
	for_leaves(first, end, do_protect);
	finish(&batch);
}

static void op_protect_all(void)
{
	struct npt_batch batch;
	unsigned int i;

	what = "protect all";
	npt_batch_init(&batch);
	npt_tree_protect_all(&tree, &batch);
	for (i = 0; i < NR_PAGES; i++)
		do_protect(&model[i]);
	finish(&batch);
}

static bool reported[NR_PAGES];

static void on_dirty(void *ctx, u64 gpa, unsigned int level, unsigned int had)
{
	unsigned int page, n = level == 2 ? 512 : 1, i;

	if (!(had & NPT_COLLECT_DIRTY))
		return;
	for (page = 0; page < NR_PAGES && gpa_of(page) != gpa; page++)
		;
	for (i = page; i < page + n && i < NR_PAGES; i++)
		reported[i] = true;
}

/* Each write of the operation was reported, or will be next time. */
static void check_raced_writes(void)
{
	unsigned int i;

	for (i = 0; i < nr_writes; i++) {
		struct write *w = &writes[i];
		bool dirty = *w->slot & tree.fmt->dirty;

		check(!has_dirty() || reported[w->page] || dirty,
		      "write lost in a race", w->page);
	}
}

static void op_collect(void)
{
	struct npt_batch batch;
	unsigned int first, end, page, flags;

	what = "collect";
	range(&first, &end);
	if (first == end)
		return;
	flags = 1 + below(3);
	memset(reported, 0, sizeof(reported));
	npt_batch_init(&batch);
	npt_tree_collect(&tree, gpa_of(first), range_gpa(first, end), flags,
			 on_dirty, NULL, &batch);
	for (page = first; page < end; page++) {
		struct model *m = &model[page];
		bool dirty = has_dirty() ? m->dirty : m->prot & NPT_WRITE;

		if (!(flags & NPT_COLLECT_DIRTY) || !m->prot)
			check(!reported[page], "report unasked", page);
		else if (dirty)
			check(reported[page], "dirty not reported", page);
		else if (!racing && has_dirty())
			check(!reported[page], "clean reported", page);
	}
	for (page = 0; page < NR_PAGES; page++) {
		if (!reported[page])
			continue;
		model[page].dirty = false;
		if (!has_dirty())
			do_protect(&model[page]);
	}
	check_raced_writes();
	settle_writes();
	/* What was reported and is set again was written again. */
	for (page = 0; has_dirty() && page < NR_PAGES; page++) {
		unsigned int level;
		u64 entry = npt_tree_lookup(&tree, gpa_of(page), &level);

		if (reported[page] && npt_present(tree.fmt, entry))
			model[page].dirty = npt_dirty(tree.fmt, entry);
	}
	finish(&batch);
}

static void op_split(struct npt_pages *pool)
{
	unsigned int page = some_page();
	struct npt_batch batch;

	what = "split";
	race_over(page & ~511U, 512);
	npt_batch_init(&batch);
	pool_fill(pool, tree.levels);
	if (npt_tree_split(&tree, gpa_of(page), 1, pool, &batch))
		check(false, "refused", page);
	model_split(page);
	finish(&batch);
}

/* Hardware uses the tables between operations. */
static void op_access(void)
{
	unsigned int i, page;

	what = "access";
	for (i = 0; i < 8; i++) {
		struct cpu *cpu = &cpus[below(CPUS)];
		bool write = below(2), was;

		page = some_page();
		cpu_start(cpu, page, write);
		was = write && (model[page].prot & NPT_WRITE);
		nr_writes = 0;
		while (cpu_step(cpu))
			;
		check(!was == !nr_writes, "write by hardware", page);
		settle_writes();
	}
}

static void step(struct npt_pages *pool)
{
	unsigned int op = below(100);

	if (op < 45)
		op_map(pool);
	else if (op < 60)
		op_access();
	else if (op < 74)
		op_unmap();
	else if (op < 84)
		op_protect();
	else if (op < 94)
		op_collect();
	else if (op < 99)
		op_split(pool);
	else
		op_protect_all();
	settle_writes();
}

static void run(const struct npt_format *fmt, unsigned int levels, bool races,
		unsigned int steps)
{
	struct npt_pages pool = { }, free = { };
	unsigned int i, page;

	failures = 0;
	racing = false;
	cpus_flush();
	memset(model, 0, sizeof(model));
	npt_tree_init(&tree, fmt, levels, page_alloc());
	for (i = 0; i < steps; i++) {
		racing = races;
		step(&pool);
		racing = false;
		check_cached();
		if (i % 16 == 0) {
			for (page = 0; page < NR_PAGES; page++)
				check_page(page, races);
			check_counts(&pool);
		}
	}
	racing = false;
	npt_tree_destroy(&tree, &free);
	check(!tree.tables && !tree.leaves[1] && !tree.leaves[2],
	      "counts after the end", 0);
	free_all(&free);
	free_all(&pool);
	check(!arena_live, "pages leaked", 0);
	tap_ok(!failures, "%s, %u levels, %s: %u random operations", fmt->name,
	       levels, races ? "racing with hardware" : "hardware in between",
	       steps);
}

/* --- cases --------------------------------------------------------------- */

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
	npt_tree_protect(&tree, 0, KB4, batch);
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
	test_interleavings();
	test_bits();
	test_refusals();
	test_gigabyte();
	test_freeze_cost();

	run(&npt_format_npt, 4, false, 3000);
	run(&npt_format_npt, 5, false, 1000);
	run(&npt_format_ept, 4, false, 3000);
	run(&npt_format_ept, 5, false, 1000);
	run(&npt_format_ept_noad, 4, false, 2000);
	run(&npt_format_npt, 4, true, 6000);
	run(&npt_format_ept, 4, true, 6000);
	run(&npt_format_ept_noad, 4, true, 2000);
	return tap_done();
}
