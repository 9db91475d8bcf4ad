// SPDX-License-Identifier: GPL-2.0
/*
 * The guest page-table walk against a second one, which is written the way the
 * manuals describe paging: what each kind of entry may contain (not what it
 * may not), which accesses are allowed (not which are denied), one list of
 * conditions after another, and no thought of speed.  Random tables in 32 KiB
 * of memory, every mode and control bit; result, error code and every byte of
 * memory must agree.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/errno.h>
#include <linux/types.h>

#include "npt/walk.h"
#include "tap.h"
#include "rnd.h"

#define MEM_PAGES	8
#define MEM_SIZE	(MEM_PAGES * 4096)

static unsigned int below(unsigned int n)
{
	return (rnd() >> 11) % n;
}

/* --- guest memory -------------------------------------------------------- */

static u8 memory[MEM_SIZE], expected[MEM_SIZE];
static int fail_reads, fail_writes;	/* errno to inject */
static int change_once;			/* the guest interferes, once */

static int mem_read(void *ctx, u64 gpa, u64 *val, unsigned int size)
{
	if (fail_reads)
		return fail_reads;
	if (gpa % size || gpa > MEM_SIZE - size)
		return -EFAULT;
	memcpy(val, memory + gpa, size);
	return 0;
}

static int mem_cmpxchg(void *ctx, u64 gpa, u64 old, u64 new, unsigned int size)
{
	u64 now = 0;

	if (fail_writes)
		return fail_writes;
	if (gpa % size || gpa > MEM_SIZE - size)
		return -EFAULT;
	if (change_once) {
		change_once = 0;
		memory[gpa] ^= 1 << 2;	/* user bit */
	}
	memcpy(&now, memory + gpa, size);
	if (now != old)
		return -ESTALE;
	memcpy(memory + gpa, &new, size);
	return 0;
}

static const struct npt_walk_ops ops = {
	.read = mem_read,
	.cmpxchg = mem_cmpxchg,
};

/* --- the second walk ----------------------------------------------------- */

enum kind {
	PTE32, PDE32, PDE32_4M,
	PAE_PTE, PAE_PDE, PAE_PDE_2M, PAE_PDPTE,
	PTE, PDE, PDE_2M, PDPTE, PDPTE_1G, PML4E, PML5E,
};

static u64 span(int from, int to)	/* bits from..to */
{
	u64 bits = 0;

	for (; from <= to; from++)
		bits |= 1ULL << from;
	return bits;
}

/* The bits that an entry of this kind may have set. */
static u64 may_contain(enum kind kind, const struct npt_walk_env *env)
{
	int top = env->maxphyaddr - 1;
	u64 nx = env->flags & NPT_WALK_NXE ? 1ULL << 63 : 0;

	switch (kind) {
	case PTE32:
	case PDE32:
		return span(0, 31);
	case PDE32_4M:
		if (!(env->flags & NPT_WALK_PSE36) || env->maxphyaddr <= 32)
			return span(0, 12) | span(22, 31);
		return span(0, 12) | span(22, 31) |
		       span(13, env->maxphyaddr >= 40 ? 20 :
				12 + env->maxphyaddr - 32);
	case PAE_PTE:
	case PAE_PDE:
		return span(0, top) | nx;
	case PAE_PDE_2M:
		return span(0, 12) | span(21, top) | nx;
	case PAE_PDPTE:
		return span(0, 0) | span(3, 4) | span(9, top);
	case PTE:
	case PDE:
		return span(0, top) | span(52, 62) | nx;
	case PDE_2M:
		return span(0, 12) | span(21, top) | span(52, 62) | nx;
	case PDPTE_1G:
		if (!(env->flags & NPT_WALK_PAGE1G))
			return 0;
		return span(0, 12) | span(30, top) | span(52, 62) | nx;
	case PDPTE:
		return span(0, top) | span(52, 62) | nx;
	case PML4E:
	case PML5E:
		return span(0, 6) | span(8, top) | span(52, 62) | nx;
	}
	abort();
}

