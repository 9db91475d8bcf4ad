// SPDX-License-Identifier: GPL-2.0
/*
 * Options of a machine as flags and as lines of a file: every flag has a line, what
 * is written is read back to the byte, and what is wrong is told with its line.
 */
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "vm/conf_file.h"

#define HEAD	"# A machine for vmctl; see vm.conf(5).\n"

static struct conf conf;
static struct err err;

static bool parse(const char *text)
{
	conf_free(&conf);
	return !conf_parse(&conf, text, strlen(text), "web.conf", &err);
}

/* Whether what @conf says is @text, and @text says the same again. */
static bool prints(const char *text)
{
	char *once = conf_print(&conf), *twice = NULL;
	bool good;

	good = once && !strcmp(once, text) && parse(once);
	if (good)
		twice = conf_print(&conf);
	good = good && twice && !strcmp(twice, text);
	if (!good)
		tap_note("printed: %s", once ? once : "nothing");
	free(once);
	free(twice);
	return good;
}

static bool flag(int id, const char *value)
{
	return !conf_option(&conf, id, value, &err);
}

static int id_of(const char *name)
{
	const struct cmd_option *o;

	for (o = conf_options; o->id; o++)
		if (!strcmp(o->name, name))
			return o->id;
	return 0;
}

static void test_flags(void)
{
	const struct cmd_option *o;
	unsigned int n = 0;

	conf_init(&conf);
	tap_ok(flag('c', "3") && flag('m', "1536m") && flag('k', "/boot/vm") &&
	       flag('i', "/boot/i") && flag('a', "console=ttyS0 x=\"a b\"") &&
	       flag(id_of("unpack"), "host") &&
	       flag(id_of("debug-exit"), "244") &&
	       flag(id_of("timeout"), "90.250") &&
	       flag(id_of("sandbox"), "required") &&
	       flag(id_of("weight"), "300") && flag(id_of("cap"), "250") &&
	       flag(id_of("pin"), "3,0-1") && flag(id_of("mem-limit"), "2048m") &&
	       flag(id_of("page-limit"), "1G") && flag(id_of("page-min"), "4096K") &&
	       flag(id_of("page-shares"), "500") && flag(id_of("swap"), "/var/s") &&
	       flag(id_of("ksm"), "own"),
	       "flags are taken");
	tap_ok(prints(HEAD "cpus 3\nmemory 1536M\nkernel /boot/vm\n"
		      "initrd /boot/i\nappend console=ttyS0 x=\"a b\"\n"
		      "unpack host\ndebug-exit 0xf4\ntimeout 90.25\n"
		      "sandbox required\n"
		      "weight 300\ncap 250\npin 0-1,3\nmem-limit 2G\n"
		      "page-limit 1G\npage-min 4M\npage-shares 500\nswap /var/s\nksm own\n"),
	       "and are lines of a file that says the same");
	tap_ok(conf.opt.cpus == 3 && conf.opt.memory == 1536 * MIB &&
	       !strcmp(conf.opt.boot.kernel, "/boot/vm") &&
	       !strcmp(conf.opt.boot.initrd, "/boot/i") &&
	       !strcmp(conf.opt.boot.cmdline, "console=ttyS0 x=\"a b\"") &&
	       conf.opt.boot.unpack == UNPACK_HOST && !conf.opt.boot.multiboot &&
	       conf.opt.debug_exit == 0xf4 &&
	       conf.opt.timeout_ns == 90250000000ULL &&
	       conf.opt.sandbox == SANDBOX_REQUIRED &&
	       conf.opt.sched.weight == 300 && conf.opt.sched.cap == 250 &&
	       CPU_COUNT(&conf.opt.sched.pin) == 3 &&
	       conf.opt.sched.mem_limit == 2 * GIB &&
	       conf.opt.pages.policy.limit == GIB &&
	       conf.opt.pages.policy.min == 4 * MIB &&
	       conf.opt.pages.policy.shares == 500 &&
	       !strcmp(conf.opt.swap, "/var/s") &&
	       conf.opt.ksm == MERGING_OWN, "which is what was meant");
	conf_free(&conf);
	tap_ok(flag(id_of("multiboot"), "/t,/m=x y,/n") &&
	       prints(HEAD "cpus 1\nmemory 256M\nmultiboot /t,/m=x y,/n\n"),
	       "what is not told is not written, but sizes always are");
	tap_ok(flag(id_of("prio"), "-7") && flag(id_of("cap"), "9") &&
	       flag(id_of("cap"), "none") &&
	       prints(HEAD "cpus 1\nmemory 256M\nmultiboot /t,/m=x y,/n\nprio -7\n"),
	       "none is as if it had not been told");
	for (o = conf_options; o->id; o++)
		n += o->value && o->help && o->name;
	tap_ok(n == 20, "each flag is a key, with a value and help");
}

