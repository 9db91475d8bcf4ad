// SPDX-License-Identifier: GPL-2.0
/*
 * The index of contents: see index.h.
 */

#include <linux/kernel.h>
#include <linux/string.h>
#include <linux/types.h>

#include "ksm/index.h"
#include "ksm/port.h"

#define FIRST_SIZE	256UL
#define FIRST_BITS	(1UL << 15)

/* Bits of a filter to each page that is to be noted in it; with room for some more. */
#define BITS_A_PAGE	12
#define BITS_AND_MORE	13

/* A filter has whole words, and so have the bits of what is wanted. */
#define BITS_UNIT	512UL

/* A bit for each. */
#define ALL_RANKS	((1U << VKSM_RANKS) - 1)

/* An odd number, for the second bit. */
#define SECOND		0x9e3779b1UL

int vksm_index_init(struct vksm_index *ix)
{
	*ix = (struct vksm_index){ .size = FIRST_SIZE, .bits = FIRST_BITS };
	ix->entry = vksm_port_alloc(FIRST_SIZE * sizeof(*ix->entry));
	ix->filter = vksm_port_alloc(FIRST_BITS / 8);
	ix->wanted = vksm_port_alloc(FIRST_BITS / 64);
	if (ix->entry && ix->filter && ix->wanted)
		return 0;
	vksm_index_free(ix);
	return -1;
}

static void drop_frame(struct vksm_index *ix, const struct vksm_entry *e)
{
	if (e->where != VKSM_MERGED)
		return;
	ix->frames--;
	vksm_port_frame_put(e->frame);
}

void vksm_index_free(struct vksm_index *ix)
{
	u64 i;

	for (i = 0; ix->frames && i < ix->size; i++) {
		if (ix->entry[i].count)
			drop_frame(ix, &ix->entry[i]);
		if (!(i % 4096))
			vksm_port_breathe();
	}
	vksm_port_free(ix->entry);
	vksm_port_free(ix->filter);
	vksm_port_free(ix->wanted);
	*ix = (struct vksm_index){ };
}

u64 vksm_index_bytes(const struct vksm_index *ix)
{
	return ix->size * sizeof(*ix->entry) + ix->bits / 8 + ix->bits / 64;
}

/* --- bits --------------------------------------------------------------------- */

static u64 second_bit(const struct vksm_index *ix, u32 print)
{
	return vksm_index_bit(ix, print * SECOND & (VKSM_PRINTS - 1));
}

static void set_bit_at(u64 *bits, u64 at)
{
	bits[at / 64] |= 1ULL << at % 64;
}

void vksm_index_note(struct vksm_index *ix, u32 print)
{
	set_bit_at(ix->filter, vksm_index_bit(ix, print));
	set_bit_at(ix->filter, second_bit(ix, print));
	ix->noted++;
}

/* Notes a print; whether it seems to have been noted before. */
static bool was_noted(struct vksm_index *ix, u32 print)
{
	u64 first = vksm_index_bit(ix, print), second = second_bit(ix, print);

	if (vksm_index_test(ix->filter, first) && vksm_index_test(ix->filter, second))
		return true;
	set_bit_at(ix->filter, first);
	set_bit_at(ix->filter, second);
	ix->noted++;
	return false;
}

static void want(struct vksm_index *ix, u32 print)
{
	set_bit_at(ix->wanted, vksm_index_bit(ix, print) / 8);
	ix->nr_wanted++;
}

void vksm_index_settled(struct vksm_index *ix)
{
	if (ix->nr_wanted)
		memset(ix->wanted, 0, ix->bits / 64);
	ix->nr_wanted = 0;
}

/* Much of what is noted is gone, or there is no room for what is to come. */
static bool is_stale(const struct vksm_index *ix, u64 pages)
{
	return ix->noted > pages + pages / 4 + FIRST_BITS / 64 ||
	       (ix->bits < VKSM_PRINTS && pages * BITS_A_PAGE > ix->bits);
}

static u64 bits_for(u64 pages)
{
	u64 bits = pages * BITS_AND_MORE;

	if (bits > VKSM_PRINTS)
		return VKSM_PRINTS;
	if (bits < FIRST_BITS)
		return FIRST_BITS;
	return (bits + BITS_UNIT - 1) & ~(BITS_UNIT - 1);
}

