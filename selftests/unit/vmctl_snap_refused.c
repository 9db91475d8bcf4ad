// SPDX-License-Identifier: GPL-2.0
/*
 * Snapshot files that are refused: by their sums, wherever they are cut off, altered, mixed
 * up or added to; and, with right sums, by what they say.  Each refusal is one line that
 * begins with the file's name and tells where.
 */
#include "tap.h"
#include "vmctl_snap_files.h"
#include "vmctl_snap_pieces.h"
#include <zstd.h>

static struct err err;
static char dir[] = "/tmp/vmctl-snap-XXXXXX", path[64];

/* Whether these bytes are a file that is taken; what it is called in errors is @path. */
static bool taken(const void *data, size_t size)
{
	struct snap_reader r;
	int ret;

	spit(path, data, size);
	err.text[0] = 0;
	ret = snap_read_begin(&r, path, true, &err);
	while (!ret) {
		ret = snap_read_frame(&r, &err);
		if (!ret)
			break;
		ret = ret < 0 ? -1 : 0;
	}
	snap_read_close(&r);
	return !ret;
}

static bool is_refused(const void *data, size_t size, const char *why)
{
	char head[128];

	snprintf(head, sizeof(head), "%s: at byte ", path);
	if (!taken(data, size) && err.code == VMCTL_FAILED &&
	    !strncmp(err.text, head, strlen(head)) && !strchr(err.text, '\n') &&
	    strstr(err.text, why))
		return true;
	tap_note("%s", *err.text ? err.text : "taken");
	return false;
}

static uint8_t *sample(uint8_t id, uint8_t parent, size_t *size)
{
	struct world *w = calloc(1, sizeof(*w)), *before = calloc(1, sizeof(*w));
	struct snap_about a = about_of(id, parent);

	fill(w, 3, 2);
	fill(w, 4, id);
	fill(w, 900, 4);
	fill(w, PAGES + 2, 6);
	fill(before, 4, 4);
	fill(before, 1000, 4);
	unlink(path);
	if (write_file(path, &a, w, parent ? before : NULL, &err))
		abort();
	free(w);
	free(before);
	return slurp(path, size);
}

/* ---- by the sums -------------------------------------------------------------------- */

static void test_sums(void)
{
	size_t size, i, bad = 0;
	uint8_t *file = sample(1, 0, &size), *copy = malloc(size + 64);

	tap_ok(taken(file, size), "the sample, of %zu bytes", size);
	for (i = 0; i < size; i++)
		bad += !is_refused(file, i, i < 8 ? "no snapshot file" :
				   "ends");
	tap_ok(!bad, "cut off anywhere: %zu are taken", bad);
	for (i = 0, bad = 0; i < size; i++) {
		memcpy(copy, file, size);
		copy[i] ^= (uint8_t)(1U << i % 8);
		bad += !is_refused(copy, size, "");
	}
	tap_ok(!bad, "a bit altered anywhere: %zu are taken", bad);
	memcpy(copy, file, size);
	copy[size] = 0;
	tap_ok(is_refused(copy, size + 1, "something follows the end"),
	       "something behind the end");
	memcpy(copy + size, file + 8, 32);
	tap_ok(is_refused(copy, size + 32, "something follows the end"),
	       "another section there");
	free(copy);
	free(file);
}

/* As they are in the file, with their sums as they were. */
static size_t cut(const uint8_t *file, size_t size, size_t *at)
{
	size_t where = 8, n = 0;

	while (where < size) {
		at[n++] = where;
		where += 24 + get64(file + where + 8);
	}
	at[n] = where;
	return n;
}