/* Command lines of all sorts, none of which may come back as another. */
static void test_quoting(void)
{
	static const struct {
		const char *value, *line;
	} cases[] = {
		{ "quiet", "quiet" },
		{ "", "\"\"" },
		{ " a", "\" a\"" },
		{ "a\t", "\"a\\t\"" },
		{ "\"", "\"\\\"\"" },
		{ "a \"b c\" # d", "a \"b c\" # d" },
		{ "\"a\" \\ b", "\"\\\"a\\\" \\\\ b\"" },
		{ "a\\nb", "a\\nb" },
		{ "a\nb\x01\x7f", "\"a\\nb\\x01\\x7f\"" },
		{ "#", "#" },
		{ "\xc3\xa4\xff", "\xc3\xa4\xff" },
	};
	char text[256];
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		conf_free(&conf);
		flag('k', "/k");
		flag('a', cases[i].value);
		snprintf(text, sizeof(text), HEAD
			 "cpus 1\nmemory 256M\nkernel /k\nappend %s\n",
			 cases[i].line);
		tap_ok(prints(text) &&
		       !strcmp(conf.opt.boot.cmdline, cases[i].value),
		       "command line %u as it was", i);
	}
}

static void test_files(void)
{
	tap_ok(parse("\n  # comment\n\t kernel \t /k \t\n\n#cpus 9\ncpus 0x10"),
	       "comments, blanks, no newline at the end");
	tap_ok(conf.opt.cpus == 16 && !strcmp(conf.opt.boot.kernel, "/k"),
	       "are read as they are meant");
	tap_ok(parse("kernel \"/a b\\x41\"\n") &&
	       !strcmp(conf.opt.boot.kernel, "/a bA"), "quotes");
	tap_ok(parse("append a\tb\nkernel /k") &&
	       !strcmp(conf.opt.boot.cmdline, "a\tb"), "a tab between words");
}

static void refused(const char *text, const char *says)
{
	bool good = !parse(text) && err.code == VMCTL_FAILED &&
		    strstr(err.text, says);

	if (!tap_ok(good, "refused: %s", says))
		tap_note("says: %s", err.text);
}

