// SPDX-License-Identifier: GPL-2.0
#include <linux/serial_reg.h>
#include <string.h>

#include "dev/serial.h"
#include "lib/container.h"

#define MSR_LINES	(UART_MSR_DCD | UART_MSR_DSR | UART_MSR_CTS)
#define MSR_LEVELS	0xf0
#define MCR_BITS	0x1f
#define IIR_FIFO	0xc0	/* FIFOs are there and on */

static bool fifo_on(const struct serial *s)
{
	return s->fcr & UART_FCR_ENABLE_FIFO;
}

static unsigned int fifo_size(const struct serial *s)
{
	return fifo_on(s) ? SERIAL_FIFO : 1;
}

static unsigned int trigger(const struct serial *s)
{
	static const uint8_t level[] = { 1, 4, 8, 14 };

	return fifo_on(s) ? level[s->fcr >> 6] : 1;
}

/* A break is told when it is the next that the guest will read. */
static void show_break(struct serial *s)
{
	if (s->fifo[s->fifo_head] & SERIAL_BREAK)
		s->lsr |= UART_LSR_BI;
}

static void fifo_push(struct serial *s, uint16_t entry)
{
	if (s->fifo_len == fifo_size(s)) {
		s->lsr |= UART_LSR_OE;
		return;
	}
	s->fifo[(s->fifo_head + s->fifo_len++) % SERIAL_FIFO] = entry;
	s->lsr |= UART_LSR_DR;
	if (s->fifo_len == 1)
		show_break(s);
}

/* Moves what was received behind the guest's back into the FIFO. */
static void fifo_fill(struct serial *s)
{
	if (s->mcr & UART_MCR_LOOP)
		return;
	if (!(s->mcr & UART_MCR_RTS) && !(s->ier & UART_IER_RDI))
		return;
	while (s->queue_len && s->fifo_len < fifo_size(s)) {
		fifo_push(s, s->queue[s->queue_head]);
		s->queue_head = (s->queue_head + 1) % SERIAL_QUEUE;
		s->queue_len--;
		s->from_queue++;
	}
}

/*
 * What the guest clears without having read it goes back into the queue, as if
 * it had not been sent yet: drivers clear the FIFO on their way up.
 */
static void fifo_clear(struct serial *s)
{
	s->queue_head = (s->queue_head - s->from_queue) % SERIAL_QUEUE;
	s->queue_len += s->from_queue;
	s->from_queue = 0;
	s->fifo_len = 0;
	s->lsr &= (uint8_t)~(UART_LSR_DR | UART_LSR_BI);
}

/* The highest-ranking interrupt cause, as IIR shows it. */
static uint8_t cause(const struct serial *s)
{
	if ((s->ier & UART_IER_RLSI) && (s->lsr & UART_LSR_BRK_ERROR_BITS))
		return UART_IIR_RLSI;
	if ((s->ier & UART_IER_RDI) && s->fifo_len)
		return s->fifo_len >= trigger(s) ? UART_IIR_RDI :
						   UART_IIR_RX_TIMEOUT;
	if ((s->ier & UART_IER_THRI) && s->thr_pending)
		return UART_IIR_THRI;
	if ((s->ier & UART_IER_MSI) && (s->msr & UART_MSR_ANY_DELTA))
		return UART_IIR_MSI;
	return UART_IIR_NO_INT;
}

static void update(struct serial *s)
{
	irq_set(s->irq, cause(s) != UART_IIR_NO_INT);
}

static uint8_t read_data(struct serial *s)
{
	uint8_t byte = (uint8_t)s->fifo[s->fifo_head];

	if (!s->fifo_len)
		return byte;
	s->fifo_head = (s->fifo_head + 1) % SERIAL_FIFO;
	if (s->from_queue > --s->fifo_len)
		s->from_queue = s->fifo_len;
	if (!s->fifo_len) {
		s->lsr &= (uint8_t)~UART_LSR_DR;
		fifo_fill(s);
	} else {
		show_break(s);
	}
	return byte;
}

static uint8_t read_iir(struct serial *s)
{
	uint8_t iir = cause(s);

	if (iir == UART_IIR_THRI)
		s->thr_pending = false;
	return fifo_on(s) ? iir | IIR_FIFO : iir;
}

static uint8_t read_lsr(struct serial *s)
{
	uint8_t lsr = s->lsr;

	s->lsr &= (uint8_t)~UART_LSR_BRK_ERROR_BITS;
	return lsr;
}

static uint8_t read_msr(struct serial *s)
{
	uint8_t msr = s->msr;

	s->msr &= MSR_LEVELS;
	return msr;
}

