// SPDX-License-Identifier: GPL-2.0
/*
 * Policies: as words, as lists of CPUs, and as what is in the files of a control group,
 * which here are those of a plain directory.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tap.h"
#include "lib/cpulist.h"
#include "lib/size.h"
#include "vm/cgroup.h"
#include "vm/place.h"
#include "vm/sched.h"

static struct sched sched;
static struct err err;
static char dir[] = "/tmp/vmctl_sched.XXXXXX";

static bool take(enum sched_word word, const char *text)
{
	memset(&sched, 0, sizeof(sched));
	return !sched_parse(&sched, word, text, &err);
}

static void refused(enum sched_word word, const char *text, const char *says)
{
	bool good = !take(word, text) && err.code == VMCTL_USAGE &&
		    strstr(err.text, says);

	if (!tap_ok(good, "refused: %s %s", sched_name(word), text))
		tap_note("says: %s", err.text);
}

/* ---- words ------------------------------------------------------------------------ */

static void test_words(void)
{
	int i, same = 0;

	for (i = 0; i < SCHED_NR_WORDS; i++)
		same += sched_word(sched_name((enum sched_word)i)) == i;
	tap_ok(same == SCHED_NR_WORDS && sched_word("weigh") < 0 &&
	       sched_word("") < 0, "each word is known by its name");
	tap_ok(take(SCHED_WEIGHT, "1") && sched.weight == 1 &&
	       take(SCHED_WEIGHT, "10000") && sched_weight(&sched) == 10000,
	       "weights");
	tap_ok(take(SCHED_CAP, "1") && take(SCHED_CAP, "250") &&
	       sched.cap == 250, "caps");
	tap_ok(take(SCHED_MEM_LIMIT, "64M") && sched.mem_limit == 64 * MIB &&
	       take(SCHED_MEM_LIMIT, "1048576"), "limits of memory");
	refused(SCHED_WEIGHT, "0", "1 to 10000");
	refused(SCHED_WEIGHT, "10001", "1 to 10000");
	refused(SCHED_WEIGHT, "-1", "1 to 10000");
	refused(SCHED_WEIGHT, "4294967297", "1 to 10000");
	refused(SCHED_WEIGHT, "", "1 to 10000");
	refused(SCHED_CAP, "0", "1 to 102400");
	refused(SCHED_CAP, "30%", "1 to 102400");
	refused(SCHED_CAP, "102401", "1 to 102400");
	refused(SCHED_MEM_LIMIT, "0", "at least 1M");
	refused(SCHED_MEM_LIMIT, "1048577", "multiple of 4096");
	refused(SCHED_MEM_LIMIT, "16E", "neither a size");
	refused(SCHED_MEM_LIMIT, "9223372036854779904", "at least 1M");
}

static bool prio(const char *text, unsigned int weight)
{
	return take(SCHED_PRIO, text) && sched_weight(&sched) == weight;
}

static void test_prio(void)
{
	tap_ok(prio("0", 100) && prio("-0", 100) && prio("1", 80) &&
	       prio("-1", 125) && prio("5", 33) && prio("-5", 305) &&
	       prio("19", 1) && prio("-20", 8674),
	       "a priority is the weight of that nice value");
	refused(SCHED_PRIO, "20", "-20 to 19");
	refused(SCHED_PRIO, "-21", "-20 to 19");
	refused(SCHED_PRIO, "--1", "-20 to 19");
	refused(SCHED_PRIO, "+1", "-20 to 19");
	refused(SCHED_PRIO, "-", "-20 to 19");
	refused(SCHED_PRIO, "-none", "-20 to 19");
	refused(SCHED_PRIO, "18446744073709551615", "-20 to 19");
}

