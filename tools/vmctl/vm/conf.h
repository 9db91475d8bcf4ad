/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The options of a machine as text: flags of a command, or lines of a definition
 * file (vm.conf(5)).  One table serves both, so that what can be said on a
 * command line can be said in a file, in the same words.
 *
 * A file has a "KEY VALUE" a line, where KEY is the flag's long form; blank lines
 * and lines that begin with '#' say nothing.  The value is the rest of the line
 * without the blanks around it, or a text in double quotes with the escapes
 * \" \\ \n \t \xHH.  What conf_print() writes, conf_parse() takes back, and
 * prints again to the byte.
 */
#ifndef VMCTL_CONF_H
#define VMCTL_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/option.h"
#include "vm/options.h"

#define CONF_MAX_BYTES	(64 * 1024)	/* of a file */

enum conf_text {
	CONF_NAME,
	CONF_KERNEL,
	CONF_INITRD,
	CONF_APPEND,
	CONF_MULTIBOOT,
	CONF_NR_TEXTS
};

/**
 * struct conf - options of a machine, and the memory that their texts lie in
 * @opt:	refers to @text
 */
struct conf {
	struct machine_options opt;
	char *text[CONF_NR_TEXTS];
};

/** conf_options - the flags, for a command's table */
extern const struct cmd_option conf_options[];

/** conf_init() - all as it is unless told */
void conf_init(struct conf *conf);
void conf_free(struct conf *conf);

/** conf_name() - checks and keeps the machine's name. */
int conf_name(struct conf *conf, const char *name, struct err *err);

/** conf_option() - takes the flag @id; the error begins with the flag. */
int conf_option(struct conf *conf, int id, const char *value, struct err *err);

/** conf_check() - whether what was told goes together; @flags: told as flags */
int conf_check(const struct conf *conf, bool flags, struct err *err);

/** conf_absolute() - lets file names begin at @dir if they are relative. */
int conf_absolute(struct conf *conf, const char *dir, struct err *err);

/** conf_parse() - all of a file into @conf, which has been initialized
 * @file:	its name, for messages */
int conf_parse(struct conf *conf, const char *text, size_t len,
	       const char *file, struct err *err);

/** conf_print() - as a file, which the caller frees; NULL: out of memory */
char *conf_print(const struct conf *conf);

#endif
