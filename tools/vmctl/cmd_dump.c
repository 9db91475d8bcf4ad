// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/vmm_netlink.h>

#include "args.h"
#include "cmds.h"
#include "lib/container.h"
#include "lib/guard.h"
#include "lib/note.h"
#include "lib/records.h"
#include "vm/ask.h"
#include "vm/core_file.h"

static volatile sig_atomic_t told_to_stop;

static void stop(int sig)
{
	(void)sig;
	told_to_stop = 1;
}

static bool stopped(void)
{
	return told_to_stop;
}

/* We shall not leave a VM paused, nor half a file. */
static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction sa = { .sa_handler = stop };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &sa, NULL);
}

/**
 * struct source - the VM
 * @file:	that is written, which is ours
 * @guard:	who resumes the VM if we are killed; there while @ours
 * @ours:	it was running, and we paused it
 */
struct source {
	struct reach reach;
	struct control control;
	struct record_vm vm;
	const char *file;
	struct guard guard;
	int fd;
	bool ours;
};

/* In the process that is left. */
static void undo(void *arg)
{
	struct source *s = arg;
	struct control c;
	struct err err;

	unlink(s->file);
	if (control_open(&c, &err))
		return;
	control_act(&c, VMM_NL_CMD_VM_RESUME, s->vm.id, &err);
	control_close(&c);
}

static bool is_paused(const struct source *s)
{
	return !strcmp(s->vm.state, "paused");
}

/* Whoever else paused it will resume it. */
static int pause_it(struct source *s, struct err *err)
{
	if (records_vm_own(&s->control, s->reach.name, &s->vm, err))
		return -1;
	if (is_paused(s))
		return 0;
	if (guard_begin(&s->guard, undo, s, err))
		return -1;
	s->ours = !control_act(&s->control, VMM_NL_CMD_VM_PAUSE, s->vm.id, err);
	if (s->ours)
		return 0;
	guard_end(&s->guard);
	if (records_vm_by_id(&s->control, s->vm.id, &s->vm, err))
		return -1;
	return is_paused(s) ? 0 : err_set(err, VMCTL_STATE, "cannot be paused");
}

static void resume_it(struct source *s)
{
	struct err err;

	if (!s->ours)
		return;
	if (control_act(&s->control, VMM_NL_CMD_VM_RESUME, s->vm.id, &err))
		note("dump: %s: is not resumed: %s", s->reach.name, err.text);
	guard_end(&s->guard);
	s->ours = false;
}

static int write_core(struct source *s, int out, struct err *err)
{
	struct core core = { .ranges = NULL, .stop = stopped };
	struct verb_memory memory;
	struct verb_regs *regs;
	int ret;

	if (ask_all_regs(s->fd, &regs, &core.nr_cpus, err))
		return -1;
	ret = ask_memory(s->fd, &memory, &core.memory, err);
	if (!ret) {
		core.cpus = regs;
		core.ranges = &memory;
		ret = core_write(&core, out, err);
		close(core.memory);
	}
	free(regs);
	return ret;
}

static int into_file(struct source *s, const char *file, struct err *err)
{
	int out = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int ret;

	if (out < 0)
		return err_set(err, errno == EACCES ? VMCTL_PERM : VMCTL_FAILED,
			       "%.200s: cannot create: %s", file,
			       strerror(errno));
	s->file = file;
	ret = pause_it(s, err);
	if (!ret)
		ret = write_core(s, out, err);
	resume_it(s);
	if (close(out) && !ret)
		ret = err_set(err, VMCTL_FAILED, "cannot write: %s",
			      strerror(errno));
	if (ret)
		unlink(file);
	return ret;
}

static int dump(const char *vm, const char *file, struct err *err)
{
	struct source s = {};
	int ret;

	if (reach_find(&s.reach, vm, err))
		return -1;
	s.fd = ask_open(&s.reach, err);
	if (s.fd < 0)
		return -1;
	ret = control_open(&s.control, err);
	if (!ret) {
		ret = into_file(&s, file, err);
		control_close(&s.control);
	}
	close(s.fd);
	return ret ? err_wrap(err, "%s", s.reach.name) : 0;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	char **operands;
	struct args a;
	struct err err;

	args_init(&a, cmd, argc, argv);
	if (args_next(&a) != ARGS_END)
		return VMCTL_USAGE;
	operands = args_operands(&a, 2, 2);
	if (!operands)
		return VMCTL_USAGE;
	catch_signals();
	return dump(operands[0], operands[1], &err) ? command_fail(cmd, &err) :
	       VMCTL_OK;
}

static const char *const operands[] = { "VM", "FILE", NULL };

const struct command cmd_dump = {
	.name = "dump",
	.summary = "Write memory and registers of a VM in the background to a file",
	.usage = "VM FILE",
	.operands = operands,
	.help =
"FILE, which must not exist, is an ELF core file: a thread for each processor, and\n"
"memory at its guest-physical addresses.  Debuggers open it.  A VM that runs is\n"
"paused meanwhile.\n",
	.run = run,
};
