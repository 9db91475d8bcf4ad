// SPDX-License-Identifier: GPL-2.0
/*
 * Looks for whatever keeps VMs from running here, from the processor up, and
 * says what to do about it.  The first failure gives the exit code, because
 * the later ones usually follow from it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "cmds.h"
#include "lib/vmm.h"

#define LINE_LEN	4096

/** struct check - one of them, as it is told */
struct check {
	char result[8];
	char text[512];
};

static const struct rows_field fields[] = {
	ROWS_FIELD("result", "RESULT", TEXT, struct check, result),
	ROWS_FIELD("text", "TEXT", TEXT, struct check, text),
	{}
};

#define MAX_CHECKS	16

struct doctor {
	struct check check[MAX_CHECKS];
	unsigned int checks;
	int code;
};

enum verdict {
	GOOD,
	WARN,
	BAD,
};

static void say(struct doctor *d, enum verdict verdict, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct doctor *d, enum verdict verdict, const char *fmt, ...)
{
	static const char *const words[] = { "ok", "warn", "fail" };
	struct check *c = &d->check[d->checks];
	va_list ap;

	if (d->checks == MAX_CHECKS)
		return;
	d->checks++;
	snprintf(c->result, sizeof(c->result), "%s", words[verdict]);
	va_start(ap, fmt);
	vsnprintf(c->text, sizeof(c->text), fmt, ap);
	va_end(ap);
}

static void fail(struct doctor *d, int code)
{
	if (!d->code)
		d->code = code;
}

/* The two extensions, what they must bring, and who else drives them. */
static const struct extension {
	const char *name;
	const char *flag;
	const char *line;	/* of /proc/cpuinfo, with the flags needed */
	struct {
		const char *flag, *words;
	} needs[2];
	const char *kvm;
} extensions[] = {
	{ "SVM", "svm", "flags", { { "npt", "nested paging (npt)" } },
	  "kvm_amd" },
	{ "VMX", "vmx", "vmx flags",
	  { { "ept", "nested paging (ept)" },
	    { "unrestricted_guest", "unrestricted guests" } },
	  "kvm_intel" },
};

#define NR_EXTENSIONS	(sizeof(extensions) / sizeof(extensions[0]))

/* Whether the first processor's @line has @flag. */
static bool cpu_has(const char *line, const char *flag)
{
	char text[LINE_LEN], *word, *rest;
	FILE *f = fopen("/proc/cpuinfo", "re");
	size_t len = strlen(line);
	bool found = false;

	if (!f)
		return false;
	while (!found && fgets(text, sizeof(text), f)) {
		if (text[0] == '\n')
			break;
		if (strncmp(text, line, len) || !strchr("\t :", text[len]))
			continue;
		rest = text + len;
		while (!found && (word = strsep(&rest, " \t\n")))
			found = !strcmp(word, flag);
	}
	fclose(f);
	return found;
}

static bool module_loaded(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return !access(path, F_OK);
}

/* What the processor's extension lacks; true if nothing. */
static bool check_needs(struct doctor *d, const struct extension *e)
{
	bool whole = true;
	int i;

	for (i = 0; i < 2 && e->needs[i].flag; i++) {
		if (cpu_has(e->line, e->needs[i].flag))
			continue;
		say(d, BAD, "processor lacks %s", e->needs[i].words);
		whole = false;
	}
	return whole;
}

static void check_cpu(struct doctor *d)
{
	const struct extension *e = extensions;

	while (e < extensions + NR_EXTENSIONS && !cpu_has("flags", e->flag))
		e++;
	if (e < extensions + NR_EXTENSIONS) {
		say(d, GOOD, "processor has %s", e->name);
		if (check_needs(d, e))
			return;
	} else {
		say(d, BAD,
		    "processor has neither SVM nor VMX, or the firmware turned it off; try: enable it in the firmware setup, or nested virtualization on the host");
	}
	fail(d, VMCTL_HOST);
}

static void check_kvm(struct doctor *d, bool loaded)
{
	const struct extension *e;

	for (e = extensions; e < extensions + NR_EXTENSIONS; e++) {
		if (!module_loaded(e->kvm))
			continue;
		if (loaded) {
			say(d, WARN,
			    "%s is loaded beside vmm: its VMs cannot start",
			    e->kvm);
			continue;
		}
		say(d, BAD,
		    "%s is in use by %s; try: modprobe -r %s, then insmod vmm.ko",
		    e->name, e->kvm, e->kvm);
		fail(d, VMCTL_HOST);
	}
}

