// SPDX-License-Identifier: GPL-2.0
/*
 * What a shell may offer for the last word of a command line, from the tables that
 * parsing goes by.  Wrong command lines offer nothing; nothing is told.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmds.h"
#include "lib/records.h"
#include "lib/rows.h"
#include "vm/define.h"

/* Each candidate is a line, with what it is behind a tab. */
static void offer(const char *word, size_t len, const char *what)
{
	printf("%.*s\t%s\n", (int)len, word, what);
}

static void offer_commands(const struct command *const *c)
{
	for (; *c; c++)
		offer((*c)->name, strlen((*c)->name), (*c)->summary);
}

static void offer_vms(void)
{
	struct record_vm *vms;
	struct control c;
	size_t count, i;
	struct err err;

	if (control_open(&c, &err))
		return;
	if (!records_vms(&c, &vms, &count, &err)) {
		for (i = 0; i < count; i++)
			if (*vms[i].name)
				offer(vms[i].name, strlen(vms[i].name),
				      vms[i].state);
		free(vms);
	}
	control_close(&c);
}

static void offer_definitions(void)
{
	struct paths paths;
	char **names;
	size_t count, i;
	struct err err;

	if (paths_find(&paths, &err) ||
	    define_names(&paths, &names, &count, &err))
		return;
	for (i = 0; i < count; i++)
		offer(names[i], strlen(names[i]), "defined");
	define_free_names(names, count);
}

/* Whether @value is @word, or that with the dots that say that it may come again. */
static bool is(const char *value, const char *word)
{
	size_t len = strlen(word);

	return !strncmp(value, word, len) &&
	       (!value[len] || !strcmp(value + len, "..."));
}

/* Each key that may end @word: behind its last comma, or a minus before it. */
static void offer_keys(const struct command *cmd, const char *word)
{
	const struct rows_field *f;
	const char *comma = strrchr(word, ',');
	size_t before = comma ? (size_t)(comma - word) + 1 : *word == '-';

	for (f = cmd->fields; f && f->key; f++)
		printf("%.*s%s\t%s\n", (int)before, word, f->key,
		       f->head ? f->head : "");
}

/*
 * What @value, of an option or operand, may be, where @word is begun.  Files the shell
 * knows itself.
 */
static void offer_values(const struct command *cmd, const char *value,
			 const char *word)
{
	size_t len;

	if (!strcmp(value, "VM|FILE")) {
		offer_vms();
		puts(":files");
	} else if (!strcmp(value, "KEY,...") || !strcmp(value, "[-]KEY")) {
		offer_keys(cmd, word);
	} else if (is(value, "VM")) {
		offer_vms();
	} else if (is(value, "DEFINITION")) {
		offer_definitions();
	} else if (!strcmp(value, "COMMAND")) {
		offer_commands(command_table());
	} else if (!strncmp(value, "FILE", 4)) {
		puts(":files");
	} else if (strchr(value, '|') || value[0] >= 'a') {
		for (;; value += len + 1) {
			len = strcspn(value, "|");
			/* the dots only say that it may come again */
			offer(value, len > 3 && !strncmp(value + len - 3, "...", 3) ?
			      len - 3 : len, "");
			if (!value[len])
				break;
		}
	}
}

static void offer_options(const struct command *cmd)
{
	const struct cmd_option *o;
	char word[64];

	for (o = cmd->options; o && o->id; o++) {
		if (o->name)
			snprintf(word, sizeof(word), "--%s", o->name);
		else
			snprintf(word, sizeof(word), "-%c", o->id);
		offer(word, strlen(word), o->help);
	}
}

/* The option that @word is, alone; NULL: none. */
static const struct cmd_option *option(const struct command *cmd,
				       const char *word)
{
	const struct cmd_option *o;

	for (o = cmd->options; o && o->id; o++) {
		if (word[0] == '-' && word[1] == o->id && !word[2])
			return o;
		if (o->name && !strncmp(word, "--", 2) &&
		    !strcmp(word + 2, o->name))
			return o;
	}
	return NULL;
}

static void offer_operand(const struct command *cmd, unsigned int n,
			  const char *word)
{
	const char *const *operand = cmd->operands;

	if (!operand)
		return;
	while (n && operand[1]) {
		operand++;
		n--;
	}
	/* beyond the last only what may come again */
	if (!n || strstr(*operand, "..."))
		offer_values(cmd, *operand, word);
}

static void complete(const struct command *cmd, int count, char **words)
{
	const char *last = words[count - 1];
	const struct cmd_option *o = NULL;
	unsigned int operands = 0;
	int i;

	for (i = 0; i < count - 1; i++) {
		if (o && o->value) {
			o = NULL;	/* this word is its value */
			continue;
		}
		o = option(cmd, words[i]);
		operands += words[i][0] != '-';
	}
	if (o && o->value)
		offer_values(cmd, o->value, last);
	else if (last[0] == '-')
		offer_options(cmd);
	else
		offer_operand(cmd, operands, last);
}

static int run(const struct command *cmd, int argc, char **argv)
{
	const struct command *about;
	struct err err;

	(void)cmd;
	if (argc > 1 && !strcmp(argv[1], "--")) {
		argc--;
		argv++;
	}
	if (argc <= 2) {
		offer_commands(command_table());
		return VMCTL_OK;
	}
	about = command_find(argv[1], &err);
	argc -= 2;
	argv += 2;
	if (about && about->subs && argc == 1) {
		offer_commands(about->subs);
		return VMCTL_OK;
	}
	if (about && about->subs) {
		about = command_find_sub(about, *argv++, &err);
		argc--;
	}
	if (about)
		complete(about, argc, argv);
	return VMCTL_OK;
}

static const char *const operands[] = { "WORD...", NULL };

const struct command cmd_complete = {
	.name = "complete",
	.summary = "Offer what may follow, for the completion of shells",
	.usage = "-- WORD...",
	.help = "A candidate a line, with what it is behind a tab; \":files\": any file.\n"
		"The last WORD is what the user has begun, and may be empty.\n",
	.operands = operands,
	.run = run,
};
