// SPDX-License-Identifier: GPL-2.0
/* Rows as tables, JSON and CSV: widths, order, what must be escaped. */
#include <string.h>

#include "lib/container.h"
#include "lib/metrics.h"
#include "lib/out.h"
#include "lib/records.h"
#include "lib/rows.h"
#include "tap.h"
#include "vmctl_capture.h"

struct thing {
	char name[24];
	uint64_t count, bytes, ns, address, part;
	struct record_labels labels;
};

#define THING(key, head, kind, member) \
	ROWS_FIELD(key, head, kind, struct thing, member)

static const struct rows_field fields[] = {
	THING("name",		"NAME",		TEXT,	name),
	THING("count",		"COUNT",	NUMBER,	count),
	THING("bytes",		"SIZE",		SIZE,	bytes),
	THING("age_ns",		"AGE",		TIME,	ns),
	THING("address",	NULL,		HEX,	address),
	THING("part",		NULL,		MILLI,	part),
	THING("labels",		NULL,		LABELS,	labels),
	{}
};

static struct thing things[3];

static struct rows rows(size_t count)
{
	memset(things, 0, sizeof(things));
	things[0] = (struct thing){
		"web", 7, 512ULL << 20, 8040ULL * 1000000000, 0xfee00000, 12345
	};
	things[1] = (struct thing){
		"a-long-name", ROWS_NONE, 4097, 59, 0, 999
	};
	things[2] = (struct thing){ "", 70, 0, 90000ULL * 1000000000, 1, 0 };
	things[0].labels.count = 2;
	strcpy(things[0].labels.label[0].key, "tier");
	strcpy(things[0].labels.label[0].value, "front");
	strcpy(things[0].labels.label[1].key, "note");
	strcpy(things[0].labels.label[1].value, "a \"b\"\n\033[2J");
	return (struct rows){
		.name = "things", .fields = fields, .records = things,
		.size = sizeof(struct thing), .count = count,
	};
}

static void prints(const struct rows *r, struct rows_view view,
		   const char *wanted, const char *what)
{
	const char *got;
	struct err err = {};

	if (!tap_ok(!rows_check(r->fields, &view, &err), "%s: allowed%s%s",
		    what, *err.text ? ": " : "", err.text))
		return;
	capture_begin();
	rows_print(r, &view);
	got = capture_end();
	if (!tap_ok(!strcmp(got, wanted), "%s", what))
		tap_note("got:\n%s\nwanted:\n%s", got, wanted);
}

static void test_tables(void)
{
	struct rows r = rows(3), none = rows(0);

	prints(&r, (struct rows_view){},
	       "NAME         COUNT  SIZE  AGE\n"
	       "web          7      512M  2h14m\n"
	       "a-long-name  -      4097  0s\n"
	       "-            70     0     1d1h\n", "a table");
	prints(&r, (struct rows_view){ .no_header = true },
	       "web          7   512M  2h14m\n"
	       "a-long-name  -   4097  0s\n"
	       "-            70  0     1d1h\n",
	       "without heads columns are as wide as they must");
	prints(&none, (struct rows_view){}, "NAME  COUNT  SIZE  AGE\n",
	       "no rows: the heads");
	prints(&r, (struct rows_view){ .fields = "address,part,labels,name" },
	       "ADDRESS     PART  LABELS                      NAME\n"
	       "0xfee00000  12.3  tier=front,note=a \"b\"??[2J  web\n"
	       "0           0.9   -                           a-long-name\n"
	       "0x1         0.0   -                           -\n",
	       "fields that are asked for; no control characters");
}

/* What a terminal would obey, in any of its languages. */
static void test_tame(void)
{
	struct rows r = rows(1);

	strcpy(things[0].name, "a\x1b[m\x9b" "b\xc2\x9b" "c\x7f\xc3\xbc");
	prints(&r, (struct rows_view){ .no_header = true, .fields = "name" },
	       "a?[m?b??c?\xc3\xbc\n", "no control characters at all");
}

static void test_wide(void)
{
	struct rows r = rows(3);

	r.count = 1;
	prints(&r, (struct rows_view){ .format = ROWS_WIDE },
	       "NAME  COUNT  SIZE  AGE    ADDRESS     PART  LABELS\n"
	       "web   7      512M  2h14m  0xfee00000  12.3  tier=front,note=a \"b\"??[2J\n",
	       "wide has all fields");
}

