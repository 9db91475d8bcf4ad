/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The form of a VM's saved state: a stream of records, as linux/vmm_state.h has it.
 * Pure: bytes in, bytes out, and nothing of what they mean but which records there
 * are, in what order, and how large each may be.
 *
 * A stream has one order only, so that who takes one knows which record is next:
 * vmm_stream_check() walks all of it once, and from then on vmm_stream_take() finds
 * what it is asked for.
 *
 * Streams lie at addresses that are multiples of 8.
 */
#ifndef VMM_STATE_STREAM_H
#define VMM_STATE_STREAM_H

#include <linux/types.h>
#include <linux/vmm_state.h>

/**
 * struct vmm_stream_kind - one type of record
 * @type, @version: as in the header
 * @fixed:	bytes of payload that every one has
 * @unit:	size of what may follow, 0: nothing
 * @max:	how many units at most
 */
struct vmm_stream_kind {
	u32 type;
	u16 version;
	u32 fixed;
	u32 unit;
	u32 max;
};

/* What a VM has, and what each vCPU has; by type. */
#define VMM_STREAM_VM_KINDS	7
#define VMM_STREAM_VCPU_KINDS	9
extern const struct vmm_stream_kind vmm_stream_vm[VMM_STREAM_VM_KINDS];
extern const struct vmm_stream_kind vmm_stream_vcpu[VMM_STREAM_VCPU_KINDS];

/**
 * struct vmm_stream_writer - one is made of zeroes and, perhaps, @buf and @room
 * @buf:	where to, NULL: only to see how long it gets
 * @room:	bytes there
 * @len:	bytes that the records take
 * @records:	how many there are
 */
struct vmm_stream_writer {
	void *buf;
	size_t room;
	size_t len;
	u64 records;
};

/*
 * Begins a record of @size bytes of payload.  Return: where these go, zeroes; NULL if
 * there is no room.
 */
void *vmm_stream_begin(struct vmm_stream_writer *w, u32 type, u32 instance,
		       u32 size);

/* The last record. */
void vmm_stream_end(struct vmm_stream_writer *w);

/**
 * struct vmm_stream_place - where in a stream
 * @offset:	of a record, or of where one lacks
 * @type:	of that one
 */
struct vmm_stream_place {
	u64 offset;
	u32 type;
};

/*
 * Whether @size bytes at @data are a stream.  0, or -EBADMSG and in @bad what does
 * not belong there, or lacks.
 */
int vmm_stream_check(const void *data, size_t size,
		     struct vmm_stream_place *bad);

/**
 * struct vmm_stream_reader - of a stream that has been checked
 * @data:	it
 * @pos:	of the next record
 * @at:		the record taken last
 */
struct vmm_stream_reader {
	const void *data;
	size_t pos;
	struct vmm_stream_place at;
};

/*
 * The next record, which is of @type.  Return: its payload; @size: how long it is,
 * may be NULL; @instance: its, may be NULL.
 */
const void *vmm_stream_take(struct vmm_stream_reader *r, u32 type, u32 *size,
			    u32 *instance);

#endif
