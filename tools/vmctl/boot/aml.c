// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "boot/aml.h"
#include "lib/bytes.h"

enum {
	OP_ZERO		= 0x00,
	OP_ONE		= 0x01,
	OP_NAME		= 0x08,
	OP_BYTE		= 0x0a,
	OP_WORD		= 0x0b,
	OP_DWORD	= 0x0c,
	OP_STRING	= 0x0d,
	OP_QWORD	= 0x0e,
	OP_SCOPE	= 0x10,
	OP_BUFFER	= 0x11,
	OP_PACKAGE	= 0x12,
	OP_EXT		= 0x5b,
	OP_EXT_DEVICE	= 0x82,
	RES_IRQ		= 0x22,	/* small item, two bytes follow */
	RES_IO		= 0x47,	/* small item, seven bytes follow */
	RES_END		= 0x79,
};

#define LENGTH_BYTES	3	/* of the one form that this writer uses */
#define LENGTH_MAX	0xfffff

void aml_init(struct aml *aml, uint8_t *buf, size_t size)
{
	memset(aml, 0, sizeof(*aml));
	aml->buf = buf;
	aml->size = size;
}

bool aml_ok(const struct aml *aml)
{
	return !aml->full && !aml->depth;
}

static void bytes(struct aml *aml, const void *src, size_t len)
{
	if (aml->full || len > aml->size - aml->len) {
		aml->full = true;
		return;
	}
	memcpy(aml->buf + aml->len, src, len);
	aml->len += len;
}

static void byte(struct aml *aml, unsigned int value)
{
	uint8_t b = (uint8_t)value;

	bytes(aml, &b, 1);
}

static void open_term(struct aml *aml)
{
	static const uint8_t length[LENGTH_BYTES];

	if (aml->depth == AML_DEPTH) {
		aml->full = true;
		return;
	}
	aml->open[aml->depth++] = aml->len;
	bytes(aml, length, sizeof(length));
}

/* The length counts its own bytes; 4 bits in the first, 8 in each other. */
void aml_end(struct aml *aml)
{
	uint8_t *p;
	size_t len;

	if (aml->full || !aml->depth) {
		aml->full = true;
		return;
	}
	p = aml->buf + aml->open[--aml->depth];
	len = (size_t)(aml->buf + aml->len - p);
	if (len > LENGTH_MAX) {
		aml->full = true;
		return;
	}
	p[0] = (uint8_t)((LENGTH_BYTES - 1) << 6 | (len & 0xf));
	p[1] = (uint8_t)(len >> 4);
	p[2] = (uint8_t)(len >> 12);
}

/* A segment has four characters; short ones are filled up with '_'. */
static void name_string(struct aml *aml, const char *name)
{
	char seg[4];
	size_t len;

	if (*name == '\\')
		byte(aml, *name++);
	len = strlen(name);
	memset(seg, '_', sizeof(seg));
	memcpy(seg, name, len < sizeof(seg) ? len : sizeof(seg));
	bytes(aml, seg, sizeof(seg));
}

void aml_scope(struct aml *aml, const char *name)
{
	byte(aml, OP_SCOPE);
	open_term(aml);
	name_string(aml, name);
}

void aml_device(struct aml *aml, const char *name)
{
	byte(aml, OP_EXT);
	byte(aml, OP_EXT_DEVICE);
	open_term(aml);
	name_string(aml, name);
}

void aml_package(struct aml *aml, uint8_t count)
{
	byte(aml, OP_PACKAGE);
	open_term(aml);
	byte(aml, count);
}

void aml_name(struct aml *aml, const char *name)
{
	byte(aml, OP_NAME);
	name_string(aml, name);
}

void aml_integer(struct aml *aml, uint64_t value)
{
	uint8_t le[8];

	put64(le, value);
	if (value <= 1) {
		byte(aml, value ? OP_ONE : OP_ZERO);
	} else if (value <= UINT8_MAX) {
		byte(aml, OP_BYTE);
		bytes(aml, le, 1);
	} else if (value <= UINT16_MAX) {
		byte(aml, OP_WORD);
		bytes(aml, le, 2);
	} else if (value <= UINT32_MAX) {
		byte(aml, OP_DWORD);
		bytes(aml, le, 4);
	} else {
		byte(aml, OP_QWORD);
		bytes(aml, le, 8);
	}
}

static unsigned int hex(char c)
{
	return (unsigned int)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* Three letters of five bits and four hex digits, big-endian. */
void aml_eisaid(struct aml *aml, const char *id)
{
	unsigned int i, value = 0;

	if (strlen(id) != 7) {
		aml->full = true;
		return;
	}
	for (i = 0; i < 3; i++)
		value = value << 5 | (id[i] & 0x1f);
	for (; i < 7; i++)
		value = value << 4 | (hex(id[i]) & 0xf);
	byte(aml, OP_DWORD);
	byte(aml, value >> 24);
	byte(aml, value >> 16 & 0xff);
	byte(aml, value >> 8 & 0xff);
	byte(aml, value & 0xff);
}

void aml_string(struct aml *aml, const char *text)
{
	byte(aml, OP_STRING);
	bytes(aml, text, strlen(text) + 1);
}

/* Buffer: length, then its size as an integer; put in when it is known. */
void aml_resources(struct aml *aml)
{
	static const uint8_t size[] = { OP_WORD, 0, 0 };

	aml_name(aml, "_CRS");
	byte(aml, OP_BUFFER);
	open_term(aml);
	bytes(aml, size, sizeof(size));
}

void aml_resources_end(struct aml *aml)
{
	size_t start;

	byte(aml, RES_END);
	byte(aml, 0);		/* no checksum */
	if (aml->full || !aml->depth)
		return;
	start = aml->open[aml->depth - 1] + LENGTH_BYTES;
	put16(aml->buf + start + 1, (uint16_t)(aml->len - start - 3));
	aml_end(aml);
}

void aml_io(struct aml *aml, uint16_t port, uint8_t count)
{
	uint8_t item[8] = { RES_IO, 1 /* decodes 16 bits */ };

	put16(item + 2, port);
	put16(item + 4, port);
	item[6] = 1;
	item[7] = count;
	bytes(aml, item, sizeof(item));
}

void aml_irq(struct aml *aml, unsigned int irq)
{
	uint8_t item[3] = { RES_IRQ };

	put16(item + 1, (uint16_t)(1U << (irq & 15)));
	bytes(aml, item, sizeof(item));
}
