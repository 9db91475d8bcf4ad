/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The options of a machine as text: flags of a command, or lines of a definition
 * file (vm.conf(5)).  One table serves both, so that what can be said on a
 * command line can be said in a file, in the same words.
 */
#ifndef VMCTL_CONF_H
#define VMCTL_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/cpulist.h"
#include "lib/option.h"
#include "vm/options.h"

enum conf_text {
	CONF_NAME,
	CONF_KERNEL,
	CONF_INITRD,
	CONF_APPEND,
	CONF_MULTIBOOT,
	CONF_SWAP,
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

/* ---- for vm/conf_file.h: a key is an index of conf_options ------------------------ */

#define CONF_MAX_KEYS	32
#define CONF_VALUE_LEN	CPULIST_LEN	/* of values that are not kept as text */

/** conf_key() - the key of that name; -1: none */
int conf_key(const char *name);

/** conf_set() - takes a value; the error says only why not */
int conf_set(struct conf *conf, unsigned int key, const char *value,
	     struct err *err);

/** conf_get() - the value, maybe in @buf; NULL: nothing was told */
const char *conf_get(const struct conf *conf, unsigned int key,
		     char buf[CONF_VALUE_LEN]);

/** conf_is_absolute() - whether no file in @value is relative */
bool conf_is_absolute(unsigned int key, const char *value);

#endif
