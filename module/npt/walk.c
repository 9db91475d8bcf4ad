// SPDX-License-Identifier: GPL-2.0
/*
 * Guest page-table walk: see walk.h.
 *
 * One loop serves every paging mode; struct mode says how they differ.  Checks
 * come in the architecture's order: on the way down presence, then reserved
 * bits, at each entry; at the end permissions; then accessed and dirty bits,
 * which stay as they are if the access faults.  If an entry has changed since
 * it was read, the walk starts over: the guest edits its tables while another
 * of its processors walks them.
 */

#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/types.h>

#include "npt/walk.h"

#define E_PRESENT	(1ULL << 0)
#define E_WRITE		(1ULL << 1)
#define E_USER		(1ULL << 2)
#define E_ACCESSED	(1ULL << 5)
#define E_DIRTY		(1ULL << 6)
#define E_SIZE		(1ULL << 7)
#define E_NX		(1ULL << 63)
#define E_PKEY_SHIFT	59

/* Page-fault error code, beyond the bits that the access brings along. */
#define F_PRESENT	(1U << 0)
#define F_RESERVED	(1U << 3)
#define F_PKEY		(1U << 5)

#define WALK_TRIES	16
#define WALK_LEVELS	5

/* One paging mode. */
struct mode {
	u8 levels;
	u8 bits;	/* of the linear address, a level */
	u8 size;	/* bytes in an entry */
	bool pae3;	/* level 3 has four entries without permissions */
};

static const struct mode mode_32 = { .levels = 2, .bits = 10, .size = 4 };
static const struct mode mode_pae = { .levels = 3, .bits = 9, .size = 8,
				      .pae3 = true };
static const struct mode mode_48 = { .levels = 4, .bits = 9, .size = 8 };
static const struct mode mode_57 = { .levels = 5, .bits = 9, .size = 8 };

struct walk {
	const struct npt_walk_env *env;
	const struct mode *mode;
	u64 linear;
	unsigned int access;
	unsigned int leaf;		/* level where the walk ended */
	u64 allow;			/* AND of all E_WRITE, E_USER */
	u64 nx;				/* OR of all E_NX */
	u64 gpa[WALK_LEVELS + 1];	/* of the entries, by level */
	u64 entry[WALK_LEVELS + 1];
};

static u64 bits(unsigned int high, unsigned int low)
{
	return high < low ? 0 : (~0ULL >> (63 - high)) & (~0ULL << low);
}

static const struct mode *mode_of(u32 flags)
{
	if (flags & NPT_WALK_LMA)
		return flags & NPT_WALK_LA57 ? &mode_57 : &mode_48;
	return flags & NPT_WALK_PAE ? &mode_pae : &mode_32;
}

static unsigned int shift_of(const struct mode *mode, unsigned int level)
{
	return 12 + mode->bits * (level - 1);
}

static bool canonical(u64 linear, const struct mode *mode)
{
	unsigned int drop = 64 - shift_of(mode, mode->levels + 1);

	return (u64)((s64)(linear << drop) >> drop) == linear;
}

static bool pae_pointer(const struct walk *w, unsigned int level)
{
	return w->mode->pae3 && level == 3;
}

static bool is_leaf(const struct walk *w, u64 entry, unsigned int level)
{
	if (level == 1)
		return true;
	if (!(entry & E_SIZE) || pae_pointer(w, level))
		return false;
	return w->mode != &mode_32 || (w->env->flags & NPT_WALK_PSE);
}

/* 32-bit entries: only large pages have reserved bits. */
static u64 reserved_32(const struct walk *w, u64 entry, unsigned int level)
{
	unsigned int width = w->env->maxphyaddr;

	if (level == 1 || !is_leaf(w, entry, level))
		return 0;
	if (!(w->env->flags & NPT_WALK_PSE36) || width <= 32)
		return bits(21, 13);
	/* address bits 39:32 sit in bits 20:13 */
	return bits(21, width >= 40 ? 21 : width - 32 + 13);
}

static u64 reserved_64(const struct walk *w, u64 entry, unsigned int level)
{
	const struct npt_walk_env *env = w->env;
	u64 rsvd;

	rsvd = bits(w->mode->pae3 ? 62 : 51, env->maxphyaddr);
	if (pae_pointer(w, level))
		return rsvd | E_NX | bits(8, 5) | bits(2, 1);
	if (!(env->flags & NPT_WALK_NXE))
		rsvd |= E_NX;
	if (level > 3 || (level == 3 && !(env->flags & NPT_WALK_PAGE1G)))
		rsvd |= E_SIZE;
	if (level > 1 && is_leaf(w, entry, level))
		rsvd |= bits(shift_of(w->mode, level) - 1, 13);
	return rsvd;
}

