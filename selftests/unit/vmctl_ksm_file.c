// SPDX-License-Identifier: GPL-2.0
/*
 * Dumps of page hashes as files: what is written is read again, and what is cut off, altered or
 * cannot be is refused, in one line that tells where.
 */
#include <xxhash.h>

#include "tap.h"
#include "vmctl_ksm_dumps.h"

#define THERE	VMM_KSM_PAGE_PRESENT

static struct err err;

static struct dump *sample(void)
{
	struct dump *d = dump_of("web", 3, 5);
	unsigned int i;

	for (i = 0; i < 5000; i++)
		add_page(d, i < 3000 ? 9 : 4, THERE, i % 70 + 1, i + 100);
	add_page(d, 4, 0, 0, 0);
	add_page(d, 4, VMM_KSM_PAGE_AWAY, 0, 0);
	add_page(d, 4, THERE | VMM_KSM_PAGE_ZERO, 0, 7);
	add_page(d, 4, THERE | VMM_KSM_PAGE_MERGED, 5, 8);
	add_page(d, 4, THERE | VMM_KSM_PAGE_KIN | VMM_KSM_PAGE_HUGE, 6, 9);
	return d;
}

static void drop(struct dump *d)
{
	dump_free(d);
	free(d);
}

static bool equal(const struct dump *a, const struct dump *b)
{
	return a->time_ns == b->time_ns && a->vm == b->vm &&
	       a->seed == b->seed && a->pages == b->pages &&
	       a->nr_objects == b->nr_objects &&
	       !memcmp(a->number, b->number, sizeof(a->number)) &&
	       !strcmp(a->name, b->name) && !strcmp(a->host, b->host) &&
	       !strcmp(a->kernel, b->kernel) && !strcmp(a->mode, b->mode) &&
	       !strcmp(a->policy, b->policy) && !strcmp(a->hash, b->hash) &&
	       !strcmp(a->module, b->module) &&
	       !memcmp(a->object, b->object, sizeof(a->object)) &&
	       !memcmp(a->page, b->page, a->pages * sizeof(*a->page));
}

static void test_again(void)
{
	struct dump *d = sample(), again;
	size_t size;
	uint8_t *data = dump_bytes(d, &size);

	tap_ok(size == 512 + 5005 * 24 + 8, "a file of %zu bytes", size);
	tap_ok(!read_bytes(&again, data, size, &err), "is read");
	tap_ok(equal(d, &again), "and is what was written");
	tap_ok(again.nr_objects == 2 && again.object[1].id == 4 &&
	       again.object[1].first == 3000 && again.object[1].pages == 2005,
	       "objects");
	dump_free(&again);
	free(data);
	drop(d);
	d = dump_of("", 0, 0);
	data = dump_bytes(d, &size);
	tap_ok(!read_bytes(&again, data, size, &err) && !again.pages,
	       "a VM without memory and name");
	dump_free(&again);
	free(data);
	drop(d);
}

static bool is_refused(const uint8_t *data, size_t size, const char *why)
{
	struct dump d;
	bool good;

	err = (struct err){};
	good = read_bytes(&d, data, size, &err) && err.code == VMCTL_FAILED &&
	       !strncmp(err.text, "x: at byte ", 11) && strstr(err.text, why) &&
	       !strchr(err.text, '\n');
	if (!good)
		tap_note("%s", *err.text ? err.text : "taken");
	dump_free(&d);
	return good;
}

static void test_altered(void)
{
	struct dump *d = dump_of("web", 3, 5);
	size_t size, i, bad = 0;
	uint8_t *data;

	for (i = 0; i < 20; i++)
		add_page(d, 1, THERE, i + 1, i + 1);
	data = dump_bytes(d, &size);
	for (i = 0; i < size; i++)
		bad += !is_refused(data, i, i < 8 ? "no dump of page hashes" : "cut off");
	tap_ok(!bad, "cut off anywhere: %zu are taken", bad);
	for (i = 0, bad = 0; i < size; i++) {
		data[i] ^= (uint8_t)(1U << i % 8);
		bad += !is_refused(data, size, "");
		data[i] ^= (uint8_t)(1U << i % 8);
	}
	tap_ok(!bad, "a bit altered anywhere: %zu are taken", bad);
	data[size] = 0;
	tap_ok(is_refused(data, size + 1, "at byte 1000: something follows the end"),
	       "something behind the end");
	free(data);
	drop(d);
}

/* Sums that are right. */
static void mend(uint8_t *data, size_t size)
{
	uint64_t sum = XXH64(data, DUMP_AT_SUM, 0);

	put64(data + DUMP_AT_SUM, sum);
	put64(data + size - DUMP_END_SIZE,
	      XXH64(data + DUMP_HEAD_SIZE, size - DUMP_HEAD_SIZE - DUMP_END_SIZE,
		    sum));
}

