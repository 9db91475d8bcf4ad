// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "vm/conf_file.h"
#include "vm/machine.h"
#include "vm/saving.h"
#include "vm/state.h"

static int add(struct saving *s, const void *data, size_t len, struct err *err)
{
	return bytes_add(&s->bytes, data, len) ?
	       err_set(err, VMCTL_FAILED, "out of memory") : 0;
}

static int add_conf(struct saving *s, const struct conf *conf, struct err *err)
{
	char *text = conf_print(conf);
	int ret;

	if (!text)
		return err_set(err, VMCTL_FAILED, "out of memory");
	ret = add(s, text, strlen(text), err);
	free(text);
	return ret;
}

static int gather(struct saving *s, const struct conf *conf,
		  struct verb_hold *told, struct err *err)
{
	struct machine *m = s->machine;
	int cpuid;

	memset(told, 0, sizeof(*told));
	memcpy(told->backend, m->files->vmm.info.backend,
	       sizeof(told->backend) - 1);
	if (machine_save(m, &s->bytes, err))
		return -1;
	told->state = s->bytes.len;
	cpuid = machine_save_cpuid(m, &s->bytes, err);
	if (cpuid < 0 || add_conf(s, conf, err))
		return -1;
	told->cpuid = (size_t)cpuid;
	told->conf = s->bytes.len - told->state - told->cpuid;
	return 0;
}

int saving_begin(struct saving *s, struct machine *machine,
		 const struct conf *conf, const void *by, struct verb_hold *told,
		 struct err *err)
{
	if (s->by)
		return err_set(err, VMCTL_STATE, "is being saved already");
	if (machine_hold(machine, err))
		return -1;
	s->by = by;
	s->machine = machine;
	if (!gather(s, conf, told, err))
		return 0;
	saving_end(s);
	return -1;
}

size_t saving_read(const struct saving *s, uint64_t at, void *to, size_t size)
{
	if (at >= s->bytes.len)
		return 0;
	if (size > s->bytes.len - at)
		size = s->bytes.len - at;
	memcpy(to, s->bytes.data + at, size);
	return size;
}

void saving_end(struct saving *s)
{
	if (s->by)
		machine_release(s->machine);
	saving_forget(s);
}

void saving_forget(struct saving *s)
{
	bytes_fini(&s->bytes);
	s->machine = NULL;
	s->by = NULL;
}