static u64 reserved(const struct walk *w, u64 entry, unsigned int level)
{
	if (w->mode->size == 4)
		return reserved_32(w, entry, level);
	return reserved_64(w, entry, level);
}

static u64 root_table(const struct walk *w)
{
	u64 cr3 = w->env->cr3;

	if (w->mode == &mode_32)
		return cr3 & bits(31, 12);
	if (w->mode->pae3)
		return cr3 & bits(31, 5);
	return cr3 & bits(w->env->maxphyaddr - 1, 12);
}

static u64 next_table(const struct walk *w, u64 entry)
{
	if (w->mode->size == 4)
		return entry & bits(31, 12);
	return entry & bits(w->env->maxphyaddr - 1, 12);
}

static int fault(const struct walk *w, u32 error, struct npt_walk_result *res)
{
	u32 flags = w->env->flags;
	bool tells_fetch = (flags & NPT_WALK_SMEP) ||
			   ((flags & NPT_WALK_NXE) && w->mode->size == 8);

	error |= w->access & (NPT_WALK_WRITE | NPT_WALK_USER);
	if (tells_fetch)
		error |= w->access & NPT_WALK_EXEC;
	res->error = error;
	return NPT_WALK_FAULT;
}

static int read_entry(struct walk *w, u64 table, unsigned int level)
{
	const struct npt_walk_env *env = w->env;
	unsigned int nr = w->linear >> shift_of(w->mode, level);

	nr &= pae_pointer(w, level) ? 3 : (1U << w->mode->bits) - 1;
	if (pae_pointer(w, level) && env->pdpte) {
		w->entry[level] = env->pdpte[nr];
		return 0;
	}
	w->gpa[level] = table + nr * w->mode->size;
	w->entry[level] = 0;
	return env->ops->read(env->ctx, w->gpa[level], &w->entry[level],
			      w->mode->size);
}

/* Down the tables to a leaf. */
static int descend(struct walk *w, struct npt_walk_result *res)
{
	unsigned int level = w->mode->levels;
	u64 table = root_table(w);
	u64 entry;
	int err;

	w->allow = E_WRITE | E_USER;
	w->nx = 0;
	for (;; level--) {
		err = read_entry(w, table, level);
		if (err)
			return err;
		entry = w->entry[level];
		if (!(entry & E_PRESENT))
			return fault(w, 0, res);
		if (entry & reserved(w, entry, level))
			return fault(w, F_PRESENT | F_RESERVED, res);
		if (!pae_pointer(w, level)) {
			w->allow &= entry;
			w->nx |= entry & E_NX;
		}
		if (is_leaf(w, entry, level))
			break;
		table = next_table(w, entry);
	}
	w->leaf = level;
	return NPT_WALK_OK;
}

/* Whether the protection key denies it; user pages and data only. */
static bool key_denies(const struct walk *w, bool user, bool write)
{
	const struct npt_walk_env *env = w->env;
	unsigned int key = (w->entry[w->leaf] >> E_PKEY_SHIFT) & 15;
	u32 rights = env->pkru >> (2 * key);

	if (!(env->flags & NPT_WALK_PKE) || !(env->flags & NPT_WALK_LMA) ||
	    !(w->allow & E_USER) || (w->access & NPT_WALK_EXEC))
		return false;
	if (rights & 1)
		return true;
	return write && (rights & 2) && (user || (env->flags & NPT_WALK_WP));
}

static bool user_denied(const struct walk *w, bool write)
{
	if (!(w->allow & E_USER))
		return true;
	return write && !(w->allow & E_WRITE);
}

static bool supervisor_denied(const struct walk *w, bool write)
{
	u32 flags = w->env->flags;

	if (write && !(w->allow & E_WRITE) && (flags & NPT_WALK_WP))
		return true;
	if (!(w->allow & E_USER))
		return false;
	if (w->access & NPT_WALK_EXEC)
		return flags & NPT_WALK_SMEP;
	return (flags & NPT_WALK_SMAP) &&
	       (!(flags & NPT_WALK_AC) || (w->access & NPT_WALK_IMPLICIT));
}

