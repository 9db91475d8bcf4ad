// SPDX-License-Identifier: GPL-2.0
/*
 * The registers of a local APIC as the guest reaches them: the memory page of
 * xAPIC mode and the MSRs of x2APIC mode are two doors to one register file.
 *
 * A register is named by its page offset; in x2APIC mode the MSR's number says
 * offset / 16. Both doors share the tables of what exists; they differ in what
 * becomes of a wrong access: the page records an error in ESR, the MSRs refuse.
 */
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/string.h>

#include "irq/lapic_internal.h"

#define X2APIC_MSR(offset)	(VMM_X2APIC_MSR_FIRST + ((offset) >> 4))
#define REG_BIT(offset)		BIT_ULL((offset) >> 4)
#define REG_BITS(first, last)	GENMASK_ULL((last) >> 4, (first) >> 4)

#define REGS_VECTORS	(REG_BITS(APIC_ISR, APIC_ISR + 0x70) |		\
			 REG_BITS(APIC_TMR, APIC_TMR + 0x70) |		\
			 REG_BITS(APIC_IRR, APIC_IRR + 0x70))
#define REGS_LVT	REG_BITS(APIC_LVTT, APIC_LVTERR)

/* What both doors can read, and what both can write. */
#define REGS_READ	(REG_BIT(APIC_ID) | REG_BIT(APIC_LVR) |		\
			 REG_BIT(APIC_TASKPRI) | REG_BIT(APIC_PROCPRI) | \
			 REG_BIT(APIC_LDR) | REG_BIT(APIC_SPIV) |	\
			 REGS_VECTORS | REG_BIT(APIC_ESR) |		\
			 REG_BIT(APIC_ICR) | REGS_LVT |			\
			 REG_BIT(APIC_TMICT) | REG_BIT(APIC_TMCCT) |	\
			 REG_BIT(APIC_TDCR))
#define REGS_WRITE	(REG_BIT(APIC_TASKPRI) | REG_BIT(APIC_EOI) |	\
			 REG_BIT(APIC_SPIV) | REG_BIT(APIC_ESR) |	\
			 REG_BIT(APIC_ICR) | REGS_LVT |			\
			 REG_BIT(APIC_TMICT) | REG_BIT(APIC_TDCR))

/*
 * Those that always have in the page what x2APIC mode reads. PPR is among them
 * only because the processor keeps it there.
 */
#define REGS_IN_PAGE	(REGS_READ & ~(REG_BIT(APIC_ICR) | REG_BIT(APIC_TMCCT)))

/* Registers that exist in xAPIC mode, readable or not. */
#define REGS_XAPIC	(REGS_READ | REGS_WRITE | REG_BIT(APIC_ARBPRI) | \
			 REG_BIT(APIC_RRR) | REG_BIT(APIC_DFR) |	\
			 REG_BIT(APIC_ICR2))
#define REGS_X2APIC_WRITE (REGS_WRITE | REG_BIT(APIC_SELF_IPI))

#define TDCR_BITS	0xbU
#define ESR_BITS	(APIC_ESR_SEND_CS | APIC_ESR_RECV_CS |		\
			 APIC_ESR_SEND_ACC | APIC_ESR_RECV_ACC |	\
			 APIC_ESR_SENDILL | APIC_ESR_RECVILL |		\
			 APIC_ESR_ILLREGA)
#define SPIV_BITS	(0xffU | APIC_SPIV_APIC_ENABLED |		\
			 APIC_SPIV_FOCUS_DISABLED)
#define ICR_BITS	(APIC_VECTOR_MASK | APIC_MODE_MASK |		\
			 APIC_DEST_LOGICAL | APIC_INT_ASSERT |		\
			 APIC_INT_LEVELTRIG | APIC_DEST_ALLBUT)

static bool reg_in(u64 set, u32 offset)
{
	return offset < VMM_LAPIC_REGS_SIZE && (set & REG_BIT(offset));
}

static bool is_lvt(u32 offset)
{
	return reg_in(REGS_LVT, offset);
}