static bool maps_page(enum kind kind)
{
	return kind == PTE32 || kind == PDE32_4M || kind == PAE_PTE ||
	       kind == PAE_PDE_2M || kind == PTE || kind == PDE_2M ||
	       kind == PDPTE_1G;
}

static int page_shift(enum kind kind)
{
	switch (kind) {
	case PDE32_4M:
		return 22;
	case PAE_PDE_2M:
	case PDE_2M:
		return 21;
	case PDPTE_1G:
		return 30;
	default:
		return 12;
	}
}

struct found {
	int n;			/* entries on the way */
	enum kind kind[5];
	u64 gpa[5], val[5];
};

static u64 bitfield(u64 val, int from, int to)
{
	return (val & span(from, to)) >> from;
}

static int fetch(u64 gpa, unsigned int size, u64 *val)
{
	*val = 0;
	if (gpa > MEM_SIZE - size)
		return -EFAULT;
	memcpy(val, expected + gpa, size);
	return 0;
}

/* Entry kinds of a mode, top first, and the address bits that index each. */
struct stage {
	enum kind table, large;
	int from, to;
};

static const struct stage stages_32[] = {
	{ PDE32, PDE32_4M, 22, 31 }, { PTE32, PTE32, 12, 21 } };
static const struct stage stages_pae[] = {
	{ PAE_PDPTE, PAE_PDPTE, 30, 31 }, { PAE_PDE, PAE_PDE_2M, 21, 29 },
	{ PAE_PTE, PAE_PTE, 12, 20 } };
static const struct stage stages_57[] = {
	{ PML5E, PML5E, 48, 56 }, { PML4E, PML4E, 39, 47 },
	{ PDPTE, PDPTE_1G, 30, 38 }, { PDE, PDE_2M, 21, 29 },
	{ PTE, PTE, 12, 20 } };

/* What the walk is for, in words. */
struct asked {
	bool write, fetch, user, implicit, is_long;
	u32 flags;
	unsigned int size;	/* of an entry */
};

/* What the entries on the way say together. */
struct rights {
	bool user, write, execute;
};

static struct asked asked_of(const struct npt_walk_env *env, unsigned int access)
{
	struct asked q = {
		.write = access & NPT_WALK_WRITE,
		.fetch = access & NPT_WALK_EXEC,
		.implicit = access & NPT_WALK_IMPLICIT,
		.is_long = env->flags & NPT_WALK_LMA,
		.flags = env->flags,
	};

	q.user = (access & NPT_WALK_USER) && !q.implicit;
	q.size = q.is_long || (env->flags & NPT_WALK_PAE) ? 8 : 4;
	return q;
}

static u32 error_code(const struct asked *q)
{
	u32 code = (q->write ? 2 : 0) | (q->user ? 4 : 0);

	if (q->fetch && ((q->flags & NPT_WALK_SMEP) ||
			 (q->size == 8 && (q->flags & NPT_WALK_NXE))))
		code |= 16;
	return code;
}

static bool is_canonical(u64 la, u32 flags)
{
	int top = flags & NPT_WALK_LA57 ? 56 : 47;
	u64 high = bitfield(la, top, 63);

	return !high || high == bitfield(~0ULL, top, 63);
}

/* The entries from the top to the one that maps the page. */
static int collect(const struct npt_walk_env *env, const struct asked *q, u64 la,
		   struct found *f, struct rights *r, struct npt_walk_result *res)
{
	bool pae = q->flags & NPT_WALK_PAE;
	const struct stage *st = q->is_long ?
		stages_57 + !(q->flags & NPT_WALK_LA57) :
		pae ? stages_pae : stages_32;
	int width = env->maxphyaddr - 1, i, err;
	u64 next = q->is_long ? env->cr3 & span(12, width) :
		   pae ? env->cr3 & span(5, 31) : env->cr3 & span(12, 31);

