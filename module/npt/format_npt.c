// SPDX-License-Identifier: GPL-2.0
/*
 * AMD nested paging: the x86-64 page-table format.
 *
 * Hardware does every access to guest-physical memory as a user access, so all
 * entries carry the user bit.  Reads can't be denied to a mapping that exists.
 * Memory type comes from the guest's PAT alone if the host entry says
 * write-back, which is PAT index 0.
 */

#include "npt/format.h"

#define P_PRESENT	(1ULL << 0)
#define P_WRITE		(1ULL << 1)
#define P_USER		(1ULL << 2)
#define P_ACCESSED	(1ULL << 5)
#define P_DIRTY		(1ULL << 6)
#define P_SIZE		(1ULL << 7)
#define P_NX		(1ULL << 63)
#define P_ADDR		0x000ffffffffff000ULL

#define R		(P_PRESENT | P_USER)

static u64 root(u64 root_phys, unsigned int levels)
{
	return root_phys;
}

#define FORMAT_NPT(label, largest)					\
	.name		= label,					\
	.present	= P_PRESENT,					\
	.huge		= P_SIZE,					\
	.write		= P_WRITE,					\
	.accessed	= P_ACCESSED,					\
	.dirty		= P_DIRTY,					\
	.addr		= P_ADDR,					\
	.table		= R | P_WRITE | P_ACCESSED,			\
	.prot		= {						\
		[0]				= NPT_PROT_NONE,	\
		[NPT_READ]			= R | P_NX,		\
		[NPT_WRITE]			= NPT_PROT_NONE,	\
		[NPT_READ | NPT_WRITE]		= R | P_WRITE | P_NX,	\
		[NPT_EXEC]			= NPT_PROT_NONE,	\
		[NPT_READ | NPT_EXEC]		= R,			\
		[NPT_WRITE | NPT_EXEC]		= NPT_PROT_NONE,	\
		[NPT_RWX]			= R | P_WRITE,		\
	},								\
	.prot_mask	= P_WRITE | P_NX,				\
	.deny		= P_NX,						\
	.max_leaf	= largest,					\
	.root		= root

const struct npt_format npt_format_npt = {
	FORMAT_NPT("npt", NPT_LEVEL_1G),
};

const struct npt_format npt_format_npt_no1g = {
	FORMAT_NPT("npt-no1g", NPT_LEVEL_2M),
};
