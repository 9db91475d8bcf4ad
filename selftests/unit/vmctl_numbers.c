// SPDX-License-Identifier: GPL-2.0
/* Sizes, counts and seconds as people type them; the memory layout. */
#include <string.h>

#include "boot/layout.h"
#include "boot/plan.h"
#include "tap.h"

static void size_is(const char *text, uint64_t want)
{
	uint64_t have = 0;
	int ret = size_parse(text, &have);

	tap_ok(!ret && have == want, "size '%s'", text);
}

static void size_bad(const char *text)
{
	uint64_t have;

	tap_ok(size_parse(text, &have) == -1, "no size: '%s'", text);
}

static void test_sizes(void)
{
	static const char *const bad[] = {
		"", "M", "-1", "+1", " 1", "1 ", "1X", "1MM", "1.5G", "0x10",
		"1Mi", "18446744073709551616", "16777216T", "99999999999G",
	};
	char text[SIZE_TEXT_LEN];
	unsigned int i;

	size_is("0", 0);
	size_is("4096", 4096);
	size_is("1K", KIB);
	size_is("512M", 512 * MIB);
	size_is("512m", 512 * MIB);
	size_is("6G", 6 * GIB);
	size_is("6GiB", 6 * GIB);
	size_is("6GB", 6 * GIB);
	size_is("2T", 2048 * GIB);
	size_is("16777215T", 16777215 * (1024 * GIB));
	size_is("18446744073709551615", UINT64_MAX);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		size_bad(bad[i]);
	tap_ok(!strcmp(size_text(text, 6 * GIB), "6G") &&
	       !strcmp(size_text(text, 1536 * MIB), "1536M") &&
	       !strcmp(size_text(text, 4097), "4097") &&
	       !strcmp(size_text(text, 0), "0") &&
	       !strcmp(size_text(text, UINT64_MAX), "18446744073709551615"),
	       "sizes as text");
	tap_ok(!strcmp(size_about(text, 0), "0") &&
	       !strcmp(size_about(text, 1023), "1023") &&
	       !strcmp(size_about(text, 8 * MIB), "8M") &&
	       !strcmp(size_about(text, 1536 * MIB), "1.5G") &&
	       !strcmp(size_about(text, 430321664), "410M") &&
	       !strcmp(size_about(text, 10 * MIB + 600 * KIB), "11M") &&
	       !strcmp(size_about(text, GIB - 1), "1G") &&
	       !strcmp(size_about(text, GIB - MIB), "1023M") &&
	       !strcmp(size_about(text, UINT64_MAX), "16777216T"),
	       "and for a glance");
}

static void test_others(void)
{
	uint64_t v;

	tap_ok(!uint_parse("0xf4", &v) && v == 0xf4, "0xf4");
	tap_ok(!uint_parse("010", &v) && v == 10, "010 is ten");
	tap_ok(uint_parse("0x", &v) || v == 0, "0x is no surprise");
	tap_ok(uint_parse("-1", &v) && uint_parse("1x", &v) &&
	       uint_parse("", &v), "no numbers");
	tap_ok(!seconds_parse("2", &v) && v == 2000000000, "2 s");
	tap_ok(!seconds_parse("0.5", &v) && v == 500000000, "half a second");
	tap_ok(!seconds_parse("0.0000000001", &v) && v == 0, "too fine");
	tap_ok(seconds_parse("1.", &v) && seconds_parse(".5", &v) &&
	       seconds_parse("1e3", &v) && seconds_parse("-1", &v) &&
	       seconds_parse("4294967296", &v), "no seconds");
}

