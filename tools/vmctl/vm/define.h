/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Definitions: one file a VM, CONF/NAME.conf, in the format of vm/conf_file.h.  One
 * appears with all of its content or not at all, and never replaces another.
 */
#ifndef VMCTL_DEFINE_H
#define VMCTL_DEFINE_H

#include <stddef.h>

#include "lib/paths.h"
#include "vm/conf.h"

/** define_create() - writes that of conf->opt.name, which must not exist */
int define_create(const struct paths *paths, const struct conf *conf,
		  struct err *err);

/** define_read() - into @conf, which has been initialized */
int define_read(const struct paths *paths, const char *name, struct conf *conf,
		struct err *err);

/**
 * define_same() - whether it is defined already, to the letter: 1, 0
 * @as:		what it should be as then, for words; -1: it is not
 */
int define_same(const struct paths *paths, const struct conf *conf,
		const char *as, struct err *err);

int define_remove(const struct paths *paths, const char *name,
		  struct err *err);

/**
 * define_names() - of all definitions, sorted
 *
 * define_free_names() frees them.
 */
int define_names(const struct paths *paths, char ***names, size_t *count,
		 struct err *err);
void define_free_names(char **names, size_t count);

#endif
