// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "args.h"
#include "cmds.h"
#include "lib/features.h"
#include "lib/vmm.h"
#include "snap/file.h"
#include "snap_work.h"
#include "vm/await.h"
#include "vm/background.h"
#include "vm/conf_file.h"
#include "vm/define.h"

/* ---- its definition ------------------------------------------------------------------- */

static int take_definition(const struct snap_reader *r, const char *name,
			   struct conf *conf, struct err *err)
{
	const char *text = r->about.conf;

	if (conf_name(conf, name ? name : r->about.name, err) ||
	    conf_parse(conf, text, strlen(text), r->in.name, err))
		return -1;
	conf->opt.unique = true;
	return 0;
}

/* ---- starting ---------------------------------------------------------------------------- */

/* Whether this host has what the guest was given. */
static int check_cpu(const struct vmm *vmm, const struct snap_about *a,
		     const char *file, struct err *err)
{
	struct vmm_cpuid_entry have[VMM_MAX_CPUID];
	struct vmm_cpuid supported = {
		.count = VMM_MAX_CPUID, .entries = (uintptr_t)have,
	};
	char text[200];

	if (ioctl(vmm->fd, VMM_SUPPORTED_CPUID, &supported))
		return err_set(err, VMCTL_FAILED, "CPUID: %s", strerror(errno));
	if (!features_missing(a->cpuid, a->nr_cpuid, have, supported.count,
			      text, sizeof(text)))
		return 0;
	return err_set(err, VMCTL_HOST,
		       "%.200s: this host lacks what the guest was given: %s",
		       file, text);
}

static int check_host(const struct vmm *vmm, const struct snap_about *a,
		      const char *file, struct err *err)
{
	if (!strncmp(vmm->info.backend, a->backend, sizeof(a->backend)))
		return check_cpu(vmm, a, file, err);
	return err_set(err, VMCTL_HOST,
		       "%.200s: saved on a host with %s, which this one with %.15s cannot go on from",
		       file, a->backend, vmm->info.backend);
}

/* What can be told before anything is made. */
static int check(const struct snap_reader *r, struct err *err)
{
	struct vmm vmm;
	int ret;

	if (about_incremental(&r->about))
		return err_set(err, VMCTL_FAILED,
			       "%.200s: an increment; try: vmctl snap merge",
			       r->in.name);
	if (vmm_open(&vmm, err))
		return -1;
	ret = check_host(&vmm, &r->about, r->in.name, err);
	vmm_close(&vmm);
	return ret;
}

static int start(const struct paths *paths, const struct conf *conf,
		 struct snap_reader *r, struct err *err)
{
	int defined = define_same(paths, conf, "in the file", err);
	struct err other;

	/* No file decides that its state is read without one. */
	if (!defined && conf->opt.sandbox == SANDBOX_OFF)
		return err_set(err, VMCTL_FAILED,
			       "%.200s: defines a VM without a sandbox; try: vmctl create it so first",
			       r->in.name);
	/* Nor which file is written to. */
	if (!defined && conf->opt.swap)
		return err_set(err, VMCTL_FAILED,
			       "%.200s: defines a VM with a swap file; try: vmctl create it so first",
			       r->in.name);
	if (defined < 0 || (!defined && define_create(paths, conf, err)))
		return -1;
	if (!background_start(paths, conf, r, err))
		return await_running(conf->opt.name, err);
	if (!defined)
		define_remove(paths, conf->opt.name, &other);
	return -1;
}

static int import(const char *file, const char *name, bool any_tsc,
		  struct err *err)
{
	struct snap_work work;
	struct snap_reader r;
	struct paths paths;
	struct conf conf;
	int ret;

	conf_init(&conf);
	/* a signal ends it wherever it waits, and what has been made goes */
	snap_work_begin(&work, "read", true);
	ret = snap_read_begin(&r, file, true, err) ?: check(&r, err);
	r.any_tsc = any_tsc;
	ret = ret ?: paths_find(&paths, err) ?: take_definition(&r, name, &conf, err) ?:
	      start(&paths, &conf, &r, err);
	conf_free(&conf);
	snap_read_close(&r);
	return ret;
}

#define OPT_ANY_TSC	OPT_FIRST

static int run(const struct command *cmd, int argc, char **argv)
{
	bool any_tsc = false;
	char **operands;
	struct args a;
	struct err err;
	int id;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		any_tsc = any_tsc || id == OPT_ANY_TSC;
	}
	operands = args_operands(&a, 1, 2);
	if (!operands)
		return VMCTL_USAGE;
	return import(operands[0], operands[1], any_tsc, &err) ?
	       command_fail(cmd, &err) : VMCTL_OK;
}

static const struct cmd_option options[] = {
	{ OPT_ANY_TSC, "any-tsc", NULL,
	  "whatever the frequency of the guest's time-stamp counter was" },
	{}
};

static const char *const operands[] = { "FILE", "NAME", NULL };

const struct command cmd_snap_import = {
	.name = "import",
	.summary = "Start a VM, in the background, where a snapshot file has it",
	.usage = "[--any-tsc] FILE [NAME]",
	.help =
"The VM is defined as in the file, under its name there or NAME; one that is defined\n"
"so already may be, and one that runs is refused.  The files that it boots from must\n"
"be where they were: a reset boots it again.  \"-\" is standard input.  A file cannot\n"
"turn off the sandbox, or name a swap file: such a VM must be defined before.\n"
"Exit code 7: this host lacks features that the guest was given, which are named; or its\n"
"time-stamp counter has another frequency, which only matters to guests that take their\n"
"time from it alone: --any-tsc.\n",
	.options = options,
	.operands = operands,
	.super = &cmd_snap,
	.run = run,
};
