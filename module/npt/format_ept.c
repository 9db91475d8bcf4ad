// SPDX-License-Identifier: GPL-2.0
/*
 * Intel extended page tables.
 *
 * An entry is present if any of read, write and execute is set; writing without
 * reading is a misconfiguration.  Leaves carry the memory type write-back; the
 * guest's PAT still counts (the ignore-PAT bit is clear).  The pointer to the
 * root holds walk length and memory type, and turns accessed/dirty bits on.
 */

#include "npt/format.h"

#define E_READ		(1ULL << 0)
#define E_WRITE		(1ULL << 1)
#define E_EXEC		(1ULL << 2)
#define E_TYPE_WB	(6ULL << 3)
#define E_SIZE		(1ULL << 7)
#define E_ACCESSED	(1ULL << 8)
#define E_DIRTY		(1ULL << 9)
#define E_ADDR		0x000ffffffffff000ULL

#define RWX		(E_READ | E_WRITE | E_EXEC)

#define EPTP_TYPE_WB	6ULL
#define EPTP_AD		(1ULL << 6)

static u64 root_noad(u64 root_phys, unsigned int levels)
{
	return root_phys | EPTP_TYPE_WB | (u64)(levels - 1) << 3;
}

static u64 root_ad(u64 root_phys, unsigned int levels)
{
	return root_noad(root_phys, levels) | EPTP_AD;
}

#define FORMAT_EPT(label, a, d, r)					\
	.name		= label,					\
	.present	= RWX,						\
	.huge		= E_SIZE,					\
	.write		= E_WRITE,					\
	.accessed	= a,						\
	.dirty		= d,						\
	.addr		= E_ADDR,					\
	.table		= RWX | (a),					\
	.leaf		= E_TYPE_WB,					\
	.prot		= {						\
		[0]				= NPT_PROT_NONE,	\
		[NPT_READ]			= E_READ,		\
		[NPT_WRITE]			= NPT_PROT_NONE,	\
		[NPT_READ | NPT_WRITE]		= E_READ | E_WRITE,	\
		[NPT_EXEC]			= E_EXEC,		\
		[NPT_READ | NPT_EXEC]		= E_READ | E_EXEC,	\
		[NPT_WRITE | NPT_EXEC]		= NPT_PROT_NONE,	\
		[NPT_RWX]			= RWX,			\
	},								\
	.prot_mask	= RWX,						\
	.max_leaf	= NPT_LEVEL_1G,					\
	.root		= r

const struct npt_format npt_format_ept = {
	FORMAT_EPT("ept", E_ACCESSED, E_DIRTY, root_ad),
};

const struct npt_format npt_format_ept_noad = {
	FORMAT_EPT("ept-noad", 0, 0, root_noad),
};
