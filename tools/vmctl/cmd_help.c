// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "cmds.h"
#include "lib/rows.h"

static void print_commands(const struct command *const *c)
{
	for (; *c; c++)
		printf("  %-10s %s\n", (*c)->name, (*c)->summary);
}

static void list(void)
{
	puts("usage: vmctl COMMAND [ARGUMENT...]\n");
	print_commands(command_table());
	puts("\nA unique prefix of a command will do.  See also: vmctl help COMMAND, vmctl(8)");
}

/* "-o, --output table|json", or as much of it as there is */
static int form(char *to, size_t size, const struct cmd_option *o)
{
	char letter[4] = "  ";

	if (o->id < OPT_FIRST)
		snprintf(letter, sizeof(letter), "-%c", o->id);
	return snprintf(to, size, "%s%s%s%s%s%s", letter,
			!o->name ? "" : o->id < OPT_FIRST ? ", " : "  ",
			o->name ? "--" : "", o->name ? o->name : "",
			o->value ? " " : "", o->value ? o->value : "");
}

#define FORM_MAX	26	/* longer forms have a line of their own */

static void print_options(const struct cmd_option *options)
{
	const struct cmd_option *o;
	const char *line;
	char text[128];
	size_t len;

	for (o = options; o->id; o++) {
		form(text, sizeof(text), o);
		printf("  %-*s", FORM_MAX, text);
		if (strlen(text) > FORM_MAX)
			printf("\n  %-*s", FORM_MAX, "");
		for (line = o->help; ; line += len + 1) {
			len = strcspn(line, "\n");
			printf("  %.*s\n", (int)len, line);
			if (!line[len])
				break;
			printf("  %-*s", FORM_MAX, "");
		}
	}
}

#define LINE_MAX_LEN	78

static void print_fields(const struct rows_field *f)
{
	size_t at;

	printf("\nFields:");
	for (at = strlen("Fields:"); f->key; f++) {
		at += strlen(f->key) + 2;
		if (at > LINE_MAX_LEN) {
			printf("\n       ");
			at = strlen("       ") + strlen(f->key) + 2;
		}
		printf(" %s%s", f->key, f[1].key ? "," : "\n");
	}
}

static void explain(const struct command *cmd)
{
	char name[COMMAND_NAME_LEN];

	printf("usage: vmctl %s%s%s\n%s.\n", command_name(name, cmd),
	       *cmd->usage ? " " : "", cmd->usage, cmd->summary);
	if (cmd->subs) {
		putchar('\n');
		print_commands(cmd->subs);
	}
	if (cmd->options) {
		putchar('\n');
		print_options(cmd->options);
	}
	if (cmd->fields)
		print_fields(cmd->fields);
	if (cmd->help)
		printf("\n%s", cmd->help);
}

static int run(const struct command *cmd, int argc, char **argv)
{
	const struct command *about;
	char **words;
	struct args a;
	struct err err;

	args_init(&a, cmd, argc, argv);
	if (args_next(&a) != ARGS_END)
		return VMCTL_USAGE;
	words = args_operands(&a, 0, 2);
	if (!words)
		return VMCTL_USAGE;
	if (!words[0]) {
		list();
		return VMCTL_OK;
	}
	about = command_find(words[0], &err);
	if (about && words[1] && !about->subs)
		return command_usage(cmd, "%s: one too many", words[1]);
	if (about && words[1])
		about = command_find_sub(about, words[1], &err);
	if (!about)
		return command_fail(cmd, &err);
	explain(about);
	return VMCTL_OK;
}

static const char *const operands[] = { "COMMAND", "SUB", NULL };

const struct command cmd_help = {
	.name = "help",
	.summary = "List the commands, or explain one",
	.usage = "[COMMAND [SUB]]",
	.operands = operands,
	.run = run,
};
