// SPDX-License-Identifier: GPL-2.0
/*
 * print.c: formatted output on a polled 16550 at 0x3f8, a FIFO's worth at a
 * time by one string instruction: each access costs a monitor dearly.
 */
#include "cpu.h"
#include "sync.h"
#include "test.h"

#define COM1		0x3f8
#define COM1_FCR	(COM1 + 2)
#define COM1_LSR	(COM1 + 5)
#define FCR_ENABLE	BIT(0)
#define LSR_THR_EMPTY	BIT(5)
#define FIFO		16

static struct lock console_lock;

static void wait_empty(void)
{
	/* A dead UART must not hang the tests that need no console. */
	for (int i = 0; i < 1000000; i++)
		if (inb(COM1_LSR) & LSR_THR_EMPTY)
			break;
}

static void put(const char *s, size_t n)
{
	asm volatile("cld; rep outsb" : "+S"(s), "+c"(n) : "d"((u16)COM1) : "memory");
}

void console_write(const char *s, size_t n)
{
	u64 flags = lock_irq(&console_lock);

	/* Tests leave the UART as they like. */
	outb(COM1_FCR, FCR_ENABLE);
	for (size_t len; n; s += len, n -= len) {
		len = n < FIFO ? n : FIFO;
		wait_empty();
		put(s, len);
	}
	unlock_irq(&console_lock, flags);
}

struct out {
	char *buf;
	size_t size, len;
};

static void emit(struct out *o, char c)
{
	if (o->len + 1 < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void emit_number(struct out *o, u64 v, int base, int width, char pad, bool negative)
{
	char digits[24];
	int n = 0;

	do {
		digits[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	if (negative)
		digits[n++] = '-';
	for (int i = n; i < width; i++)
		emit(o, pad);
	while (n--)
		emit(o, digits[n]);
}

/* %s %c %d %u %x %p with l, a zero flag and a width: all that tests print. */
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out o = { buf, size, 0 };

	for (; *fmt; fmt++) {
		char pad = ' ';
		int width = 0, wide = 0;
		const char *s;
		s64 v;

		if (*fmt != '%') {
			emit(&o, *fmt);
			continue;
		}
		if (*++fmt == '0')
			pad = '0';
		while (*fmt >= '0' && *fmt <= '9')
			width = width * 10 + *fmt++ - '0';
		while (*fmt == 'l')
			wide = 1, fmt++;
		switch (*fmt) {
		case 's':
			for (s = va_arg(ap, const char *); *s; s++, width--)
				emit(&o, *s);
			while (width-- > 0)
				emit(&o, ' ');
			break;
		case 'c':
			emit(&o, va_arg(ap, int));
			break;
		case 'd':
			v = wide ? va_arg(ap, s64) : va_arg(ap, int);
			emit_number(&o, v < 0 ? -v : v, 10, width, pad, v < 0);
			break;
		case 'u':
			emit_number(&o, wide ? va_arg(ap, u64) : va_arg(ap, u32), 10, width, pad, 0);
			break;
		case 'p':
			wide = 1;
			/* fall through */
		case 'x':
			emit_number(&o, wide ? va_arg(ap, u64) : va_arg(ap, u32), 16, width, pad, 0);
			break;
		default:
			emit(&o, *fmt);
		}
	}
	if (size)
		buf[o.len < size ? o.len : size - 1] = 0;
	return o.len;
}

void printf(const char *fmt, ...)
{
	char line[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	console_write(line, (size_t)n < sizeof(line) ? (size_t)n : sizeof(line) - 1);
}
