// SPDX-License-Identifier: GPL-2.0
/*
 * Memory-type range registers and PAT as stored values.  Pure.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/types.h>

#include <asm/msr-index.h>

#include "x86/mtrr.h"

#define MTRR_VARIABLE_FIRST	0x200
#define MTRR_VARIABLE_LAST	(MTRR_VARIABLE_FIRST + 2 * VMM_MTRR_VARIABLE - 1)
#define CAP_FIXED	BIT(8)
#define CAP_WC		BIT(10)
#define DEFTYPE_BITS	(0xffULL | BIT(10) | BIT(11))
#define BASE_TYPE	0xffULL
#define MASK_VALID	BIT(11)

enum memtype { UC = 0, WC = 1, WT = 4, WP = 5, WB = 6, UC_MINUS = 7 };

static bool type_valid(u8 type)
{
	return type == UC || type == WC || type == WT || type == WP ||
	       type == WB;
}

/* Eight types, a byte each. */
static bool types_valid(u64 val, bool pat)
{
	unsigned int i;

	for (i = 0; i < 8; i++, val >>= 8) {
		u8 type = val & 0xff;

		if (!type_valid(type) && !(pat && type == UC_MINUS))
			return false;
	}
	return true;
}

bool vmm_pat_valid(u64 val)
{
	return types_valid(val, true);
}

u64 vmm_mtrr_cap(void)
{
	return VMM_MTRR_VARIABLE | CAP_FIXED | CAP_WC;
}

/* Number of a fixed-range register, or -1. */
static int fixed_index(u32 index)
{
	if (index == MSR_MTRRfix64K_00000)
		return 0;
	if (index == MSR_MTRRfix16K_80000 || index == MSR_MTRRfix16K_A0000)
		return 1 + index - MSR_MTRRfix16K_80000;
	if (index >= MSR_MTRRfix4K_C0000 && index <= MSR_MTRRfix4K_F8000)
		return 3 + index - MSR_MTRRfix4K_C0000;
	return -1;
}

static bool is_variable(u32 index)
{
	return index >= MTRR_VARIABLE_FIRST && index <= MTRR_VARIABLE_LAST;
}

int vmm_mtrr_get(const struct vmm_mtrr *m, u32 index, u64 *val)
{
	int fixed = fixed_index(index);
	u32 pair = (index - MTRR_VARIABLE_FIRST) / 2;

	if (index == MSR_MTRRcap)
		*val = vmm_mtrr_cap();
	else if (index == MSR_MTRRdefType)
		*val = m->deftype;
	else if (fixed >= 0)
		*val = m->fixed[fixed];
	else if (is_variable(index))
		*val = index & 1 ? m->mask[pair] : m->base[pair];
	else
		return -EINVAL;
	return 0;
}

static int set_variable(struct vmm_mtrr *m, u64 reserved, u32 index, u64 val)
{
	u32 pair = (index - MTRR_VARIABLE_FIRST) / 2;

	if (val & reserved)
		return -EINVAL;
	if (index & 1) {
		if (val & 0xfff & ~MASK_VALID)
			return -EINVAL;
		m->mask[pair] = val;
		return 0;
	}
	if (val & 0xfff & ~BASE_TYPE || !type_valid(val & BASE_TYPE))
		return -EINVAL;
	m->base[pair] = val;
	return 0;
}

int vmm_mtrr_set(struct vmm_mtrr *m, u64 gpa_reserved, u32 index, u64 val)
{
	int fixed = fixed_index(index);

	if (index == MSR_MTRRdefType) {
		if (val & ~DEFTYPE_BITS || !type_valid(val & 0xff))
			return -EINVAL;
		m->deftype = val;
		return 0;
	}
	if (fixed >= 0) {
		if (!types_valid(val, false))
			return -EINVAL;
		m->fixed[fixed] = val;
		return 0;
	}
	if (is_variable(index))
		return set_variable(m, gpa_reserved, index, val);
	return -EINVAL;
}