bool vksm_index_refilter(struct vksm_index *ix, u64 pages)
{
	u64 bits = bits_for(pages), *filter, *wanted;

	if (!is_stale(ix, pages))
		return false;
	if (bits != ix->bits) {
		filter = vksm_port_alloc(bits / 8);
		wanted = vksm_port_alloc(bits / 64);
		if (filter && wanted) {
			vksm_port_free(ix->filter);
			vksm_port_free(ix->wanted);
			ix->filter = filter;
			ix->wanted = wanted;
			ix->bits = bits;
			ix->noted = 0;
			ix->nr_wanted = 0;
			return true;
		}
		vksm_port_free(filter);
		vksm_port_free(wanted);
	}
	memset(ix->filter, 0, ix->bits / 8);
	ix->noted = 0;
	return true;
}

/* --- the table ------------------------------------------------------------------- */

static u64 home(const struct vksm_index *ix, u32 print)
{
	return (u64)print * ix->size >> VKSM_PRINT_BITS;
}

/* From where a print leads: the first entry that is free or has the print. */
static struct vksm_entry *from(const struct vksm_index *ix, u64 at, u32 print)
{
	while (ix->entry[at].count && vksm_print(ix->entry[at].hash) != print)
		at = (at + 1) & (ix->size - 1);
	return &ix->entry[at];
}

static struct vksm_entry *first(const struct vksm_index *ix, u32 print)
{
	return from(ix, home(ix, print), print);
}

static struct vksm_entry *after(const struct vksm_index *ix,
				const struct vksm_entry *e, u32 print)
{
	return from(ix, (e - ix->entry + 1) & (ix->size - 1), print);
}

static struct vksm_entry *free_place(const struct vksm_index *ix, u32 print)
{
	u64 at = home(ix, print);

	while (ix->entry[at].count)
		at = (at + 1) & (ix->size - 1);
	return &ix->entry[at];
}

/* The entry of a content, or NULL; @ranks: a bit for each that its print has not. */
static struct vksm_entry *find(struct vksm_index *ix, u64 hash,
			       unsigned int *ranks)
{
	u32 print = vksm_print(hash);
	struct vksm_entry *e;

	ix->lookups++;
	*ranks = ALL_RANKS;
	for (e = first(ix, print); e->count; e = after(ix, e, print)) {
		if (e->hash == hash)
			return e;
		*ranks &= ~(1U << e->rank);
	}
	return NULL;
}

static struct vksm_entry *find_rank(struct vksm_index *ix, u32 print,
				    unsigned int rank)
{
	struct vksm_entry *e = first(ix, print);

	ix->lookups++;
	while (e->count && e->rank != rank)
		e = after(ix, e, print);
	return e;
}

static bool grow(struct vksm_index *ix)
{
	struct vksm_entry *old = ix->entry, *entry;
	u64 i, size = ix->size;

	if (size >= VKSM_ENTRIES_MAX)
		return false;
	entry = vksm_port_alloc(2 * size * sizeof(*entry));
	if (!entry)
		return false;
	ix->entry = entry;
	ix->size = 2 * size;
	for (i = 0; i < size; i++) {
		if (old[i].count)
			*free_place(ix, vksm_print(old[i].hash)) = old[i];
		if (!(i % 4096))
			vksm_port_breathe();
	}
	vksm_port_free(old);
	return true;
}

static bool put(struct vksm_index *ix, u64 hash, unsigned int rank)
{
	if (ix->used >= ix->size / 4 * 3 && !grow(ix) &&
	    ix->used >= ix->size / 16 * 15)
		return false;
	*free_place(ix, vksm_print(hash)) = (struct vksm_entry){
		.hash = hash, .count = 1, .rank = rank,
	};
	ix->used++;
	ix->singles++;
	ix->sites++;
	return true;
}

/* What comes after a free place, and could not be at home, moves up. */
static void take(struct vksm_index *ix, struct vksm_entry *e)
{
	u64 mask = ix->size - 1, hole = e - ix->entry, at, origin;

	ix->used--;
	for (at = (hole + 1) & mask; ix->entry[at].count; at = (at + 1) & mask) {
		origin = home(ix, vksm_print(ix->entry[at].hash));
		if (((at - origin) & mask) < ((at - hole) & mask))
			continue;
		ix->entry[hole] = ix->entry[at];
		hole = at;
	}
	ix->entry[hole].count = 0;
}

