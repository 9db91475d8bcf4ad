// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "ksm/dump.h"
#include "ksm/save.h"
#include "lib/bytes.h"
#include "lib/name.h"

#define CHUNK	4096	/* records that are read or written at once */

_Static_assert(DUMP_KNOWN_NUMBERS <= DUMP_NUMBERS, "the head has room for numbers");
_Static_assert(DUMP_AT_NAME - DUMP_AT_NUMBERS == 8 * DUMP_NUMBERS,
	       "the head has room for numbers");

const char *const dump_number_name[DUMP_KNOWN_NUMBERS] = {
#define X(sym, name) [DUMP_##sym] = name,
	DUMP_NUMBER_LIST(X)
#undef X
};

/* ---- records ------------------------------------------------------------------------- */

#define KNOWN_FLAGS	(VMM_KSM_PAGE_PRESENT | VMM_KSM_PAGE_ZERO | VMM_KSM_PAGE_MERGED | \
			 VMM_KSM_PAGE_KIN | VMM_KSM_PAGE_AWAY | VMM_KSM_PAGE_HUGE)

/* What a record says cannot be; NULL: it can. */
static const char *check_page(const struct vmm_ksm_page *p)
{
	if (p->flags & ~KNOWN_FLAGS)
		return "flags that are not known";
	if (!dump_present(p)) {
		if (p->flags & ~VMM_KSM_PAGE_AWAY)
			return "flags of a page that is there, and is not";
		return p->hash || p->frame ? "a page that is not there, with a hash or a frame" :
					     NULL;
	}
	if (p->flags & VMM_KSM_PAGE_AWAY)
		return "a page that is there and away";
	if ((p->flags & VMM_KSM_PAGE_MERGED) &&
	    (p->flags & (VMM_KSM_PAGE_KIN | VMM_KSM_PAGE_HUGE)))
		return "a page that is merged, and kin's or in a block";
	if (dump_zero(p) && p->hash)
		return "a page of zeroes with a hash";
	return NULL;
}

/* A record belongs to the object before it, or begins another one. */
static const char *enter_object(struct dump *d, uint32_t id)
{
	struct dump_object *o = d->object + d->nr_objects;
	unsigned int i;

	if (d->nr_objects && o[-1].id == id)
		return NULL;
	if (d->nr_objects == DUMP_MAX_OBJECTS)
		return "more memory objects than can be";
	for (i = 0; i < d->nr_objects; i++)
		if (d->object[i].id == id)
			return "a memory object in two pieces";
	*o = (struct dump_object){ .id = id, .first = d->pages };
	d->nr_objects++;
	return NULL;
}

static int make_room(struct dump *d, size_t count, struct err *err)
{
	uint64_t room = d->room ? d->room : CHUNK;
	struct vmm_ksm_page *page;

	if (count > DUMP_MAX_PAGES - d->pages)
		return err_set(err, VMCTL_FAILED, "more pages than can be");
	while (room < d->pages + count)
		room *= 2;
	if (room == d->room)
		return 0;
	page = realloc(d->page, room * sizeof(*page));
	if (!page)
		return err_set(err, VMCTL_FAILED, "out of memory");
	d->page = page;
	d->room = room;
	return 0;
}

int dump_add(struct dump *d, const uint8_t *records, size_t count, size_t *bad,
	     struct err *err)
{
	const char *why = NULL;
	struct vmm_ksm_page *p;
	const uint8_t *r;

	*bad = 0;
	if (make_room(d, count, err))
		return -1;
	for (; *bad < count; (*bad)++) {
		r = records + *bad * DUMP_PAGE_RECORD;
		p = &d->page[d->pages];
		*p = (struct vmm_ksm_page){
			.hash = get64(r + DUMP_PAGE_HASH),
			.frame = get64(r + DUMP_PAGE_FRAME),
			.flags = get32(r + DUMP_PAGE_FLAGS),
			.object = get32(r + DUMP_PAGE_OBJECT),
		};
		why = check_page(p) ?: enter_object(d, p->object);
		if (why)
			return err_set(err, VMCTL_FAILED, "%s", why);
		d->object[d->nr_objects - 1].pages++;
		d->pages++;
	}
	return 0;
}

