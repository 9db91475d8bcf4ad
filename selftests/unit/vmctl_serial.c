// SPDX-License-Identifier: GPL-2.0
/* The serial port's registers, as a driver meets them. */
#include <linux/serial_reg.h>
#include <string.h>

#include "dev/serial.h"
#include "lib/container.h"
#include "tap.h"

static struct serial s;
static unsigned int edges, rooms, sent_len;
static uint8_t sent[64];

static void drive(struct irq_line *line, bool level)
{
	edges += level;
}

static void put(struct serial_sink *sink, uint8_t byte)
{
	if (sent_len < sizeof(sent))
		sent[sent_len++] = byte;
}

static void room(struct serial_sink *sink)
{
	rooms++;
}

static struct irq_line line;
static struct serial_sink sink = { .put = put, .room = room };

static uint8_t in(unsigned int reg)
{
	return (uint8_t)s.port.ops->in(&s.port, reg, 1);
}

static void out(unsigned int reg, uint8_t value)
{
	s.port.ops->out(&s.port, reg, 1, value);
}

static void start(void)
{
	line = (struct irq_line){ .drive = drive };
	edges = rooms = sent_len = 0;
	serial_init(&s, &line, &sink);
}

/* As a driver opens it. */
static void open_port(void)
{
	start();
	out(UART_FCR, UART_FCR_ENABLE_FIFO);
	out(UART_MCR, UART_MCR_DTR | UART_MCR_RTS | UART_MCR_OUT2);
	out(UART_IER, UART_IER_RDI);
}

static void receive(const char *text)
{
	serial_receive(&s, (const uint8_t *)text, strlen(text));
}

static void test_reset(void)
{
	start();
	tap_ok(in(UART_LSR) == (UART_LSR_THRE | UART_LSR_TEMT), "LSR");
	tap_ok(in(UART_MSR) == 0xb0, "MSR: a partner that is ready");
	tap_ok(in(UART_IIR) == UART_IIR_NO_INT, "IIR");
	tap_ok(!in(UART_IER) && !in(UART_LCR) && !in(UART_MCR) && !line.level,
	       "nothing is on");
}

static void test_registers(void)
{
	start();
	out(UART_SCR, 0x5a);
	tap_ok(in(UART_SCR) == 0x5a, "scratch keeps a byte");
	out(UART_LCR, UART_LCR_DLAB | UART_LCR_WLEN8);
	out(UART_DLL, 0x34);
	out(UART_DLM, 0x12);
	tap_ok(in(UART_DLL) == 0x34 && in(UART_DLM) == 0x12, "divisor");
	out(UART_LCR, UART_LCR_WLEN8);
	tap_ok(!in(UART_IER) && !sent_len, "which is not IER and THR");
	out(UART_IER, 0xff);
	tap_ok(in(UART_IER) == 0x0f, "IER has four bits");
	out(UART_MCR, 0xff);
	tap_ok(in(UART_MCR) == 0x1f, "MCR has five");
	out(UART_IER, 0);
	out(UART_FCR, UART_FCR_ENABLE_FIFO);
	tap_ok(in(UART_IIR) == 0xc1, "IIR tells of the FIFO");
	out(UART_FCR, 0);
	tap_ok(in(UART_IIR) == 0x01, "and that it is off");
}