	for (i = 0;; i++, st++) {
		u64 nr = bitfield(la, st->from, st->to), val;
		bool large;

		f->gpa[i] = next + nr * q->size;
		if (st->table == PAE_PDPTE && env->pdpte) {
			val = env->pdpte[nr];
		} else {
			err = fetch(f->gpa[i], q->size, &val);
			if (err)
				return err;
		}
		f->val[i] = val;
		res->error = error_code(q);
		if (!(val & 1))
			return NPT_WALK_FAULT;
		large = (val & 0x80) && st->large != st->table &&
			(st->large != PDE32_4M || (q->flags & NPT_WALK_PSE));
		f->kind[i] = large ? st->large : st->table;
		f->n = i + 1;
		res->error |= 8 | 1;
		if (val & ~may_contain(f->kind[i], env))
			return NPT_WALK_FAULT;
		if (f->kind[i] != PAE_PDPTE) {
			r->write = r->write && (val & 2);
			r->user = r->user && (val & 4);
			r->execute = r->execute && !(val >> 63);
		}
		if (maps_page(f->kind[i]))
			return NPT_WALK_OK;
		next = val & (q->size == 4 ? span(12, 31) : span(12, width));
	}
}

/* Whether PKRU lets it through, for a read or a write. */
static bool key_allows(const struct npt_walk_env *env, const struct asked *q,
		       const struct rights *r, u64 leaf, bool write)
{
	int key = bitfield(leaf, 59, 62);

	if (!(q->flags & NPT_WALK_PKE) || !q->is_long || !r->user || q->fetch)
		return true;
	if (env->pkru & (1U << (2 * key)))
		return false;
	if (!write || (!q->user && !(q->flags & NPT_WALK_WP)))
		return true;
	return !(env->pkru & (2U << (2 * key)));
}

/* Which accesses the entries allow. */
static bool allowed(const struct asked *q, const struct rights *r, bool write)
{
	bool smap = (q->flags & NPT_WALK_SMAP) &&
		    (q->implicit || !(q->flags & NPT_WALK_AC));
	bool reach = !r->user ||
		     (q->fetch ? !(q->flags & NPT_WALK_SMEP) : !smap);

	if (q->fetch && !r->execute)
		return false;
	if (q->user)
		return r->user && (!write || r->write);
	return reach && (!write || r->write || !(q->flags & NPT_WALK_WP));
}

static void set_bits(const struct asked *q, struct found *f)
{
	int i;

	for (i = 0; i < f->n; i++) {
		if (f->kind[i] == PAE_PDPTE)
			continue;
		f->val[i] |= 0x20;
		if (i == f->n - 1 && q->write)
			f->val[i] |= 0x40;
		memcpy(expected + f->gpa[i], &f->val[i], q->size);
	}
}

static u64 page_address(const struct npt_walk_env *env, const struct asked *q,
			enum kind kind, u64 leaf)
{
	if (kind == PDE32_4M)
		return (leaf & span(22, 31)) | bitfield(leaf, 13, 20) << 32;
	if (q->size == 4)
		return leaf & span(12, 31);
	return leaf & span(page_shift(kind), env->maxphyaddr - 1);
}

static int slow_walk(const struct npt_walk_env *env, u64 la, unsigned int access,
		     struct npt_walk_result *res)
{
	struct asked q = asked_of(env, access);
	struct rights r = { true, true, true };
	struct found f = { 0 };
	enum kind kind;
	u64 leaf;
	int ret;

	if (!(q.flags & NPT_WALK_PG)) {
		*res = (struct npt_walk_result){ .gpa = (u32)la, .shift = 12,
						 .writable = true, .user = true };
		return NPT_WALK_OK;
	}
	if (!q.is_long)
		la = (u32)la;
	else if (!is_canonical(la, q.flags))
		return NPT_WALK_NONCANONICAL;