static void test_json(void)
{
	struct rows r = rows(2), none = rows(0);

	none.count = 0;
	prints(&none, (struct rows_view){ .format = ROWS_JSON },
	       "{\"schema\": 1, \"things\": []}\n", "json: nothing");
	r.count = 1;
	prints(&r, (struct rows_view){ .format = ROWS_JSON },
	       "{\"schema\": 1, \"things\": [{\"name\": \"web\", \"count\": 7, "
	       "\"bytes\": 536870912, \"age_ns\": 8040000000000, "
	       "\"address\": 4276092928, \"part\": 12.345, "
	       "\"labels\": {\"tier\": \"front\", "
	       "\"note\": \"a \\\"b\\\"\\u000a\\u001b[2J\"}}]}\n",
	       "json: integers, escapes, labels as an object");
	r.count = 2;
	prints(&r, (struct rows_view){
	       .format = ROWS_JSONL, .fields = "count,name" },
	       "{\"schema\": 1, \"count\": 7, \"name\": \"web\"}\n"
	       "{\"schema\": 1, \"count\": null, \"name\": \"a-long-name\"}\n",
	       "jsonl: an object a line, in the order asked for");
}

/* ---- a record that stands by itself ---------------------------------------------- */

struct host {
	uint64_t cpus;
	char can[32];
};

static const struct rows_field host_fields[] = {
	ROWS_FIELD("cpus", "CPUS", NUMBER, struct host, cpus),
	ROWS_FIELD("can_do", "CAN DO", WORDS, struct host, can),
	{}
};

static struct host host = { 2, "npt  \"vgif\"" };

static void one(const char *name, struct rows_view view, const char *wanted,
		const char *what)
{
	const struct rows r = { name, host_fields, &host, sizeof(host), 1 };
	const char *got;

	capture_begin();
	rows_print_one(&r, &view);
	got = capture_end();
	if (!tap_ok(!strcmp(got, wanted), "by itself: %s", what))
		tap_note("got:\n%s\nwanted:\n%s", got, wanted);
}

static void test_one(void)
{
	one("host", (struct rows_view){},
	    "cpus    2\ncan_do  npt  \"vgif\"\n", "a field a line");
	one("host", (struct rows_view){ .fields = "can_do", .no_header = true },
	    "npt  \"vgif\"\n", "a value alone");
	one("host", (struct rows_view){ .format = ROWS_JSON, .fields = "cpus" },
	    "{\"schema\": 1, \"host\": {\"cpus\": 2}}\n", "json");
	one(NULL, (struct rows_view){ .format = ROWS_JSON },
	    "{\"schema\": 1, \"cpus\": 2, \"can_do\": [\"npt\", \"\\\"vgif\\\"\"]}\n",
	    "json without a name, and words as a list");
	one("host", (struct rows_view){ .format = ROWS_CSV },
	    "cpus,can_do\n2,\"npt  \"\"vgif\"\"\"\n", "csv");
	host.can[0] = 0;
	one("host", (struct rows_view){ .format = ROWS_JSONL, .fields = "can_do" },
	    "{\"schema\": 1, \"can_do\": []}\n", "no words");
	one("host", (struct rows_view){ .fields = "can_do" }, "can_do  -\n",
	    "nor for people");
}

static void json_string(const char *text, const char *wanted)
{
	const char *got;

	capture_begin();
	out_json_string(text);
	got = capture_end();
	tap_ok(!strcmp(got, wanted), "a string as JSON: %s", got);
}