static void test_send(void)
{
	start();
	out(UART_TX, 'a');
	out(UART_TX, 'b');
	tap_ok(sent_len == 2 && !memcmp(sent, "ab", 2), "bytes go out");
	tap_ok((in(UART_LSR) & 0x60) == 0x60, "and leave it empty");
	tap_ok(!line.level && in(UART_IIR) == UART_IIR_NO_INT,
	       "no interrupt was asked for");
	out(UART_IER, UART_IER_THRI);
	tap_ok(line.level && edges == 1, "enabling it raises it");
	tap_ok(in(UART_IIR) == UART_IIR_THRI && !line.level,
	       "reading IIR takes it back");
	tap_ok(in(UART_IIR) == UART_IIR_NO_INT, "for good");
	out(UART_TX, 'c');
	tap_ok(line.level && edges == 2, "until the next byte has gone");
	out(UART_IER, 0);
	tap_ok(!line.level, "disabling it takes it back too");
	out(UART_IER, UART_IER_THRI);
	tap_ok(line.level && in(UART_IIR) == UART_IIR_THRI,
	       "and enabling raises it again");
	out(UART_IER, UART_IER_THRI);
	tap_ok(!line.level, "but only when it was off");
}

static void test_receive(void)
{
	open_port();
	receive("xy");
	tap_ok(line.level && in(UART_IIR) == (0xc0 | UART_IIR_RDI) &&
	       (in(UART_LSR) & UART_LSR_DR), "bytes raise an interrupt");
	tap_ok(in(UART_RX) == 'x' && line.level && in(UART_RX) == 'y' &&
	       !line.level && !(in(UART_LSR) & UART_LSR_DR),
	       "until all are read");
	out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_TRIGGER_14);
	receive("0123456789abc");
	tap_ok(in(UART_IIR) == (0xc0 | UART_IIR_RX_TIMEOUT),
	       "below the trigger level it is a time-out");
	receive("d");
	tap_ok(in(UART_IIR) == (0xc0 | UART_IIR_RDI), "at it, data");
	out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
	tap_ok(line.level && in(UART_RX) == '0' && in(UART_RX) == '1',
	       "clearing the FIFO loses nothing");
	while (in(UART_LSR) & UART_LSR_DR)
		in(UART_RX);
	out(UART_IER, UART_IER_RDI | UART_IER_THRI);
	receive("z");
	tap_ok(in(UART_IIR) == (0xc0 | UART_IIR_RDI), "data ranks first");
	in(UART_RX);
	tap_ok(in(UART_IIR) == (0xc0 | UART_IIR_THRI), "then the transmitter");
}

static void test_flow(void)
{
	static uint8_t data[SERIAL_QUEUE];
	unsigned int i, same = 0;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	start();
	tap_ok(serial_room(&s) == SERIAL_QUEUE, "an empty queue");
	serial_receive(&s, data, sizeof(data));
	tap_ok(!(in(UART_LSR) & UART_LSR_DR), "nothing before RTS");
	out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
	tap_ok(serial_room(&s) == 0, "no room");
	out(UART_MCR, UART_MCR_RTS);
	tap_ok((in(UART_LSR) & (UART_LSR_DR | UART_LSR_OE)) == UART_LSR_DR,
	       "then data and no overrun");
	for (i = 0; i < sizeof(data) && (in(UART_LSR) & UART_LSR_DR); i++)
		same += in(UART_RX) == data[i];
	tap_ok(same == sizeof(data) && !(in(UART_LSR) & UART_LSR_DR),
	       "every byte, in order");
	tap_ok(rooms == 1, "room was told once");
	open_port();
	receive("0123456789abcdefghij");
	out(UART_MCR, UART_MCR_LOOP | UART_MCR_RTS);
	out(UART_TX, 'L');
	tap_ok(in(UART_RX) == 'L' && !(in(UART_LSR) & UART_LSR_DR),
	       "loopback has its own bytes");
	out(UART_MCR, UART_MCR_RTS);
	out(UART_FCR, 0);
	out(UART_FCR, UART_FCR_ENABLE_FIFO);
	for (i = 0; i < 20; i++)
		if (in(UART_RX) != "0123456789abcdefghij"[i])
			break;
	tap_ok(i == 20, "and after it all others are there");
	start();
	receive("q");
	out(UART_IER, UART_IER_RDI);
	tap_ok(in(UART_RX) == 'q', "a guest without RTS but with interrupts");
}

