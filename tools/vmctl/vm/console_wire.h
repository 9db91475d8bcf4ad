/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is said on a console's socket, a stream, in the host's byte order.
 *
 * A client begins with a struct console_attach, and all that follows from it is
 * keys.  The machine's process sends frames: HELLO, then DATA.  A byte of the guest
 * has an offset, counted from the start of the run, so that a client that comes
 * again with the offset it has seen gets what followed, no more and no less; bytes
 * that are no longer there are a jump in the offsets.
 */
#ifndef VMCTL_CONSOLE_WIRE_H
#define VMCTL_CONSOLE_WIRE_H

#include <stdint.h>

#define CONSOLE_MAGIC		0x6f636d76	/* "vmco" */
#define CONSOLE_VERSION		1
#define CONSOLE_MAX_FRAME	4096		/* bytes behind a frame's head */

/* How a client attaches. */
#define CONSOLE_WRITE		0x1	/* its keys go to the guest */
#define CONSOLE_TAKE		0x2	/* even if another's do: no longer then */
#define CONSOLE_RESUME		0x4	/* from @offset of @run on */
#define CONSOLE_TAIL		0x8	/* only what comes from now on */
#define CONSOLE_FLAGS		0xf

/** struct console_attach - @run, @offset: with CONSOLE_RESUME, else 0 */
struct console_attach {
	uint32_t magic;
	uint16_t version;
	uint16_t flags;
	uint64_t run;
	uint64_t offset;
};

enum console_type {
	CONSOLE_HELLO = 1,	/* u64: the run; @offset: what comes first */
	CONSOLE_DATA,		/* what the guest wrote; @offset: of its first byte */
	CONSOLE_READER,		/* text: why keys do not go to the guest (any more) */
	CONSOLE_END,		/* text: how the machine ended; the last frame */
	CONSOLE_REFUSED,	/* text: why; the only frame */
};

/** struct console_frame - the head; @len bytes follow */
struct console_frame {
	uint16_t type;
	uint16_t zero;
	uint32_t len;
	uint64_t offset;
};

#endif