static bool denied(const struct walk *w, bool write)
{
	if ((w->access & NPT_WALK_EXEC) && w->nx)
		return true;
	if (w->access & NPT_WALK_USER)
		return user_denied(w, write);
	return supervisor_denied(w, write);
}

static int check(const struct walk *w, struct npt_walk_result *res)
{
	bool write = w->access & NPT_WALK_WRITE;
	bool user = w->access & NPT_WALK_USER;
	bool key = key_denies(w, user, write);

	if (!key && !denied(w, write))
		return NPT_WALK_OK;
	return fault(w, F_PRESENT | (key ? F_PKEY : 0), res);
}

static int mark(struct walk *w, unsigned int level, u64 want)
{
	const struct npt_walk_env *env = w->env;
	u64 old = w->entry[level];
	int err;

	if ((old & want) == want)
		return 0;
	err = env->ops->cmpxchg(env->ctx, w->gpa[level], old, old | want,
				w->mode->size);
	if (err == -EROFS)
		return 0;	/* tables in ROM keep their bits */
	if (!err)
		w->entry[level] = old | want;
	return err;
}

/* Set accessed bits all the way down, and the dirty bit for a write. */
static int mark_all(struct walk *w)
{
	unsigned int level;
	u64 want;
	int err;

	for (level = w->mode->levels; level >= w->leaf; level--) {
		if (pae_pointer(w, level))
			continue;
		want = E_ACCESSED;
		if (level == w->leaf && (w->access & NPT_WALK_WRITE))
			want |= E_DIRTY;
		err = mark(w, level, want);
		if (err)
			return err;
	}
	return 0;
}

static u64 leaf_address(const struct walk *w)
{
	u64 entry = w->entry[w->leaf];
	unsigned int shift = shift_of(w->mode, w->leaf);
	u64 page;

	if (w->mode->size == 8)
		page = entry & bits(w->env->maxphyaddr - 1, shift);
	else if (w->leaf == 1)
		page = entry & bits(31, 12);
	else
		page = (entry & bits(31, 22)) | (entry & bits(20, 13)) << 19;
	return page | (w->linear & (bits(shift - 1, 0)));
}

static void fill(const struct walk *w, struct npt_walk_result *res)
{
	res->gpa = leaf_address(w);
	res->shift = shift_of(w->mode, w->leaf);
	res->user = w->allow & E_USER;
	res->writable = (w->entry[w->leaf] & E_DIRTY) && !denied(w, true) &&
			!key_denies(w, w->access & NPT_WALK_USER, true);
}

static int walk_once(struct walk *w, struct npt_walk_result *res)
{
	int ret = descend(w, res);

	if (ret)
		return ret;
	if (!(w->access & NPT_WALK_PEEK)) {
		ret = check(w, res);
		if (!ret)
			ret = mark_all(w);
		if (ret)
			return ret;
	}
	fill(w, res);
	return NPT_WALK_OK;
}

static int no_paging(u64 linear, struct npt_walk_result *res)
{
	res->gpa = (u32)linear;
	res->shift = 12;
	res->user = true;
	res->writable = true;
	return NPT_WALK_OK;
}

/**
 * npt_guest_walk() - translate a linear address as the guest's processor would
 * @env:	its state
 * @linear:	the address; outside long mode only 32 bits count
 * @access:	NPT_WALK_WRITE, USER, EXEC, IMPLICIT, PEEK
 * @res:	where it leads, or the fault
 *
 * Return: NPT_WALK_OK, NPT_WALK_FAULT, NPT_WALK_NONCANONICAL, or the negative
 * errno of a callback; -ESTALE if the guest kept changing its tables.
 */
int npt_guest_walk(const struct npt_walk_env *env, u64 linear,
		   unsigned int access, struct npt_walk_result *res)
{
	unsigned int tries;
	int ret = -ESTALE;
	struct walk w;

	if (!(env->flags & NPT_WALK_PG))
		return no_paging(linear, res);
	w.env = env;
	w.mode = mode_of(env->flags);
	w.linear = linear;
	w.access = access;
	if (access & NPT_WALK_IMPLICIT)
		w.access &= ~NPT_WALK_USER;
	if (!(env->flags & NPT_WALK_LMA))
		w.linear = (u32)linear;
	else if (!canonical(linear, w.mode))
		return NPT_WALK_NONCANONICAL;

	for (tries = 0; ret == -ESTALE && tries < WALK_TRIES; tries++)
		ret = walk_once(&w, res);
	return ret;
}