static void test_layout(void)
{
	struct memmap map;
	struct layout l;
	struct err err;
	unsigned int i;
	uint64_t end = 0, ram = 0;

	tap_ok(layout_make(&l, 1024, 48, &err) && strstr(err.text, "2M"),
	       "1K: %s", err.text);
	tap_ok(layout_make(&l, 2 * MIB + 1, 48, &err), "odd: %s", err.text);
	tap_ok(layout_make(&l, GIB << 20, 40, &err), "1P in 40 bits: %s",
	       err.text);
	tap_ok(!layout_make(&l, 3 * GIB, 32, &err) && !l.high,
	       "3G is all low");
	tap_ok(layout_make(&l, 3 * GIB + 4096, 32, &err),
	       "a page more needs more bits");
	tap_ok(!layout_make(&l, (1ULL << 40) - GIB, 40, &err),
	       "as much as 40 bits hold");
	tap_ok(layout_make(&l, (1ULL << 40) - GIB + 4096, 40, &err),
	       "and a page more");
	layout_make(&l, 6 * GIB, 48, &err);
	tap_ok(layout_has(&l, 0, 3 * GIB) && !layout_has(&l, 0, 3 * GIB + 1) &&
	       layout_has(&l, 4 * GIB, 3 * GIB) &&
	       !layout_has(&l, 7 * GIB, 1) && layout_has(&l, 7 * GIB, 0) &&
	       !layout_has(&l, UINT64_MAX, 2) &&
	       !layout_has(&l, 4096, UINT64_MAX), "what is RAM");
	layout_memmap(&l, &map);
	for (i = 0; i < map.count; i++) {
		if (map.entry[i].gpa < end)
			break;
		end = map.entry[i].gpa + map.entry[i].size;
		if (map.entry[i].type == MEMMAP_RAM)
			ram += map.entry[i].size;
	}
	tap_ok(i == map.count && end == 7 * GIB &&
	       ram == 6 * GIB - (MIB - LAYOUT_EBDA), "the map is in order");
}

static void test_places(void)
{
	static struct boot_plan plan;
	struct layout l;
	struct err err;
	uint64_t gpa;
	unsigned int i;
	int ret = 0;

	layout_make(&l, 64 * MIB, 48, &err);
	plan_init(&plan, &l);
	tap_ok(!plan_claim(&plan, 16 * MIB, MIB, "x", &err) &&
	       plan_claim(&plan, 17 * MIB - 1, 1, "y", &err) &&
	       plan_claim(&plan, 16 * MIB - 1, 2, "y", &err) &&
	       !plan_claim(&plan, 17 * MIB, 1, "y", &err) &&
	       !plan_claim(&plan, 16 * MIB - 1, 1, "y", &err),
	       "claims touch but don't overlap: %s", err.text);
	tap_ok(!plan_find_low(&plan, 4096, 4096, 16 * MIB, GIB, "z", &gpa,
			      &err) && gpa == 17 * MIB + 4096,
	       "the lowest place");
	tap_ok(!plan_find_high(&plan, 46 * MIB, 4096, MIB, GIB, "z", &gpa,
			       &err) && gpa == 18 * MIB, "the highest");
	tap_ok(!plan_find_high(&plan, 14 * MIB, MIB, MIB, GIB, "z", &gpa,
			       &err) && gpa == MIB, "below what is taken");
	tap_ok(plan_find_high(&plan, 2 * MIB, 4096, MIB, GIB, "z", &gpa,
			      &err) &&
	       plan_find_low(&plan, 2 * MIB, 4096, MIB, GIB, "z", &gpa,
			     &err) &&
	       plan_find_high(&plan, UINT64_MAX, 4096, MIB, GIB, "z", &gpa,
			      &err) &&
	       plan_find_low(&plan, UINT64_MAX, 4096, MIB, GIB, "z", &gpa,
			     &err), "none: %s", err.text);
	plan_init(&plan, &l);
	for (i = 0; i < 1000 && !ret; i++)
		ret = plan_claim(&plan, MIB + i * 4096, 4096, "c", &err);
	tap_ok(ret && strstr(err.text, "192"), "too many: %s", err.text);
	plan_free(&plan);
}

int main(void)
{
	test_sizes();
	test_others();
	test_layout();
	test_places();
	return tap_done();
}
