// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/container.h"
#include "lib/name.h"
#include "lib/size.h"
#include "vm/bus.h"
#include "vm/conf.h"

#define DEFAULT_CPUS	1
#define DEFAULT_MEMORY	(256 * MIB)
#define MAX_PHYS_BITS	52	/* of the architecture; the module has less */

enum {
	OPT_UNPACK = OPT_FIRST + 0x200,
	OPT_MULTIBOOT,
	OPT_DEBUG_EXIT,
	OPT_TIMEOUT,
	OPT_SANDBOX,
	OPT_WEIGHT,
	OPT_PRIO,
	OPT_CAP,
	OPT_PIN,
	OPT_MEM_LIMIT,
	OPT_PAGE_LIMIT,
	OPT_PAGE_MIN,
	OPT_PAGE_SHARES,
	OPT_SWAP,
	OPT_KSM,
};

/* What file names a value has. */
enum files {
	NO_FILE,
	ONE_FILE,
	LIST_OF_FILES,
};

static int keep(struct conf *conf, enum conf_text i, const char **to,
		const char *value, struct err *err)
{
	char *copy = strdup(value);

	if (!copy)
		return err_set(err, VMCTL_FAILED, "out of memory");
	free(conf->text[i]);
	*to = conf->text[i] = copy;
	return 0;
}

/* ---- one option: parse_x() takes a value, value_x() gives it; NULL: unset ---- */

static int parse_cpus(struct conf *conf, const char *text, struct err *err)
{
	uint64_t value;

	if (uint_parse(text, &value) || !value || value > LAYOUT_MAX_CPUS)
		return err_set(err, VMCTL_USAGE, "a VM has 1 to %d vCPUs",
			       LAYOUT_MAX_CPUS);
	conf->opt.cpus = (unsigned int)value;
	return 0;
}

static const char *value_cpus(const struct conf *conf, char buf[CONF_VALUE_LEN])
{
	snprintf(buf, CONF_VALUE_LEN, "%u", conf->opt.cpus);
	return buf;
}

static int parse_memory(struct conf *conf, const char *text, struct err *err)
{
	struct layout layout;
	uint64_t value;

	if (size_parse(text, &value))
		return err_set(err, VMCTL_USAGE,
			       "not a size like 512M or 4G");
	if (layout_make(&layout, value, MAX_PHYS_BITS, err)) {
		err->code = VMCTL_USAGE;
		return -1;
	}
	conf->opt.memory = value;
	return 0;
}

static const char *value_memory(const struct conf *conf, char buf[CONF_VALUE_LEN])
{
	return size_text(buf, conf->opt.memory);
}

static int parse_kernel(struct conf *conf, const char *text, struct err *err)
{
	return keep(conf, CONF_KERNEL, &conf->opt.boot.kernel, text, err);
}

static const char *value_kernel(const struct conf *conf, char buf[CONF_VALUE_LEN])
{
	(void)buf;
	return conf->opt.boot.kernel;
}

static int parse_initrd(struct conf *conf, const char *text, struct err *err)
{
	return keep(conf, CONF_INITRD, &conf->opt.boot.initrd, text, err);
}

static const char *value_initrd(const struct conf *conf, char buf[CONF_VALUE_LEN])
{
	(void)buf;
	return conf->opt.boot.initrd;
}

static int parse_append(struct conf *conf, const char *text, struct err *err)
{
	return keep(conf, CONF_APPEND, &conf->opt.boot.cmdline, text, err);
}

static const char *value_append(const struct conf *conf, char buf[CONF_VALUE_LEN])
{
	(void)buf;
	return conf->text[CONF_APPEND];
}

static const char *const unpack_words[] = {
	[UNPACK_AUTO] = "auto",
	[UNPACK_GUEST] = "guest",
	[UNPACK_HOST] = "host",
};

static int parse_unpack(struct conf *conf, const char *text, struct err *err)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(unpack_words); i++) {
		if (!strcmp(text, unpack_words[i])) {
			conf->opt.boot.unpack = (enum unpack_where)i;
			return 0;
		}
	}
	return err_set(err, VMCTL_USAGE, "neither auto nor guest nor host");
}