static void test_loopback(void)
{
	unsigned int i;

	open_port();
	out(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT2 | UART_MCR_RTS);
	tap_ok((in(UART_MSR) & 0xf0) == (UART_MSR_DCD | UART_MSR_CTS),
	       "outputs reach inputs");
	receive("nothing");
	tap_ok(!(in(UART_LSR) & UART_LSR_DR), "the cable is cut");
	out(UART_TX, 'K');
	out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
	tap_ok(!(in(UART_LSR) & UART_LSR_DR), "a byte of ours is cleared");
	out(UART_TX, 'L');
	tap_ok(!sent_len && in(UART_RX) == 'L', "a byte comes back");
	for (i = 0; i < SERIAL_FIFO + 1; i++)
		out(UART_TX, (uint8_t)i);
	out(UART_IER, UART_IER_RLSI);
	tap_ok(in(UART_IIR) == (0xc0 | UART_IIR_RLSI) && line.level,
	       "one too many is an overrun");
	tap_ok((in(UART_LSR) & UART_LSR_OE) && !(in(UART_LSR) & UART_LSR_OE) &&
	       !line.level, "which LSR tells once");
	in(UART_MSR);
	out(UART_IER, UART_IER_MSI);
	out(UART_MCR, UART_MCR_LOOP | UART_MCR_DTR);
	tap_ok(in(UART_IIR) == (0xc0 | UART_IIR_MSI) && line.level,
	       "a modem line that changes");
	tap_ok(in(UART_MSR) == (UART_MSR_DSR | UART_MSR_DDSR | UART_MSR_DCTS |
				UART_MSR_DDCD) && !line.level,
	       "is told with its change");
	out(UART_MCR, UART_MCR_LOOP | UART_MCR_OUT1);
	in(UART_MSR);
	out(UART_MCR, UART_MCR_LOOP);
	tap_ok(in(UART_MSR) == UART_MSR_TERI, "the end of a ring");
}

/* A break among bytes is told with the one that it is, once. */
static void test_break(void)
{
	open_port();
	out(UART_IER, UART_IER_RDI | UART_IER_RLSI);
	receive("a");
	serial_receive_break(&s);
	receive("b");
	tap_ok(in(UART_IIR) != (0xc0 | UART_IIR_RLSI) &&
	       !(in(UART_LSR) & UART_LSR_BI) && in(UART_RX) == 'a',
	       "a byte before a break");
	tap_ok(in(UART_IIR) == (0xc0 | UART_IIR_RLSI) && line.level &&
	       (in(UART_LSR) & (UART_LSR_BI | UART_LSR_DR)) ==
	       (UART_LSR_BI | UART_LSR_DR), "the break is a line status");
	tap_ok(!(in(UART_LSR) & UART_LSR_BI) && !in(UART_RX),
	       "that is told once, and reads as zero");
	tap_ok(!(in(UART_LSR) & UART_LSR_BI) && in(UART_RX) == 'b',
	       "a byte behind it");
	serial_receive_break(&s);
	out(UART_FCR, UART_FCR_ENABLE_FIFO | UART_FCR_CLEAR_RCVR);
	tap_ok((in(UART_LSR) & UART_LSR_BI) && !in(UART_RX) && !in(UART_RX) &&
	       !(in(UART_LSR) & (UART_LSR_BI | UART_LSR_DR)),
	       "one that is cleared unread comes again");
}

static void test_no_fifo(void)
{
	start();
	out(UART_IER, UART_IER_RDI);
	receive("ab");
	tap_ok(in(UART_IIR) == UART_IIR_RDI && in(UART_RX) == 'a' &&
	       (in(UART_LSR) & UART_LSR_DR) && in(UART_RX) == 'b',
	       "without the FIFO, one at a time");
}

int main(void)
{
	test_reset();
	test_registers();
	test_send();
	test_receive();
	test_flow();
	test_loopback();
	test_break();
	test_no_fifo();
	return tap_done();
}
