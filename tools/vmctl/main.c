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
	&cmd_help,
	&cmd_info,
	&cmd_inject,
	&cmd_kill,
	&cmd_list,
	&cmd_logs,
	&cmd_pause,
	&cmd_regs,
	&cmd_reset,
	&cmd_resume,
	&cmd_run,
	&cmd_sched,
	&cmd_set,
	&cmd_show,
	&cmd_start,
	&cmd_stats,
	&cmd_stop,
	&cmd_top,
	&cmd_version,
	&cmd_wait,
	NULL,
};

const struct command *const *command_table(void)
{
	return commands;
}

const struct command *command_find(const char *name, struct err *err)
{
	const struct command *const *c, *found = NULL;
	size_t len = strlen(name);

	for (c = commands; *c; c++) {
		if (strncmp((*c)->name, name, len))
			continue;
		if (!(*c)->name[len])
			return *c;
		if (found) {
			err_set(err, VMCTL_USAGE,
				"%s: may be %s or %s; try: vmctl help", name,
				found->name, (*c)->name);
			return NULL;
		}
		found = *c;
	}
	if (!found || !len) {
		err_set(err, VMCTL_USAGE,
			"%s: no such command; try: vmctl help", name);
		return NULL;
	}
	return found;
}

int command_fail(const struct command *cmd, const struct err *err)
{
	note("%s: %s", cmd->name, err->text);
	return err->code;
}

int command_usage(const struct command *cmd, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	note("%s: %s; try: vmctl help %s", cmd->name, text, cmd->name);
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
