/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The surroundings of the table engine in its tests: pages for tables, the model
 * of what should be mapped, and an imitation of the processors that walk the
 * tables.  For npt_engine*.c, which are programs of their own.
 */
#ifndef UNIT_NPT_WORLD_H
#define UNIT_NPT_WORLD_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "npt/engine.h"
#include "npt/port.h"
#include "tap.h"
#include "rnd.h"

#define KB4	0x1000ULL
#define MB2	0x200000ULL
#define GB1	0x40000000ULL
#define POISON	0xdeadbeefdeadbeefULL

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
static inline unsigned int leaf_first(unsigned int page)
{
	return model[page].prot && model[page].level == 2 ? page & ~511U : page;
}

static inline unsigned int leaf_pages(unsigned int page)
{
	return model[page].prot && model[page].level == 2 ? 512 : 1;
}

static inline bool has_dirty(void)
{
	return tree.fmt->dirty;
}

/* --- the imitation of hardware ------------------------------------------- */

#define CPUS	6
#define CACHED	32

struct cached {
	bool valid;
	bool dirty;	/* writes go on without a look at the tables */
	bool silent;	/* likewise, or would, had it written */
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

/* A test may want to hear of writes, and to have a turn of its own. */
static void (*on_write)(unsigned int page, bool dirtied);
static void (*on_turn)(void);

/* The leaf in *slot serves the walk: set bits, remember it. */
static void cpu_finish(struct cpu *cpu, u64 *slot)
{
	const struct npt_format *fmt = tree.fmt;
	u64 size = npt_level_size(cpu->level), gpa = gpa_of(cpu->page);
	struct cached *c = &cpu->cache[below(CACHED)];

	cpu->walking = false;
	if (cpu->write && (cpu->denied || !npt_writable(fmt, *slot)))
		return;
	if (on_write && cpu->write)
		on_write(cpu->page, !(*slot & fmt->dirty));
	*slot |= fmt->accessed | (cpu->write ? fmt->dirty : 0);
	c->valid = true;
	c->page = cpu->page;
	c->phys = npt_addr(fmt, *slot) + (gpa & (size - 1) & ~(KB4 - 1));
	c->write = !cpu->denied && npt_writable(fmt, *slot);
	c->dirty = cpu->write;
	c->silent = c->write && (!fmt->dirty || (*slot & fmt->dirty));
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
	if (on_turn)
		on_turn();
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

/* --- reports of dirty leaves --------------------------------------------- */

static bool reported[NR_PAGES];

static inline void on_dirty(void *ctx, u64 gpa, u64 size, unsigned int had)
{
	unsigned int page;

	if (!(had & NPT_COLLECT_DIRTY))
		return;
	for (page = 0; page < NR_PAGES; page++) {
		if (gpa_of(page) - gpa < size)
			reported[page] = true;
	}
}

#endif
