/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The console: the guest's serial port on our standard input and output.
 *
 * Output goes through a ring that one writer thread empties, so that a vCPU
 * pays no system call a byte and the main loop never waits for a slow reader;
 * a vCPU waits only when the ring is full.  Input is read by the main loop as
 * far as the port has room.
 *
 * When standard input is a terminal of ours it is put into raw mode, so that
 * ^C and friends go to the guest; Ctrl-] twice within a second ends the VM.
 * The terminal's mode is put back on every way out, crashes included.
 */
#ifndef VMCTL_CONSOLE_H
#define VMCTL_CONSOLE_H

#include <pthread.h>
#include <stdatomic.h>

#include "vm/cable.h"

#define CONSOLE_RING	(64 * 1024)

/**
 * struct console - @lock protects the ring and the flags after it
 * @used:	bytes in the ring, the first at @head
 * @writing:	the writer holds bytes that are no longer in the ring
 * @closing:	the writer shall end when the ring is empty
 * @broken:	standard output failed or was given up; output is dropped
 */
struct console {
	struct cable cable;
	struct serial *serial;
	struct vm_end *end;
	struct loop *loop;

	pthread_t writer;
	bool writer_runs;
	pthread_mutex_t lock;
	pthread_cond_t data, room, drained;
	unsigned int head, used;
	bool writing, closing, broken;
	uint8_t ring[CONSOLE_RING];

	/* input: the main loop's only */
	struct loop_source input;
	struct loop_source more;	/* eventfd: the port has room again */
	bool input_open, input_waits, always_ready;
	int64_t escape_ns;		/* when Ctrl-] was typed, or 0 */
};

/** console_prepare() - before any other; the cable can be plugged in then */
void console_prepare(struct console *con);

/** console_init() - before the vCPUs; starts the writer, touches no mode. */
int console_init(struct console *con, struct serial *serial,
		 struct vm_end *end, struct err *err);

/** console_attach() - takes over standard input, says so on a terminal. */
int console_attach(struct console *con, struct loop *loop, const char *name,
		   struct err *err);

/** console_drain() - waits up to @ms until all output is written; whether
 * it is. */
bool console_drain(struct console *con, unsigned int ms);

/** console_abandon() - from now on output is dropped and nobody waits. */
void console_abandon(struct console *con);

/** console_close() - ends the writer and puts the terminal back. */
void console_close(struct console *con);

#endif
