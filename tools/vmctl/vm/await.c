// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "lib/records.h"
#include "lib/watch.h"
#include "vm/await.h"

#define EFFECT_NS	10000000000ULL	/* for a processor to run */
#define CHECK_MS	1000

/* One that has ended by now did run. */
static enum watch_sight has_run(const struct record_vm *vm)
{
	return vm && !strcmp(vm->state, "new") ? WATCH_NOT_YET : WATCH_DONE;
}

int await_running(const char *name, struct err *err)
{
	struct record_vm vm;
	struct control c;
	int ret;

	if (control_open(&c, err))
		return -1;
	ret = records_vm_own(&c, name, &vm, err);
	if (!ret)
		ret = watch_until(&c, vm.id, has_run, EFFECT_NS, CHECK_MS, err);
	else if (err->code == VMCTL_NO_VM)
		ret = 0;
	control_close(&c);
	return ret <= 0 ? ret : err_set(err, VMCTL_TIMEOUT,
					"its processors do not run yet");
}