	ret = collect(env, &q, la, &f, &r, res);
	if (ret)
		return ret;
	kind = f.kind[f.n - 1];
	if (!(access & NPT_WALK_PEEK)) {
		bool key_ok = key_allows(env, &q, &r, f.val[f.n - 1], q.write);

		if (!key_ok || !allowed(&q, &r, q.write)) {
			res->error = error_code(&q) | 1 | (key_ok ? 0 : 32);
			return NPT_WALK_FAULT;
		}
		set_bits(&q, &f);
	}
	leaf = f.val[f.n - 1];
	res->shift = page_shift(kind);
	res->gpa = page_address(env, &q, kind, leaf) |
		   (la & span(0, res->shift - 1));
	res->user = r.user;
	res->writable = allowed(&q, &r, true) && (leaf & 0x40) &&
			key_allows(env, &q, &r, leaf, true);
	return NPT_WALK_OK;
}

/* --- random guests ------------------------------------------------------- */

static u64 random_entry(bool wide, unsigned int maxphyaddr)
{
	u64 e = below(MEM_PAGES) * 4096ULL;

	e |= below(40) ? 1 : 0;
	e |= below(4) ? 2 : 0;
	e |= below(3) ? 4 : 0;
	e |= rnd() & 0x60;
	e |= below(4) ? 0 : 0x80;
	e |= rnd() & rnd() & 0xf18;
	if (!below(4))
		e |= rnd() & rnd() & span(22, wide ? maxphyaddr - 1 : 31);
	if (wide && !below(3))
		e |= rnd() & span(59, 62);
	if (wide && !below(8))
		e |= 1ULL << 63;
	if (!below(40))
		e |= 1ULL << below(wide ? 64 : 32);
	/* so that large pages are not all reserved bits */
	if ((e & 0x80) && below(8))
		e &= ~span(12, 20);
	if ((e & 0x80) && !below(3))
		e &= ~span(12, 29);
	return e;
}

static void random_memory(bool wide, unsigned int maxphyaddr)
{
	unsigned int i, step = wide ? 8 : 4;

	for (i = 0; i < MEM_SIZE; i += step) {
		u64 e = random_entry(wide, maxphyaddr);

		memcpy(memory + i, &e, step);
	}
}

static void random_env(struct npt_walk_env *env, u64 *pdpte, bool wide)
{
	static const u8 widths[] = { 32, 36, 39, 40, 43, 48, 52 };
	unsigned int i;

	env->ops = &ops;
	env->cr3 = below(MEM_PAGES) * 4096 | (rnd() & 0xfff);
	env->maxphyaddr = widths[below(7)];
	env->pkru = rnd() & rnd();
	env->flags = rnd() & 0x1fff;
	env->flags |= below(20) ? NPT_WALK_PG : 0;
	if (wide)
		env->flags |= NPT_WALK_PAE;
	else
		env->flags &= ~(NPT_WALK_PAE | NPT_WALK_LMA);
	if (below(3))
		env->flags |= NPT_WALK_NXE;
	for (i = 0; i < 4; i++)
		pdpte[i] = (below(8) ? 1 : rnd() & 0x3f) |
			   below(MEM_PAGES) * 4096;
	env->pdpte = below(2) ? pdpte : NULL;
	/* PAE tables of the PDPTs in memory look different from the others */
	if (!(env->flags & NPT_WALK_LMA) && wide && !env->pdpte && below(8))
		memcpy(memory + (env->cr3 & ~31ULL & (MEM_SIZE - 1)), pdpte, 32);
}

static u64 random_linear(const struct npt_walk_env *env)
{
	u64 la = rnd();
	int drop = env->flags & NPT_WALK_LA57 ? 7 : 16;

	if (below(16))
		la = (u64)((s64)(la << drop) >> drop);
	return la;
}