u32 lapic_reg_bits(const struct vmm_lapic *l, u32 offset)
{
	u32 lvt = APIC_VECTOR_MASK | APIC_LVT_MASKED;

	switch (offset) {
	case APIC_ID:
		return vmm_lapic_x2apic(l) ? ~0U : 0xff000000;
	case APIC_LDR:
		return vmm_lapic_x2apic(l) ? ~0U : APIC_LDR_MASK;
	case APIC_TASKPRI:
		return APIC_TPRI_MASK;
	case APIC_SPIV:
		return l->features & VMM_LAPIC_F_DIRECTED_EOI ?
			SPIV_BITS | APIC_SPIV_DIRECTED_EOI : SPIV_BITS;
	case APIC_ESR:
		return ESR_BITS;
	case APIC_ICR:
		return ICR_BITS;
	case APIC_ICR2:
		return vmm_lapic_x2apic(l) ? ~0U : 0xff000000;
	case APIC_LVTT:
		lvt |= APIC_LVT_TIMER_PERIODIC;
		return l->features & VMM_LAPIC_F_TSC_DEADLINE ?
			lvt | APIC_LVT_TIMER_TSCDEADLINE : lvt;
	case APIC_LVTTHMR:
	case APIC_LVTPC:
		return lvt | APIC_MODE_MASK;
	case APIC_LVT0:
	case APIC_LVT1:
		return lvt | APIC_MODE_MASK | APIC_INPUT_POLARITY |
			APIC_LVT_LEVEL_TRIGGER;
	case APIC_LVTERR:
		return lvt;
	case APIC_TDCR:
		return TDCR_BITS;
	}
	return ~0U;
}

static u32 x2apic_ldr(u32 id)
{
	return (id >> 4) << 16 | BIT(id & 0xf);
}

void lapic_reset_version(struct vmm_lapic *l)
{
	u32 version = LAPIC_VERSION | LAPIC_MAX_LVT << 16;

	if (l->features & VMM_LAPIC_F_DIRECTED_EOI)
		version |= APIC_LVR_DIRECTED_EOI;
	lapic_set(l, APIC_LVR, version);
}

void lapic_reset_id(struct vmm_lapic *l)
{
	if (vmm_lapic_x2apic(l)) {
		lapic_set(l, APIC_ID, l->initial_id);
		lapic_set(l, APIC_LDR, x2apic_ldr(l->initial_id));
	} else {
		lapic_set(l, APIC_ID, l->initial_id << 24);
	}
}

/* Reads. */

static u32 reg_read(struct vmm_lapic *l, u32 offset)
{
	switch (offset) {
	case APIC_EOI:
	case APIC_RRR:
		return 0;
	case APIC_PROCPRI:
	case APIC_ARBPRI:
		return lapic_ppr(l);
	case APIC_TMCCT:
		return lapic_timer_current(l);
	case APIC_TMR ... APIC_IRR + 0x70:
		lapic_collect(l);
		break;
	}
	return lapic_get(l, offset);
}

u64 vmm_lapic_mmio_read(struct vmm_lapic *l, u32 offset, unsigned int len)
{
	u32 reg = offset & ~0xfU;
	u64 val;

	if (!reg_in(REGS_XAPIC, reg)) {
		lapic_error(l, APIC_ESR_ILLREGA);
		return 0;
	}
	/* A register takes 4 of its 16 bytes; the others read as 0. */
	if ((offset & 0xf) >= 4)
		return 0;
	val = reg_read(l, reg) >> 8 * (offset & 0xf);
	return len >= 8 ? val : val & GENMASK_ULL(8 * len - 1, 0);
}

/* Commands. */

static void icr_send(struct vmm_lapic *l, u32 low, u32 dest)
{
	struct vmm_apic_msg msg = {
		.dest = dest,
		.wide = vmm_lapic_x2apic(l),
		.logical = low & APIC_DEST_LOGICAL,
		.vector = low & APIC_VECTOR_MASK,
		.mode = low & APIC_MODE_MASK,
		.shorthand = (low & APIC_DEST_ALLBUT) >> 18,
		.from = l,
	};
	bool fixed = msg.mode == APIC_DM_FIXED || msg.mode == APIC_DM_LOWEST;

	/* IPIs are edges; only INIT looks at what is said of levels. */
	msg.assert = msg.mode != APIC_DM_INIT || (low & APIC_INT_ASSERT) ||
		!(low & APIC_INT_LEVELTRIG);
	if (fixed && msg.vector < 16) {
		lapic_error(l, APIC_ESR_SENDILL);
		return;
	}
	/* The PIC alone may send this; other modes are refused below. */
	if (msg.mode == APIC_DM_EXTINT)
		return;
	vmm_lapic_deliver(l->map, &msg);
}

static void write_spiv(struct vmm_lapic *l, u32 val)
{
	u32 offset, lvt;

	val &= lapic_reg_bits(l, APIC_SPIV);
	lapic_set(l, APIC_SPIV, val);
	if (val & APIC_SPIV_APIC_ENABLED)
		return;
	/* Software disable masks every local source. */
	lapic_timer_write_lvt(l, lapic_get(l, APIC_LVTT) | APIC_LVT_MASKED);
	for (offset = APIC_LVTTHMR; offset <= APIC_LVTERR; offset += 0x10) {
		lvt = lapic_get(l, offset);
		lapic_set(l, offset, lvt | APIC_LVT_MASKED);
	}
}

