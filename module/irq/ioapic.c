// SPDX-License-Identifier: GPL-2.0
/*
 * The I/O APIC: an index and a window onto redirection entries.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include <asm/apicdef.h>

#include "irq/ioapic.h"

/* A redirection entry's low half shares its layout with an LVT entry's. */
#define RTE_VECTOR	0xffULL
#define RTE_MODE	0x700ULL
#define RTE_LOGICAL	(1ULL << 11)
#define RTE_PENDING	(1ULL << 12)
#define RTE_POLARITY	(1ULL << 13)
#define RTE_REMOTE_IRR	(1ULL << 14)
#define RTE_LEVEL	(1ULL << 15)
#define RTE_MASKED	(1ULL << 16)
#define RTE_DEST_SHIFT	56
#define RTE_READ_ONLY	(RTE_PENDING | RTE_REMOTE_IRR)
#define RTE_BITS	(RTE_VECTOR | RTE_MODE | RTE_LOGICAL | RTE_POLARITY | \
			 RTE_LEVEL | RTE_MASKED | (0xffULL << RTE_DEST_SHIFT))

enum { REG_SELECT = 0x00, REG_WINDOW = 0x10, REG_EOI = 0x40 };
enum { IDX_ID = 0, IDX_VERSION = 1, IDX_ARBITRATION = 2, IDX_RTE = 0x10 };

static u32 bit(unsigned int pin)
{
	return 1U << pin;
}

/* Level-triggered: other delivery modes than these are edges whatever it says. */
static bool is_level(u64 rte)
{
	u16 mode = rte & RTE_MODE;

	return (rte & RTE_LEVEL) &&
		(mode == APIC_DM_FIXED || mode == APIC_DM_LOWEST);
}

/* Send the pin's message. The caller knows that it is unmasked. */
static int pin_send(struct vmm_ioapic *io, unsigned int pin)
{
	u64 rte = io->rte[pin];
	struct vmm_apic_msg msg = {
		.dest = rte >> RTE_DEST_SHIFT,
		.logical = rte & RTE_LOGICAL,
		.level = is_level(rte),
		.assert = true,
		.vector = rte & RTE_VECTOR,
		.mode = rte & RTE_MODE,
	};
	int ret = io->ops->send(io, &msg);

	/* Nobody took it: the request stays, for the next event to retry. */
	if (ret >= 0 && msg.level)
		io->rte[pin] |= RTE_REMOTE_IRR;
	return ret;
}

static bool level_wants_send(const struct vmm_ioapic *io, unsigned int pin)
{
	u64 rte = io->rte[pin];

	return is_level(rte) && (io->lines & bit(pin)) &&
		!(rte & (RTE_MASKED | RTE_REMOTE_IRR));
}

int vmm_ioapic_set_pin(struct vmm_ioapic *io, unsigned int pin, bool level)
{
	bool rising;

	if (pin >= VMM_IOAPIC_PINS)
		return 0;
	if (!level) {
		io->lines &= ~bit(pin);
		io->floods[pin] = 0;
		return 0;
	}
	rising = !(io->lines & bit(pin));
	io->lines |= bit(pin);
	if (io->rte[pin] & RTE_MASKED)
		return 0;
	if (is_level(io->rte[pin]) ? level_wants_send(io, pin) : rising)
		return pin_send(io, pin);
	return 0;
}

u32 vmm_ioapic_eoi(struct vmm_ioapic *io, u8 vector)
{
	u32 ended = 0;
	unsigned int pin;

	for (pin = 0; pin < VMM_IOAPIC_PINS; pin++) {
		if ((io->rte[pin] & RTE_VECTOR) != vector ||
		    !(io->rte[pin] & RTE_REMOTE_IRR))
			continue;
		io->rte[pin] &= ~RTE_REMOTE_IRR;
		ended |= bit(pin);
	}
	return ended;
}

void vmm_ioapic_retrigger(struct vmm_ioapic *io, u32 pins)
{
	unsigned int pin;

	for (pin = 0; pin < VMM_IOAPIC_PINS; pin++) {
		if (!(pins & bit(pin)) || !level_wants_send(io, pin))
			continue;
		if (++io->floods[pin] > VMM_IOAPIC_FLOOD_EOIS) {
			io->floods[pin] = 0;
			io->ops->defer(io);
			continue;
		}
		pin_send(io, pin);
	}
}

