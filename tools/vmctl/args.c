// SPDX-License-Identifier: GPL-2.0
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "lib/size.h"

#define MAX_OPTIONS	24

void args_init(struct args *a, const struct command *cmd, int argc, char **argv)
{
	*a = (struct args){ .cmd = cmd, .argc = argc, .argv = argv };
	opterr = 0;
	optind = 0;	/* begin anew */
}

/* What getopt_long() wants to know. */
struct known {
	char letters[2 * MAX_OPTIONS + 2];
	struct option names[MAX_OPTIONS + 1];
};

static void known_from(struct known *k, const struct cmd_option *options)
{
	unsigned int i = 0, n = 0;

	memset(k, 0, sizeof(*k));
	k->letters[i++] = ':';
	for (; options && options->id && n < MAX_OPTIONS; options++) {
		if (options->id < OPT_FIRST) {
			k->letters[i++] = (char)options->id;
			if (options->value)
				k->letters[i++] = ':';
		}
		if (options->name)
			k->names[n++] = (struct option){
				.name = options->name,
				.has_arg = options->value ? required_argument :
					   no_argument,
				.val = options->id,
			};
	}
}

static int misused(struct args *a, int c)
{
	const char *word = a->argv[optind > 0 ? optind - 1 : 0];
	char letter[3] = { '-', (char)optopt, 0 };

	/* of several letters in one word, the word does not tell which */
	if (optopt > 0 && optopt < OPT_FIRST && strncmp(word, "--", 2))
		word = letter;
	command_usage(a->cmd, c == ':' ? "%s needs a value" :
		      "%s: unknown option", word);
	return ARGS_BAD;
}

int args_next(struct args *a)
{
	struct known k;
	int c;

	known_from(&k, a->cmd->options);
	c = getopt_long(a->argc, a->argv, k.letters, k.names, NULL);
	if (c == ':' || c == '?')
		return misused(a, c);
	a->value = optarg;
	return c;
}

char **args_operands(struct args *a, int min, int max)
{
	int count = a->argc - optind;

	if (count > max && !max)
		command_usage(a->cmd, "%s: takes no argument",
			      a->argv[optind]);
	else if (count > max)
		command_usage(a->cmd, "%s: one too many", a->argv[optind + max]);
	else if (count < min)
		command_usage(a->cmd, "%s is missing",
			      a->cmd->operands[count]);
	else
		return a->argv + optind;
	return NULL;
}

int args_seconds(const struct args *a, const char *option, uint64_t *ns)
{
	if (!seconds_parse(a->value, ns))
		return 0;
	return command_usage(a->cmd, "%s %s: not a number of seconds", option,
			     a->value);
}

int args_number(const struct args *a, const char *option, uint64_t min,
		uint64_t max, uint64_t *number)
{
	if (!uint_parse(a->value, number) && *number >= min && *number <= max)
		return 0;
	return command_usage(a->cmd, "%s %s: not a number from %llu to %llu",
			     option, a->value, (unsigned long long)min,
			     (unsigned long long)max);
}

int args_conf(struct args *a, struct conf *conf)
{
	struct err err;
	int id;

	while ((id = args_next(a)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		if (!conf_option(conf, id, a->value, &err))
			continue;
		if (err.code == VMCTL_USAGE)
			return command_usage(a->cmd, "%s", err.text);
		return command_fail(a->cmd, &err);
	}
	return 0;
}

int args_view(const struct args *a, int id, struct rows_view *view,
	      struct err *err)
{
	switch (id) {
	case 'o':
		return rows_format_parse(a->value, &view->format, err) ? -1 : 1;
	case 'q':
		view->format = ROWS_ONLY_NAME;
		return 1;
	case OPT_FIELDS:
		view->fields = a->value;
		return 1;
	case OPT_SORT:
		view->sort = a->value;
		return 1;
	case OPT_NO_HEADER:
		view->no_header = true;
		return 1;
	default:
		return 0;
	}
}

int args_whole(const struct args *a, bool *json, struct err *err)
{
	*json = !strcmp(a->value, "json");
	if (*json || !strcmp(a->value, "table"))
		return 0;
	return err_set(err, VMCTL_USAGE, "-o %.64s: the formats are table and json",
		       a->value);
}
