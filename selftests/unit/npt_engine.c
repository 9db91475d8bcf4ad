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
#include "npt_world.h"

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
	npt_tree_protect(&tree, gpa_of(first), range_gpa(first, end), 1,
			 &batch);
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

int main(void)
{
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