void dump_free(struct dump *d)
{
	free(d->page);
	memset(d, 0, sizeof(*d));
}

/* ---- writing ------------------------------------------------------------------------- */

static void put_text(uint8_t *to, size_t size, const char *text)
{
	memcpy(to, text, strnlen(text, size - 1));
}

static uint64_t fill_head(uint8_t *p, const struct dump *d)
{
	unsigned int i;
	uint64_t sum;

	memset(p, 0, DUMP_HEAD_SIZE);
	memcpy(p, DUMP_SIGNATURE, DUMP_SIGNATURE_SIZE);
	put32(p + DUMP_AT_VERSION, DUMP_VERSION);
	put32(p + DUMP_AT_PAGE_SIZE, DUMP_PAGE_SIZE);
	put64(p + DUMP_AT_TIME, d->time_ns);
	put64(p + DUMP_AT_PAGES, d->pages);
	put64(p + DUMP_AT_VM, d->vm);
	put64(p + DUMP_AT_SEED, d->seed);
	for (i = 0; i < DUMP_NUMBERS; i++)
		put64(p + DUMP_AT_NUMBERS + 8 * i,
		      i < DUMP_KNOWN_NUMBERS ? d->number[i] : DUMP_NONE);
	put_text(p + DUMP_AT_NAME, DUMP_LONG, d->name);
	put_text(p + DUMP_AT_HOST, DUMP_LONG, d->host);
	put_text(p + DUMP_AT_KERNEL, DUMP_LONG, d->kernel);
	put_text(p + DUMP_AT_MODE, DUMP_SHORT, d->mode);
	put_text(p + DUMP_AT_POLICY, DUMP_SHORT, d->policy);
	put_text(p + DUMP_AT_HASH, DUMP_SHORT, d->hash);
	put_text(p + DUMP_AT_MODULE, DUMP_SHORT, d->module);
	sum = XXH64(p, DUMP_AT_SUM, 0);
	put64(p + DUMP_AT_SUM, sum);
	return sum;
}

static size_t fill_records(uint8_t *r, const struct dump *d, uint64_t at)
{
	const struct vmm_ksm_page *p = d->page + at;
	size_t n = d->pages - at < CHUNK ? (size_t)(d->pages - at) : CHUNK, i;

	for (i = 0; i < n; i++, p++, r += DUMP_PAGE_RECORD) {
		put64(r + DUMP_PAGE_HASH, p->hash);
		put64(r + DUMP_PAGE_FRAME, p->frame);
		put32(r + DUMP_PAGE_FLAGS, p->flags);
		put32(r + DUMP_PAGE_OBJECT, p->object);
	}
	return n;
}

int dump_write(const struct dump *d, int fd, struct err *err)
{
	uint8_t head[DUMP_HEAD_SIZE], end[DUMP_END_SIZE], *chunk;
	XXH64_state_t *sum = XXH64_createState();
	uint64_t at = 0;
	size_t n;
	int ret;

	chunk = malloc(CHUNK * DUMP_PAGE_RECORD);
	if (!sum || !chunk) {
		ret = err_set(err, VMCTL_FAILED, "out of memory");
		goto out;
	}
	XXH64_reset(sum, fill_head(head, d));
	ret = save_bytes(fd, head, sizeof(head), err);
	for (; !ret && at < d->pages; at += n) {
		n = fill_records(chunk, d, at);
		XXH64_update(sum, chunk, n * DUMP_PAGE_RECORD);
		ret = save_bytes(fd, chunk, n * DUMP_PAGE_RECORD, err);
	}
	put64(end, XXH64_digest(sum));
	if (!ret)
		ret = save_bytes(fd, end, sizeof(end), err);
out:
	free(chunk);
	XXH64_freeState(sum);
	return ret;
}

/* ---- reading ------------------------------------------------------------------------- */

/** struct input - a file that is read; @at: bytes so far */
struct input {
	int fd;
	const char *name;
	uint64_t at;
};