/* Labels are any bytes; JSON is UTF-8. */
static void test_strings(void)
{
	json_string("plain", "\"plain\"");
	json_string("\\\"\t\x7f", "\"\\\\\\\"\\u0009\\u007f\"");
	json_string("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xa7",
		    "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xa7\"");
	json_string("\xff", "\"\xef\xbf\xbd\"");
	json_string("a\xc3", "\"a\xef\xbf\xbd\"");
	json_string("\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	json_string("\xed\xa0\x80",
		    "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	json_string("\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\"");
	json_string("\xf4\x90\x80\x80",
		    "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void test_csv(void)
{
	struct rows r = rows(2);

	prints(&r, (struct rows_view){
	       .format = ROWS_CSV, .fields = "name,count,part,labels" },
	       "name,count,part,labels\n"
	       "web,7,12.345,\"tier=front,note=a \"\"b\"\"\n\033[2J\"\n"
	       "a-long-name,,0.999,\n", "csv: quotes, empty for none");
	prints(&r, (struct rows_view){
	       .format = ROWS_CSV, .fields = "count", .no_header = true },
	       "7\n\n", "csv without keys");
	prints(&r, (struct rows_view){ .format = ROWS_ONLY_NAME },
	       "web\na-long-name\n", "names");
}

static void sorts(const char *key, const char *wanted)
{
	struct rows r = rows(3);

	prints(&r, (struct rows_view){ .format = ROWS_CSV, .no_header = true,
	       .fields = "bytes", .sort = key }, wanted, key);
}

static void test_sort(void)
{
	sorts("name", "0\n4097\n536870912\n");
	sorts("-name", "536870912\n4097\n0\n");
	sorts("count", "4097\n536870912\n0\n");
	sorts("-count", "0\n536870912\n4097\n");
	sorts("bytes", "0\n4097\n536870912\n");
	sorts("-age_ns", "0\n536870912\n4097\n");
}

static void refused(struct rows_view view, const char *words)
{
	struct err err = {};

	tap_ok(rows_check(fields, &view, &err) && err.code == VMCTL_USAGE &&
	       strstr(err.text, words), "refused: %s", err.text);
}

static void test_refusals(void)
{
	enum rows_format format;
	struct err err = {};
	char many[1024] = "name";
	unsigned int i;

	refused((struct rows_view){ .fields = "name,nothing" }, "'nothing'");
	refused((struct rows_view){ .fields = "" }, "no field ''");
	refused((struct rows_view){ .fields = "name," }, "no field ''");
	refused((struct rows_view){ .fields = "nam" }, "'nam'");
	refused((struct rows_view){ .fields = "names" }, "'names'");
	refused((struct rows_view){ .sort = "--name" }, "'-name'");
	refused((struct rows_view){ .sort = "" }, "''");
	for (i = 0; i < ROWS_MAX_FIELDS; i++)
		strcat(many, ",name");
	refused((struct rows_view){ .fields = many }, "more than");
	tap_ok(rows_format_parse("xml", &format, &err) &&
	       err.code == VMCTL_USAGE, "no such format: %s", err.text);
	tap_ok(!rows_format_parse("wide", &format, &err) &&
	       format == ROWS_WIDE, "wide");
}

static void test_times(void)
{
	static const struct {
		uint64_t seconds;
		const char *text;
	} cases[] = {
		{ 0, "0s" }, { 59, "59s" }, { 60, "1m" }, { 61, "1m1s" },
		{ 3600, "1h" }, { 3601, "1h" }, { 8040, "2h14m" },
		{ 86400, "1d" }, { 273600, "3d4h" },
	};
	char text[ROWS_TIME_LEN];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		tap_ok(!strcmp(rows_time_text(text, cases[i].seconds *
					      1000000000), cases[i].text),
		       "%s", cases[i].text);
	rows_time_text(text, UINT64_MAX);
	tap_ok(!strcmp(text, "213503d23h"), "the longest: %s", text);
}

static void test_metrics(void)
{
	static struct record_vm vm = {
		.id = 3, .name = "w\"\\\nb", .state = "paused", .vcpus = 2,
		.memory = 4096, .resident = RECORD_NONE,
		.uptime_ns = 1500000000,
	};
	static struct record_stats total = {
		.vm = RECORD_NONE, .count = 2,
		.counter = { { "exits", 9 }, { "exit_io", 9 } },
	}, one = {
		.vm = 3, .count = 2,
		.counter = { { "exits", 4 }, { "exit_io", 4 } },
	};
	const struct metrics m = { &total, &vm, 1, &one, 1 };
	const char *got;

	capture_begin();
	metrics_print(&m);
	got = capture_end();
	tap_ok(strstr(got, "\nvmm_exits_total 9\n") &&
	       strstr(got, "\nvmm_vm_exits_total{vm=\"3\",name=\"w\\\"\\\\\\nb\"} 4\n") &&
	       strstr(got, "\nvmm_exits_by_reason_total{reason=\"io\"} 9\n") &&
	       strstr(got, "\nvmm_vm_exits_by_reason_total{vm=\"3\",name=\"w\\\"\\\\\\nb\",reason=\"io\"} 4\n"),
	       "metrics: counters");
	tap_ok(strstr(got, "vmm_vm_uptime_seconds{vm=\"3\",name=\"w\\\"\\\\\\nb\"} 1.500000000\n") &&
	       strstr(got, ",vmm_vm_state=\"paused\"} 1\n") &&
	       strstr(got, ",vmm_vm_state=\"running\"} 0\n") &&
	       !strstr(got, "vmm_vm_resident_bytes{"),
	       "metrics: figures, and none where there is none");
	tap_ok(!strcmp(got + strlen(got) - 6, "# EOF\n"), "metrics: the end");
}

int main(void)
{
	test_tables();
	test_tame();
	test_wide();
	test_json();
	test_one();
	test_strings();
	test_csv();
	test_sort();
	test_refusals();
	test_times();
	test_metrics();
	return tap_done();
}