static const char *value_unpack(const struct conf *conf, char buf[CONF_VALUE_LEN])
{
	(void)buf;
	return conf->opt.boot.unpack == UNPACK_AUTO ? NULL :
	       unpack_words[conf->opt.boot.unpack];
}

static int parse_multiboot(struct conf *conf, const char *text,
			   struct err *err)
{
	return keep(conf, CONF_MULTIBOOT, &conf->opt.boot.multiboot, text, err);
}

static const char *value_multiboot(const struct conf *conf,
				   char buf[CONF_VALUE_LEN])
{
	(void)buf;
	return conf->opt.boot.multiboot;
}

static int parse_debug_exit(struct conf *conf, const char *text,
			    struct err *err)
{
	uint64_t value;

	if (uint_parse(text, &value) || value >= BUS_PORTS)
		return err_set(err, VMCTL_USAGE, "a port is 0 to %#x",
			       BUS_PORTS - 1);
	conf->opt.debug_exit = (int)value;
	return 0;
}

static const char *value_debug_exit(const struct conf *conf,
				    char buf[CONF_VALUE_LEN])
{
	if (conf->opt.debug_exit < 0)
		return NULL;
	snprintf(buf, CONF_VALUE_LEN, "%#x", (unsigned int)conf->opt.debug_exit);
	return buf;
}

static int parse_timeout(struct conf *conf, const char *text, struct err *err)
{
	uint64_t value;

	if (seconds_parse(text, &value) || !value)
		return err_set(err, VMCTL_USAGE,
			       "not a number of seconds above 0");
	conf->opt.timeout_ns = value;
	return 0;
}

static const char *value_timeout(const struct conf *conf, char buf[CONF_VALUE_LEN])
{
	return conf->opt.timeout_ns ? seconds_text(buf, conf->opt.timeout_ns) :
				      NULL;
}

static int parse_sandbox(struct conf *conf, const char *text, struct err *err)
{
	unsigned int i;

	for (i = 0; i < SANDBOX_MODES; i++) {
		if (!strcmp(text, sandbox_mode_name((enum sandbox_mode)i))) {
			conf->opt.sandbox = (enum sandbox_mode)i;
			return 0;
		}
	}
	return err_set(err, VMCTL_USAGE, "neither on nor off nor required");
}

static const char *value_sandbox(const struct conf *conf, char buf[CONF_VALUE_LEN])
{
	(void)buf;
	return conf->opt.sandbox == SANDBOX_ON ? NULL :
	       sandbox_mode_name(conf->opt.sandbox);
}

/* ---- its share of the host -------------------------------------------------- */

static int parse_sched(struct conf *conf, enum sched_word word,
		       const char *text, struct err *err)
{
	if (sched_parse(&conf->opt.sched, word, text, err))
		return -1;
	sched_forget_none(&conf->opt.sched);
	return 0;
}

static int parse_weight(struct conf *conf, const char *text, struct err *err)
{
	return parse_sched(conf, SCHED_WEIGHT, text, err);
}

static const char *value_weight(const struct conf *conf, char buf[CONF_VALUE_LEN])
{
	if (!sched_wants(&conf->opt.sched, SCHED_WEIGHT))
		return NULL;
	snprintf(buf, CONF_VALUE_LEN, "%u", conf->opt.sched.weight);
	return buf;
}

static int parse_prio(struct conf *conf, const char *text, struct err *err)
{
	return parse_sched(conf, SCHED_PRIO, text, err);
}

static const char *value_prio(const struct conf *conf, char buf[CONF_VALUE_LEN])
{
	if (!sched_wants(&conf->opt.sched, SCHED_PRIO))
		return NULL;
	snprintf(buf, CONF_VALUE_LEN, "%d", conf->opt.sched.prio);
	return buf;
}

static int parse_cap(struct conf *conf, const char *text, struct err *err)
{
	return parse_sched(conf, SCHED_CAP, text, err);
}

static const char *value_cap(const struct conf *conf, char buf[CONF_VALUE_LEN])
{
	if (!sched_wants(&conf->opt.sched, SCHED_CAP))
		return NULL;
	snprintf(buf, CONF_VALUE_LEN, "%u", conf->opt.sched.cap);
	return buf;
}