static uint8_t read_register(struct serial *s, unsigned int reg)
{
	bool dlab = s->lcr & UART_LCR_DLAB;

	switch (reg) {
	case UART_RX:
		return dlab ? s->divisor[0] : read_data(s);
	case UART_IER:
		return dlab ? s->divisor[1] : s->ier;
	case UART_IIR:
		return read_iir(s);
	case UART_LCR:
		return s->lcr;
	case UART_MCR:
		return s->mcr;
	case UART_LSR:
		return read_lsr(s);
	case UART_MSR:
		return read_msr(s);
	default:
		return s->scratch;
	}
}

static void write_fcr(struct serial *s, uint8_t value)
{
	if ((value ^ s->fcr) & UART_FCR_ENABLE_FIFO)
		value |= UART_FCR_CLEAR_RCVR | UART_FCR_CLEAR_XMIT;
	if (value & UART_FCR_CLEAR_RCVR)
		fifo_clear(s);
	if (value & UART_FCR_CLEAR_XMIT)
		s->thr_pending = true;
	s->fcr = value & (UART_FCR_ENABLE_FIFO | UART_FCR_DMA_SELECT |
			  UART_FCR_TRIGGER_MASK);
	fifo_fill(s);
}

/* In loopback the four outputs are wired to the four inputs. */
static void update_msr(struct serial *s)
{
	uint8_t old = s->msr, lines = MSR_LINES, changed;

	if (s->mcr & UART_MCR_LOOP) {
		lines = 0;
		if (s->mcr & UART_MCR_DTR)
			lines |= UART_MSR_DSR;
		if (s->mcr & UART_MCR_RTS)
			lines |= UART_MSR_CTS;
		if (s->mcr & UART_MCR_OUT1)
			lines |= UART_MSR_RI;
		if (s->mcr & UART_MCR_OUT2)
			lines |= UART_MSR_DCD;
	}
	changed = (old ^ lines) & MSR_LEVELS;
	/* of the ring line only its end is told */
	if (lines & UART_MSR_RI)
		changed &= (uint8_t)~UART_MSR_RI;
	s->msr = lines | (old & UART_MSR_ANY_DELTA) | changed >> 4;
}

static void write_ier(struct serial *s, uint8_t value)
{
	value &= UART_IER_RDI | UART_IER_THRI | UART_IER_RLSI | UART_IER_MSI;
	/* enabling it with an empty transmitter raises it again */
	if (value & ~s->ier & UART_IER_THRI)
		s->thr_pending = true;
	s->ier = value;
	fifo_fill(s);
}

static void write_register(struct serial *s, unsigned int reg, uint8_t value)
{
	bool dlab = s->lcr & UART_LCR_DLAB;

	switch (reg) {
	case UART_TX:	/* reached with DLAB or in loopback only */
		if (dlab) {
			s->divisor[0] = value;
		} else {
			s->thr_pending = true;
			fifo_push(s, value);
		}
		break;
	case UART_IER:
		if (dlab)
			s->divisor[1] = value;
		else
			write_ier(s, value);
		break;
	case UART_FCR:
		write_fcr(s, value);
		break;
	case UART_LCR:
		s->lcr = value;
		break;
	case UART_MCR:
		if (value & ~s->mcr & UART_MCR_LOOP)
			fifo_clear(s);
		s->mcr = value & MCR_BITS;
		update_msr(s);
		fifo_fill(s);
		break;
	case UART_SCR:
		s->scratch = value;
		break;
	}
}

static uint32_t serial_in(struct port_device *dev, unsigned int off,
			  unsigned int size)
{
	struct serial *s = container_of(dev, struct serial, port);
	bool room = false;
	uint8_t value;

	(void)size;
	pthread_mutex_lock(&s->lock);
	value = read_register(s, off);
	/* reading the line status changes the line only after an error */
	if (off != UART_LSR || (value & UART_LSR_BRK_ERROR_BITS))
		update(s);
	if (s->starved && !s->queue_len) {
		s->starved = false;
		room = true;
	}
	pthread_mutex_unlock(&s->lock);
	if (room)
		s->sink->room(s->sink);
	return value;
}

static void serial_out(struct port_device *dev, unsigned int off,
		       unsigned int size, uint32_t value)
{
	struct serial *s = container_of(dev, struct serial, port);
	bool send;

	(void)size;
	pthread_mutex_lock(&s->lock);
	send = off == UART_TX && !(s->lcr & UART_LCR_DLAB) &&
	       !(s->mcr & UART_MCR_LOOP);
	if (send)
		s->thr_pending = true;
	else
		write_register(s, off, (uint8_t)value);
	update(s);
	pthread_mutex_unlock(&s->lock);
	if (send)
		s->sink->put(s->sink, (uint8_t)value);
}

static const struct port_ops serial_ops = {
	.in = serial_in,
	.out = serial_out,
};

