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
 * @start: time when the count now running was loaded
 * @count: what is counted down from: 1 to 65536 (in BCD 1 to 10000); 0: none
 *	was loaded since the control word
 * @next: count that a write asks for but that starts at the end of the
 *	period (modes 2 and 3); 0: none
 * @next_at: time when @next takes over
 * @paused: ticks that had gone by when the gate went low, if it stops the count
 * @latched: value captured by a latch command
 * @status: value captured by a read-back command
 * @mode: 0 to 5
 * @access: 1 low byte, 2 high byte, 3 low then high
 * @bcd: counts in decimal
 * @gate: level of the gate input
 * @armed: modes 1 and 5: triggered since the control word
 * @stopped: the gate holds the count at @paused
 * @read_high: next byte read of an @access 3 count is the high one
 * @write_high: likewise for writes
 * @write_low: low byte written so far
 * @latch_bytes: bytes of @latched not read yet
 * @status_latched: the next read gives @status
 * @null: a count was written that the counter hasn't taken over
 */
struct vmm_pit_channel {
	u64 start;
	u64 next_at;
	u32 count;
	u32 next;
	u64 paused;
	u16 latched;
	u8 status;
	u8 mode;
	u8 access;
	u8 bcd;
	u8 gate;
	u8 armed;
	u8 stopped;
	u8 read_high;
	u8 write_high;
	u8 write_low;
	u8 latch_bytes;
	u8 status_latched;
	u8 null;
};

/**
 * struct vmm_pit - the timer
 * @ch: its channels
 * @speaker: what was written to bits 0 and 1 of the speaker port
 */
struct vmm_pit {
	struct vmm_pit_channel ch[VMM_PIT_CHANNELS];
	u8 speaker;
};

void vmm_pit_init(struct vmm_pit *pit);

/* Byte access to ports 0x40 to 0x43 and 0x61; others read 0xff. */
u8 vmm_pit_read(struct vmm_pit *pit, u16 port, u64 now);
void vmm_pit_write(struct vmm_pit *pit, u16 port, u8 val, u64 now);

/* Level of a channel's output. */
bool vmm_pit_out(const struct vmm_pit *pit, unsigned int ch, u64 now);

/*
 * Time of the first rising edge of channel @ch's output after @now, or
 * VMM_PIT_NEVER.
 */
u64 vmm_pit_next_edge(const struct vmm_pit *pit, unsigned int ch, u64 now);

/* Length of a period in ns, or 0 if the channel's mode doesn't repeat. */
u64 vmm_pit_period(const struct vmm_pit *pit, unsigned int ch);

/* -EINVAL if @pit is in no state that a timer can have at time @now. */
int vmm_pit_check(const struct vmm_pit *pit, u64 now);

#endif /* VMM_IRQ_PIT_H */