static void write_lvt(struct vmm_lapic *l, u32 offset, u32 val)
{
	val &= lapic_reg_bits(l, offset);
	if (!lapic_sw_enabled(l))
		val |= APIC_LVT_MASKED;
	if (offset == APIC_LVTT) {
		lapic_timer_write_lvt(l, val);
		return;
	}
	lapic_set(l, offset, val);
	/* The PIC may have been waiting for LINT0 to let it through. */
	if (offset == APIC_LVT0 && atomic_read(&l->lint0) &&
	    (val & (APIC_LVT_MASKED | APIC_MODE_MASK)) == APIC_DM_EXTINT)
		l->ops->kick(l);
}

/* A write of a legal value to a register of REGS_WRITE, less the command. */
static void reg_write(struct vmm_lapic *l, u32 offset, u32 val)
{
	if (is_lvt(offset)) {
		write_lvt(l, offset, val);
		return;
	}
	switch (offset) {
	case APIC_TASKPRI:
		lapic_write_tpr(l, val & APIC_TPRI_MASK);
		break;
	case APIC_EOI:
		vmm_lapic_eoi(l);
		break;
	case APIC_SPIV:
		write_spiv(l, val);
		break;
	case APIC_ESR:
		lapic_set(l, APIC_ESR, atomic_xchg(&l->esr_latch, 0));
		break;
	case APIC_TMICT:
		lapic_timer_write_initial(l, val);
		break;
	case APIC_TDCR:
		lapic_timer_write_divide(l, val & TDCR_BITS);
		break;
	}
}

void vmm_lapic_mmio_write(struct vmm_lapic *l, u32 offset, unsigned int len,
			  u64 val)
{
	if (!reg_in(REGS_XAPIC, offset & ~0xfU)) {
		lapic_error(l, APIC_ESR_ILLREGA);
		return;
	}
	if (len != 4 || (offset & 0xf))
		return;

	switch (offset) {
	case APIC_ID:
		lapic_set(l, APIC_ID, val & lapic_reg_bits(l, APIC_ID));
		vmm_apic_map_update(l->map, l);
		break;
	case APIC_LDR:
		lapic_set(l, APIC_LDR, val & APIC_LDR_MASK);
		break;
	case APIC_DFR:
		lapic_set(l, APIC_DFR, val | APIC_DFR_CLUSTER);
		break;
	case APIC_ICR2:
		lapic_set(l, APIC_ICR2, val & lapic_reg_bits(l, APIC_ICR2));
		break;
	case APIC_ICR:
		lapic_set(l, APIC_ICR, val & ICR_BITS);
		icr_send(l, val, lapic_get(l, APIC_ICR2) >> 24);
		break;
	default:
		if (reg_in(REGS_WRITE, offset))
			reg_write(l, offset, val);
	}
}

/* MSRs. */

/* The bits of @val that an x2APIC register refuses. */
static u64 x2apic_reserved(const struct vmm_lapic *l, u32 offset)
{
	switch (offset) {
	case APIC_EOI:
	case APIC_ESR:
		return ~0ULL;
	case APIC_SELF_IPI:
		return ~(u64)APIC_VECTOR_MASK;
	case APIC_TMICT:
		return ~(u64)~0U;
	case APIC_ICR:
		/* The upper half is the destination; status is read-only. */
		return (u32)~(ICR_BITS | APIC_ICR_BUSY);
	case APIC_LVT0:
	case APIC_LVT1:
		return ~(u64)(lapic_reg_bits(l, offset) | APIC_SEND_PENDING |
			      APIC_LVT_REMOTE_IRR);
	}
	if (is_lvt(offset))
		return ~(u64)(lapic_reg_bits(l, offset) | APIC_SEND_PENDING);
	return ~(u64)lapic_reg_bits(l, offset);
}

static int x2apic_read(struct vmm_lapic *l, u32 offset, u64 *val)
{
	if (!reg_in(REGS_READ, offset))
		return -EINVAL;
	*val = reg_read(l, offset);
	if (offset == APIC_ICR)
		*val |= (u64)lapic_get(l, APIC_ICR2) << 32;
	return 0;
}

