/* SPDX-License-Identifier: GPL-2.0 */
/* An option as a command's table has it: parsing, help and completion go by it. */
#ifndef VMCTL_OPTION_H
#define VMCTL_OPTION_H

/**
 * struct cmd_option - an option of a command
 * @id:		its letter; a number of OPT_FIRST and above if it has none
 * @name:	the long form; NULL for none
 * @value:	what the value is called, or all that it may be: "on|off"; NULL:
 *		it takes none.  FILE and VM are known to completion.
 * @help:	a line or more
 */
struct cmd_option {
	int id;
	const char *name;
	const char *value;
	const char *help;
};

#define OPT_FIRST	256

#endif
