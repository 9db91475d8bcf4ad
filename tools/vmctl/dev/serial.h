/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A 16550A serial port.
 *
 * Sending takes no time: a byte written to the data register goes to the
 * sink at once and the transmitter is empty again.  Receiving is paced by the
 * guest: bytes wait in a queue behind the receive FIFO, which is refilled as
 * the guest reads it, so nothing is lost while the guest is slow; none are
 * passed on before the guest has asked for data, by raising RTS or by enabling
 * the receive interrupt; and what a driver clears from the FIFO on its way up
 * goes back into the queue.
 *
 * The interrupt line does not depend on OUT2, because simple guests leave it.
 */
#ifndef VMCTL_SERIAL_H
#define VMCTL_SERIAL_H

#include <pthread.h>
#include <stddef.h>

#include "vm/bus.h"
#include "vm/irq.h"

#define SERIAL_COM1	0x3f8
#define SERIAL_IRQ	4
#define SERIAL_FIFO	16
#define SERIAL_QUEUE	4096	/* a power of two */
#define SERIAL_BREAK	0x100	/* a break, as FIFO and queue have it */

/**
 * struct serial_sink - the other end of the cable
 * @put:	a byte that the guest sent; called without the port's lock
 * @room:	the queue has room again after serial_room() found none
 */
struct serial_sink {
	void (*put)(struct serial_sink *sink, uint8_t byte);
	void (*room)(struct serial_sink *sink);
};

/**
 * struct serial - one port; @lock protects everything below it
 * @fifo, @queue:	bytes and breaks
 * @fifo_head, @fifo_len:	the FIFO is a ring, bytes leave at the head
 * @from_queue:	how many of the last bytes in the FIFO came from the queue
 * @thr_pending:	the transmitter became empty and nobody was told yet
 * @starved:	someone waits for room in the queue
 */
struct serial {
	struct port_device port;
	struct irq_line *irq;
	struct serial_sink *sink;
	pthread_mutex_t lock;
	uint8_t ier, fcr, lcr, mcr, lsr, msr, scratch;
	uint8_t divisor[2];
	uint16_t fifo[SERIAL_FIFO];
	unsigned int fifo_head, fifo_len, from_queue;
	bool thr_pending;
	bool starved;
	uint16_t queue[SERIAL_QUEUE];
	unsigned int queue_head, queue_len;
};

void serial_init(struct serial *s, struct irq_line *irq,
		 struct serial_sink *sink);

/** serial_room() - how many bytes serial_receive() would take; if none,
 * sink->room() will be called once there is room. */
size_t serial_room(struct serial *s);

/** serial_receive() - bytes from the other end; at most serial_room(). */
void serial_receive(struct serial *s, const uint8_t *data, size_t len);

/**
 * struct serial_state - a port, saved
 * @fifo:	what the guest reads next first
 * @queue:	likewise, behind the last @from_queue of @fifo's, which are there too
 */
struct serial_state {
	uint8_t ier, fcr, lcr, mcr, lsr, msr, scratch;
	uint8_t divisor[2];
	uint8_t thr_pending;
	uint16_t fifo_len, from_queue, queue_len;
	uint16_t fifo[SERIAL_FIFO];
	uint16_t queue[SERIAL_QUEUE];
};

/*
 * Save and load, by who holds the lock.  serial_valid(): whether a port can be in that
 * state, which a load then takes; the kernel is told of the interrupt line.
 */
void serial_save(const struct serial *s, struct serial_state *st);
bool serial_valid(const struct serial_state *st);
void serial_load(struct serial *s, const struct serial_state *st);

/** serial_receive_break() - a break, which takes the room of a byte. */
void serial_receive_break(struct serial *s);

#endif