static int x2apic_write(struct vmm_lapic *l, u32 offset, u64 val)
{
	if (!reg_in(REGS_X2APIC_WRITE, offset) ||
	    (val & x2apic_reserved(l, offset)))
		return -EINVAL;

	switch (offset) {
	case APIC_ICR:
		lapic_set(l, APIC_ICR, val & ICR_BITS);
		lapic_set(l, APIC_ICR2, val >> 32);
		icr_send(l, val, val >> 32);
		break;
	case APIC_SELF_IPI:
		icr_send(l, APIC_DEST_SELF | APIC_DM_FIXED | val, 0);
		break;
	default:
		reg_write(l, offset, val);
	}
	return 0;
}

bool vmm_lapic_hw_reads(u32 msr)
{
	return msr >= VMM_X2APIC_MSR_FIRST &&
		reg_in(REGS_IN_PAGE, (msr - VMM_X2APIC_MSR_FIRST) << 4);
}

void vmm_lapic_hw_wrote(struct vmm_lapic *l, u32 offset)
{
	if (offset >= VMM_LAPIC_REGS_SIZE)
		return;
	x2apic_write(l, offset, lapic_get(l, offset));
	if (offset == APIC_SELF_IPI)
		lapic_set(l, offset, 0);
}

bool lapic_base_valid(const struct vmm_lapic *l, u64 base)
{
	u64 mode = base & (VMM_LAPIC_BASE_ENABLE | VMM_LAPIC_BASE_X2APIC);

	if (base & ~(GENMASK_ULL(l->phys_bits - 1, 12) | VMM_LAPIC_BASE_BSP |
		     VMM_LAPIC_BASE_ENABLE | VMM_LAPIC_BASE_X2APIC))
		return false;
	if (!(mode & VMM_LAPIC_BASE_X2APIC))
		return true;
	return (mode & VMM_LAPIC_BASE_ENABLE) &&
		(l->features & VMM_LAPIC_F_X2APIC);
}

/* Take over a valid base; entering a mode does what hardware does. */
static void base_enter(struct vmm_lapic *l, u64 base)
{
	u64 changed = l->base ^ base;

	if (!changed)
		return;
	WRITE_ONCE(l->base, base);
	if (changed & VMM_LAPIC_BASE_ENABLE) {
		vmm_lapic_reset(l, true);
		lapic_reset_id(l);
	} else if (changed & VMM_LAPIC_BASE_X2APIC) {
		lapic_set(l, APIC_ICR2, 0);
		lapic_set(l, APIC_LDR, 0);
		lapic_reset_id(l);
	}
	vmm_apic_map_update(l->map, l);
	if (l->ops->mode)
		l->ops->mode(l);
	/* A processor that has worked on the page so far may have left anything. */
	lapic_recount(l);
}

int vmm_lapic_set_base(struct vmm_lapic *l, u64 base)
{
	if (!lapic_base_valid(l, base))
		return -EINVAL;
	base_enter(l, base);
	return 0;
}

static int write_base(struct vmm_lapic *l, u64 base)
{
	if (!lapic_base_valid(l, base))
		return -EINVAL;
	/* x2APIC mode is entered from xAPIC mode and left for disabled. */
	if ((base & VMM_LAPIC_BASE_X2APIC) && !vmm_lapic_enabled(l))
		return -EINVAL;
	if (vmm_lapic_x2apic(l) && (base & VMM_LAPIC_BASE_ENABLE) &&
	    !(base & VMM_LAPIC_BASE_X2APIC))
		return -EINVAL;
	base_enter(l, base);
	return 0;
}

int vmm_lapic_msr_read(struct vmm_lapic *l, u32 msr, u64 *val)
{
	switch (msr) {
	case MSR_IA32_APICBASE:
		*val = l->base;
		return 0;
	case MSR_IA32_TSC_DEADLINE:
		if (!(l->features & VMM_LAPIC_F_TSC_DEADLINE))
			return -EINVAL;
		*val = lapic_timer_read_deadline(l);
		return 0;
	}
	if (!vmm_lapic_has_msr(msr))
		return -ENOENT;
	if (!vmm_lapic_x2apic(l))
		return -EINVAL;
	return x2apic_read(l, (msr - VMM_X2APIC_MSR_FIRST) << 4, val);
}

int vmm_lapic_msr_write(struct vmm_lapic *l, u32 msr, u64 val)
{
	switch (msr) {
	case MSR_IA32_APICBASE:
		return write_base(l, val);
	case MSR_IA32_TSC_DEADLINE:
		if (!(l->features & VMM_LAPIC_F_TSC_DEADLINE))
			return -EINVAL;
		lapic_timer_write_deadline(l, val);
		return 0;
	}
	if (!vmm_lapic_has_msr(msr))
		return -ENOENT;
	if (!vmm_lapic_x2apic(l))
		return -EINVAL;
	return x2apic_write(l, (msr - VMM_X2APIC_MSR_FIRST) << 4, val);
}