static void test_places(void)
{
	size_t at[MAX_PIECES], there[MAX_PIECES];
	size_t size, more, n, i, len, bad = 0;
	uint8_t *file = sample(1, 0, &size), *other = sample(2, 0, &more);
	uint8_t *copy = malloc(3 * size + more);

	n = cut(file, size, at);
	bad = n != cut(other, more, there);
	for (i = 0; i < n; i++) {
		/* without this one */
		memcpy(copy, file, at[i]);
		memcpy(copy + at[i], file + at[i + 1], size - at[i + 1]);
		bad += !is_refused(copy, size - (at[i + 1] - at[i]), "");
		/* twice */
		memcpy(copy, file, at[i + 1]);
		memcpy(copy + at[i + 1], file + at[i], size - at[i]);
		bad += !is_refused(copy, size + at[i + 1] - at[i], "");
		/* the other's, from here on */
		if (i) {
			len = more - there[i];
			memcpy(copy, file, at[i]);
			memcpy(copy + at[i], other + there[i], len);
			bad += !is_refused(copy, at[i] + len, "");
		}
		/* with the next */
		if (i + 1 < n) {
			len = at[i + 2] - at[i + 1];
			memcpy(copy, file, size);
			memcpy(copy + at[i], file + at[i + 1], len);
			memcpy(copy + at[i] + len, file + at[i],
			       at[i + 1] - at[i]);
			bad += !is_refused(copy, size, "");
		}
	}
	tap_ok(!bad && n == 8,
	       "sections left out, doubled, moved and of another file");
	free(copy);
	free(file);
	free(other);
}

/* ---- by what they say ----------------------------------------------------------------- */

/** struct lie - @value, of @bits, at an offset of a section */
struct lie {
	uint32_t type;
	unsigned int offset, bits;
	uint64_t value;
	const char *why;
};

#define HEAD(...)	{ SNAP_HEAD, __VA_ARGS__ }
#define CPU(...)	{ SNAP_CPU, __VA_ARGS__ }
#define MAP(...)	{ SNAP_MAP, __VA_ARGS__ }
#define PAGES_(...)	{ SNAP_PAGES, __VA_ARGS__ }
#define END(...)	{ SNAP_END, __VA_ARGS__ }
#define SLOT(n)		(MAP_HEAD + 2 * MAP_OBJECT + (n) * MAP_SLOT)
#define RUN(n)		(PAGES_HEAD + (n) * PAGES_RUN)
#define NO_SLOT		"a slot of memory that cannot be"