static int refuse(const struct input *in, uint64_t at, const char *why,
		  struct err *err)
{
	return err_set(err, VMCTL_FAILED, "%.200s: at byte %" PRIu64 ": %s",
		       in->name, at, why);
}

/* How many bytes there were, up to @len; -1 */
static ssize_t take(struct input *in, uint8_t *data, size_t len, struct err *err)
{
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		n = read(in->fd, data + got, len - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, VMCTL_FAILED,
				       "%.200s: cannot read: %s", in->name,
				       strerror(errno));
		if (!n)
			break;
		got += (size_t)n;
	}
	in->at += got;
	return (ssize_t)got;
}

static int take_all(struct input *in, uint8_t *data, size_t len, struct err *err)
{
	ssize_t n = take(in, data, len, err);

	if (n < 0)
		return -1;
	return (size_t)n == len ? 0 : refuse(in, in->at, "it was cut off here", err);
}

/* A text with zeroes behind it, at least one, that no terminal and no page minds. */
static bool take_text(char *to, size_t size, const uint8_t *from)
{
	size_t len = strnlen((const char *)from, size), i;

	for (i = 0; i < size; i++)
		if (i < len ? from[i] < ' ' || from[i] > '~' : from[i])
			return false;
	memcpy(to, from, size);
	return len < size;
}

static const char *check_place(const uint8_t *p)
{
	unsigned int i;

	if (get32(p + DUMP_AT_PAGE_SIZE) != DUMP_PAGE_SIZE)
		return "pages of another size than 4096";
	if (get64(p + DUMP_AT_PAGES) > DUMP_MAX_PAGES)
		return "more pages than can be";
	for (i = DUMP_KNOWN_NUMBERS; i < DUMP_NUMBERS; i++)
		if (get64(p + DUMP_AT_NUMBERS + 8 * i) != DUMP_NONE)
			return "a number that is not known";
	for (i = DUMP_AT_ZERO; i < DUMP_AT_SUM; i++)
		if (p[i])
			return "something where nothing must be";
	return NULL;
}

static const char *take_texts(struct dump *d, const uint8_t *p)
{
	struct err err;

	if (!take_text(d->name, DUMP_LONG, p + DUMP_AT_NAME) ||
	    (*d->name && name_check(d->name, &err)))
		return "no name of a VM";
	if (!take_text(d->host, DUMP_LONG, p + DUMP_AT_HOST) ||
	    !take_text(d->kernel, DUMP_LONG, p + DUMP_AT_KERNEL))
		return "no name of a host or its kernel";
	if (!take_text(d->mode, DUMP_SHORT, p + DUMP_AT_MODE) ||
	    !take_text(d->policy, DUMP_SHORT, p + DUMP_AT_POLICY) ||
	    !take_text(d->hash, DUMP_SHORT, p + DUMP_AT_HASH) ||
	    !take_text(d->module, DUMP_SHORT, p + DUMP_AT_MODULE))
		return "no word for a knob";
	return NULL;
}

static int check_version(const struct input *in, const uint8_t *p,
			 struct err *err)
{
	uint32_t version = get32(p + DUMP_AT_VERSION);
	char text[128];

	if (version == DUMP_VERSION)
		return 0;
	snprintf(text, sizeof(text),
		 "version %u of the format, of which %u is known; try: a newer vmctl",
		 version, DUMP_VERSION);
	return refuse(in, DUMP_AT_VERSION, text, err);
}

static int take_head(struct dump *d, struct input *in, uint64_t *pages,
		     uint64_t *sum, struct err *err)
{
	uint8_t p[DUMP_HEAD_SIZE];
	ssize_t n = take(in, p, sizeof(p), err);
	const char *why;
	unsigned int i;

	if (n < 0)
		return -1;
	if (n < DUMP_SIGNATURE_SIZE ||
	    memcmp(p, DUMP_SIGNATURE, DUMP_SIGNATURE_SIZE))
		return refuse(in, 0, "no dump of page hashes", err);
	if ((size_t)n < sizeof(p))
		return refuse(in, in->at, "it was cut off here", err);
	*sum = get64(p + DUMP_AT_SUM);
	if (XXH64(p, DUMP_AT_SUM, 0) != *sum)
		return refuse(in, DUMP_AT_SUM, "the sum of its head is wrong", err);
	if (check_version(in, p, err))
		return -1;
	why = check_place(p) ?: take_texts(d, p);
	if (why)
		return refuse(in, 0, why, err);
	*pages = get64(p + DUMP_AT_PAGES);
	d->time_ns = get64(p + DUMP_AT_TIME);
	d->vm = get64(p + DUMP_AT_VM);
	d->seed = get64(p + DUMP_AT_SEED);
	for (i = 0; i < DUMP_NUMBERS; i++)
		d->number[i] = get64(p + DUMP_AT_NUMBERS + 8 * i);
	return 0;
}

