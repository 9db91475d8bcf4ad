// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "cmds.h"
#include "lib/container.h"
#include "lib/note.h"
#include "lib/size.h"
#include "vm/machine.h"
#include "vm/thread.h"

#define DEFAULT_CPUS	1
#define DEFAULT_MEMORY	(256 * MIB)
#define MAX_PHYS_BITS	52	/* of the architecture; the module has less */

enum {
	OPT_MULTIBOOT = OPT_FIRST,
	OPT_DEBUG_EXIT,
	OPT_TIMEOUT,
	OPT_UNPACK,
};

static int parse_cpus(struct machine_options *opt, const char *text)
{
	uint64_t value;

	if (uint_parse(text, &value) || !value || value > LAYOUT_MAX_CPUS)
		return command_usage(&cmd_run,
				     "-c %s: a VM has 1 to %d vCPUs", text,
				     LAYOUT_MAX_CPUS);
	opt->cpus = (unsigned int)value;
	return 0;
}

static int parse_memory(struct machine_options *opt, const char *text)
{
	struct layout layout;
	struct err err;

	if (size_parse(text, &opt->memory))
		return command_usage(&cmd_run,
				     "-m %s: not a size like 512M or 4G",
				     text);
	if (layout_make(&layout, opt->memory, MAX_PHYS_BITS, &err))
		return command_usage(&cmd_run, "-m %s: %s", text, err.text);
	return 0;
}

static int parse_port(struct machine_options *opt, const char *text)
{
	uint64_t value;

	if (uint_parse(text, &value) || value >= BUS_PORTS)
		return command_usage(&cmd_run,
				     "--debug-exit %s: a port is 0 to %#x",
				     text, BUS_PORTS - 1);
	opt->debug_exit = (int)value;
	return 0;
}

static int parse_timeout(struct machine_options *opt, const char *text)
{
	if (seconds_parse(text, &opt->timeout_ns) || !opt->timeout_ns)
		return command_usage(&cmd_run,
				     "--timeout %s: not a number of seconds above 0",
				     text);
	return 0;
}

static int parse_unpack(struct machine_options *opt, const char *text)
{
	static const char *const where[] = {
		[UNPACK_AUTO] = "auto",
		[UNPACK_GUEST] = "guest",
		[UNPACK_HOST] = "host",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(where); i++) {
		if (!strcmp(text, where[i])) {
			opt->boot.unpack = (enum unpack_where)i;
			return 0;
		}
	}
	return command_usage(&cmd_run,
			     "--unpack %s: neither auto nor guest nor host",
			     text);
}

static int parse_option(struct machine_options *opt, int id,
			const char *value)
{
	switch (id) {
	case 'c':
		return parse_cpus(opt, value);
	case 'm':
		return parse_memory(opt, value);
	case 'k':
		opt->boot.kernel = value;
		return 0;
	case 'i':
		opt->boot.initrd = value;
		return 0;
	case 'a':
		opt->boot.cmdline = value;
		return 0;
	case OPT_MULTIBOOT:
		opt->boot.multiboot = value;
		return 0;
	case OPT_DEBUG_EXIT:
		return parse_port(opt, value);
	case OPT_UNPACK:
		return parse_unpack(opt, value);
	case OPT_TIMEOUT:
		return parse_timeout(opt, value);
	default:
		return VMCTL_USAGE;	/* told already */
	}
}

/* A letter, then letters, digits, dot, underscore, dash. */
static int check_name(const char *name)
{
	size_t len = strlen(name), i;

	if (len >= VMM_NAME_LEN)
		return command_usage(&cmd_run,
				     "name of %zu characters: the limit is %d",
				     len, VMM_NAME_LEN - 1);
	if (!isalpha((unsigned char)name[0]))
		return command_usage(&cmd_run,
				     "name '%s': must start with a letter",
				     name);
	for (i = 1; i < len; i++)
		if (!isalnum((unsigned char)name[i]) &&
		    !strchr("._-", name[i]))
			return command_usage(&cmd_run,
					     "name '%s': '%c' is not allowed",
					     name, name[i]);
	return 0;
}

