// SPDX-License-Identifier: GPL-2.0
/*
 * Which contents of the segment registers a processor can be in.
 */
#include <linux/kernel.h>
#include <linux/vmm.h>

#include <asm/msr-index.h>
#include <asm/processor-flags.h>

#include "x86/creg.h"
#include "x86/segment.h"

#define ATTR_VALID	(VMM_SEG_UNUSABLE | 0xf0ff)
#define ATTR_ACCESSED	0x0001
#define ATTR_WRITE	0x0002	/* of data; of code: may be read */
#define ATTR_CONFORMING	0x0004
#define ATTR_CODE	0x0008
#define ATTR_S		0x0010	/* code or data */
#define ATTR_P		0x0080
#define ATTR_L		0x2000
#define TYPE(attr)	((attr) & 0xf)
#define DPL(attr)	((attr) >> 5 & 3)

#define TYPE_LDT	2
#define TYPE_TSS_BUSY	2	/* the bit that makes a TSS a busy one */
#define TYPE_TSS16	3
#define TYPE_TSS	11

static bool usable(const struct vmm_segment *s)
{
	return (s->attr & ATTR_P) && !(s->attr & VMM_SEG_UNUSABLE);
}

static bool protected(const struct vmm_sregs *s)
{
	return s->cr0 & X86_CR0_PE;
}

/*
 * Segments as virtual-8086 mode has them.  RFLAGS.VM is set by another call, so
 * they may stand for that mode before it is known.
 */
static bool like_vm86(const struct vmm_sregs *s)
{
	const struct vmm_segment *seg;

	if (!protected(s) || s->efer & EFER_LMA)
		return false;
	for (seg = &s->es; seg <= &s->gs; seg++)
		if (seg->base != (u64)seg->selector << 4 ||
		    seg->limit != 0xffff || seg->attr != VMM_ATTR_VM86)
			return false;
	return true;
}

static const char *check_form(const struct vmm_sregs *s)
{
	const struct vmm_segment *seg;

	for (seg = &s->es; seg <= &s->tr; seg++)
		if ((seg->attr & ~ATTR_VALID) || seg->pad || seg->pad2)
			return "a segment has reserved bits";
	if (s->gdtr.pad || s->idtr.pad)
		return "GDTR or IDTR has reserved bits";
	return NULL;
}

static const char *check_addresses(const struct vmm_sregs *s)
{
	const struct vmm_segment *seg;

	if (s->gdtr.limit > 0xffff || s->idtr.limit > 0xffff)
		return "GDTR or IDTR has a limit above 64 KiB";
	if (!vmm_canonical(s->gdtr.base) || !vmm_canonical(s->idtr.base))
		return "GDTR or IDTR is not canonical";
	for (seg = &s->es; seg <= &s->ds; seg++)
		if (seg->base >> 32)
			return "ES, CS, SS or DS has a base above 4 GiB";
	for (seg = &s->fs; seg <= &s->tr; seg++)
		if (!vmm_canonical(seg->base))
			return "FS, GS, LDTR or TR has a base that is not canonical";
	return NULL;
}

/* The current privilege level is SS's. */
static const char *check_code(const struct vmm_sregs *s)
{
	u32 attr = s->cs.attr, cpl = DPL(s->ss.attr);

	if (!usable(&s->cs))
		return "CS is unusable";
	if (!(attr & ATTR_S))
		return "CS is a system segment";
	if (!protected(s) && cpl)
		return "SS has a level above 0 in real mode";
	if (!(attr & ATTR_CODE)) {
		/* Left from real mode until the first far jump. */
		if (TYPE(attr | ATTR_ACCESSED) != (ATTR_WRITE | ATTR_ACCESSED))
			return "CS is neither code nor as real mode leaves it";
		return DPL(attr) || cpl ? "CS is data with a level above 0" :
					  NULL;
	}
	if (attr & ATTR_CONFORMING)
		return DPL(attr) > cpl ? "CS conforms to a level above SS's" :
					 NULL;
	return DPL(attr) != cpl ? "CS and SS have different levels" : NULL;
}

static const char *check_data(const struct vmm_sregs *s)
{
	const struct vmm_segment *seg;

	for (seg = &s->es; seg <= &s->gs; seg++) {
		if (seg == &s->cs || !usable(seg))
			continue;
		if (!(seg->attr & ATTR_S))
			return "a data segment register has a system segment";
		if ((seg->attr & ATTR_CODE) && !(seg->attr & ATTR_WRITE))
			return "a data segment register has code that cannot be read";
	}
	if (usable(&s->ss) &&
	    (s->ss.attr & (ATTR_CODE | ATTR_WRITE)) != ATTR_WRITE)
		return "SS is not writable data";
	return NULL;
}

static const char *check_system(const struct vmm_sregs *s)
{
	u32 type = TYPE(s->tr.attr) | TYPE_TSS_BUSY;

	if (usable(&s->ldtr) && ((s->ldtr.attr & ATTR_S) ||
				 TYPE(s->ldtr.attr) != TYPE_LDT))
		return "LDTR is no LDT";
	if (usable(&s->ldtr) && (s->ldtr.selector & 4))
		return "LDTR's selector is of the LDT";
	if (!usable(&s->tr))
		return NULL;
	if ((s->tr.attr & ATTR_S) || (type != TYPE_TSS && type != TYPE_TSS16))
		return "TR is no TSS";
	if (s->tr.selector & 4)
		return "TR's selector is of the LDT";
	return NULL;
}

const char *vmm_segments_check(const struct vmm_sregs *s)
{
	const char *why = check_form(s) ?: check_addresses(s);

	if (!why && !like_vm86(s))
		why = check_code(s) ?: check_data(s);
	return why ?: check_system(s);
}

const char *vmm_mode_check(const struct vmm_sregs *s, u64 rip, u64 rflags)
{
	bool long_mode = s->efer & EFER_LMA;

	if (rflags & X86_EFLAGS_VM) {
		if (long_mode || !protected(s))
			return "RFLAGS.VM outside of 32-bit protected mode";
		if (!like_vm86(s))
			return "RFLAGS.VM with segments of another mode";
	} else if (like_vm86(s)) {
		return "segments of virtual-8086 mode with RFLAGS.VM clear";
	}
	if (long_mode && s->cs.attr & ATTR_L)
		return vmm_canonical_rip(rip) ? NULL : "RIP is not canonical";
	return rip >> 32 ? "RIP is above 4 GiB outside of 64-bit code" : NULL;
}
