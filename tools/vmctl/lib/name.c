// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include <linux/vmm.h>

#include "lib/name.h"

#define LETTERS	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define REST	LETTERS "0123456789._-"

int name_check(const char *name, struct err *err)
{
	size_t len = strlen(name), good;

	if (len >= VMM_NAME_LEN)
		return err_set(err, VMCTL_USAGE,
			       "name of %zu characters: the limit is %d", len,
			       VMM_NAME_LEN - 1);
	if (!strspn(name, LETTERS))
		return err_set(err, VMCTL_USAGE,
			       "name '%s': must start with a letter", name);
	good = strspn(name, REST);
	if (good < len)
		return err_set(err, VMCTL_USAGE,
			       "name '%s': '%c' is not allowed", name,
			       name[good]);
	return 0;
}
