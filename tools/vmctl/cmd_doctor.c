// SPDX-License-Identifier: GPL-2.0
/*
 * Looks for whatever keeps VMs from running here, from the processor up, and
 * says what to do about it.  The first failure gives the exit code, because
 * the later ones usually follow from it.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "lib/out.h"
#include "lib/vmm.h"

#define LINE_LEN	4096

struct doctor {
	enum out_format format;
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
	static const char *const words[] = { "ok", "warn", "FAIL" };
	static const char *const keys[] = { "ok", "warn", "fail" };
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (d->format == OUT_JSON) {
		printf("%s{\"result\": \"%s\", \"text\": ",
		       d->checks ? ", " : "", keys[verdict]);
		out_json_string(text);
		putchar('}');
	} else {
		printf("%-5s %s\n", words[verdict], text);
	}
	d->checks++;
}

static void fail(struct doctor *d, int code)
{
	if (!d->code)
		d->code = code;
}

/* Whether the first processor's flags have @flag. */
static bool cpu_has(const char *flag)
{
	char line[LINE_LEN], *word, *rest;
	FILE *f = fopen("/proc/cpuinfo", "re");
	bool found = false;

	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "flags", 5))
			continue;
		rest = line;
		while (!found && (word = strsep(&rest, " \t\n")))
			found = !strcmp(word, flag);
		break;
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

static bool check_cpu(struct doctor *d)
{
	if (cpu_has("svm")) {
		say(d, GOOD, "processor has SVM");
		if (!cpu_has("npt"))
			say(d, BAD, "processor lacks nested paging (npt)");
		else
			return true;
	} else if (cpu_has("vmx")) {
		say(d, BAD,
		    "processor has VMX, which this module does not use; it needs AMD SVM");
	} else {
		say(d, BAD,
		    "processor has no SVM, or the firmware turned it off; try: enable SVM in the firmware setup, or nested virtualization on the host");
	}
	fail(d, VMCTL_HOST);
	return false;
}

static void check_kvm(struct doctor *d, bool loaded)
{
	if (!module_loaded("kvm_amd"))
		return;
	if (loaded) {
		say(d, WARN,
		    "kvm_amd is loaded beside vmm: its VMs cannot start");
		return;
	}
	say(d, BAD,
	    "SVM is in use by kvm_amd; try: modprobe -r kvm_amd, then insmod vmm.ko");
	fail(d, VMCTL_HOST);
}

static void check_features(struct doctor *d, const struct vmm_info *info)
{
	static const struct {
		uint64_t bit;
		const char *without;
	} wanted[] = {
		{ VMM_FEAT_NEXT_RIP,
		  "no next-RIP save: exits decode instructions" },
		{ VMM_FEAT_DECODE_ASSISTS,
		  "no decode assists: MMIO exits fetch instructions" },
		{ VMM_FEAT_FLUSH_BY_ASID,
		  "no flush by ASID: a flush takes the whole TLB" },
		{ VMM_FEAT_STABLE_TSC,
		  "time-stamp counter not stable: guests' clocks are slower" },
	};
	unsigned int i;

	if (info->features & VMM_FEAT_NESTED_PAGING)
		say(d, GOOD, "nested paging");
	for (i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (!(info->features & wanted[i].bit))
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

static int examine(enum out_format format)
{
	struct doctor d = { .format = format };
	bool loaded = module_loaded("vmm");

	out_begin(format);
	if (format == OUT_JSON)
		out_list_begin(format, "checks");
	check_cpu(&d);
	check_kvm(&d, loaded);
	check_device(&d);
	if (format == OUT_JSON)
		out_list_end(format);
	out_end(format);
	return d.code;
}

static int run(int argc, char **argv)
{
	enum out_format format = OUT_TABLE;
	struct err err;
	int c;

	opterr = 0;
	while ((c = getopt(argc, argv, ":o:")) != -1) {
		if (c == ':')
			return command_usage(&cmd_doctor, "-%c needs a value",
					     optopt);
		if (c == '?')
			return command_usage(&cmd_doctor, "%s: unknown option",
					     argv[optind - 1]);
		if (out_format_parse(optarg, &format, &err))
			return command_fail(&cmd_doctor, &err);
	}
	if (optind < argc)
		return command_usage(&cmd_doctor, "%s: takes no argument",
				     argv[optind]);
	return examine(format);
}

const struct command cmd_doctor = {
	.name = "doctor",
	.summary = "Check whether this host can run VMs, and say what to do",
	.usage = "[-o table|json]",
	.help =
"Exit code: 0 all well, else that of the first failure: 5 not permitted,\n"
"6 module absent or of another ABI, 7 host lacks SVM or KVM holds it.\n",
	.run = run,
};
