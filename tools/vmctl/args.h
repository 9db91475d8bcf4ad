/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A command line, read by the command's table of options.  A misuse is told to the
 * user here.
 */
#ifndef VMCTL_ARGS_H
#define VMCTL_ARGS_H

#include "cmd.h"
#include "lib/rows.h"
#include "vm/conf.h"

#define ARGS_END	-1
#define ARGS_BAD	-2

/**
 * struct args - reads options one by one, then operands
 * @value:	of the option that args_next() returned
 */
struct args {
	const struct command *cmd;
	int argc;
	char **argv;
	const char *value;
};

void args_init(struct args *a, const struct command *cmd, int argc,
	       char **argv);

/** args_next() - id of the next option; ARGS_END; ARGS_BAD: a misuse, told */
int args_next(struct args *a);

/**
 * args_operands() - what is left, after ARGS_END
 *
 * NULL if these are not @min to @max many, which has been told.
 */
char **args_operands(struct args *a, int min, int max);

/** args_seconds() - @value as nanoseconds; 0, or the exit code of a misuse */
int args_seconds(const struct args *a, const char *option, uint64_t *ns);
/** args_number() - likewise a number from @min to @max */
int args_number(const struct args *a, const char *option, uint64_t min,
		uint64_t max, uint64_t *number);

/** args_conf() - takes all options, of a machine; 0, or the exit code of a misuse */
int args_conf(struct args *a, struct conf *conf);

/* ---- options that all commands with rows have ---------------------------------- */

#define OPT_FIELDS	(OPT_FIRST + 0x100)
#define OPT_SORT	(OPT_FIRST + 0x101)
#define OPT_NO_HEADER	(OPT_FIRST + 0x102)

#define ARGS_QUIET_OPTION						\
	{ 'q', "quiet", NULL, "names only, as -o name" }

#define ARGS_VIEW_OPTIONS(formats)					\
	{ 'o', "output", formats,					\
	  "table and wide are for people, wide has all fields;\n"	\
	  "the others have bytes, nanoseconds and stable keys" },	\
	{ OPT_FIELDS, "fields", "KEY,...", "these fields, in this order" }, \
	{ OPT_SORT, "sort", "[-]KEY", "by this field; -: the greatest first" }, \
	{ OPT_NO_HEADER, "no-header", NULL, "no line of heads or keys" }, \
	ARGS_QUIET_OPTION

/* Of what is one thing, or has an order and no names. */
#define ARGS_ONE_OPTIONS(formats)					\
	{ 'o', "output", formats,					\
	  "table is for people, the others for programs" },		\
	{ OPT_FIELDS, "fields", "KEY,...", "these fields, in this order" }, \
	{ OPT_NO_HEADER, "no-header", NULL, "no line of heads, no keys" }

#define ARGS_FORMATS	"table|wide|json|jsonl|csv|name"
#define ARGS_NAMELESS	"table|wide|json|jsonl|csv"

/** args_view() - takes @id if it is of these: 1; 0: not; -1: a misuse, in @err */
int args_view(const struct args *a, int id, struct rows_view *view,
	      struct err *err);

/* Of what is many things at once, and no list. */
#define ARGS_WHOLE_OPTION						\
	{ 'o', "output", "table|json", "table is for people, json for programs" }

/** args_whole() - takes the value of that; 0, or -1 */
int args_whole(const struct args *a, bool *json, struct err *err);

#endif
