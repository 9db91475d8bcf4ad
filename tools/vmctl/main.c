// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmds.h"
#include "lib/note.h"

static const struct command *const commands[] = {
	&cmd_complete,
	&cmd_console,
	&cmd_create,
	&cmd_destroy,
	&cmd_doctor,
	&cmd_dump,
	&cmd_events,
	&cmd_exits,
	&cmd_fork,
	&cmd_help,
	&cmd_info,
	&cmd_inject,
	&cmd_kill,
	&cmd_ksm,
	&cmd_list,
	&cmd_logs,
	&cmd_pause,
	&cmd_reclaim,
	&cmd_regs,
	&cmd_reset,
	&cmd_resume,
	&cmd_rollback,
	&cmd_run,
	&cmd_sched,
	&cmd_set,
	&cmd_show,
	&cmd_snap,
	&cmd_start,
	&cmd_stats,
	&cmd_stop,
	&cmd_swap,
	&cmd_top,
	&cmd_version,
	&cmd_wait,
	NULL,
};

const struct command *const *command_table(void)
{
	return commands;
}

/* By name or unique prefix in @table, of which @help tells. */
static const struct command *find(const struct command *const *c,
				  const char *name, const char *help,
				  struct err *err)
{
	const struct command *found = NULL;
	size_t len = strlen(name);

	for (; *c; c++) {
		if (strncmp((*c)->name, name, len))
			continue;
		if (!(*c)->name[len])
			return *c;
		if (found) {
			err_set(err, VMCTL_USAGE,
				"%s: may be %s or %s; try: vmctl help%s", name,
				found->name, (*c)->name, help);
			return NULL;
		}
		found = *c;
	}
	if (!found || !len) {
		err_set(err, VMCTL_USAGE,
			"%s: no such command; try: vmctl help%s", name, help);
		return NULL;
	}
	return found;
}

const struct command *command_find(const char *name, struct err *err)
{
	return find(commands, name, "", err);
}

const struct command *command_find_sub(const struct command *cmd,
				       const char *name, struct err *err)
{
	char help[COMMAND_NAME_LEN];

	snprintf(help, sizeof(help), " %s", cmd->name);
	return find(cmd->subs, name, help, err);
}

int command_run_sub(const struct command *cmd, int argc, char **argv)
{
	const struct command *sub;
	struct err err;

	if (argc < 2)
		return command_usage(cmd, "a command of it is missing");
	if (argv[1][0] == '-')
		return command_usage(cmd, "%s: unknown option", argv[1]);
	sub = command_find_sub(cmd, argv[1], &err);
	return sub ? sub->run(sub, argc - 1, argv + 1) : command_fail(cmd, &err);
}

const char *command_name(char buf[COMMAND_NAME_LEN], const struct command *cmd)
{
	snprintf(buf, COMMAND_NAME_LEN, "%s%s%s",
		 cmd->super ? cmd->super->name : "", cmd->super ? " " : "",
		 cmd->name);
	return buf;
}

int command_fail(const struct command *cmd, const struct err *err)
{
	char name[COMMAND_NAME_LEN];

	note("%s: %s", command_name(name, cmd), err->text);
	return err->code;
}

int command_usage(const struct command *cmd, const char *fmt, ...)
{
	char text[512], name[COMMAND_NAME_LEN];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	command_name(name, cmd);
	note("%s: %s; try: vmctl help %s", name, text, name);
	return VMCTL_USAGE;
}

/* What people type before they know the commands. */
static const char *alias(const char *name)
{
	if (!strcmp(name, "-h") || !strcmp(name, "--help"))
		return "help";
	if (!strcmp(name, "-V") || !strcmp(name, "--version"))
		return "version";
	return name;
}

/*
 * A standard file that the caller closed must not become another of ours.  What is
 * written to it fails, as it would have.
 */
static void fill_standard_files(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	const struct command *cmd;
	struct err err;
	int code;

	fill_standard_files();
	if (argc < 2) {
		note("no command given; try: vmctl help");
		return VMCTL_USAGE;
	}
	cmd = command_find(alias(argv[1]), &err);
	if (!cmd) {
		note("%s", err.text);
		return err.code;
	}
	code = cmd->run(cmd, argc - 1, argv + 1);
	if (fflush(stdout) || ferror(stdout)) {
		note("%s: cannot write to standard output", cmd->name);
		return code ? code : VMCTL_FAILED;
	}
	return code;
}
