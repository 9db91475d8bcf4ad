/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The 8254 interval timer and the speaker port that gates its channel 2.
 *
 * Nothing ticks here: a channel remembers when its count began, and every
 * answer is computed from the time that the caller passes. Times are host
 * nanoseconds and never go back.
 *
 * Pure: no locks, no allocation. All calls on one struct vmm_pit are
 * serialized by its owner (struct vmm_pit_dev does it with its lock).
 */
#ifndef VMM_IRQ_PIT_H
#define VMM_IRQ_PIT_H

#include <linux/types.h>

#define VMM_PIT_HZ		1193182U
#define VMM_PIT_CHANNELS	3U
#define VMM_PIT_PORT		0x40U	/* to 0x43 */
#define VMM_PIT_PORT_SPEAKER	0x61U

#define VMM_PIT_NEVER		(~0ULL)

/**
 * struct vmm_pit_channel - one counter
 * @start: time when the count under way began
 * @next_at: time when @next takes over; VMM_PIT_NEVER: at the next trigger
 * @paused: ticks that had gone by when the gate stopped the count
 * @count: what is counted down from: 1 to 65536; 0: none since the control word
 * @next: count that was written but has not taken over; 0: none
 * @latched: value captured by a latch command
 * @status: value captured by a read-back command
 * @mode: 0 to 5
 * @access: 1 low byte, 2 high byte, 3 low then high
 * @write_low: low byte of a count of which the high byte is still to come
 * @latch_bytes: bytes of @latched not read yet
 * @bcd: counts in decimal
 * @gate: level of the gate input
 * @stopped: the gate holds the count at @paused
 * @read_high: the next byte read of an @access 3 count is the high one
 * @write_high: likewise for writes
 * @status_latched: the next read gives @status
 * @pad: 0
 */
struct vmm_pit_channel {
	u64 start;
	u64 next_at;
	u64 paused;
	u32 count;
	u32 next;
	u16 latched;
	u8 status;
	u8 mode;
	u8 access;
	u8 write_low;
	u8 latch_bytes;
	u8 bcd;
	u8 gate;
	u8 stopped;
	u8 read_high;
	u8 write_high;
	u8 status_latched;
	u8 pad[3];
};

/**
 * struct vmm_pit - the timer
 * @ch: its channels
 * @speaker: what was written to bits 0 and 1 of the speaker port
 * @pad: 0
 */
struct vmm_pit {
	struct vmm_pit_channel ch[VMM_PIT_CHANNELS];
	u8 speaker;
	u8 pad[7];
};

void vmm_pit_init(struct vmm_pit *pit);

/* Byte access to ports 0x40 to 0x43 and 0x61; others read 0xff. */
u8 vmm_pit_read(struct vmm_pit *pit, u16 port, u64 now);
void vmm_pit_write(struct vmm_pit *pit, u16 port, u8 val, u64 now);

/* Level of a channel's output. */
bool vmm_pit_out(const struct vmm_pit *pit, unsigned int ch, u64 now);

/*
 * The same for who sees its rising edges as pulses: low before the count of
 * modes 0 and 1 has ended, high otherwise.
 */
bool vmm_pit_line(const struct vmm_pit *pit, unsigned int ch, u64 now);

/*
 * Time of the first rising edge of channel @ch's output after @now, or
 * VMM_PIT_NEVER.
 */
u64 vmm_pit_next_edge(const struct vmm_pit *pit, unsigned int ch, u64 now);

/* -EINVAL if @pit is in no state that a timer can have at time @now. */
int vmm_pit_check(const struct vmm_pit *pit, u64 now);

/* Move all times by @delta, modulo 2^64: a restored timer meets another clock. */
void vmm_pit_shift(struct vmm_pit *pit, u64 delta);

#endif /* VMM_IRQ_PIT_H */