static const struct lie lies[] = {
	HEAD(HEAD_VERSION, 32, 2, "version 2 of the format, of which 1 is known"),
	HEAD(HEAD_PAGE_SIZE, 32, 8192, "pages of 8192 bytes"),
	HEAD(HEAD_ID + 15, 8, 0, "no id"),
	HEAD(HEAD_PARENT + 15, 8, 1, "or that of its parent"),
	HEAD(HEAD_BACKEND, 8, ' ', "no word for the kind of host"),
	HEAD(HEAD_BACKEND, 32, 0, "no word for the kind of host"),
	HEAD(HEAD_BACKEND + 15, 8, 'x', "no word for the kind of host"),
	HEAD(HEAD_NAME, 8, '1', "no name of a VM"),
	HEAD(HEAD_NAME + 1, 8, '/', "no name of a VM"),
	HEAD(HEAD_NAME + 63, 8, 'x', "no name of a VM"),
	CPU(CPUID_FLAGS, 32, 2, "flags that are not known"),
	CPU(CPUID_ENTRY + CPUID_ZERO, 32, 1, "flags that are not known"),
	{ SNAP_CONF, 3, 8, 0, "a definition with a zero" },
	MAP(MAP_OBJECTS, 32, 0, "0 memory objects"),
	MAP(MAP_OBJECTS, 32, 17, "17 memory objects"),
	MAP(MAP_OBJECTS, 32, 3, "are not 3 memory objects and 3 slots"),
	MAP(MAP_SLOTS, 32, 0, "0 slots"),
	MAP(MAP_SLOTS, 32, 65, "65 slots"),
	MAP(MAP_SLOTS, 32, 2, "are not 2 memory objects and 2 slots"),
	MAP(MAP_HEAD, 64, 0, "a memory object of 0 bytes"),
	MAP(MAP_HEAD, 64, 4097, "a memory object of 4097 bytes"),
	MAP(MAP_HEAD, 64, 1ULL << 53, "a memory object of"),
	MAP(SLOT(0) + SLOT_OBJECT, 32, 2, NO_SLOT),
	MAP(SLOT(0) + SLOT_SIZE, 64, 0, NO_SLOT),
	MAP(SLOT(0) + SLOT_SIZE, 64, 100, NO_SLOT),
	MAP(SLOT(0) + SLOT_SIZE, 64, (PAGES + 1) * PAGE, NO_SLOT),
	MAP(SLOT(0) + SLOT_SIZE, 64, -PAGE, NO_SLOT),
	MAP(SLOT(0) + SLOT_GPA, 64, 1, NO_SLOT),
	MAP(SLOT(0) + SLOT_GPA, 64, -PAGE, NO_SLOT),
	MAP(SLOT(1) + SLOT_OFFSET, 64, 2001 * PAGE, NO_SLOT),
	MAP(SLOT(1) + SLOT_OFFSET, 64, -PAGE, NO_SLOT),
	MAP(SLOT(1) + SLOT_GPA, 64, 1999 * PAGE, NO_SLOT),
	MAP(SLOT(1) + SLOT_ID, 32, 0, NO_SLOT),
	PAGES_(PAGES_OBJECT, 32, 2, "of memory object 2, which is not there"),
	PAGES_(PAGES_OBJECT, 32, 1, "40"),
	PAGES_(PAGES_RUNS, 32, 0, "0 runs of pages"),
	PAGES_(PAGES_RUNS, 32, 1025, "1025 runs of pages"),
	PAGES_(PAGES_RUNS, 32, 1000, "1000 runs of pages"),
	PAGES_(PAGES_RUNS, 32, 1, "3 pages in a frame, and 2 in its runs"),
	PAGES_(PAGES_COUNT, 32, 4, "4 pages in a frame, and 3 in its runs"),
	PAGES_(PAGES_PACKED, 32, 4, "4 bytes of zstd"),
	PAGES_(RUN(0), 64, PAGES - 1, "2 pages at page 2999 of 3000"),
	PAGES_(RUN(0), 64, PAGES, "2 pages at page 3000 of 3000"),
	PAGES_(RUN(0), 64, 1ULL << 63, "2 pages at page 9223372036854775808"),
	PAGES_(RUN(0), 64, 900, "page 900 behind page 901"),
	PAGES_(RUN(1), 64, 4, "page 4 behind page 4"),
	PAGES_(RUN(0) + RUN_COUNT, 32, 0, "0 pages at page 3"),
	PAGES_(RUN(0) + RUN_COUNT, 32, 2500, "page 900 behind page 2502"),
	PAGES_(RUN(1) + RUN_COUNT, 32, 2000, "in its runs, where at most 512"),
	PAGES_(RUN(1) + RUN_COUNT, 32, -1, "4294967295 pages at page 900"),
	PAGES_(RUN(0) + RUN_FLAGS, 32, RUN_ZERO, "flags 0x1, which cannot be here"),
	PAGES_(RUN(1) + RUN_FLAGS, 32, 2, "flags 0x2, which cannot be here"),
	PAGES_(RUN(2), 32, 0, "no single frame of zstd"),
	PAGES_(RUN(2) + 10, 64, -1, "zstd"),
	END(END_SECTIONS, 64, 6, "an end behind 6 sections and 4 pages, where 7 and 4 were"),
	END(END_PAGES, 64, 5, "an end behind 7 sections and 5 pages"),
	END(END_ZERO, 64, 1, "an end behind"),
};

static void put(uint8_t *to, unsigned int bits, uint64_t value)
{
	unsigned int i;

	for (i = 0; i < bits / 8; i++)
		to[i] = (uint8_t)(value >> (8 * i));
}