static int join(struct vksm_index *ix, struct vksm_entry *e)
{
	if (e->count == VKSM_COUNT_MAX) {
		ix->full++;
		return VKSM_FOUND_NO_RANK;
	}
	if (e->count++ == 1)
		ix->singles--;
	ix->sites++;
	return e->rank;
}

/* A content that seems to have been seen before gets an entry; @ranks: one of these. */
static int enter(struct vksm_index *ix, u64 hash, unsigned int ranks)
{
	unsigned int rank = 0;

	if (!ranks) {
		ix->collisions++;
		return VKSM_FOUND_NO_RANK;
	}
	while (!(ranks >> rank & 1))
		rank++;
	if (!put(ix, hash, rank)) {
		ix->nomem++;
		return VKSM_FOUND_NONE;
	}
	want(ix, vksm_print(hash));
	return rank;
}

static int add_beside(struct vksm_index *ix, u64 hash)
{
	unsigned int ranks;
	struct vksm_entry *e = find(ix, hash, &ranks);

	if (e)
		return join(ix, e);
	if (!was_noted(ix, vksm_print(hash)))
		return VKSM_FOUND_NONE;
	return enter(ix, hash, ranks);
}

int vksm_index_add(struct vksm_index *ix, u64 hash)
{
	u32 print = vksm_print(hash);

	/* Mostly there is no entry of that print. */
	if (first(ix, print)->count)
		return add_beside(ix, hash);
	ix->lookups++;
	if (!was_noted(ix, print))
		return VKSM_FOUND_NONE;
	return enter(ix, hash, ALL_RANKS);
}

int vksm_index_join(struct vksm_index *ix, u64 hash)
{
	unsigned int ranks;
	struct vksm_entry *e = find(ix, hash, &ranks);

	return e ? join(ix, e) : VKSM_FOUND_NONE;
}

static void leave(struct vksm_index *ix, struct vksm_entry *e)
{
	ix->sites--;
	e->count--;
	if (e->count == 1)
		ix->singles++;
	if (e->count)
		return;
	ix->singles--;
	drop_frame(ix, e);
	take(ix, e);
}

void vksm_index_del(struct vksm_index *ix, u32 print, unsigned int rank)
{
	struct vksm_entry *e = find_rank(ix, print, rank);

	if (e->count)
		leave(ix, e);
}

bool vksm_index_is(struct vksm_index *ix, u64 hash, unsigned int rank)
{
	const struct vksm_entry *e = find_rank(ix, vksm_print(hash), rank);

	return e->count && e->hash == hash;
}

u64 vksm_index_count(struct vksm_index *ix, u64 hash)
{
	unsigned int ranks;
	const struct vksm_entry *e = find(ix, hash, &ranks);

	return e ? e->count : 0;
}

u64 vksm_index_frame(struct vksm_index *ix, u64 hash)
{
	unsigned int ranks;
	const struct vksm_entry *e = find(ix, hash, &ranks);

	return e && e->where == VKSM_MERGED ? e->frame : 0;
}

bool vksm_index_sight(struct vksm_index *ix, u64 hash, u64 frame)
{
	unsigned int ranks;
	struct vksm_entry *e = find(ix, hash, &ranks);

	if (!e)
		return false;
	if (e->where == VKSM_ONE && e->frame != frame)
		e->where = VKSM_SEVERAL;
	if (e->where == VKSM_NOWHERE) {
		e->where = VKSM_ONE;
		e->frame = frame;
	}
	return e->where >= VKSM_SEVERAL;
}

bool vksm_index_has(const struct vksm_index *ix, u32 print)
{
	return first(ix, print)->count;
}

bool vksm_index_has_several(struct vksm_index *ix, u32 print, unsigned int rank,
			    u64 *hash)
{
	const struct vksm_entry *e = find_rank(ix, print, rank);

	*hash = e->hash;
	return e->count > 1 && e->where >= VKSM_SEVERAL;
}

bool vksm_index_set_frame(struct vksm_index *ix, u64 hash, u64 frame)
{
	unsigned int ranks;
	struct vksm_entry *e = find(ix, hash, &ranks);

	if (!e)
		return false;
	drop_frame(ix, e);
	e->where = VKSM_MERGED;
	e->frame = frame;
	ix->frames++;
	return true;
}

bool vksm_index_demote(struct vksm_index *ix, u32 print, unsigned int rank)
{
	struct vksm_entry *e = find_rank(ix, print, rank);

	if (e->count != 1)
		return false;
	leave(ix, e);
	vksm_index_note(ix, print);
	return true;
}
