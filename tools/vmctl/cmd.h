/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of commands.  A command's file has its handler, its options and its
 * help; the table in main.c is the one list of what there is.  Parsing, help and
 * completion in shells all go by these.
 */
#ifndef VMCTL_CMD_H
#define VMCTL_CMD_H

#include <stdbool.h>

#include "lib/err.h"
#include "lib/option.h"

#define VMCTL_VERSION "0.1.0"

struct rows_field;

/**
 * struct command - a verb
 * @name:	what the user types; a unique prefix will do
 * @summary:	one line
 * @usage:	what follows the name
 * @help:	more lines, after the options; NULL for none
 * @options:	closed by one without an id; NULL for none
 * @operands:	what each operand is, as cmd_option.value is; the last may come
 *		again if it ends in "..."; closed by NULL; NULL for none
 * @fields:	of its records, for --fields and --sort; NULL for none
 * @subs:	commands that it is made of, closed by NULL; NULL: it is one itself
 * @super:	the command that it is one of; NULL for none
 * @run:	the handler; argv[0] is the name; returns the exit code
 */
struct command {
	const char *name;
	const char *summary;
	const char *usage;
	const char *help;
	const struct cmd_option *options;
	const char *const *operands;
	const struct rows_field *fields;
	const struct command *const *subs;
	const struct command *super;
	int (*run)(const struct command *cmd, int argc, char **argv);
};

/** command_table() - all commands, closed by NULL. */
const struct command *const *command_table(void);

/** command_find() - by name or unique prefix; NULL after filling @err. */
const struct command *command_find(const char *name, struct err *err);

/** command_find_sub() - likewise, one of those that @cmd is made of. */
const struct command *command_find_sub(const struct command *cmd,
				       const char *name, struct err *err);

/** command_run_sub() - what such a command does: the one that argv[1] names. */
int command_run_sub(const struct command *cmd, int argc, char **argv);

#define COMMAND_NAME_LEN	32

/** command_name() - as the user types it, with the command that it is one of. */
const char *command_name(char buf[COMMAND_NAME_LEN], const struct command *cmd);

/** command_fail() - prints "vmctl: NAME: text"; returns the exit code. */
int command_fail(const struct command *cmd, const struct err *err);

/** command_usage() - likewise, for a misuse that @fmt describes. */
int command_usage(const struct command *cmd, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

extern const char *const operand_vm[];	/* { "VM", NULL } */

#endif
