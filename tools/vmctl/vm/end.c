// SPDX-License-Identifier: GPL-2.0
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vm/end.h"

int vm_end_init(struct vm_end *end)
{
	memset(end, 0, sizeof(*end));
	pthread_mutex_init(&end->lock, NULL);
	end->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return end->event < 0 ? -1 : 0;
}

void vm_end_fini(struct vm_end *end)
{
	if (end->event >= 0)
		close(end->event);
	pthread_mutex_destroy(&end->lock);
}

void vm_end_set(struct vm_end *end, enum end_kind kind, int code,
		const char *fmt, ...)
{
	va_list ap;

	pthread_mutex_lock(&end->lock);
	if (!vm_ended(end)) {
		end->kind = kind;
		end->code = code;
		va_start(ap, fmt);
		vsnprintf(end->text, sizeof(end->text), fmt, ap);
		va_end(ap);
		atomic_store_explicit(&end->ended, true, memory_order_release);
		eventfd_write(end->event, 1);
	}
	pthread_mutex_unlock(&end->lock);
}
