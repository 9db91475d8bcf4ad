/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A small writer of ACPI machine language.
 *
 * Terms are appended to a caller's buffer; terms that hold others are opened
 * and closed like brackets, and the length is put in at the closing one.
 * When the buffer is full nothing more is written and aml_ok() turns false.
 */
#ifndef VMCTL_AML_H
#define VMCTL_AML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AML_DEPTH	8

struct aml {
	uint8_t *buf;
	size_t size, len;
	bool full;
	unsigned int depth;
	size_t open[AML_DEPTH];	/* where each open term's length goes */
};

void aml_init(struct aml *aml, uint8_t *buf, size_t size);
/** aml_ok() - everything fitted and every term is closed. */
bool aml_ok(const struct aml *aml);

void aml_scope(struct aml *aml, const char *name);
void aml_device(struct aml *aml, const char *name);
/** aml_package() - opens a package of @count elements. */
void aml_package(struct aml *aml, uint8_t count);
/** aml_resources() - opens a _CRS buffer; aml_resources_end() closes it. */
void aml_resources(struct aml *aml);
void aml_resources_end(struct aml *aml);
void aml_end(struct aml *aml);

/** aml_name() - Name (@name, ...): the object is whatever comes next.
 * @name: up to four characters, a leading backslash for the root */
void aml_name(struct aml *aml, const char *name);
void aml_integer(struct aml *aml, uint64_t value);
/** aml_eisaid() - a compressed id, @id like "PNP0501". */
void aml_eisaid(struct aml *aml, const char *id);
void aml_string(struct aml *aml, const char *text);

/* Resources: between aml_resources() and aml_resources_end(). */
void aml_io(struct aml *aml, uint16_t port, uint8_t count);
/** aml_irq() - an ISA interrupt: edge, high, not shared. */
void aml_irq(struct aml *aml, unsigned int irq);

#endif
