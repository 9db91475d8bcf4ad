// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "lib/bytes.h"
#include "lib/container.h"
#include "snap/section.h"

/** struct limits - @least to @most bytes of content */
struct limits {
	uint32_t type;
	size_t least, most;
};

static const struct limits limits[] = {
	{ SNAP_HEAD, HEAD_SIZE, HEAD_SIZE },
	{ SNAP_CPU, 0, SNAP_MAX_CPU * CPUID_ENTRY },
	{ SNAP_CONF, 0, SNAP_MAX_CONF },
	{ SNAP_MAP, MAP_HEAD, MAP_HEAD + SNAP_MAX_OBJECTS * MAP_OBJECT +
	  SNAP_MAX_SLOTS * MAP_SLOT },
	{ SNAP_STATE, 0, SNAP_MAX_STATE },
	{ SNAP_PAGES, PAGES_HEAD + PAGES_RUN, SNAP_MAX_PAGES },
	{ SNAP_END, END_SIZE, END_SIZE },
};

static const struct limits *limits_of(uint32_t type)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(limits); i++)
		if (limits[i].type == type)
			return &limits[i];
	return NULL;
}

static uint64_t first_sum(void)
{
	return XXH64(SNAP_SIGNATURE, SNAP_SIGNATURE_SIZE, 0);
}

/* Of @header and the content, behind the sum @before. */
static uint64_t sum_of(uint64_t before, const uint8_t *header,
		       const uint8_t *data, size_t size)
{
	before = XXH64(header, SECTION_SUMMED, before);
	return size ? XXH64(data, size, before) : XXH64(header, 0, before);
}

/* ---- writing --------------------------------------------------------------------- */

static int write_all(struct section_out *out, const void *data, size_t len,
		     struct err *err)
{
	const uint8_t *from = data;
	ssize_t n;

	while (len) {
		n = write(out->fd, from, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(err, VMCTL_FAILED, "cannot write: %s",
				       strerror(errno));
		from += n;
		len -= (size_t)n;
		out->at += (uint64_t)n;
	}
	return 0;
}

int section_out_begin(struct section_out *out, int fd, struct err *err)
{
	*out = (struct section_out){ .fd = fd, .sum = first_sum() };
	return write_all(out, SNAP_SIGNATURE, SNAP_SIGNATURE_SIZE, err);
}

int section_write(struct section_out *out, uint32_t type, const void *data,
		  size_t size, struct err *err)
{
	const struct limits *l = limits_of(type);
	uint8_t header[SECTION_HEADER] = {};

	if (!l || size < l->least || size > l->most)
		return err_set(err, VMCTL_FAILED,
			       "cannot be saved: %zu bytes of '%.4s', where the format has room for %zu",
			       size, (const char *)&type, l ? l->most : 0);
	put32(header + SECTION_TYPE, type);
	put64(header + SECTION_SIZE, size);
	out->sum = sum_of(out->sum, header, data, size);
	put64(header + SECTION_SUM, out->sum);
	out->count++;
	return write_all(out, header, sizeof(header), err) ?:
	       write_all(out, data, size, err);
}

/* ---- reading --------------------------------------------------------------------- */

static int refuse_at(const struct section_in *in, uint64_t at, struct err *err,
		     const char *text)
{
	return err_set(err, VMCTL_FAILED, "%.200s: at byte %" PRIu64 ": %s",
		       in->name, at, text);
}

int section_bad(const struct section_in *in, size_t offset, struct err *err,
		const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return refuse_at(in, in->where + SECTION_HEADER + offset, err, text);
}

static int interrupted(struct err *err)
{
	return err_set(err, VMCTL_FAILED, "interrupted");
}

/* Until there is something to read; a pipe can take its time. */
static int wait_for(const struct section_in *in, struct err *err)
{
	struct pollfd p[1 + SECTION_STOPS] = { { .fd = in->fd, .events = POLLIN } };
	unsigned int i;

	for (i = 0; i < SECTION_STOPS; i++)
		p[1 + i] = (struct pollfd){ .fd = in->stop[i], .events = POLLIN };
	if (poll(p, ARRAY_SIZE(p), -1) < 0)
		return errno == EINTR ? interrupted(err) :
		       err_set(err, VMCTL_FAILED, "%.200s: cannot wait: %s",
			       in->name, strerror(errno));
	for (i = 0; i < SECTION_STOPS; i++)
		if (p[1 + i].revents)
			return interrupted(err);
	return 0;
}

/* 1: as much as asked for; 0: the end, with nothing before it; -1 */
static int read_all(struct section_in *in, void *data, size_t len,
		    struct err *err)
{
	uint8_t *to = data;
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		if (wait_for(in, err))
			return -1;
		n = read(in->fd, to + got, len - got);
		/* by a signal that was not to be passed over */
		if (n < 0 && errno == EINTR)
			return interrupted(err);
		if (n < 0)
			return err_set(err, VMCTL_FAILED,
				       "%.200s: cannot read: %s", in->name,
				       strerror(errno));
		if (!n)
			break;
		got += (size_t)n;
		in->at += (uint64_t)n;
	}
	if (got && got < len)
		return refuse_at(in, in->at, err, "ends in its middle");
	return got == len;
}