static void write_rte(struct vmm_ioapic *io, unsigned int pin, u64 val)
{
	u64 rte = io->rte[pin];

	rte = (val & RTE_BITS) | (rte & RTE_READ_ONLY);
	/* An edge entry has no remote IRR; guests use that to reset it. */
	if (!is_level(rte))
		rte &= ~RTE_REMOTE_IRR;
	io->rte[pin] = rte;
	if (level_wants_send(io, pin))
		pin_send(io, pin);
}

static u32 window_read(const struct vmm_ioapic *io)
{
	unsigned int n = io->select - IDX_RTE;

	switch (io->select) {
	case IDX_ID:
	case IDX_ARBITRATION:
		return (u32)io->id << 24;
	case IDX_VERSION:
		return VMM_IOAPIC_VERSION | (VMM_IOAPIC_PINS - 1) << 16;
	}
	if (io->select < IDX_RTE || n / 2 >= VMM_IOAPIC_PINS)
		return 0;
	return io->rte[n / 2] >> (n & 1 ? 32 : 0);
}

static void window_write(struct vmm_ioapic *io, u32 val)
{
	unsigned int n = io->select - IDX_RTE;
	u64 rte;

	if (io->select == IDX_ID)
		io->id = (val >> 24) & 0xf;
	if (io->select < IDX_RTE || n / 2 >= VMM_IOAPIC_PINS)
		return;
	rte = io->rte[n / 2];
	if (n & 1)
		rte = (u32)rte | (u64)val << 32;
	else
		rte = (rte & ~0xffffffffULL) | val;
	write_rte(io, n / 2, rte);
}

u64 vmm_ioapic_read(struct vmm_ioapic *io, u32 offset, unsigned int len)
{
	u64 val = 0;

	if ((offset & ~3U) == REG_SELECT)
		val = io->select;
	else if ((offset & ~3U) == REG_WINDOW)
		val = window_read(io);
	val >>= 8 * (offset & 3);
	return len >= 8 ? val : val & ((1ULL << 8 * len) - 1);
}

void vmm_ioapic_write(struct vmm_ioapic *io, u32 offset, unsigned int len,
		      u64 val, u32 *ended)
{
	*ended = 0;
	switch (offset) {
	case REG_SELECT:
		io->select = val;
		break;
	case REG_WINDOW:
		if (len >= 4)
			window_write(io, val);
		break;
	case REG_EOI:
		*ended = vmm_ioapic_eoi(io, val);
		break;
	}
}

void vmm_ioapic_init(struct vmm_ioapic *io, const struct vmm_ioapic_ops *ops)
{
	unsigned int pin;

	memset(io, 0, sizeof(*io));
	io->ops = ops;
	for (pin = 0; pin < VMM_IOAPIC_PINS; pin++)
		io->rte[pin] = RTE_MASKED;
}

void vmm_ioapic_save(const struct vmm_ioapic *io, struct vmm_ioapic_state *st)
{
	memset(st, 0, sizeof(*st));
	memcpy(st->rte, io->rte, sizeof(st->rte));
	st->lines = io->lines;
	st->id = io->id;
	st->select = io->select;
}

int vmm_ioapic_check(const struct vmm_ioapic_state *st)
{
	static const u8 zero[sizeof(st->pad)];
	unsigned int pin;

	if ((st->lines >> VMM_IOAPIC_PINS) || st->id > 0xf ||
	    memcmp(st->pad, zero, sizeof(zero)))
		return -EINVAL;
	for (pin = 0; pin < VMM_IOAPIC_PINS; pin++) {
		if (st->rte[pin] & ~(RTE_BITS | RTE_READ_ONLY))
			return -EINVAL;
		if ((st->rte[pin] & RTE_REMOTE_IRR) && !is_level(st->rte[pin]))
			return -EINVAL;
	}
	return 0;
}

int vmm_ioapic_restore(struct vmm_ioapic *io, const struct vmm_ioapic_state *st)
{
	if (vmm_ioapic_check(st))
		return -EINVAL;
	memcpy(io->rte, st->rte, sizeof(io->rte));
	memset(io->floods, 0, sizeof(io->floods));
	io->lines = st->lines;
	io->id = st->id;
	io->select = st->select;
	return 0;
}