static void check_features(struct doctor *d, const struct vmm_info *info)
{
	static const struct {
		uint64_t bit;
		const char *without;
		bool svm;
	} wanted[] = {
		{ .bit = VMM_FEAT_NEXT_RIP,
		  .without = "no next-RIP save: exits decode instructions" },
		{ .bit = VMM_FEAT_DECODE_ASSISTS,
		  .without = "no decode assists: MMIO exits fetch instructions",
		  .svm = true },
		{ .bit = VMM_FEAT_FLUSH_BY_ASID,
		  .without = "no flush by ASID or VPID: a flush takes the whole TLB" },
		{ .bit = VMM_FEAT_STABLE_TSC,
		  .without = "time-stamp counter not stable: guests' clocks are slower" },
	};
	bool svm = !strcmp(info->backend, "svm");
	unsigned int i;

	if (info->features & VMM_FEAT_NESTED_PAGING)
		say(d, GOOD, "nested paging");
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!(info->features & wanted[i].bit) &&
		    (svm || !wanted[i].svm))
			say(d, WARN, "%s", wanted[i].without);
}

static void check_device(struct doctor *d)
{
	struct err err;
	struct vmm vmm;

	if (vmm_open_any(&vmm, &err)) {
		say(d, BAD, "%s", err.text);
		fail(d, err.code);
		return;
	}
	say(d, GOOD, VMM_DEVICE " read-write");
	if (vmm.info.abi == VMM_ABI_VERSION) {
		say(d, GOOD, "module vmm %.31s, ABI %u, backend %.15s",
		    vmm.info.version, vmm.info.abi, vmm.info.backend);
		check_features(d, &vmm.info);
	} else {
		say(d, BAD,
		    "module vmm %.31s has ABI %u, vmctl %s is made for ABI %d; try: the vmctl that came with the module",
		    vmm.info.version, vmm.info.abi, VMCTL_VERSION,
		    VMM_ABI_VERSION);
		fail(d, VMCTL_MODULE);
	}
	vmm_close(&vmm);
}

/* For people, without heads, and failures stand out. */
static void print_lines(const struct doctor *d)
{
	unsigned int i;

	for (i = 0; i < d->checks; i++)
		printf("%-5s %s\n", !strcmp(d->check[i].result, "fail") ?
		       "FAIL" : d->check[i].result, d->check[i].text);
}

static int examine(const struct rows_view *view)
{
	struct doctor d = {};
	struct rows rows = {
		.name = "checks", .fields = fields, .records = d.check,
		.size = sizeof(d.check[0]),
	};

	check_cpu(&d);
	check_kvm(&d, module_loaded("vmm"));
	check_device(&d);
	rows.count = d.checks;
	if (view->format == ROWS_TABLE && !view->fields)
		print_lines(&d);
	else
		rows_print(&rows, view);
	return d.code;
}

static int run(const struct command *cmd, int argc, char **argv)
{
	struct rows_view view = {};
	struct args a;
	struct err err;
	int id;

	args_init(&a, cmd, argc, argv);
	while ((id = args_next(&a)) != ARGS_END) {
		if (id == ARGS_BAD)
			return VMCTL_USAGE;
		if (args_view(&a, id, &view, &err) < 0)
			return command_fail(cmd, &err);
	}
	if (!args_operands(&a, 0, 0))
		return VMCTL_USAGE;
	if (rows_check(fields, &view, &err))
		return command_fail(cmd, &err);
	return examine(&view);
}

static const struct cmd_option options[] = {
	ARGS_ONE_OPTIONS(ARGS_NAMELESS),
	{}
};

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "Check whether this host can run VMs, and say what to do",
	.usage = "[-o FORMAT] [--fields KEY,...] [--no-header]",
	.options = options,
	.help =
"Exit code: 0 all well, else that of the first failure: 5 not permitted,\n"
"6 module absent or of another ABI, 7 host lacks SVM and VMX or KVM holds it.\n",
	.fields = fields,
	.run = run,
};