static void test_none(void)
{
	int i, taken = 0;

	for (i = 0; i < SCHED_NR_WORDS; i++) {
		taken += take((enum sched_word)i, "none") &&
			 sched.told == 1U << i;
		sched_forget_none(&sched);
		taken += !sched.told;
	}
	tap_ok(taken == 2 * SCHED_NR_WORDS, "none is a value, and can be forgotten");
	take(SCHED_WEIGHT, "none");
	tap_ok(sched_weight(&sched) == 100, "without a weight it is as others");
	take(SCHED_PRIO, "none");
	tap_ok(sched_weight(&sched) == 100, "and without a priority");
	take(SCHED_PRIO, "0");
	sched_forget_none(&sched);
	tap_ok(sched_wants(&sched, SCHED_PRIO), "a priority of 0 is not none");
}

static void test_check(void)
{
	take(SCHED_CAP, "200");
	tap_ok(!sched_check(&sched, 2, &err), "a cap of all vCPUs");
	tap_ok(sched_check(&sched, 1, &err) && err.code == VMCTL_USAGE &&
	       !strcmp(err.text, "cap 200: at most 100, 100 for each vCPU"),
	       "one beyond them: %s", err.text);
	take(SCHED_WEIGHT, "3");
	sched_parse(&sched, SCHED_PRIO, "3", &err);
	tap_ok(sched_check(&sched, 1, &err) && err.code == VMCTL_USAGE,
	       "two weights: %s", err.text);
	take(SCHED_PIN, "0");
	tap_ok(!sched_wants_group(&sched) && take(SCHED_CAP, "1") &&
	       sched_wants_group(&sched), "a pin takes no group, a cap does");
}

/* ---- lists of CPUs ------------------------------------------------------------------ */

static bool lists(const char *text, const char *as)
{
	char buf[CPULIST_LEN];
	cpu_set_t set;

	return !cpulist_parse(text, &set) && !strcmp(cpulist_text(buf, &set), as);
}

static bool no_list(const char *text)
{
	cpu_set_t set;

	return cpulist_parse(text, &set);
}

static void test_cpulist(void)
{
	static const char *const bad[] = {
		"", ",", "1,", ",1", "1-", "-1", "2-1", "1--2", "1-2-3", "a",
		"1 ", " 1", "1,,2", "1024", "0-1024", "99999999999999999999", "0x1",
	};
	char buf[CPULIST_LEN], again[CPULIST_LEN];
	cpu_set_t set, back;
	unsigned int i, n = 0;

	tap_ok(lists("0", "0") && lists("3,1,2", "1-3") && lists("0-3,8", "0-3,8") &&
	       lists("7,5,3", "3,5,7") && lists("1-1", "1") &&
	       lists("0-4,2-9", "0-9") && lists("1023", "1023") &&
	       lists("0-1023", "0-1023"), "lists, in order");
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		n += no_list(bad[i]);
	tap_ok(n == sizeof(bad) / sizeof(*bad), "what is none: %u", n);
	CPU_ZERO(&set);
	tap_ok(!*cpulist_text(buf, &set), "the empty set is an empty text");
	for (n = 2; n < 5; n++) {
		CPU_ZERO(&set);
		for (i = 0; i < CPU_SETSIZE; i++)
			if (i % n)
				CPU_SET(i, &set);
		cpulist_text(buf, &set);
		tap_ok(!cpulist_parse(buf, &back) && CPU_EQUAL(&set, &back) &&
		       !strcmp(cpulist_text(again, &back), buf),
		       "a long list comes back: %zu of %d", strlen(buf), CPULIST_LEN);
	}
}

/* ---- pins ------------------------------------------------------------------------- */

static void test_pin(void)
{
	cpu_set_t old, now;
	int cpu = 0;

	sched_getaffinity(0, sizeof(old), &old);
	while (!CPU_ISSET(cpu, &old))
		cpu++;
	take(SCHED_PIN, "1023");
	tap_ok(place_check_pin(&sched, &err) && err.code == VMCTL_USAGE &&
	       !strncmp(err.text, "pin 1023: this host has the CPUs ", 33),
	       "a CPU that is not there: %s", err.text);
	CPU_ZERO(&sched.pin);
	CPU_SET(cpu, &sched.pin);
	tap_ok(!place_check_pin(&sched, &err) && !place_pin(0, &sched, &err) &&
	       !sched_getaffinity(0, sizeof(now), &now) &&
	       CPU_EQUAL(&now, &sched.pin), "a pin holds");
	take(SCHED_PIN, "none");
	tap_ok(!place_pin(0, &sched, &err) &&
	       !sched_getaffinity(0, sizeof(now), &now) &&
	       CPU_COUNT(&now) >= CPU_COUNT(&old), "and goes");
	sched_setaffinity(0, sizeof(old), &old);
}