static void test_refusals(void)
{
	static char large[CONF_MAX_BYTES + 2];

	refused("kernel /k\nfrob 1\n", "web.conf:2: frob: no such key");
	refused("\n\nkernel /k\ncpus 2\n#\ncpus 2\n",
		"web.conf:6: cpus: a second time, first in line 4");
	refused("kernel /k\ncpus\n", "web.conf:2: cpus: a value is missing");
	refused("cpus 0\n", "web.conf:1: cpus 0: a VM has 1 to");
	refused("cpus 99999\n", "web.conf:1: cpus 99999: a VM has 1 to");
	refused("memory 1K\n", "web.conf:1: memory 1K: memory of 1K");
	refused("memory lots\n", "web.conf:1: memory lots: not a size");
	refused("timeout 0\n", "web.conf:1: timeout 0: not a number");
	refused("debug-exit 65536\n", "web.conf:1: debug-exit 65536: a port");
	refused("weight 0\n", "web.conf:1: weight 0: a weight is 1 to 10000");
	refused("prio 20\n", "web.conf:1: prio 20: a priority is a nice value");
	refused("pin 3-1\n", "web.conf:1: pin 3-1: neither a list of CPUs");
	refused("mem-limit 1\n", "web.conf:1: mem-limit 1: a limit is at");
	refused("page-limit 1M\n", "web.conf:1: page-limit 1M: a limit is 4M at");
	refused("page-min 1\n", "web.conf:1: page-min 1: neither a size");
	refused("page-shares 0\n", "web.conf:1: page-shares 0: shares are 1 to");
	refused("kernel /k\npage-limit 4M\npage-min 8M\n",
		"web.conf: the minimum, 8M, is above the limit, 4M");
	refused("ksm 1\n", "web.conf:1: ksm 1: neither on nor off nor own");
	refused("swap file\n", "web.conf:1: swap file: file names");
	refused("kernel /k\ncap 101\n",
		"web.conf: cap 101: at most 100, 100 for each vCPU");
	refused("kernel /k\nweight 1\nprio 1\n",
		"web.conf: weight and prio exclude each other");
	refused("unpack me\n", "web.conf:1: unpack me: neither auto");
	refused("kernel vmlinuz\n", "web.conf:1: kernel vmlinuz: file names");
	refused("multiboot /a,b\n", "web.conf:1: multiboot /a,b: file names");
	refused("multiboot /a,\n", "file names must begin with /");
	refused("kernel /k\nmultiboot /m\n",
		"web.conf: kernel and multiboot exclude each other");
	refused("", "web.conf: nothing to boot: kernel or multiboot");
	refused("multiboot /m\ninitrd /i\n", "initrd goes with kernel");
	refused("append \"a\n", "web.conf:1: append: the closing quote");
	refused("append \"a\\\n", "append: \\: the escapes are");
	refused("append \"a\\q\"\n", "append: \\q: the escapes are");
	refused("append \"a\\x00\"\n", "append: \\x: the escapes are");
	refused("append \"a\\x4", "append: \\x: the escapes are");
	refused("append \"a\" b\n", "text behind the closing quote");
	refused("append a\rb\n", "web.conf:1: append: control character 0x0d");
	tap_ok(conf_parse(&conf, "\n\0\n", 3, "f", &err) &&
	       !strcmp(err.text, "f:2: a zero byte"), "refused: a zero byte");
	memset(large, '\n', sizeof(large));
	tap_ok(conf_parse(&conf, large, CONF_MAX_BYTES + 1, "f", &err) &&
	       strstr(err.text, "more than"), "refused: too large");
	conf_free(&conf);
	tap_ok(!flag('c', "0") && err.code == VMCTL_USAGE &&
	       !strncmp(err.text, "-c 0: a VM has", 14),
	       "a flag is blamed as a flag");
	tap_ok(!flag(id_of("timeout"), "x") &&
	       !strncmp(err.text, "--timeout x: ", 13), "or in its long form");
	tap_ok(conf_check(&conf, true, &err) && strstr(err.text, "-k or --multi"),
	       "and so is a combination");
	tap_ok(conf_name(&conf, "1st", &err) && conf_name(&conf, "a/b", &err) &&
	       conf_name(&conf, "", &err) && conf_name(&conf, "../x", &err) &&
	       !conf_name(&conf, "a.b-c_9", &err), "names");
}

static void test_absolute(void)
{
	conf_free(&conf);
	flag('k', "vmlinuz");
	flag('i', "/i");
	tap_ok(!conf_absolute(&conf, "/w,d", &err) &&
	       !strcmp(conf.opt.boot.kernel, "/w,d/vmlinuz") &&
	       !strcmp(conf.opt.boot.initrd, "/i"), "files get a directory");
	conf_free(&conf);
	flag(id_of("multiboot"), "t,/m=a b,n=/x");
	tap_ok(conf_absolute(&conf, "/w,d", &err), "but not one with a comma");
	tap_ok(!conf_absolute(&conf, "/w", &err) &&
	       !strcmp(conf.opt.boot.multiboot, "/w/t,/m=a b,/w/n=/x"),
	       "a list of files");
}

int main(void)
{
	conf_init(&conf);
	test_flags();
	test_quoting();
	test_files();
	test_refusals();
	test_absolute();
	conf_free(&conf);
	return tap_done();
}
