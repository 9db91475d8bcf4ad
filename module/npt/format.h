/* SPDX-License-Identifier: GPL-2.0 */
#ifndef VMM_NPT_FORMAT_H
#define VMM_NPT_FORMAT_H

/*
 * A format says what the bits of a nested page-table entry mean.  The engine
 * handles every format that is a radix tree of 512 eight-byte entries whose
 * leaves above the last level carry a size bit, so a format is plain data:
 * masks, and a table from permissions to bits.
 */

#include <linux/types.h>

/* Permissions, neutral of format; the index into npt_format.prot[]. */
#define NPT_READ	(1U << 0)
#define NPT_WRITE	(1U << 1)
#define NPT_EXEC	(1U << 2)
#define NPT_RWX		(NPT_READ | NPT_WRITE | NPT_EXEC)

/* In npt_format.prot[]: the format has no such entry. */
#define NPT_PROT_NONE	(~0ULL)

/* Levels: 1 is 4 KiB, 2 is 2 MiB, 3 is 1 GiB; the root is at 4 or 5. */
#define NPT_LEVEL_4K	1
#define NPT_LEVEL_2M	2
#define NPT_LEVEL_1G	3
#define NPT_LEVELS_MAX	5

/**
 * struct npt_format - the bits of one kind of nested page table
 * @name:	for messages and tests
 * @present:	any of these set: hardware uses the entry
 * @huge:	a present entry above level 1 with this bit is a leaf
 * @write:	write permission, in leaves and in table entries alike
 * @accessed:	set by hardware in leaves that were used; 0: it doesn't
 * @dirty:	set by hardware in leaves that were written; 0: it doesn't
 * @addr:	where the physical address sits
 * @table:	all else that an entry pointing to a table has set: all
 *		permissions, and the accessed bit, so that hardware never writes it
 * @leaf:	all else that every leaf has set (memory type)
 * @prot:	bits for each set of NPT_READ | NPT_WRITE | NPT_EXEC; NPT_PROT_NONE: none
 * @prot_mask:	all permission bits of a leaf
 * @deny:	those of them that take away when set
 * @max_leaf:	highest level at which a leaf may stand
 * @root:	value for the control register that points at the tables
 *
 * Without hardware accessed/dirty bits every leaf counts as accessed, and as
 * dirty if it is writable.
 */
struct npt_format {
	const char *name;
	u64 present;
	u64 huge;
	u64 write;
	u64 accessed;
	u64 dirty;
	u64 addr;
	u64 table;
	u64 leaf;
	u64 prot[8];
	u64 prot_mask;
	u64 deny;
	unsigned int max_leaf;
	u64 (*root)(u64 root_phys, unsigned int levels);
};

/* AMD nested paging: the x86-64 format, walked as user accesses. */
extern const struct npt_format npt_format_npt;
/* The same on processors without 1 GiB pages. */
extern const struct npt_format npt_format_npt_no1g;

/* Intel EPT, write-back memory, with and without accessed/dirty bits. */
extern const struct npt_format npt_format_ept;
extern const struct npt_format npt_format_ept_noad;

static inline bool npt_present(const struct npt_format *fmt, u64 entry)
{
	return entry & fmt->present;
}

static inline bool npt_leaf(const struct npt_format *fmt, u64 entry,
			    unsigned int level)
{
	return npt_present(fmt, entry) && (level == 1 || (entry & fmt->huge));
}

static inline bool npt_table_entry(const struct npt_format *fmt, u64 entry,
				   unsigned int level)
{
	return npt_present(fmt, entry) && level > 1 && !(entry & fmt->huge);
}

static inline bool npt_writable(const struct npt_format *fmt, u64 entry)
{
	return entry & fmt->write;
}

static inline bool npt_accessed(const struct npt_format *fmt, u64 entry)
{
	return !fmt->accessed || (entry & fmt->accessed);
}

static inline bool npt_dirty(const struct npt_format *fmt, u64 entry)
{
	return entry & (fmt->dirty ? fmt->dirty : fmt->write);
}

static inline u64 npt_addr(const struct npt_format *fmt, u64 entry)
{
	return entry & fmt->addr;
}

static inline unsigned int npt_level_shift(unsigned int level)
{
	return 12 + 9 * (level - 1);
}

static inline u64 npt_level_size(unsigned int level)
{
	return 1ULL << npt_level_shift(level);
}

static inline unsigned int npt_level_index(u64 gpa, unsigned int level)
{
	return (gpa >> npt_level_shift(level)) & 511;
}

#endif /* VMM_NPT_FORMAT_H */