static int check_boot(const struct boot_options *boot)
{
	if (boot->kernel && boot->multiboot)
		return command_usage(&cmd_run,
				     "-k and --multiboot exclude each other");
	if (!boot->kernel && !boot->multiboot)
		return command_usage(&cmd_run,
				     "nothing to boot: -k or --multiboot is needed");
	if (boot->unpack != UNPACK_AUTO && !boot->kernel)
		return command_usage(&cmd_run,
				     "--unpack goes with -k");
	if (boot->initrd && !boot->kernel)
		return command_usage(&cmd_run,
				     "-i goes with -k; --multiboot FILE,MODULE takes modules");
	return 0;
}

static int parse(struct machine_options *opt, int argc, char **argv)
{
	char **operands;
	struct args a;
	int id, code;

	args_init(&a, &cmd_run, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		code = parse_option(opt, id, a.value);
		if (code)
			return code;
	}
	operands = args_operands(&a, 0, argc);
	if (operands[0]) {
		opt->name = operands[0];
		opt->unique = true;
		if (operands[1])
			return command_usage(&cmd_run, "%s: one name is enough",
					     operands[1]);
	}
	code = check_name(opt->name);
	return code ? code : check_boot(&opt->boot);
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

static int run(const struct command *cmd, int argc, char **argv)
{
	char name[32];
	struct machine_options opt = {
		.name = name,
		.cpus = DEFAULT_CPUS,
		.memory = DEFAULT_MEMORY,
		.boot.cmdline = "",
		.debug_exit = -1,
	};
	struct machine *m;
	struct err err;
	int code;

	snprintf(name, sizeof(name), "run-%d", (int)getpid());
	code = parse(&opt, argc, argv);
	if (code)
		return code;
	thread_block_signals();
	m = machine_create(&opt, &err);
	if (!m)
		return command_fail(cmd, &err);
	machine_run(m, &err);
	report(opt.name, &m->end);
	code = m->end.code;
	machine_destroy(m);
	return code;
}

static const struct cmd_option options[] = {
	{ 'c', "cpus", "CPUS", "processors (default 1)" },
	{ 'm', "memory", "SIZE", "memory, like 512M or 4G (default 256M)" },
	{ 'k', "kernel", "FILE", "a bzImage, or an ELF kernel with a PVH entry" },
	{ 'i', "initrd", "FILE", "its initial RAM disk" },
	{ 'a', "append", "CMDLINE", "its command line" },
	{ OPT_UNPACK, "unpack", "auto|guest|host",
	  "who unpacks a bzImage: the guest, as on a real\n"
	  "machine; the host; auto: the host where it can and\n"
	  "that is faster, else the guest (default)" },
	{ OPT_MULTIBOOT, "multiboot", "FILE[,MODULE[=ARGS]...]",
	  "a Multiboot 1 image and its modules" },
	{ OPT_DEBUG_EXIT, "debug-exit", "PORT",
	  "a byte written to this port ends the VM and is the\n"
	  "exit code" },
	{ OPT_TIMEOUT, "timeout", "SEC",
	  "end the VM after so long, with exit code 124" },
	{}
};

const struct command cmd_run = {
	.name = "run",
	.summary = "Boot a VM with its console here; it is gone when it ends",
	.usage = "[-c CPUS] [-m SIZE] {-k KERNEL [-i INITRD] | --multiboot FILE[,MODULE...]}\n"
		 "       [-a CMDLINE] [--unpack auto|guest|host] [--debug-exit PORT]\n"
		 "       [--timeout SEC] [NAME]",
	.options = options,
	.help =
"On a terminal, all keys go to the guest but Ctrl-]: twice within a second\n"
"ends the VM.\n"
"\n"
"Exit code: the guest's own (--debug-exit); 0 after power-off or a reset that\n"
"the guest or an operator asked for; 1 after a crash; 2 usage; 5 not permitted;\n"
"6 no module; 124 timed out.\n",
	.run = run,
};
