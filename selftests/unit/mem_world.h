/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The surroundings of memory objects' trees in their test: an arena that pages come
 * from, the objects with the model of what should be in them, and the counting
 * of everything.  For mem_tree.c.
 */
#ifndef UNIT_MEM_WORLD_H
#define UNIT_MEM_WORLD_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "mem/port.h"
#include "mem/tree.h"
#include "rnd.h"
#include "tap.h"

static unsigned int below(unsigned int n)
{
	return (rnd() >> 11) % n;
}

/* --- the arena ----------------------------------------------------------------- */

#define PAGES		(1UL << 16)
#define BASE		(1UL << 32)

static unsigned char *arena;
static bool used[PAGES];
static unsigned long count[PAGES];
static unsigned int pins[PAGES];
static unsigned long live_pages, live_roots, next_page;
static unsigned int refuse;	/* one allocation in so many; 0: none */
static bool no_blocks;

static unsigned long nr_of(unsigned long phys)
{
	unsigned long nr = (phys - BASE) >> 12;

	assert(phys >= BASE && !(phys & 0xfff) && nr < PAGES);
	return nr;
}

static void arena_init(void)
{
	arena = mmap(NULL, PAGES << 12, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert(arena != MAP_FAILED);
}

void *vmm_port_va(unsigned long phys)
{
	assert(used[nr_of(phys)]);
	return arena + (phys - BASE);
}

unsigned long vmm_port_phys(const void *va)
{
	unsigned long off = (const unsigned char *)va - arena;

	assert(off < PAGES << 12);
	return BASE + off;
}

static bool refused(void)
{
	return refuse && !below(refuse);
}

static void take(unsigned long nr, bool zeroed)
{
	assert(!used[nr] && !count[nr]);
	used[nr] = true;
	live_pages++;
	memset(arena + (nr << 12), zeroed ? 0 : 0xa5, 4096);
}

unsigned long vmm_port_page_alloc(bool zeroed)
{
	if (refused())
		return 0;
	while (used[next_page])
		next_page = (next_page + 1) % PAGES;
	take(next_page, zeroed);
	return BASE + (next_page << 12);
}

unsigned long vmm_port_block_alloc(void)
{
	unsigned long b, i;

	if (no_blocks || refused() || !below(4))
		return 0;
	for (b = 0; b < PAGES; b += 512) {
		for (i = 0; i < 512 && !used[b + i]; i++)
			;
		if (i == 512)
			break;
	}
	if (b == PAGES)
		return 0;
	for (i = 0; i < 512; i++)
		take(b + i, true);
	return BASE + (b << 12);
}

/* A page that somebody has pinned outlives its place. */
void vmm_port_page_free(unsigned long phys)
{
	unsigned long nr = nr_of(phys);

	assert(used[nr] && !(count[nr] & 0xffffffff));
	count[nr] = 0;
	if (pins[nr])
		return;
	used[nr] = false;
	live_pages--;
	memset(arena + (nr << 12), 0x5a, 4096);
}

void vmm_port_page_copy(unsigned long to, unsigned long from)
{
	memcpy(vmm_port_va(to), vmm_port_va(from), 4096);
}

/* Nobody else says that the page is his, and nobody has it by reference. */
void vmm_port_page_thaw(unsigned long phys)
{
	assert(used[nr_of(phys)] && (count[nr_of(phys)] & 0xffffffff) <= 1);
}

bool vmm_port_page_busy(unsigned long phys)
{
	return pins[nr_of(phys)];
}

unsigned long *vmm_port_page_count(unsigned long phys)
{
	assert(used[nr_of(phys)]);
	return &count[nr_of(phys)];
}

/* --- merged frames ----------------------------------------------------------------- */

/* Those that the world knows; it has a name of each. */
#define FRAMES	16
static unsigned long frame[FRAMES];
static unsigned long live_frames, merges, unmerges, frames_left;

void vmm_port_merged_get(unsigned long phys, unsigned long names)
{
	assert(count[nr_of(phys)]);
	count[nr_of(phys)] += names;
}

void vmm_port_merged_put(unsigned long phys)
{
	assert(count[nr_of(phys)]);
	if (--count[nr_of(phys)])
		return;
	live_frames--;
	vmm_port_page_free(phys);
}

/* One with the value that the page at @phys has, or 0. */
static unsigned long frame_like(unsigned long phys)
{
	unsigned long value = *(unsigned long *)vmm_port_va(phys);
	unsigned int i, place = FRAMES;

	for (i = 0; i < FRAMES; i++) {
		if (!frame[i])
			place = i;
		else if (*(unsigned long *)vmm_port_va(frame[i]) == value)
			return frame[i];
	}
	if (place == FRAMES)
		return 0;
	frame[place] = vmm_port_page_alloc(false);
	if (!frame[place])
		return 0;
	vmm_port_page_copy(frame[place], phys);
	count[nr_of(frame[place])] = 1;
	live_frames++;
	return frame[place];
}

/* It may be known to words alone from now on. */
static void forget_frame(unsigned int i)
{
	if (frame[i])
		vmm_port_merged_put(frame[i]);
	frame[i] = 0;
}

/* --- records of pages that are away ---------------------------------------------- */

#define RECORDS		8192

/* What the store has of a page is its first word. */
static struct record {
	unsigned long count, phys;
	unsigned long value;
	bool used, packed;
	unsigned long seen;
	unsigned int reached;
	bool owned;
} __attribute__((aligned(64))) record[RECORDS];
static unsigned long live_records;

static struct record *record_of(unsigned long away)
{
	struct record *r = (struct record *)away;

	assert(r >= record && r < record + RECORDS && r->used);
	return r;
}

unsigned long *vmm_port_away_count(unsigned long away)
{
	return &record_of(away)->count;
}

unsigned long *vmm_port_away_phys(unsigned long away)
{
	return &record_of(away)->phys;
}

void vmm_port_away_free(struct vmm_totals *of, unsigned long away)
{
	assert(!record_of(away)->count && !record_of(away)->phys);
	record_of(away)->used = false;
	live_records--;
}

static unsigned long record_alloc(void)
{
	static unsigned int next;
	unsigned int i;

	for (i = 0; i < RECORDS && record[next].used; i++)
		next = (next + 1) % RECORDS;
	if (record[next].used || refused())
		return 0;
	record[next] = (struct record){ .used = true, .count = 1 };
	live_records++;
	return (unsigned long)&record[next];
}

struct vmm_root *vmm_port_root_alloc(size_t size)
{
	if (refused())
		return NULL;
	live_roots++;
	return calloc(1, size);
}

void vmm_port_root_free(struct vmm_root *root)
{
	live_roots--;
	free(root);
}

/* --- objects and the model ------------------------------------------------------- */

#define NR_PAGES	(2 * VMM_CHUNK_PAGES + 700)
#define HOT_BLOCKS	6
#define HOT		(HOT_BLOCKS * 512)
#define OBJECTS		8

struct object {
	bool used, frozen;
	struct vmm_tree tree;
	unsigned long value[HOT];
};

static struct object object[OBJECTS];
static struct vmm_totals totals;
static unsigned long values, steps, failures;

/* A page that something outside has for writing. */
#define PINS	4
static struct pin {
	struct object *of;
	unsigned int hot;
	unsigned long phys;
	bool there;	/* still what the object has there */
} pin[PINS];

/* What a word says that its page is: equal for the same, and 0 for none. */
static unsigned long name_of(unsigned long word)
{
	return word & VMM_WORD_AWAY ? vmm_word_away(word) : vmm_word_phys(word);
}

/* Where it is in memory, or 0. */
static unsigned long phys_of(unsigned long word)
{
	return word & VMM_WORD_AWAY ? record_of(vmm_word_away(word))->phys :
				      vmm_word_phys(word);
}

static unsigned long value_of(unsigned long word)
{
	unsigned long phys = phys_of(word) & ~VMM_WORD_MASK;

	if (phys)
		return *(unsigned long *)vmm_port_va(phys);
	if (!word)
		return 0;
	assert(record_of(vmm_word_away(word))->packed);
	return record_of(vmm_word_away(word))->value;
}

/* Pages on their way out: left at once, or being packed. */
#define LEAVING	2048
static struct leaving {
	unsigned long index, away, phys;
	unsigned long names;	/* of a merged frame */
	bool packing;
} leaving[LEAVING];
static unsigned int nr_leaving;

/* The pages where things happen: in all chunks, and where the tree ends. */
static unsigned long index_of(unsigned int hot)
{
	static const unsigned long block[HOT_BLOCKS] = {
		0, 1, 511, 512, 700, 1024,
	};

	return block[hot / 512] * 512 + hot % 512;
}

static unsigned int some_page(void)
{
	static unsigned int last;

	if (below(3))
		last = (last + below(5)) % HOT;
	else
		last = below(HOT);
	return last;
}

/* What is gone and not dropped so far: somebody may be reading it. */
#define QUEUE	8192
static struct vmm_gone_item queue[QUEUE];
static unsigned long queued;

static void drop_chunk(unsigned long word, unsigned long index)
{
	unsigned int i;

	if (!vmm_chunk_put(word))
		return;
	for (i = 0; i < 512; i++) {
		if (vmm_word_node(word)->word[i])
			vmm_block_put(vmm_word_node(word)->word[i],
				      (index & ~(VMM_CHUNK_PAGES - 1)) +
				      (i << VMM_BLOCK_SHIFT), &totals);
	}
	vmm_chunk_free(word, &totals);
}

static void drop_root(struct vmm_root *root)
{
	unsigned long i;

	if (!vmm_root_put(root))
		return;
	for (i = 0; i < root->nr_chunks; i++) {
		if (root->chunk[i])
			drop_chunk(root->chunk[i], i << VMM_CHUNK_SHIFT);
	}
	vmm_root_free(root);
}

static void drop_item(const struct vmm_gone_item *item)
{
	switch (item->level) {
	case VMM_LEVEL_PAGE:
		vmm_page_put(item->word, item->index, &totals);
		break;
	case VMM_LEVEL_BLOCK:
		vmm_block_put(item->word, item->index, &totals);
		break;
	case VMM_LEVEL_CHUNK:
		drop_chunk(item->word, item->index);
		break;
	default:
		drop_root((struct vmm_root *)item->word);
	}
}

static void drain(void)
{
	unsigned long i;

	for (i = 0; i < queued; i++)
		drop_item(&queue[i]);
	queued = 0;
}

static void finish(struct vmm_gone *gone)
{
	assert(gone->nr <= gone->max && queued + gone->nr <= QUEUE);
	memcpy(queue + queued, gone->item, gone->nr * sizeof(*queue));
	queued += gone->nr;
	if (!below(3) || queued > QUEUE / 2)
		drain();
}

/* --- checks -------------------------------------------------------------------------- */

static unsigned long seen_count[PAGES];

struct seen_root {
	struct vmm_root *root;
	unsigned long count;
};

static struct seen_root seen_root[OBJECTS + QUEUE];
static unsigned int seen_roots;
static bool good;

static long seen_counted;

static void see_page(unsigned long word)
{
	seen_counted += vmm_word_is_merged(word) && (word & VMM_WORD_COUNTED);
	if (word & VMM_WORD_AWAY)
		record_of(vmm_word_away(word))->seen++;
	else
		seen_count[nr_of(word & ~0xfffUL)]++;
}

/* Who takes a page out has a name of its record, who packs it one of the page too. */
static void see_leaving(void)
{
	unsigned int i;

	for (i = 0; i < nr_leaving; i++) {
		record_of(leaving[i].away)->seen++;
		seen_count[nr_of(leaving[i].phys)] += leaving[i].packing +
						      leaving[i].names;
	}
}

static void check_records(void)
{
	unsigned long i, n = 0;

	for (i = 0; i < RECORDS; i++) {
		if (!record[i].used)
			continue;
		n++;
		good &= record[i].seen == record[i].count;
		if (record[i].phys && !(record[i].phys & VMM_WORD_MERGED))
			seen_count[nr_of(record[i].phys)]++;
	}
	good &= n == live_records &&
		n == (unsigned long)atomic_long_read(&totals.away);
}

static unsigned long node_word(unsigned long word)
{
	return vmm_port_phys(vmm_word_node(word)) | VMM_WORD_NODE;
}

/* Nodes and pages have no page in common. */
static void see_table_or_block(unsigned long word)
{
	unsigned long *n, i;

	if (word & VMM_WORD_PAGE) {
		n = &seen_count[nr_of(vmm_word_phys(word))];
		*n += 1UL << 32;
		for (i = 0; *n >> 32 == 1 && i < 512; i++)
			see_page(vmm_word_phys(word) + (i << 12));
		return;
	}
	n = &seen_count[nr_of(node_word(word) & ~0xfffUL)];
	if ((*n)++)
		return;
	for (i = 0; i < 512; i++) {
		if (vmm_word_node(word)->word[i])
			see_page(vmm_word_node(word)->word[i]);
	}
}

static void see_chunk(unsigned long word)
{
	unsigned int i;

	if (seen_count[nr_of(node_word(word) & ~0xfffUL)]++)
		return;
	for (i = 0; i < 512; i++) {
		if (vmm_word_node(word)->word[i])
			see_table_or_block(vmm_word_node(word)->word[i]);
	}
}

static void see_root(struct vmm_root *root)
{
	unsigned long i;

	for (i = 0; i < seen_roots; i++) {
		if (seen_root[i].root == root) {
			seen_root[i].count++;
			return;
		}
	}
	seen_root[seen_roots++] = (struct seen_root){ root, 1 };
	for (i = 0; i < root->nr_chunks; i++) {
		if (root->chunk[i])
			see_chunk(root->chunk[i]);
	}
}

static void see_item(const struct vmm_gone_item *item)
{
	switch (item->level) {
	case VMM_LEVEL_PAGE:
		see_page(item->word);
		break;
	case VMM_LEVEL_BLOCK:
		see_table_or_block(item->word);
		break;
	case VMM_LEVEL_CHUNK:
		see_chunk(item->word);
		break;
	default:
		see_root((struct vmm_root *)item->word);
	}
}

/* Merged frames that objects have, each once at an index. */
static long merged_now(void)
{
	unsigned long word, at[OBJECTS];
	unsigned int hot, i, k, n;
	long sum = 0;
	bool huge;

	for (hot = 0; hot < HOT && index_of(hot) < NR_PAGES; hot++) {
		for (i = n = 0; i < OBJECTS; i++) {
			word = object[i].used ?
			       vmm_tree_lookup(&object[i].tree, index_of(hot),
					       &huge) : 0;
			if (!vmm_word_is_merged(word))
				continue;
			for (k = 0; k < n && at[k] != vmm_word_phys(word); k++)
				;
			if (k == n)
				at[n++] = vmm_word_phys(word);
		}
		sum += n;
	}
	return sum;
}

/* Those that are gone and not dropped may count besides. */
static void check_merged(void)
{
	long merged = atomic_long_read(&totals.merged);

	good &= merged == seen_counted && merged >= merged_now();
	if (!queued)
		good &= merged == merged_now();
}

static void check_counts(void)
{
	unsigned long i;

	memset(seen_count, 0, sizeof(seen_count));
	for (i = 0; i < RECORDS; i++)
		record[i].seen = 0;
	seen_roots = 0;
	seen_counted = 0;
	for (i = 0; i < OBJECTS; i++) {
		if (object[i].used)
			see_root(vmm_root_of(object[i].tree.root));
	}
	for (i = 0; i < queued; i++)
		see_item(&queue[i]);
	for (i = 0; i < FRAMES; i++) {
		if (frame[i])
			seen_count[nr_of(frame[i])]++;
	}
	see_leaving();
	check_records();
	check_merged();
	for (i = 0; i < seen_roots; i++)
		good &= seen_root[i].count == seen_root[i].root->count;
	good &= seen_roots == live_roots;
	for (i = 0; i < PAGES; i++)
		good &= seen_count[i] == count[i];
}

static void count_object(const struct object *o)
{
	const struct vmm_root *root = vmm_root_of(o->tree.root);
	long resident = 0, away = 0, huge = 0, tables = 0;
	unsigned long i, k, m;

	for (i = 0; i < root->nr_chunks; i++) {
		for (k = 0; root->chunk[i] && k < 512; k++) {
			unsigned long word =
				vmm_word_node(root->chunk[i])->word[k];

			huge += word & VMM_WORD_PAGE;
			resident += word & VMM_WORD_PAGE ? 512 : 0;
			tables += !!(word & VMM_WORD_NODE);
			for (m = 0; word & VMM_WORD_NODE && m < 512; m++) {
				resident += vmm_word_node(word)->word[m] &
					    VMM_WORD_PAGE;
				away += !!(vmm_word_node(word)->word[m] &
					   VMM_WORD_AWAY);
			}
		}
	}
	good &= resident == atomic_long_read(&root->resident) &&
		away == atomic_long_read(&root->away) &&
		huge == atomic_long_read(&root->huge) &&
		tables == atomic_long_read(&root->tables);
}

/* How many objects reach each page, and whether one says that it is its own. */
static unsigned char reached[PAGES], owned[PAGES];

static void check_object(const struct object *o)
{
	unsigned long word, val;
	unsigned int hot;
	bool huge;

	for (hot = 0; hot < HOT; hot++) {
		if (index_of(hot) >= NR_PAGES)
			continue;
		word = vmm_tree_lookup(&o->tree, index_of(hot), &huge);
		val = value_of(word);
		if (val != o->value[hot]) {
			if (good)
				tap_note("step %lu: object %ld page %u has %lu, not %lu",
					 steps, (long)(o - object), hot, val,
					 o->value[hot]);
			good = false;
		}
		if (!word)
			continue;
		good &= !o->frozen || !(word & VMM_WORD_OWN);
		if (word & VMM_WORD_AWAY) {
			record_of(vmm_word_away(word))->reached++;
			record_of(vmm_word_away(word))->owned |=
				!!(word & VMM_WORD_OWN);
			continue;
		}
		reached[nr_of(vmm_word_phys(word))]++;
		owned[nr_of(vmm_word_phys(word))] |= !!(word & VMM_WORD_OWN);
	}
	count_object(o);
}

static void check(void)
{
	unsigned long i;
	bool huge;

	memset(reached, 0, sizeof(reached));
	memset(owned, 0, sizeof(owned));
	for (i = 0; i < RECORDS; i++) {
		record[i].reached = 0;
		record[i].owned = false;
	}
	for (i = 0; i < OBJECTS; i++) {
		if (object[i].used)
			check_object(&object[i]);
	}
	for (i = 0; i < PAGES; i++)
		good &= !owned[i] || reached[i] == 1;
	for (i = 0; i < RECORDS; i++)
		good &= !record[i].owned || record[i].reached == 1;
	for (i = 0; i < PINS; i++) {
		if (pin[i].of && pin[i].there)
			good &= phys_of(vmm_tree_lookup(&pin[i].of->tree,
				index_of(pin[i].hot), &huge)) == pin[i].phys;
	}
	check_counts();
}

#endif