static int parse_pin(struct conf *conf, const char *text, struct err *err)
{
	return parse_sched(conf, SCHED_PIN, text, err);
}

static const char *value_pin(const struct conf *conf, char buf[CONF_VALUE_LEN])
{
	return sched_wants(&conf->opt.sched, SCHED_PIN) ?
	       cpulist_text(buf, &conf->opt.sched.pin) : NULL;
}

static int parse_mem_limit(struct conf *conf, const char *text,
			   struct err *err)
{
	return parse_sched(conf, SCHED_MEM_LIMIT, text, err);
}

static const char *value_mem_limit(const struct conf *conf,
				   char buf[CONF_VALUE_LEN])
{
	return sched_wants(&conf->opt.sched, SCHED_MEM_LIMIT) ?
	       size_text(buf, conf->opt.sched.mem_limit) : NULL;
}

/* ---- what of its memory is in the host's --------------------------------------- */

static int parse_page_limit(struct conf *conf, const char *text, struct err *err)
{
	return pages_parse(&conf->opt.pages, PAGES_LIMIT, text, err);
}

static const char *value_page_limit(const struct conf *conf,
				    char buf[CONF_VALUE_LEN])
{
	return pages_wants(&conf->opt.pages, PAGES_LIMIT) ?
	       size_text(buf, conf->opt.pages.policy.limit) : NULL;
}

static int parse_page_min(struct conf *conf, const char *text, struct err *err)
{
	return pages_parse(&conf->opt.pages, PAGES_MIN, text, err);
}

static const char *value_page_min(const struct conf *conf,
				  char buf[CONF_VALUE_LEN])
{
	return pages_wants(&conf->opt.pages, PAGES_MIN) ?
	       size_text(buf, conf->opt.pages.policy.min) : NULL;
}

static int parse_page_shares(struct conf *conf, const char *text,
			     struct err *err)
{
	return pages_parse(&conf->opt.pages, PAGES_SHARES, text, err);
}

static const char *value_page_shares(const struct conf *conf,
				     char buf[CONF_VALUE_LEN])
{
	if (!pages_wants(&conf->opt.pages, PAGES_SHARES))
		return NULL;
	snprintf(buf, CONF_VALUE_LEN, "%u", conf->opt.pages.policy.shares);
	return buf;
}

static int parse_swap(struct conf *conf, const char *text, struct err *err)
{
	return keep(conf, CONF_SWAP, &conf->opt.swap, text, err);
}

static const char *value_swap(const struct conf *conf, char buf[CONF_VALUE_LEN])
{
	(void)buf;
	return conf->opt.swap;
}

static const char *const merging_words[] = {
	[MERGING_ON] = "on",
	[MERGING_OFF] = "off",
	[MERGING_OWN] = "own",
};

static int parse_ksm(struct conf *conf, const char *text, struct err *err)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(merging_words); i++) {
		if (!strcmp(text, merging_words[i])) {
			conf->opt.ksm = (enum merging)i;
			return 0;
		}
	}
	return err_set(err, VMCTL_USAGE, "neither on nor off nor own");
}

static const char *value_ksm(const struct conf *conf, char buf[CONF_VALUE_LEN])
{
	(void)buf;
	return conf->opt.ksm == MERGING_ON ? NULL :
	       merging_words[conf->opt.ksm];
}

/* ---- the table --------------------------------------------------------------- */