static void test_lies(void)
{
	size_t size, n;
	uint8_t *file = sample(1, 0, &size), *altered;
	const struct lie *l;
	struct pieces p;

	for (l = lies; l < lies + sizeof(lies) / sizeof(lies[0]); l++) {
		p = take_apart(file, size);
		put(piece_of(&p, l->type)->data + l->offset, l->bits, l->value);
		altered = put_together(&p, &n);
		tap_ok(is_refused(altered, n, l->why), "%.4s: %s",
		       (const char *)&l->type, l->why);
		free(altered);
		free_pieces(&p);
	}
	free(file);
}

/* With the sections as @change makes them of those of a file. */
static bool changed(void (*change)(struct pieces *p), uint8_t parent, const char *why)
{
	size_t size, n;
	uint8_t *file = sample(1, parent, &size), *altered;
	struct pieces p = take_apart(file, size);
	bool good;

	change(&p);
	altered = put_together(&p, &n);
	good = why ? is_refused(altered, n, why) : taken(altered, n);
	if (!good)
		tap_note("%s", err.text);
	free(altered);
	free(file);
	free_pieces(&p);
	return good;
}

static void nothing(struct pieces *p)
{
	(void)p;
}

static void swap(struct pieces *p, unsigned int a, unsigned int b)
{
	struct piece one = p->piece[a];

	p->piece[a] = p->piece[b];
	p->piece[b] = one;
}

static void conf_first(struct pieces *p)
{
	swap(p, 1, 2);
}

static void pages_first(struct pieces *p)
{
	swap(p, 4, 5);
}

static void objects_turned(struct pieces *p)
{
	swap(p, 5, 6);
}

static void state_again(struct pieces *p)
{
	p->piece[6].type = SNAP_STATE;
}

static void no_end(struct pieces *p)
{
	free(p->piece[--p->count].data);
}

static void two_ends(struct pieces *p)
{
	p->piece[6].type = SNAP_END;
	p->piece[6].size = END_SIZE;
	memset(p->piece[6].data, 0, END_SIZE);
	put64(p->piece[6].data + END_SECTIONS, 6);
	put64(p->piece[6].data + END_PAGES, 3);
}

static void insert(struct pieces *p, unsigned int at, uint32_t flags,
		   uint64_t size)
{
	memmove(p->piece + at + 1, p->piece + at,
		(p->count - at) * sizeof(p->piece[0]));
	p->piece[at] = (struct piece){
		.type = SNAP_TYPE('N', 'E', 'W', '!'), .flags = flags,
		.size = size, .data = calloc(1, size + 1),
	};
	p->count++;
	put64(p->piece[p->count - 1].data + END_SECTIONS, p->count - 1);
}

static void optional(struct pieces *p)
{
	insert(p, 0, SECTION_OPTIONAL, 0);
	insert(p, 3, SECTION_OPTIONAL, 100000);
	insert(p, 8, SECTION_OPTIONAL, 7);
}

static void mandatory(struct pieces *p)
{
	insert(p, 3, 0, 10);
}

static void flagged(struct pieces *p)
{
	insert(p, 3, 3, 10);
}

static void too_large(struct pieces *p)
{
	insert(p, 3, SECTION_OPTIONAL, SNAP_MAX_OTHER + 1);
}

static void known_flagged(struct pieces *p)
{
	p->piece[2].flags = SECTION_OPTIONAL;
}

static void half_leaf(struct pieces *p)
{
	p->piece[1].size--;
}

static void short_head(struct pieces *p)
{
	p->piece[0].size--;
}

static void long_conf(struct pieces *p)
{
	p->piece[2].data = realloc(p->piece[2].data, SNAP_MAX_CONF + 1);
	p->piece[2].size = SNAP_MAX_CONF + 1;
}

/* Two frames of zstd, where one is; the sizes are right. */
static void two_frames(struct pieces *p)
{
	struct piece *one = piece_of(p, SNAP_PAGES);
	uint8_t none[64];
	size_t size = ZSTD_compress(none, sizeof(none), "", 0, 1);

	memcpy(one->data + one->size, none, size);
	one->size += size;
	put32(one->data + PAGES_PACKED,
	      get32(one->data + PAGES_PACKED) + (uint32_t)size);
}