/* ---- groups ------------------------------------------------------------------------- */

static void put(const char *name, const char *text)
{
	char path[PATHS_LEN];
	FILE *f;

	paths_join(path, dir, name, "", &err);
	f = fopen(path, "w");
	if (!f)
		abort();
	fputs(text, f);
	fclose(f);
}

static bool has(const char *name, const char *text)
{
	char path[PATHS_LEN], line[64] = "";
	FILE *f;

	paths_join(path, dir, name, "", &err);
	f = fopen(path, "r");
	if (!f || !fgets(line, sizeof(line), f))
		line[0] = 0;
	if (f)
		fclose(f);
	line[strcspn(line, "\n")] = 0;
	if (strcmp(line, text))
		tap_note("%s: %s", name, line);
	return !strcmp(line, text);
}

static void drop(const char *name)
{
	char path[PATHS_LEN];

	paths_join(path, dir, name, "", &err);
	unlink(path);
}

static void fresh(void)
{
	put("cpu.weight", "100\n");
	put("cpu.max", "max 100000\n");
	put("memory.max", "max\n");
	put("memory.current", "4194304\n");
}

static void want_all(const char *memory)
{
	take(SCHED_WEIGHT, "300");
	sched_parse(&sched, SCHED_CAP, "30", &err);
	sched_parse(&sched, SCHED_MEM_LIMIT, memory, &err);
}

static void test_apply(void)
{
	struct cgroup_values is;

	fresh();
	want_all("64M");
	tap_ok(!cgroup_apply(dir, &sched, &err) && has("cpu.weight", "300") &&
	       has("cpu.max", "30000 100000") && has("memory.max", "67108864"),
	       "a policy is in the group's files");
	cgroup_read(dir, &is);
	tap_ok(is.weight == 300 && is.cap == 30 && is.mem_limit == 64 * MIB &&
	       is.memory == 4 * MIB && !cgroup_await(dir, &sched, &err),
	       "and read from there");
	take(SCHED_CAP, "none");
	sched_parse(&sched, SCHED_MEM_LIMIT, "none", &err);
	sched_parse(&sched, SCHED_WEIGHT, "none", &err);
	tap_ok(!cgroup_apply(dir, &sched, &err) && has("cpu.weight", "100") &&
	       has("cpu.max", "max 100000") && has("memory.max", "max"),
	       "and taken away");
	cgroup_read(dir, &is);
	tap_ok(!is.cap && !is.mem_limit, "which reads as none");
	take(SCHED_CAP, "250");
	tap_ok(!cgroup_apply(dir, &sched, &err) && has("cpu.max", "250000 100000") &&
	       has("cpu.weight", "100"), "what was not told is left");
	put("cpu.max", "10000 30000\n");
	cgroup_read(dir, &is);
	tap_ok(is.cap == 33, "others' periods are understood");
}