/* In the order of help and of the files that we write. */
#define CONF_KEYS(KEY)							\
	KEY('c', "cpus", "CPUS", cpus, NO_FILE,				\
	    "processors (default 1)")					\
	KEY('m', "memory", "SIZE", memory, NO_FILE,			\
	    "memory, like 512M or 4G (default 256M)")			\
	KEY('k', "kernel", "FILE", kernel, ONE_FILE,			\
	    "a bzImage, or an ELF kernel with a PVH entry")		\
	KEY('i', "initrd", "FILE", initrd, ONE_FILE,			\
	    "its initial RAM disk")					\
	KEY('a', "append", "CMDLINE", append, NO_FILE,			\
	    "its command line")						\
	KEY(OPT_UNPACK, "unpack", "auto|guest|host", unpack, NO_FILE,	\
	    "who unpacks a bzImage: the guest, as on a real\n"		\
	    "machine; the host; auto: the host where it can and\n"	\
	    "that is faster, else the guest (default)")			\
	KEY(OPT_MULTIBOOT, "multiboot", "FILE[,MODULE[=ARGS]...]",	\
	    multiboot, LIST_OF_FILES,					\
	    "a Multiboot 1 image and its modules")			\
	KEY(OPT_DEBUG_EXIT, "debug-exit", "PORT", debug_exit, NO_FILE,	\
	    "a byte written to this port ends the VM and is the\n"	\
	    "exit code")						\
	KEY(OPT_TIMEOUT, "timeout", "SEC", timeout, NO_FILE,		\
	    "end the VM after so long, with exit code 124")		\
	KEY(OPT_SANDBOX, "sandbox", "on|off|required", sandbox, NO_FILE,	\
	    "what its process gives up before it runs the guest:\n"	\
	    "all that it can (default), nothing, or all, or it does\n"	\
	    "not start")							\
	KEY(OPT_WEIGHT, "weight", "WEIGHT", weight, NO_FILE,		\
	    "its weight where CPUs are scarce, 1 to 10000; others\n"	\
	    "have 100")							\
	KEY(OPT_PRIO, "prio", "NICE", prio, NO_FILE,			\
	    "the same as a nice value, -20 to 19; others have 0")	\
	KEY(OPT_CAP, "cap", "PERCENT", cap, NO_FILE,			\
	    "CPU time that it gets at most, in percent of one CPU")	\
	KEY(OPT_PIN, "pin", "CPU[-CPU],...", pin, NO_FILE,		\
	    "the CPUs of the host that it runs on")			\
	KEY(OPT_MEM_LIMIT, "mem-limit", "SIZE", mem_limit, NO_FILE,	\
	    "memory of the host that it takes at most, with all\n"	\
	    "that its process needs")					\
	KEY(OPT_PAGE_LIMIT, "page-limit", "SIZE", page_limit, NO_FILE,	\
	    "memory of the guest that is in the host's at most; what\n"	\
	    "is more is compressed, or in the swap file")		\
	KEY(OPT_PAGE_MIN, "page-min", "SIZE", page_min, NO_FILE,	\
	    "what the host leaves to it when it needs memory")		\
	KEY(OPT_PAGE_SHARES, "page-shares", "N", page_shares, NO_FILE,	\
	    "its claim then, against others: they have 1000")		\
	KEY(OPT_SWAP, "swap", "FILE", swap, ONE_FILE,			\
	    "its swap file, or a block device")				\
	KEY(OPT_KSM, "ksm", "on|off|own", ksm, NO_FILE,			\
	    "whether its memory may be merged: with that of all\n"	\
	    "machines of its user (default), not at all, or with\n"	\
	    "nothing but itself and its forks")

#define AS_OPTION(id, name, value, fn, files, help)	\
	{ id, name, value, help },