int section_in_begin(struct section_in *in, int fd, const char *name,
		     struct err *err)
{
	char signature[SNAP_SIGNATURE_SIZE];
	int ret;

	*in = (struct section_in){
		.fd = fd, .name = name, .sum = first_sum(), .stop = { -1, -1 },
	};
	ret = read_all(in, signature, sizeof(signature), err);
	if (ret < 0 && in->at)
		ret = 0;	/* too short to be one */
	if (ret < 0)
		return -1;
	if (!ret || memcmp(signature, SNAP_SIGNATURE, sizeof(signature)))
		return refuse_at(in, 0, err, "no snapshot file");
	return 0;
}

void section_in_end(struct section_in *in)
{
	free(in->data);
	in->data = NULL;
	in->room = 0;
}

static int make_room(struct section_in *in, size_t size, struct err *err)
{
	uint8_t *data;

	if (size <= in->room)
		return 0;
	data = realloc(in->data, size);
	if (!data)
		return err_set(err, VMCTL_FAILED, "out of memory");
	in->data = data;
	in->room = size;
	return 0;
}

static const char *type_text(char buf[24], uint32_t type)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		if (!isprint((int)(type >> (8 * i) & 0xff))) {
			snprintf(buf, 24, "%#x", type);
			return buf;
		}
	snprintf(buf, 24, "'%c%c%c%c'", (char)type, (char)(type >> 8),
		 (char)(type >> 16), (char)(type >> 24));
	return buf;
}

/* Whether the header may be what it says. @known: NULL for one to pass over */
static int check_header(struct section_in *in, const uint8_t *header,
			const struct limits **known, struct err *err)
{
	uint32_t flags = get32(header + SECTION_FLAGS);
	uint64_t size = get64(header + SECTION_SIZE);
	const struct limits *l;
	char text[160], type[24];

	in->type = get32(header + SECTION_TYPE);
	type_text(type, in->type);
	l = limits_of(in->type);
	*known = l;
	if ((l && flags) || flags & ~(uint32_t)SECTION_OPTIONAL) {
		snprintf(text, sizeof(text),
			 "a section %s with flags that are not known: %#x",
			 type, flags);
		return refuse_at(in, in->where + SECTION_FLAGS, err, text);
	}
	if (!l && !flags) {
		snprintf(text, sizeof(text), "a section %s, which is not known; try: a newer vmctl",
			 type);
		return refuse_at(in, in->where, err, text);
	}
	if (size >= (l ? l->least : 0) && size <= (l ? l->most : SNAP_MAX_OTHER)) {
		in->size = (size_t)size;
		return 0;
	}
	snprintf(text, sizeof(text),
		 "a section %s of %" PRIu64 " bytes, where %zu to %zu can be",
		 type, size, l ? l->least : 0,
		 l ? l->most : (size_t)SNAP_MAX_OTHER);
	return refuse_at(in, in->where + SECTION_SIZE, err, text);
}

static int read_one(struct section_in *in, const struct limits **known,
		    struct err *err)
{
	uint8_t header[SECTION_HEADER];
	int ret;

	in->where = in->at;
	ret = read_all(in, header, sizeof(header), err);
	if (!ret)
		return refuse_at(in, in->at, err,
				 "ends before its end: it was cut off");
	if (ret < 0 || check_header(in, header, known, err) ||
	    make_room(in, in->size, err))
		return -1;
	ret = in->size ? read_all(in, in->data, in->size, err) : 1;
	if (!ret)
		return refuse_at(in, in->at, err, "ends in its middle");
	if (ret < 0)
		return -1;
	in->sum = sum_of(in->sum, header, in->data, in->size);
	if (in->sum != get64(header + SECTION_SUM))
		return refuse_at(in, in->where, err,
				 "the sum is wrong: altered here, or not in its place");
	in->count++;
	return 0;
}

int section_read(struct section_in *in, struct err *err)
{
	const struct limits *known = NULL;

	do {
		if (read_one(in, &known, err))
			return -1;
	} while (!known);
	return 0;
}

int section_over(struct section_in *in, struct err *err)
{
	uint8_t more;
	int ret = read_all(in, &more, 1, err);

	if (ret > 0)
		return refuse_at(in, in->at - 1, err,
				 "something follows the end");
	return ret;
}