static unsigned int random_access(void)
{
	unsigned int access = 0;

	access |= below(2) ? NPT_WALK_WRITE : 0;
	access |= below(2) ? NPT_WALK_USER : 0;
	if (!below(3))
		access = (access & ~NPT_WALK_WRITE) | NPT_WALK_EXEC;
	access |= below(8) ? 0 : NPT_WALK_IMPLICIT;
	access |= below(16) ? 0 : NPT_WALK_PEEK;
	return access;
}

#define CODES	64

static unsigned long seen_code[CODES], seen_shift[64], seen_noncanonical,
		     seen_writable;

static bool same(int ret, const struct npt_walk_result *a,
		 const struct npt_walk_result *b)
{
	if (ret == NPT_WALK_FAULT)
		return a->error == b->error;
	if (ret == NPT_WALK_OK)
		return a->gpa == b->gpa && a->shift == b->shift &&
		       a->user == b->user && a->writable == b->writable;
	return true;
}

static bool one(void)
{
	struct npt_walk_result a = { 0 }, b = { 0 };
	struct npt_walk_env env = { 0 };
	bool wide = below(4), good;
	unsigned int access = random_access();
	u64 pdpte[4], la;
	int ra, rb;

	random_env(&env, pdpte, wide);
	la = random_linear(&env);
	memcpy(expected, memory, MEM_SIZE);
	ra = npt_guest_walk(&env, la, access, &a);
	rb = slow_walk(&env, la, access, &b);
	good = ra == rb && same(ra, &a, &b) &&
	       !memcmp(memory, expected, MEM_SIZE);
	if (!good)
		tap_note("flags %#x maxphyaddr %u access %#x la %#llx: %d %#x %#llx, expected %d %#x %#llx%s",
			 env.flags, env.maxphyaddr, access, la, ra, a.error,
			 a.gpa, rb, b.error, b.gpa,
			 memcmp(memory, expected, MEM_SIZE) ? "; memory differs" : "");
	if (ra == NPT_WALK_FAULT)
		seen_code[a.error % CODES]++;
	else if (ra == NPT_WALK_NONCANONICAL)
		seen_noncanonical++;
	else if (ra == NPT_WALK_OK) {
		seen_shift[a.shift]++;
		seen_writable += a.writable;
	}
	return good;
}

static void test_random(unsigned int count)
{
	static const u8 codes[] = { 0, 1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 15, 16,
				    17, 20, 21, 25, 29, 33, 35, 37, 39 };
	unsigned int i, bad = 0;

	for (i = 0; i < count && bad < 10; i++) {
		if (i % 64 == 0)
			random_memory(below(4), 52);
		bad += !one();
	}
	tap_ok(!bad, "%u random walks", count);
	for (i = 0; i < sizeof(codes); i++)
		tap_ok(seen_code[codes[i]], "error code %#x occurred (%lu)",
		       codes[i], seen_code[codes[i]]);
	tap_ok(seen_shift[12] && seen_shift[21] && seen_shift[22] &&
	       seen_shift[30], "all page sizes occurred (%lu %lu %lu %lu)",
	       seen_shift[12], seen_shift[21], seen_shift[22], seen_shift[30]);
	tap_ok(seen_noncanonical && seen_writable,
	       "non-canonical and writable occurred");
}

/* --- cases --------------------------------------------------------------- */

static void put(u64 gpa, u64 entry)
{
	memcpy(memory + gpa, &entry, 8);
}

static u64 get(u64 gpa)
{
	u64 entry;

	memcpy(&entry, memory + gpa, 8);
	return entry;
}

/* Long mode: linear 0 is 4 KiB at 0x5000, through 0x1000, 0x2000, ... */
static struct npt_walk_env simple(u64 bits)
{
	memset(memory, 0, MEM_SIZE);
	put(0x1000, 0x2000 | 7);
	put(0x2000, 0x3000 | 7);
	put(0x3000, 0x4000 | 7);
	put(0x4000, 0x5000 | bits);
	return (struct npt_walk_env){
		.ops = &ops, .cr3 = 0x1000, .maxphyaddr = 40,
		.flags = NPT_WALK_PG | NPT_WALK_WP | NPT_WALK_PAE |
			 NPT_WALK_LMA | NPT_WALK_NXE,
	};
}