static const struct {
	unsigned int at, bytes;
	uint64_t value;
	const char *why;
} heads[] = {
	{ DUMP_AT_VERSION, 4, 2, "at byte 8: version 2 of the format, of which 1 is known" },
	{ DUMP_AT_PAGE_SIZE, 4, 8192, "pages of another size" },
	{ DUMP_AT_PAGES, 8, DUMP_MAX_PAGES + 1, "more pages than can be" },
	{ DUMP_AT_PAGES, 8, DUMP_MAX_PAGES, "cut off" },
	{ DUMP_AT_PAGES, 8, 3, "the sum of its records is wrong" },
	{ DUMP_AT_NUMBERS + 120, 8, 1, "a number that is not known" },
	{ DUMP_AT_NAME, 1, '<', "no name of a VM" },
	{ DUMP_AT_NAME + 40, 1, 'a', "no name of a VM" },
	{ DUMP_AT_HOST, 1, 27, "no name of a host" },
	{ DUMP_AT_HOST, 1, 200, "no name of a host" },
	{ DUMP_AT_KERNEL + 63, 1, 'x', "no name of a host or its kernel" },
	{ DUMP_AT_POLICY, 1, '\n', "no word for a knob" },
	{ DUMP_AT_ZERO + 3, 1, 1, "something where nothing must be" },
};

static const struct {
	struct vmm_ksm_page page;
	const char *why;
} pages[] = {
	{ { 0, 0, 64, 1 }, "flags that are not known" },
	{ { 1, 0, 0, 1 }, "a page that is not there, with a hash" },
	{ { 0, 1, VMM_KSM_PAGE_AWAY, 1 }, "a page that is not there, with a hash" },
	{ { 0, 0, VMM_KSM_PAGE_KIN, 1 }, "flags of a page that is there, and is not" },
	{ { 0, 0, VMM_KSM_PAGE_ZERO, 1 }, "flags of a page that is there, and is not" },
	{ { 1, 1, THERE | VMM_KSM_PAGE_AWAY, 1 }, "there and away" },
	{ { 1, 1, THERE | VMM_KSM_PAGE_MERGED | VMM_KSM_PAGE_KIN, 1 }, "merged, and" },
	{ { 1, 1, THERE | VMM_KSM_PAGE_MERGED | VMM_KSM_PAGE_HUGE, 1 }, "merged, and" },
	{ { 1, 1, THERE | VMM_KSM_PAGE_ZERO, 1 }, "zeroes with a hash" },
	{ { 1, 1, THERE, 2 }, "a memory object in two pieces" },
};

static void put(uint8_t *to, unsigned int bytes, uint64_t value)
{
	unsigned int i;

	for (i = 0; i < bytes; i++)
		to[i] = (uint8_t)(value >> 8 * i);
}

static void test_contents(void)
{
	struct dump *d = dump_of("web", 3, 5);
	uint8_t *data, *copy, *r;
	char why[160];
	size_t size, i;

	for (i = 0; i < 6; i++)
		add_page(d, i < 3 ? 2 : 1, THERE, i + 1, i + 1);
	data = dump_bytes(d, &size);
	copy = malloc(size);
	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		memcpy(copy, data, size);
		put(copy + heads[i].at, heads[i].bytes, heads[i].value);
		mend(copy, size);
		tap_ok(is_refused(copy, size, heads[i].why), "head: %s", heads[i].why);
	}
	for (i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		memcpy(copy, data, size);
		r = copy + DUMP_HEAD_SIZE + 4 * DUMP_PAGE_RECORD;
		put64(r, pages[i].page.hash);
		put64(r + 8, pages[i].page.frame);
		put32(r + 16, pages[i].page.flags);
		put32(r + 20, pages[i].page.object);
		mend(copy, size);
		snprintf(why, sizeof(why), "%s", pages[i].why);
		tap_ok(is_refused(copy, size, "at byte 608: ") &&
		       is_refused(copy, size, why), "page: %s", why);
	}
	free(copy);
	free(data);
	drop(d);
}

static void test_limits(void)
{
	struct dump *d = dump_of("web", 1, 0);
	unsigned int i;

	for (i = 0; i < DUMP_MAX_OBJECTS; i++)
		add_page(d, 1000 - i, 0, 0, 0);
	tap_ok(d->nr_objects == DUMP_MAX_OBJECTS && !add_page(d, 1, 0, 0, 0) &&
	       d->pages == DUMP_MAX_OBJECTS, "as many objects as can be");
	drop(d);
}

static void test_open(void)
{
	struct dump d;

	tap_ok(dump_open(&d, "/nonexistent", &err) && err.code == VMCTL_FAILED &&
	       strstr(err.text, "/nonexistent: cannot open"), "no file");
	dump_free(&d);
	tap_ok(dump_open(&d, "/", &err) && strstr(err.text, "cannot read"),
	       "a directory");
	dump_free(&d);
	tap_ok(dump_open(&d, "/dev/null", &err) &&
	       strstr(err.text, "no dump of page hashes"), "nothing");
	dump_free(&d);
}

int main(void)
{
	test_again();
	test_altered();
	test_contents();
	test_limits();
	test_open();
	return tap_done();
}
