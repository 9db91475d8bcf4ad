// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <limits.h>
#include <lz4.h>
#include <lzma.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "boot/unpack.h"
#include "lib/bytes.h"
#include "lib/container.h"
#include "lib/size.h"

#define SIZE_FIELD	4	/* behind the stream */
#define MAGIC_MAX	6
#define XZ_MEMORY	(256 * MIB)	/* for a dictionary, mostly */
#define LZ4_MAGIC	0x184c2102	/* of the "legacy" frame */
#define GZIP_ONLY	(16 + MAX_WBITS)

/* A stream, and where its contents go. */
struct stream {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_len;
};

/*
 * Each decoder fills all of @out from all of @in, or returns why not; it
 * writes and reads nothing outside of them.
 */
struct format {
	const char *name;
	uint8_t magic[MAGIC_MAX];
	size_t magic_len;
	bool own_size;		/* the size is part of the stream */
	bool pays;		/* the library beats the kernel's own code */
	const char *(*decode)(const struct stream *s);
};

static const char ends_early[] = "it ends too early or too late";

static const char *decode_xz(const struct stream *s)
{
	uint64_t memory = XZ_MEMORY;
	size_t in = 0, out = 0;

	switch (lzma_stream_buffer_decode(&memory, 0, NULL, s->in, &in,
					  s->in_len, s->out, &out,
					  s->out_len)) {
	case LZMA_OK:
		return in == s->in_len && out == s->out_len ? NULL : ends_early;
	case LZMA_MEM_ERROR:
		return "out of memory";
	case LZMA_MEMLIMIT_ERROR:
		return "its dictionary is too large";
	default:
		return "it is damaged";
	}
}

static const char *decode_zstd(const struct stream *s)
{
	size_t n = ZSTD_decompress(s->out, s->out_len, s->in, s->in_len);

	if (ZSTD_isError(n))
		return ZSTD_getErrorName(n);
	return n == s->out_len ? NULL : ends_early;
}

static const char *decode_gzip(const struct stream *s)
{
	z_stream z = {
		.next_in = (Bytef *)s->in,
		.avail_in = (uInt)s->in_len,
		.next_out = s->out,
		.avail_out = (uInt)s->out_len,
	};
	int ret;

	if (inflateInit2(&z, GZIP_ONLY) != Z_OK)
		return "out of memory";
	ret = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	if (ret != Z_STREAM_END)
		return "it is damaged";
	return z.avail_in || z.avail_out ? ends_early : NULL;
}

/* A magic number, then blocks: 32 bits of length and the bytes. */
static const char *decode_lz4(const struct stream *s)
{
	size_t in = 4, out = 0, room;
	uint32_t len;
	int n;

	while (s->in_len - in >= 4) {
		len = get32(s->in + in);
		in += 4;
		if (len == LZ4_MAGIC)	/* streams that were joined */
			continue;
		if (len > s->in_len - in || len > INT_MAX)
			return ends_early;
		room = s->out_len - out;
		n = LZ4_decompress_safe((const char *)s->in + in,
					(char *)s->out + out, (int)len,
					room < INT_MAX ? (int)room : INT_MAX);
		if (n < 0)
			return "it is damaged";
		in += len;
		out += (size_t)n;
	}
	return in == s->in_len && out == s->out_len ? NULL : ends_early;
}

static const struct format formats[] = {
	{ "XZ", { 0xfd, '7', 'z', 'X', 'Z', 0 }, 6, false, true, decode_xz },
	{ "zstd", { 0x28, 0xb5, 0x2f, 0xfd }, 4, false, true, decode_zstd },
	{ "LZ4", { 0x02, 0x21, 0x4c, 0x18 }, 4, false, false, decode_lz4 },
	{ "gzip", { 0x1f, 0x8b }, 2, true, true, decode_gzip },
};

static const struct format *find_format(const uint8_t *magic)
{
	unsigned int i;

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (!memcmp(magic, formats[i].magic, formats[i].magic_len))
			return &formats[i];
	return NULL;
}

bool unpack_pays(const struct image *packed, uint64_t off)
{
	const struct format *format;
	uint8_t magic[MAGIC_MAX];
	struct err err;

	if (image_read(packed, off, magic, sizeof(magic), "", &err))
		return false;
	format = find_format(magic);
	return format && format->pays;
}

static int read_unpacked(const struct image *img, uint64_t off, void *buf,
			 size_t len, struct err *err)
{
	(void)err;
	memcpy(buf, container_of(img, const struct unpacked, image)->data + off,
	       len);
	return 0;
}

static int decode(struct unpacked *out, const struct image *packed,
		  const struct format *format, const uint8_t *in, uint64_t len,
		  struct err *err)
{
	struct stream s = {
		.in = in,
		.in_len = format->own_size ? len : len - SIZE_FIELD,
		.out = out->data,
		.out_len = out->image.size,
	};
	const char *why = format->decode(&s);

	if (!why)
		return 0;
	return err_set(err, VMCTL_FAILED, "%s: its %s payload of %" PRIu64
		       " bytes can't be unpacked: %s", packed->name,
		       format->name, len, why);
}

/* What the payload says of itself: its format and its size. */
static const struct format *inspect(const struct image *packed, uint64_t off,
				    uint64_t len, uint64_t limit,
				    uint64_t *size, struct err *err)
{
	uint8_t magic[MAGIC_MAX], field[SIZE_FIELD];
	const struct format *format;

	if (len < MAGIC_MAX + SIZE_FIELD || len > UINT32_MAX) {
		err_set(err, VMCTL_FAILED,
			"%s: a payload of %" PRIu64 " bytes is none",
			packed->name, len);
		return NULL;
	}
	if (image_read(packed, off, magic, sizeof(magic), "the payload", err) ||
	    image_read(packed, off + len - SIZE_FIELD, field, sizeof(field),
		       "the payload", err))
		return NULL;
	format = find_format(magic);
	if (!format) {
		err_set(err, VMCTL_FAILED,
			"%s: its payload is not XZ, zstd, LZ4 or gzip: it starts with %02x %02x %02x %02x",
			packed->name, magic[0], magic[1], magic[2], magic[3]);
		return NULL;
	}
	*size = get32(field);
	if (*size && *size <= limit)
		return format;
	err_set(err, VMCTL_FAILED,
		"%s: its payload unpacks to %" PRIu64 " bytes, the limit is %"
		PRIu64, packed->name, *size, limit);
	return NULL;
}

int unpack(struct unpacked *out, const struct image *packed, uint64_t off,
	   uint64_t len, uint64_t limit, struct err *err)
{
	const struct format *format;
	uint64_t size = 0;
	uint8_t *in;
	int ret = -1;

	*out = (struct unpacked){ .image.name = packed->name };
	format = inspect(packed, off, len, limit, &size, err);
	if (!format)
		return -1;
	in = malloc(len);
	out->data = malloc(size);
	out->image.size = size;
	out->image.read = read_unpacked;
	if (!in || !out->data)
		err_set(err, VMCTL_FAILED, "out of memory: %" PRIu64 " bytes",
			len + size);
	else if (!image_read(packed, off, in, len, "the payload", err))
		ret = decode(out, packed, format, in, len, err);
	free(in);
	if (ret)
		unpack_free(out);
	return ret;
}

void unpack_free(struct unpacked *out)
{
	free(out->data);
	out->data = NULL;
}