static void test_cases(void)
{
	struct npt_walk_result res;
	struct npt_walk_env env;
	int ret;

	env = simple(7);
	ret = npt_guest_walk(&env, 0x123, 0, &res);
	tap_ok(!ret && res.gpa == 0x5123 && !res.writable &&
	       get(0x4000) == (0x5000 | 0x27) && get(0x1000) == (0x2000 | 0x27),
	       "read sets accessed, not dirty");
	ret = npt_guest_walk(&env, 0x123, NPT_WALK_WRITE, &res);
	tap_ok(!ret && res.writable && get(0x4000) == (0x5000 | 0x67) &&
	       get(0x3000) == (0x4000 | 0x27), "write sets dirty in the leaf");

	env = simple(3);
	ret = npt_guest_walk(&env, 0, NPT_WALK_USER | NPT_WALK_WRITE, &res);
	tap_ok(ret == NPT_WALK_FAULT && res.error == 7 && get(0x1000) == 0x2007,
	       "a fault leaves accessed bits alone");
	ret = npt_guest_walk(&env, 0, NPT_WALK_USER | NPT_WALK_WRITE |
			     NPT_WALK_PEEK, &res);
	tap_ok(!ret && res.gpa == 0x5000 && get(0x1000) == 0x2007,
	       "peeking neither faults nor marks");

	env = simple(7);
	change_once = 1;
	ret = npt_guest_walk(&env, 0, NPT_WALK_USER, &res);
	tap_ok(ret == NPT_WALK_FAULT && res.error == 5 && !change_once,
	       "an entry that changes during the walk is read again");

	env = simple(7);
	fail_writes = -ESTALE;
	ret = npt_guest_walk(&env, 0, 0, &res);
	tap_ok(ret == -ESTALE, "a guest that keeps interfering ends the walk");
	fail_writes = -EROFS;
	ret = npt_guest_walk(&env, 0, NPT_WALK_WRITE, &res);
	tap_ok(!ret && res.gpa == 0x5000 && !res.writable,
	       "tables in ROM translate");
	fail_writes = -EWOULDBLOCK;
	ret = npt_guest_walk(&env, 0, 0, &res);
	tap_ok(ret == -EWOULDBLOCK, "an error on writing comes through");
	fail_writes = 0;
	fail_reads = -EWOULDBLOCK;
	ret = npt_guest_walk(&env, 0, 0, &res);
	tap_ok(ret == -EWOULDBLOCK, "an error on reading comes through");
	fail_reads = 0;

	env = simple(7);
	ret = npt_guest_walk(&env, 1ULL << 47, 0, &res);
	tap_ok(ret == NPT_WALK_NONCANONICAL, "non-canonical");
	env.flags |= NPT_WALK_LA57;
	ret = npt_guest_walk(&env, 1ULL << 56, 0, &res);
	tap_ok(ret == NPT_WALK_NONCANONICAL, "non-canonical with five levels");
	env.flags = 0;
	ret = npt_guest_walk(&env, 0xfffffffff0, NPT_WALK_WRITE, &res);
	tap_ok(!ret && res.gpa == 0xfffffff0, "no paging: 32 bits");

	env = simple(7);
	put(0x3000, 1ULL << 39 | 0x87);	/* 2 MiB at 512 GiB */
	ret = npt_guest_walk(&env, 0x12345, 0, &res);
	tap_ok(!ret && res.gpa == (1ULL << 39 | 0x12345) && res.shift == 21,
	       "2 MiB page");
	put(0x3000, 1ULL << 40 | 0x87);
	ret = npt_guest_walk(&env, 0x12345, 0, &res);
	tap_ok(ret == NPT_WALK_FAULT && res.error == 9, "address too wide");
}

int main(void)
{
	test_cases();
	test_random(250000);
	return tap_done();
}