void serial_init(struct serial *s, struct irq_line *irq,
		 struct serial_sink *sink)
{
	memset(s, 0, sizeof(*s));
	s->port = (struct port_device){
		.name = "serial port",
		.ops = &serial_ops,
		.base = SERIAL_COM1,
		.count = 8,
		.width = 1,
	};
	s->irq = irq;
	s->sink = sink;
	s->lsr = UART_LSR_THRE | UART_LSR_TEMT;
	s->msr = MSR_LINES;
	s->divisor[0] = 12;	/* 9600 baud */
	pthread_mutex_init(&s->lock, NULL);
}

size_t serial_room(struct serial *s)
{
	size_t room;

	pthread_mutex_lock(&s->lock);
	room = SERIAL_QUEUE - s->queue_len - s->from_queue;
	s->starved = !room;
	pthread_mutex_unlock(&s->lock);
	return room;
}

static void queue_put(struct serial *s, uint16_t entry)
{
	if (s->queue_len + s->from_queue < SERIAL_QUEUE)
		s->queue[(s->queue_head + s->queue_len++) % SERIAL_QUEUE] =
			entry;
}

void serial_receive(struct serial *s, const uint8_t *data, size_t len)
{
	pthread_mutex_lock(&s->lock);
	while (len--)
		queue_put(s, *data++);
	fifo_fill(s);
	update(s);
	pthread_mutex_unlock(&s->lock);
}

void serial_receive_break(struct serial *s)
{
	pthread_mutex_lock(&s->lock);
	queue_put(s, SERIAL_BREAK);
	fifo_fill(s);
	update(s);
	pthread_mutex_unlock(&s->lock);
}

/* ---- its state ------------------------------------------------------------------- */

void serial_save(const struct serial *s, struct serial_state *st)
{
	unsigned int i, first = s->queue_head - s->from_queue;

	memset(st, 0, sizeof(*st));
	st->ier = s->ier;
	st->fcr = s->fcr;
	st->lcr = s->lcr;
	st->mcr = s->mcr;
	st->lsr = s->lsr;
	st->msr = s->msr;
	st->scratch = s->scratch;
	memcpy(st->divisor, s->divisor, sizeof(st->divisor));
	st->thr_pending = s->thr_pending;
	st->fifo_len = (uint16_t)s->fifo_len;
	st->from_queue = (uint16_t)s->from_queue;
	st->queue_len = (uint16_t)s->queue_len;
	for (i = 0; i < s->fifo_len; i++)
		st->fifo[i] = s->fifo[(s->fifo_head + i) % SERIAL_FIFO];
	for (i = 0; i < s->from_queue + s->queue_len; i++)
		st->queue[i] = s->queue[(first + i) % SERIAL_QUEUE];
}

static bool entries_valid(const uint16_t *entry, unsigned int len,
			  unsigned int room)
{
	unsigned int i;

	for (i = 0; i < room; i++)
		if (entry[i] > (i < len ? SERIAL_BREAK | 0xff : 0))
			return false;
	return true;
}

bool serial_valid(const struct serial_state *st)
{
	const uint8_t fcr = UART_FCR_ENABLE_FIFO | UART_FCR_DMA_SELECT |
			    UART_FCR_TRIGGER_MASK;
	unsigned int size = st->fcr & UART_FCR_ENABLE_FIFO ? SERIAL_FIFO : 1;
	unsigned int queued = st->from_queue + st->queue_len;

	return !(st->ier & ~0xf) && !(st->fcr & ~fcr) &&
	       !(st->mcr & ~MCR_BITS) && st->thr_pending <= 1 &&
	       st->fifo_len <= size && st->from_queue <= st->fifo_len &&
	       !(st->lsr & UART_LSR_DR) == !st->fifo_len &&
	       queued <= SERIAL_QUEUE &&
	       entries_valid(st->fifo, st->fifo_len, SERIAL_FIFO) &&
	       entries_valid(st->queue, queued, SERIAL_QUEUE);
}

void serial_load(struct serial *s, const struct serial_state *st)
{
	s->ier = st->ier;
	s->fcr = st->fcr;
	s->lcr = st->lcr;
	s->mcr = st->mcr;
	s->lsr = st->lsr;
	s->msr = st->msr;
	s->scratch = st->scratch;
	memcpy(s->divisor, st->divisor, sizeof(s->divisor));
	s->thr_pending = st->thr_pending;
	s->fifo_head = 0;
	s->fifo_len = st->fifo_len;
	memcpy(s->fifo, st->fifo, sizeof(s->fifo));
	s->from_queue = st->from_queue;
	s->queue_head = st->from_queue;
	s->queue_len = st->queue_len;
	memcpy(s->queue, st->queue, sizeof(s->queue));
	irq_sync(s->irq, cause(s) != UART_IIR_NO_INT);
}