/* One of another size. */
static void other_frame(struct pieces *p)
{
	struct piece *one = piece_of(p, SNAP_PAGES);
	size_t size = ZSTD_compress(one->data + PAGES_HEAD + 2 * PAGES_RUN, 2000,
				    dir, sizeof(dir), 1);

	one->size = PAGES_HEAD + 2 * PAGES_RUN + size;
	put32(one->data + PAGES_PACKED, (uint32_t)size);
}

static void no_frame(struct pieces *p)
{
	struct piece *one = piece_of(p, SNAP_PAGES);

	one->size = PAGES_HEAD + 2 * PAGES_RUN;
	put32(one->data + PAGES_PACKED, 0);
}

static void test_sections(void)
{
	tap_ok(changed(nothing, 0, NULL) && changed(nothing, 9, NULL),
	       "what was taken apart is taken");
	tap_ok(changed(optional, 0, NULL), "so are optional sections");
	tap_ok(changed(mandatory, 0, "a section 'NEW!', which is not known"),
	       "others are not: %s", err.text);
	tap_ok(changed(flagged, 0, "with flags that are not known: 0x3"), "flags");
	tap_ok(changed(too_large, 0, "of 16777217 bytes, where 0 to 16777216"),
	       "too much of it: %s", err.text);
	tap_ok(changed(known_flagged, 0, "with flags that are not known: 0x1"),
	       "what must be there is not optional");
	tap_ok(changed(conf_first, 0, "a section 'CONF' where 'CPU ' must be"),
	       "another order: %s", err.text);
	tap_ok(changed(pages_first, 0, "a section 'PAGE' where 'STAT' must be"),
	       "pages too early");
	tap_ok(changed(objects_turned, 0, "which is not there or has passed"),
	       "memory objects in another order");
	tap_ok(changed(state_again, 0, "a section 'STAT' where pages must be"),
	       "state once more");
	tap_ok(changed(no_end, 0, "ends before its end"), "no end");
	tap_ok(changed(two_ends, 0, "something follows the end"), "two");
	tap_ok(changed(half_leaf, 0, "63 bytes, which are no whole entries"),
	       "half a CPUID leaf");
	tap_ok(changed(short_head, 0, "of 127 bytes, where 128 to 128"), "a short head");
	tap_ok(changed(long_conf, 0, "of 65537 bytes, where 0 to 65536"),
	       "a long definition");
	tap_ok(changed(two_frames, 0, "no single frame of zstd"), "two frames");
	tap_ok(changed(other_frame, 0, "no single frame of zstd of 12288 bytes"),
	       "a frame of another size");
	tap_ok(changed(no_frame, 0, "0 bytes of zstd, where 0 are"), "no frame");
}

static void test_others(void)
{
	static const uint8_t zeroes[4096];
	struct snap_reader r;

	tap_ok(is_refused("", 0, "no snapshot file"), "an empty file");
	tap_ok(is_refused(zeroes, sizeof(zeroes), "no snapshot file"), "zeroes");
	tap_ok(is_refused("\177ELF\2\1\1\0\0\0", 10, "no snapshot file"), "another");
	tap_ok(is_refused("\211VMSNAP\r\n.....", 14, "no snapshot file"),
	       "one sent as text");
	tap_ok(snap_read_begin(&r, dir, true, &err) &&
	       strstr(err.text, "cannot read: Is a directory"), "a directory");
	snap_read_close(&r);
	tap_ok(snap_read_begin(&r, "/nowhere", true, &err) &&
	       strstr(err.text, "/nowhere: cannot open: No such file"), "none");
	snap_read_close(&r);
}

int main(void)
{
	if (!mkdtemp(dir))
		abort();
	snprintf(path, sizeof(path), "%s/f", dir);
	test_sums();
	test_places();
	test_lies();
	test_sections();
	test_others();
	unlink(path);
	rmdir(dir);
	return tap_done();
}
