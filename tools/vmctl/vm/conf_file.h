/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Definitions as text, vm.conf(5).
 *
 * A file has a "KEY VALUE" a line, where KEY is the flag's long form; blank lines
 * and lines that begin with '#' say nothing.  The value is the rest of the line
 * without the blanks around it, or a text in double quotes with the escapes
 * \" \\ \n \t \xHH.  What conf_print() writes, conf_parse() takes back, and
 * prints again to the byte.
 */
#ifndef VMCTL_CONF_FILE_H
#define VMCTL_CONF_FILE_H

#include "vm/conf.h"

#define CONF_MAX_BYTES	(64 * 1024)	/* of a file */

/** conf_parse() - all of a file into @conf, which has been initialized
 * @file:	its name, for messages */
int conf_parse(struct conf *conf, const char *text, size_t len,
	       const char *file, struct err *err);

/** conf_print() - as a file, which the caller frees; NULL: out of memory */
char *conf_print(const struct conf *conf);

#endif