#define AS_KEY(id, name, value, fn, files, help)	\
	{ files, parse_##fn, value_##fn },

const struct cmd_option conf_options[] = { CONF_KEYS(AS_OPTION) {} };

static const struct key {
	enum files files;
	int (*parse)(struct conf *conf, const char *text, struct err *err);
	const char *(*value)(const struct conf *conf, char buf[CONF_VALUE_LEN]);
} keys[] = { CONF_KEYS(AS_KEY) };	/* as conf_options, one for one */

#define NR_KEYS	ARRAY_SIZE(keys)

_Static_assert(NR_KEYS <= CONF_MAX_KEYS, "conf.h promises that there is room");

/* ---- whole sets of options ---------------------------------------------------- */

void conf_init(struct conf *conf)
{
	*conf = (struct conf){
		.opt.name = "",
		.opt.cpus = DEFAULT_CPUS,
		.opt.memory = DEFAULT_MEMORY,
		.opt.boot.cmdline = "",
		.opt.debug_exit = -1,
	};
}

void conf_free(struct conf *conf)
{
	unsigned int i;

	for (i = 0; i < CONF_NR_TEXTS; i++)
		free(conf->text[i]);
	conf_init(conf);
}

int conf_name(struct conf *conf, const char *name, struct err *err)
{
	if (name_check(name, err))
		return -1;
	conf->opt.unique = true;
	return keep(conf, CONF_NAME, &conf->opt.name, name, err);
}

int conf_key(const char *name)
{
	unsigned int i;

	for (i = 0; i < NR_KEYS; i++)
		if (!strcmp(name, conf_options[i].name))
			return (int)i;
	return -1;
}

int conf_set(struct conf *conf, unsigned int key, const char *value,
	     struct err *err)
{
	return keys[key].parse(conf, value, err);
}

const char *conf_get(const struct conf *conf, unsigned int key,
		     char buf[CONF_VALUE_LEN])
{
	return keys[key].value(conf, buf);
}

int conf_option(struct conf *conf, int id, const char *value, struct err *err)
{
	const struct cmd_option *o = conf_options;
	char letter[3] = { '-', (char)id, 0 };

	while (o->id && o->id != id)
		o++;
	if (!o->id)
		return err_set(err, VMCTL_USAGE, "no option of a machine");
	if (!conf_set(conf, (unsigned int)(o - conf_options), value, err))
		return 0;
	return err_wrap(err, "%s%s %.128s", id < OPT_FIRST ? "" : "--",
			id < OPT_FIRST ? letter : o->name, value);
}

int conf_check(const struct conf *conf, bool flags, struct err *err)
{
	const struct boot_options *boot = &conf->opt.boot;
	const char *kernel = flags ? "-k" : "kernel";
	const char *multiboot = flags ? "--multiboot" : "multiboot";

	if (boot->kernel && boot->multiboot)
		return err_set(err, VMCTL_USAGE,
			       "%s and %s exclude each other", kernel,
			       multiboot);
	if (!boot->kernel && !boot->multiboot)
		return err_set(err, VMCTL_USAGE,
			       "nothing to boot: %s or %s is needed", kernel,
			       multiboot);
	if (boot->unpack != UNPACK_AUTO && !boot->kernel)
		return err_set(err, VMCTL_USAGE, "%s goes with %s",
			       flags ? "--unpack" : "unpack", kernel);
	if (boot->initrd && !boot->kernel)
		return err_set(err, VMCTL_USAGE,
			       "%s goes with %s; %s FILE,MODULE takes modules",
			       flags ? "-i" : "initrd", kernel, multiboot);
	return pages_check(&conf->opt.pages, err) ? -1 :
	       sched_check(&conf->opt.sched, conf->opt.cpus, err);
}

/* The next file name of @value, from @at on; NULL: there is none. */
static const char *next_file(const char *value, const char *at,
			     enum files files)
{
	if (!at)
		return files == NO_FILE ? NULL : value;
	at = files == LIST_OF_FILES ? strchr(at, ',') : NULL;
	return at ? at + 1 : NULL;
}

static char *absolute(const char *value, const char *dir, enum files files)
{
	const char *at = next_file(value, NULL, files), *next;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	for (; at; at = next) {
		next = next_file(value, at, files);
		fprintf(f, "%s%s%.*s", *at == '/' ? "" : dir,
			*at == '/' ? "" : "/",
			next ? (int)(next - at) : (int)strlen(at), at);
	}
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}

bool conf_is_absolute(unsigned int key, const char *value)
{
	const char *at = NULL;

	while ((at = next_file(value, at, keys[key].files)))
		if (*at != '/')
			return false;
	return true;
}

int conf_absolute(struct conf *conf, const char *dir, struct err *err)
{
	char buf[CONF_VALUE_LEN], *text;
	const char *value;
	unsigned int i;
	int ret;

	for (i = 0; i < NR_KEYS; i++) {
		value = conf_get(conf, i, buf);
		if (!value || conf_is_absolute(i, value))
			continue;
		if (keys[i].files == LIST_OF_FILES && strpbrk(dir, ",="))
			return err_set(err, VMCTL_USAGE,
				       "--%s: file names in a directory with ',' or '=' in its name",
				       conf_options[i].name);
		text = absolute(value, dir, keys[i].files);
		ret = text ? conf_set(conf, i, text, err) :
		      err_set(err, VMCTL_FAILED, "out of memory");
		free(text);
		if (ret)
			return -1;
	}
	return 0;
}
