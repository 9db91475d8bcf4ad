/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Records of saved state, in the form of linux/vmm_state.h: those that are vmctl's
 * own.  A stream of them begins with STATE_MACHINE and ends with VMM_STATE_END, every
 * type is there once, in the order of their numbers.
 */
#ifndef VMCTL_STREAM_H
#define VMCTL_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/vmm_state.h>

#include "lib/buffer.h"
#include "lib/err.h"

enum state_type {
	STATE_MACHINE = VMM_STATE_USER,
	STATE_KERNEL,		/* the kernel's stream, whole */
	STATE_SERIAL,
	STATE_RTC,
	STATE_PM,
	STATE_RESET,
	STATE_I8042,
	STATE_FW_CFG,
};

/** state_name() - of a record's type, the kernel's too, in words */
const char *state_name(uint32_t type);

/**
 * stream_begin() - begins a record of @size bytes, a multiple of 8
 *
 * Where its payload goes, zeroes; NULL: out of memory.  It stays there until the next
 * one begins.
 */
void *stream_begin(struct bytes *out, uint32_t type, uint16_t version,
		   size_t size);

/** stream_end() - the last record of those from @start of @out on */
int stream_end(struct bytes *out, size_t start);

/** struct stream - one that is taken apart; @left: bytes from @at on */
struct stream {
	const uint8_t *at;
	size_t left;
	uint64_t records, bytes;
};

/**
 * stream_take() - the payload of the next record, which must be of @type, @version
 * and @size; NULL: it is not, and @err says so
 */
const void *stream_take(struct stream *s, uint32_t type, uint16_t version,
			size_t size, struct err *err);

/** stream_take_any() - likewise of any size, which is told */
const void *stream_take_any(struct stream *s, uint32_t type, uint16_t version,
			    size_t *size, struct err *err);

/** stream_finish() - the last record is next, and nothing behind it */
int stream_finish(struct stream *s, struct err *err);

/**
 * stream_find() - a record of a stream of the kernel's, by @type and @instance
 *
 * Of one that may be anything; NULL: there is none, or the stream is none.
 */
const void *stream_find(const void *data, size_t len, uint32_t type,
			uint32_t instance, size_t *size);

#endif
