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
#define NUMBER_LEN	32

enum {
	OPT_UNPACK = OPT_FIRST + 0x200,
	OPT_MULTIBOOT,
	OPT_DEBUG_EXIT,
	OPT_TIMEOUT,
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

static const char *value_cpus(const struct conf *conf, char buf[NUMBER_LEN])
{
	snprintf(buf, NUMBER_LEN, "%u", conf->opt.cpus);
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

static const char *value_memory(const struct conf *conf, char buf[NUMBER_LEN])
{
	return size_text(buf, conf->opt.memory);
}

static int parse_kernel(struct conf *conf, const char *text, struct err *err)
{
	return keep(conf, CONF_KERNEL, &conf->opt.boot.kernel, text, err);
}

static const char *value_kernel(const struct conf *conf, char buf[NUMBER_LEN])
{
	(void)buf;
	return conf->opt.boot.kernel;
}

static int parse_initrd(struct conf *conf, const char *text, struct err *err)
{
	return keep(conf, CONF_INITRD, &conf->opt.boot.initrd, text, err);
}

static const char *value_initrd(const struct conf *conf, char buf[NUMBER_LEN])
{
	(void)buf;
	return conf->opt.boot.initrd;
}

static int parse_append(struct conf *conf, const char *text, struct err *err)
{
	return keep(conf, CONF_APPEND, &conf->opt.boot.cmdline, text, err);
}

static const char *value_append(const struct conf *conf, char buf[NUMBER_LEN])
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

static const char *value_unpack(const struct conf *conf, char buf[NUMBER_LEN])
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
				   char buf[NUMBER_LEN])
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
				    char buf[NUMBER_LEN])
{
	if (conf->opt.debug_exit < 0)
		return NULL;
	snprintf(buf, NUMBER_LEN, "%#x", (unsigned int)conf->opt.debug_exit);
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

static const char *value_timeout(const struct conf *conf, char buf[NUMBER_LEN])
{
	return conf->opt.timeout_ns ? seconds_text(buf, conf->opt.timeout_ns) :
				      NULL;
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
	    "end the VM after so long, with exit code 124")

#define AS_OPTION(id, name, value, fn, files, help)	\
	{ id, name, value, help },
#define AS_KEY(id, name, value, fn, files, help)	\
	{ files, parse_##fn, value_##fn },

const struct cmd_option conf_options[] = { CONF_KEYS(AS_OPTION) {} };

static const struct key {
	enum files files;
	int (*parse)(struct conf *conf, const char *text, struct err *err);
	const char *(*value)(const struct conf *conf, char buf[NUMBER_LEN]);
} keys[] = { CONF_KEYS(AS_KEY) };	/* as conf_options, one for one */

#define NR_KEYS	ARRAY_SIZE(keys)

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

int conf_option(struct conf *conf, int id, const char *value, struct err *err)
{
	const struct cmd_option *o;
	char letter[3] = { '-', (char)id, 0 };
	unsigned int i;

	for (i = 0; i < NR_KEYS && conf_options[i].id != id; i++)
		;
	if (i == NR_KEYS)
		return err_set(err, VMCTL_USAGE, "no option of a machine");
	if (!keys[i].parse(conf, value, err))
		return 0;
	o = &conf_options[i];
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
	return 0;
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

static bool all_absolute(const char *value, enum files files)
{
	const char *at = NULL;

	while ((at = next_file(value, at, files)))
		if (*at != '/')
			return false;
	return true;
}

int conf_absolute(struct conf *conf, const char *dir, struct err *err)
{
	char buf[NUMBER_LEN], *text;
	const char *value;
	unsigned int i;
	int ret;

	for (i = 0; i < NR_KEYS; i++) {
		value = keys[i].value(conf, buf);
		if (!value || all_absolute(value, keys[i].files))
			continue;
		if (keys[i].files == LIST_OF_FILES && strpbrk(dir, ",="))
			return err_set(err, VMCTL_USAGE,
				       "--%s: file names in a directory with ',' or '=' in its name",
				       conf_options[i].name);
		text = absolute(value, dir, keys[i].files);
		ret = text ? keys[i].parse(conf, text, err) :
		      err_set(err, VMCTL_FAILED, "out of memory");
		free(text);
		if (ret)
			return -1;
	}
	return 0;
}

/* ---- files -------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* Cuts the blanks off both ends; the text ends there then. */
static char *trim(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	len = strlen(text);
	while (len && is_blank(text[len - 1]))
		len--;
	text[len] = 0;
	return text;
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* The character that the escape at @text stands for; 0: none. */
static char unescape(const char *text, unsigned int *used)
{
	int high, low;

	*used = 2;
	switch (text[1]) {
	case '"':
	case '\\':
		return text[1];
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'x':
		high = hex_digit(text[2]);
		low = high < 0 ? -1 : hex_digit(text[3]);
		*used = 4;
		return low < 0 ? 0 : (char)(high << 4 | low);
	default:
		return 0;
	}
}

/* Takes the quotes off, in place. */
static int unquote(char *text, struct err *err)
{
	char *from = text + 1, *to = text;
	unsigned int used;

	while (*from != '"') {
		if (!*from)
			return err_set(err, VMCTL_FAILED,
				       "the closing quote is missing");
		used = 1;
		*to = *from == '\\' ? unescape(from, &used) : *from;
		if (!*to++)
			return err_set(err, VMCTL_FAILED,
				       "\\%.1s: the escapes are \\\" \\\\ \\n \\t \\xHH",
				       from + 1);
		from += used;
	}
	if (from[1])
		return err_set(err, VMCTL_FAILED,
			       "text behind the closing quote");
	*to = 0;
	return 0;
}

/* The value of @key as it was meant. */
static int take_value(char *value, struct err *err)
{
	const char *p;

	if (!*value)
		return err_set(err, VMCTL_FAILED, "a value is missing");
	for (p = value; *p; p++)
		if (is_control(*p) && *p != '\t')
			return err_set(err, VMCTL_FAILED,
				       "control character %#04x; try: \"\\x%02x\"",
				       (unsigned char)*p, (unsigned char)*p);
	return *value == '"' ? unquote(value, err) : 0;
}

static int parse_key(struct conf *conf, unsigned int i, char *value,
		     struct err *err)
{
	if (take_value(value, err))
		return err_wrap(err, "%s", conf_options[i].name);
	if (!all_absolute(value, keys[i].files))
		return err_set(err, VMCTL_FAILED,
			       "%s %.128s: file names must begin with /",
			       conf_options[i].name, value);
	if (!keys[i].parse(conf, value, err))
		return 0;
	return err_wrap(err, "%s %.128s", conf_options[i].name, value);
}

/* @seen: in which line each key was, 0: in none; @line: this one's number */
static int parse_line(struct conf *conf, char *text, unsigned int *seen,
		      unsigned int line, struct err *err)
{
	char *key = trim(text), *value;
	unsigned int i;

	if (!*key || *key == '#')
		return 0;
	value = key + strcspn(key, " \t");
	if (*value)
		*value++ = 0;
	for (i = 0; i < NR_KEYS; i++)
		if (!strcmp(key, conf_options[i].name))
			break;
	if (i == NR_KEYS)
		return err_set(err, VMCTL_FAILED,
			       "%.64s: no such key; try: man vm.conf", key);
	if (seen[i])
		return err_set(err, VMCTL_FAILED,
			       "%s: a second time, first in line %u", key,
			       seen[i]);
	seen[i] = line;
	return parse_key(conf, i, value + strspn(value, " \t"), err);
}

static int parse_lines(struct conf *conf, char *text, const char *file,
		       struct err *err)
{
	unsigned int seen[NR_KEYS] = {}, line = 0;
	char *next = text, *at;

	while ((at = strsep(&next, "\n"))) {
		line++;
		if (parse_line(conf, at, seen, line, err)) {
			err_wrap(err, "%.200s:%u", file, line);
			goto bad;
		}
	}
	if (!conf_check(conf, false, err))
		return 0;
	err_wrap(err, "%.200s", file);
bad:
	err->code = VMCTL_FAILED;
	return -1;
}

static unsigned int line_at(const char *text, const char *at)
{
	unsigned int line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

int conf_parse(struct conf *conf, const char *text, size_t len,
	       const char *file, struct err *err)
{
	const char *zero = len ? memchr(text, 0, len) : NULL;
	char *copy;
	int ret;

	if (len > CONF_MAX_BYTES)
		return err_set(err, VMCTL_FAILED,
			       "%.200s: more than %d bytes", file,
			       CONF_MAX_BYTES);
	if (zero)
		return err_set(err, VMCTL_FAILED, "%.200s:%u: a zero byte",
			       file, line_at(text, zero));
	copy = strndup(text, len);
	if (!copy)
		return err_set(err, VMCTL_FAILED, "out of memory");
	ret = parse_lines(conf, copy, file, err);
	free(copy);
	return ret;
}

static bool needs_quotes(const char *value)
{
	size_t len = strlen(value);

	if (!len || *value == '"' || is_blank(*value) ||
	    is_blank(value[len - 1]))
		return true;
	for (; *value; value++)
		if (is_control(*value))
			return true;
	return false;
}

static void print_quoted(FILE *f, const char *value)
{
	putc('"', f);
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			fprintf(f, "\\%c", *value);
		else if (*value == '\n')
			fputs("\\n", f);
		else if (*value == '\t')
			fputs("\\t", f);
		else if (is_control(*value))
			fprintf(f, "\\x%02x", (unsigned char)*value);
		else
			putc(*value, f);
	}
	putc('"', f);
}

char *conf_print(const struct conf *conf)
{
	char buf[NUMBER_LEN], *text = NULL;
	const char *value;
	unsigned int i;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	fputs("# A machine for vmctl; see vm.conf(5).\n", f);
	for (i = 0; i < NR_KEYS; i++) {
		value = keys[i].value(conf, buf);
		if (!value)
			continue;
		fprintf(f, "%s ", conf_options[i].name);
		if (needs_quotes(value))
			print_quoted(f, value);
		else
			fputs(value, f);
		putc('\n', f);
	}
	if (!fclose(f))
		return text;
	free(text);
	return NULL;
}
