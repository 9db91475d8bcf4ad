// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "cmds.h"
#include "lib/note.h"
#include "vm/console.h"
#include "vm/machine.h"
#include "vm/place.h"
#include "vm/sandbox.h"
#include "vm/terminal.h"
#include "vm/thread.h"

#define MACHINE_FILES	32	/* that it has at once beside vCPUs' */

static int parse(struct conf *conf, const struct command *cmd, int argc,
		 char **argv)
{
	char name[32], **operands;
	struct args a;
	struct err err;
	int code;

	args_init(&a, cmd, argc, argv);
	code = args_conf(&a, conf);
	if (code)
		return code;
	operands = args_operands(&a, 0, argc);
	if (operands[0] && operands[1])
		return command_usage(cmd, "%s: one name is enough",
				     operands[1]);
	snprintf(name, sizeof(name), "run-%d", (int)getpid());
	if (conf_name(conf, operands[0] ? operands[0] : name, &err) ||
	    conf_check(conf, true, &err))
		return command_usage(cmd, "%s", err.text);
	/* process ids of two namespaces may be the same */
	conf->opt.unique = operands[0];
	return 0;
}

/* One line on how it ended; with a crash, the registers after it. */
static void report(const char *name, const struct vm_end *end)
{
	const char *rest = strchr(end->text, '\n');
	int len = rest ? (int)(rest - end->text) : (int)strlen(end->text);

	if (!len)
		return;
	note("run: %s: %.*s", name, len, end->text);
	if (rest)
		note_text(rest + 1);
}

static int enter_sandbox(struct sandbox *s, const struct machine_options *opt,
			 struct place *place, struct err *err)
{
	static const int words = STDERR_FILENO;
	static char before[VMM_NAME_LEN + 32];
	char lacks[256];

	/* its handlers cannot be set later */
	terminal_prepare();
	sandbox_init(s, opt->sandbox);
	s->files = opt->cpus + MACHINE_FILES;
	s->terminal = true;
	if (place->base >= 0)
		sandbox_keep_dir(s, &place->base, place->base_path,
				 SANDBOX_USE_RMDIR);
	snprintf(before, sizeof(before), "vmctl: run: %s: ", opt->name);
	sandbox_tell(s, &words, before, isatty(words) ? "\r\n" : "\n");
	if (sandbox_enter(s, err))
		return -1;
	if (sandbox_lacks(s, lacks, sizeof(lacks)))
		note("run: %s: the sandbox lacks %s", opt->name, lacks);
	return 0;
}

static int run_machine(const struct command *cmd,
		       const struct machine_options *opt, struct place *place)
{
	static struct machine_files files;
	static struct console console;
	static struct sandbox sandbox;
	struct machine *m = NULL;
	struct loop loop;
	struct err err;
	int code;

	thread_block_signals();
	if (loop_init(&loop, &err))
		return command_fail(cmd, &err);
	console_prepare(&console);
	if (!machine_files_open(&files, opt, &err) &&
	    !machine_memory_open(&files, opt, &err) &&
	    !enter_sandbox(&sandbox, opt, place, &err))
		m = machine_create(opt, &files, &loop, &console.cable, &err);
	if (m) {
		if (!machine_start(m, &err))
			machine_run(m);
		report(opt->name, &m->end);
		code = m->end.code;
		machine_destroy(m);
	} else {
		code = command_fail(cmd, &err);
	}
	machine_files_close(&files);
	loop_fini(&loop);
	return code;
}

/* It stays where it was started, unless a policy is asked for. */
static int run_in_place(const struct command *cmd,
			const struct machine_options *opt)
{
	struct place place = { .base = -1, .end = -1 };
	struct err err;
	int code;

	if (!opt->sched.told)
		return run_machine(cmd, opt, &place);
	if (place_enter(&place, opt->name, &opt->sched, &err)) {
		err_wrap(&err, "%s", opt->name);
		return command_fail(cmd, &err);
	}
	code = run_machine(cmd, opt, &place);
	place_leave(&place);
	return code;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct conf conf;
	int code;

	sandbox_close_others();
	conf_init(&conf);
	code = parse(&conf, cmd, argc, argv);
	if (!code)
		code = run_in_place(cmd, &conf.opt);
	conf_free(&conf);
	return code;
}

const struct command cmd_run = {
	.name = "run",
	.summary = "Boot a VM with its console here; it is gone when it ends",
	.usage = "[-c CPUS] [-m SIZE] {-k KERNEL [-i INITRD] | --multiboot FILE[,MODULE...]}\n"
		 "       [-a CMDLINE] [--unpack auto|guest|host] [--debug-exit PORT]\n"
		 "       [--timeout SEC] [--sandbox on|off|required]\n"
		 "       [--weight WEIGHT | --prio NICE] [--cap PERCENT] [--pin CPU,...]\n"
		 "       [--mem-limit SIZE] [--page-limit SIZE] [--page-min SIZE]\n"
		 "       [--page-shares N] [--swap FILE] [--ksm on|off|own] [NAME]",
	.options = conf_options,
	.help =
"On a terminal, all keys go to the guest but Ctrl-]: twice within a second\n"
"ends the VM.\n"
"\n"
"Exit code: the guest's own (--debug-exit); 0 after power-off or a reset that\n"
"the guest or an operator asked for; 1 after a crash; 2 usage; 5 not permitted;\n"
"6 no module; 124 timed out.\n",
	.run = run,
};
