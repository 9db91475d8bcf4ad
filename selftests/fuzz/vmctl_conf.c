// SPDX-License-Identifier: GPL-2.0
/*
 * Definitions of random lines and random bytes. Nothing beyond them is read (the
 * sanitizer sees that); what is refused has a reason; what is taken is printed, taken
 * again and printed again, both times the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/conf_file.h"

static uint64_t state;

static uint64_t below(uint64_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return ((state * 0x2545f4914f6cdd1d) >> 11) % n;
}

static const char *const words[] = {
	"cpus", "memory", "kernel", "initrd", "append", "unpack", "multiboot",
	"debug-exit", "timeout", "sandbox", "weight", "prio", "cap", "pin", "mem-limit",
	"page-limit", "page-min", "page-shares", "swap", "ksm",
	"-5", "0-3", ",8", "none", "64M", " ", " ", "\n", "\n", "\t", "\"", "\\", "\\x",
	"\\n", "#", "1", "0x", "40", "7M", "1G", ".5", "auto", "guest", "host",
	"on", "required",
	"/", "/k", ",/m=a", "=", ",", "quiet", "\x80", "\x01", "\r",
};

/* Mostly lines that make sense, some that nearly do. */
static size_t make(char *text, size_t size)
{
	unsigned int lines = (unsigned int)below(8), n;
	size_t len = 0;

	while (lines-- && len < size - 256) {
		len += (size_t)sprintf(text + len, "%s %s",
				       words[below(15)], words[15 + below(35)]);
		for (n = (unsigned int)below(6); n; n--)
			len += (size_t)sprintf(text + len, "%s",
					       words[below(50)]);
		text[len++] = '\n';
	}
	len += (size_t)sprintf(text + len, "%s", below(4) ? "kernel /k" : "");
	for (n = below(4) ? 0 : 1 + (unsigned int)below(3); n && len; n--)
		text[below(len)] = (char)below(256);
	return len;
}

static int fail(const char *what, const char *text, size_t len)
{
	printf("%s:\n", what);
	fwrite(text, 1, len, stdout);
	putchar('\n');
	return -1;
}

/* 1: taken; 0: refused; -1: wrong */
static int check(const char *text, size_t len)
{
	struct err err = { .code = -1 };
	char *once = NULL, *twice = NULL;
	struct conf conf, again;
	int ret = 0;

	conf_init(&conf);
	conf_init(&again);
	if (conf_parse(&conf, text, len, "f", &err)) {
		if (err.code != VMCTL_FAILED || strncmp(err.text, "f:", 2))
			ret = fail("refused without a reason", text, len);
		goto out;
	}
	ret = 1;
	once = conf_print(&conf);
	if (conf_parse(&again, once, strlen(once), "f", &err))
		ret = fail("printed, but not taken", text, len);
	twice = conf_print(&again);
	if (strcmp(once, twice) ||
	    strcmp(conf.opt.boot.cmdline, again.opt.boot.cmdline))
		ret = fail("printed otherwise", text, len);
out:
	free(once);
	free(twice);
	conf_free(&conf);
	conf_free(&again);
	return ret;
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 0) : 100000, i;
	unsigned long taken = 0;
	char *text, *exact;
	size_t len;
	int ret = 0;

	state = (argc > 2 ? strtoul(argv[2], NULL, 0) : 1) * 0x9e3779b97f4a7c15;
	text = malloc(8192);
	for (i = 0; i < count && ret >= 0; i++) {
		len = make(text, 8192);
		/* of its exact size, so that the sanitizer sees its end */
		exact = malloc(len + !len);
		memcpy(exact, text, len);
		ret = check(exact, len);
		taken += ret > 0;
		free(exact);
	}
	free(text);
	printf("%lu definitions, %lu taken\n", i, taken);
	return ret < 0 || taken < count / 100;
}
