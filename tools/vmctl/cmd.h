/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The table of commands.  A command's file has its handler and its help; the
 * table in main.c is the one list of what there is.
 */
#ifndef VMCTL_CMD_H
#define VMCTL_CMD_H

#include "lib/err.h"

#define VMCTL_VERSION "0.1.0"

/**
 * struct command - a verb
 * @name:	what the user types; a unique prefix will do
 * @summary:	one line
 * @usage:	what follows the name
 * @help:	more lines: options, exit codes; NULL for none
 * @run:	the handler; argv[0] is the name; returns the exit code
 */
struct command {
	const char *name;
	const char *summary;
	const char *usage;
	const char *help;
	int (*run)(int argc, char **argv);
};

extern const struct command cmd_doctor, cmd_help, cmd_info, cmd_list, cmd_run,
			    cmd_version;

/** command_table() - all commands, closed by NULL. */
const struct command *const *command_table(void);

/** command_find() - by name or unique prefix; NULL after filling @err. */
const struct command *command_find(const char *name, struct err *err);

/** command_fail() - prints "vmctl: NAME: text"; returns the exit code. */
int command_fail(const struct command *cmd, const struct err *err);

/** command_usage() - likewise, for a misuse that @fmt describes. */
int command_usage(const struct command *cmd, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