static void test_refusals(void)
{
	struct cgroup_values is;
	char path[PATHS_LEN];

	fresh();
	want_all("2M");
	tap_ok(cgroup_apply(dir, &sched, &err) && err.code == VMCTL_STATE &&
	       strstr(err.text, "2M: it has 4M") && has("cpu.weight", "100"),
	       "less memory than there is: %s", err.text);
	drop("memory.max");
	want_all("64M");
	tap_ok(cgroup_accepts(dir, &sched, &err) && err.code == VMCTL_HOST &&
	       cgroup_apply(dir, &sched, &err) && err.code == VMCTL_HOST &&
	       strstr(err.text, "memory.max is not there") &&
	       has("cpu.weight", "100") && has("cpu.max", "max 100000"),
	       "no controller: nothing is changed");
	cgroup_read(dir, &is);
	tap_ok(is.mem_limit == CGROUP_NONE && is.weight == 100,
	       "and nothing read");
	paths_join(path, dir, "memory.max", "", &err);
	if (symlink("/dev/full", path))
		abort();
	tap_ok(cgroup_apply(dir, &sched, &err) && strstr(err.text, "No space") &&
	       has("cpu.weight", "100") && has("cpu.max", "max 100000"),
	       "what fails in the middle is undone");
	drop("memory.max");
}

/* ---- places ------------------------------------------------------------------------ */

static bool mount_is(const char *text, const char *path)
{
	char file[PATHS_LEN], root[PATHS_LEN];
	bool found;

	put("mounts", text);
	paths_join(file, dir, "mounts", "", &err);
	found = !cgroup_root(root, file, &err);
	return path ? found && !strcmp(root, path) :
		      !found && err.code == VMCTL_HOST;
}

static bool group_is(const char *text, const char *group)
{
	char file[PATHS_LEN], own[PATHS_LEN];
	bool found;

	put("group", text);
	paths_join(file, dir, "group", "", &err);
	found = !cgroup_of(own, file);
	return group ? found && !strcmp(own, group) : !found;
}

static void test_places(void)
{
	static char longest[2 * PATHS_LEN];

	tap_ok(mount_is("21 1 0:5 / /proc rw - proc proc rw\n"
			"29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n",
			"/sys/fs/cgroup"), "where groups are mounted");
	tap_ok(mount_is("29 23 0:26 /a /x rw - cgroup2 c rw\n"
			"30 23 0:26 / /y rw - cgroup2 c rw\n", "/y") &&
	       mount_is("29 23 0:26 / /a\\040b rw - cgroup2 c rw\n", NULL) &&
	       mount_is("29 23 0:26 / /x rw - cgroup cgroup rw,cpu\n", NULL) &&
	       mount_is("", NULL), "all of them, of version 2");
	tap_ok(group_is("0::/\n", "/") && group_is("3:cpu:/a\n0::/b/c\n", "/b/c") &&
	       group_is("1:name=systemd:/a\n", NULL) && group_is("", NULL) &&
	       group_is("0::/../x\n", NULL), "whose group");
	memset(longest, 'a', sizeof(longest) - 1);
	memcpy(longest, "0::/", 4);
	tap_ok(group_is(longest, NULL), "one that is too long");
	tap_ok(cgroup_is_unit("/vmm.slice/vmm-web.scope") &&
	       cgroup_is_unit("/vmm-a.scope") && !cgroup_is_unit("/vmm-.scope") &&
	       !cgroup_is_unit("/vmm-web.scope/x") && !cgroup_is_unit("/vmm-web") &&
	       !cgroup_is_unit("/x/session-1.scope") && !cgroup_is_unit("/"),
	       "units of ours");
	tap_ok(cgroup_is_made("/vmm/web") && cgroup_is_made("/a/vmm-1000/web") &&
	       cgroup_is_made("/vmm/a.vm") && !cgroup_is_made("/vmm") &&
	       !cgroup_is_made("/vmm/") && !cgroup_is_made("/vmm-/web") &&
	       !cgroup_is_made("/vmm-1a/web") && !cgroup_is_made("/xvmm/web") &&
	       !cgroup_is_made("/vmm/web/x") && !cgroup_is_made("/"),
	       "directories of ours");
}

int main(void)
{
	if (!mkdtemp(dir))
		abort();
	test_words();
	test_prio();
	test_none();
	test_check();
	test_cpulist();
	test_pin();
	test_apply();
	test_refusals();
	test_places();
	drop("cpu.weight");
	drop("cpu.max");
	drop("memory.current");
	drop("mounts");
	drop("group");
	rmdir(dir);
	return tap_done();
}