/* In as much memory as there was file. */
static int take_records(struct dump *d, struct input *in, uint64_t pages,
			XXH64_state_t *sum, uint8_t *chunk, struct err *err)
{
	uint64_t where;
	struct err why;
	size_t n, bad;

	while (d->pages < pages) {
		where = in->at;
		n = pages - d->pages < CHUNK ? (size_t)(pages - d->pages) : CHUNK;
		if (take_all(in, chunk, n * DUMP_PAGE_RECORD, err))
			return -1;
		XXH64_update(sum, chunk, n * DUMP_PAGE_RECORD);
		if (dump_add(d, chunk, n, &bad, &why))
			return refuse(in, where + bad * DUMP_PAGE_RECORD,
				      why.text, err);
	}
	return 0;
}

static int take_end(struct input *in, uint64_t sum, struct err *err)
{
	uint8_t end[DUMP_END_SIZE], more;
	uint64_t where = in->at;
	ssize_t n;

	if (take_all(in, end, sizeof(end), err))
		return -1;
	if (get64(end) != sum)
		return refuse(in, where, "the sum of its records is wrong", err);
	n = take(in, &more, 1, err);
	if (n > 0)
		return refuse(in, in->at - 1, "something follows the end", err);
	return (int)n;
}

int dump_read(struct dump *d, int fd, const char *name, struct err *err)
{
	struct input in = { .fd = fd, .name = name };
	XXH64_state_t *sum = XXH64_createState();
	uint8_t *chunk = malloc(CHUNK * DUMP_PAGE_RECORD);
	uint64_t pages, seed;
	int ret;

	memset(d, 0, sizeof(*d));
	if (!sum || !chunk)
		ret = err_set(err, VMCTL_FAILED, "out of memory");
	else
		ret = take_head(d, &in, &pages, &seed, err);
	if (!ret) {
		XXH64_reset(sum, seed);
		ret = take_records(d, &in, pages, sum, chunk, err);
	}
	if (!ret)
		ret = take_end(&in, XXH64_digest(sum), err);
	free(chunk);
	XXH64_freeState(sum);
	return ret;
}

int dump_open(struct dump *d, const char *path, struct err *err)
{
	bool input = !strcmp(path, "-");
	int fd, ret;

	memset(d, 0, sizeof(*d));
	fd = input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(err, errno == EACCES ? VMCTL_PERM : VMCTL_FAILED,
			       "%.200s: cannot open: %s", path, strerror(errno));
	ret = dump_read(d, fd, input ? "standard input" : path, err);
	if (!input)
		close(fd);
	return ret;
}

/* ---- what is told of them ------------------------------------------------------------ */

int dump_comparable(const struct dump *a, const struct dump *b, struct err *err)
{
	const char *what = strcmp(a->hash, b->hash) ? "hash" :
			   a->seed != b->seed ? "seed" : NULL;

	if (!what)
		return 0;
	return err_set(err, VMCTL_FAILED,
		       "cannot be compared with '%.63s': another %s; try: vmctl ksm set %s=...",
		       a->name, what, what);
}

const char *dump_time_text(char buf[DUMP_TIME_TEXT], uint64_t ns)
{
	time_t s = (time_t)(ns / 1000000000);
	struct tm tm;

	buf[0] = 0;
	if (gmtime_r(&s, &tm) && tm.tm_year < 8100)
		strftime(buf, DUMP_TIME_TEXT, "%Y-%m-%d %H:%M:%S", &tm);
	return buf;
}
