// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/bytes.h"
#include "lib/container.h"
#include "lib/name.h"
#include "snap/about.h"

_Static_assert(sizeof(((struct snap_about *)NULL)->name) == HEAD_SIZE - HEAD_NAME,
	       "a name as long as the file has room for");

/* ---- ids ------------------------------------------------------------------------- */

int snap_id_make(struct snap_id *id, struct err *err)
{
	if (getrandom(id->byte, sizeof(id->byte), 0) == sizeof(id->byte))
		return 0;
	return err_set(err, VMCTL_FAILED, "getrandom: %s", strerror(errno));
}

bool snap_id_equal(const struct snap_id *a, const struct snap_id *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static bool is_none(const struct snap_id *id)
{
	static const struct snap_id none;

	return snap_id_equal(id, &none);
}

const char *snap_id_text(char buf[SNAP_ID_TEXT], const struct snap_id *id)
{
	unsigned int i;

	buf[0] = 0;
	for (i = 0; i < sizeof(id->byte) && !is_none(id); i++)
		snprintf(buf + 2 * i, 3, "%02x", id->byte[i]);
	return buf;
}

bool about_incremental(const struct snap_about *a)
{
	return !is_none(&a->parent);
}

/* ---- HEAD ------------------------------------------------------------------------ */

static int write_head(const struct snap_about *a, struct section_out *out,
		      struct err *err)
{
	uint8_t p[HEAD_SIZE] = {};

	put32(p + HEAD_VERSION, SNAP_VERSION);
	put32(p + HEAD_PAGE_SIZE, SNAP_PAGE_SIZE);
	memcpy(p + HEAD_ID, &a->id, sizeof(a->id));
	memcpy(p + HEAD_PARENT, &a->parent, sizeof(a->parent));
	put64(p + HEAD_TIME, a->time_ns);
	memcpy(p + HEAD_BACKEND, a->backend, strnlen(a->backend,
						     sizeof(a->backend) - 1));
	memcpy(p + HEAD_NAME, a->name, strnlen(a->name, sizeof(a->name) - 1));
	return section_write(out, SNAP_HEAD, p, sizeof(p), err);
}

/* A text with zeroes behind it, and at least one. */
static bool take_text(char *to, size_t size, const uint8_t *from)
{
	size_t len = strnlen((const char *)from, size), i;

	for (i = len; i < size; i++)
		if (from[i])
			return false;
	memcpy(to, from, size);
	return len < size;
}

static bool is_word(const char *text)
{
	return strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789") ==
	       strlen(text) && *text;
}

static int take_head(struct snap_about *a, const struct section_in *in,
		     struct err *err)
{
	const uint8_t *p = in->data;
	struct err why;

	if (get32(p + HEAD_VERSION) != SNAP_VERSION)
		return section_bad(in, HEAD_VERSION, err,
				   "version %u of the format, of which %u is known; try: a newer vmctl",
				   get32(p + HEAD_VERSION), SNAP_VERSION);
	if (get32(p + HEAD_PAGE_SIZE) != SNAP_PAGE_SIZE)
		return section_bad(in, HEAD_PAGE_SIZE, err,
				   "pages of %u bytes, not %u",
				   get32(p + HEAD_PAGE_SIZE), SNAP_PAGE_SIZE);
	memcpy(&a->id, p + HEAD_ID, sizeof(a->id));
	memcpy(&a->parent, p + HEAD_PARENT, sizeof(a->parent));
	if (is_none(&a->id) || snap_id_equal(&a->id, &a->parent))
		return section_bad(in, HEAD_ID, err,
				   "no id, or that of its parent");
	a->time_ns = get64(p + HEAD_TIME);
	if (!take_text(a->backend, sizeof(a->backend), p + HEAD_BACKEND) ||
	    !is_word(a->backend))
		return section_bad(in, HEAD_BACKEND, err,
				   "no word for the kind of host");
	if (!take_text(a->name, sizeof(a->name), p + HEAD_NAME) ||
	    name_check(a->name, &why))
		return section_bad(in, HEAD_NAME, err, "no name of a VM");
	return 0;
}

/* ---- CPU ------------------------------------------------------------------------- */

static int write_cpu(const struct snap_about *a, struct section_out *out,
		     struct err *err)
{
	uint8_t list[SNAP_MAX_CPU * CPUID_ENTRY] = {}, *p = list;
	const struct vmm_cpuid_entry *e;

	for (e = a->cpuid; e < a->cpuid + a->nr_cpuid; e++, p += CPUID_ENTRY) {
		put32(p + CPUID_LEAF, e->leaf);
		put32(p + CPUID_SUBLEAF, e->subleaf);
		put32(p + CPUID_FLAGS, e->flags);
		put32(p + CPUID_EAX, e->eax);
		put32(p + CPUID_EBX, e->ebx);
		put32(p + CPUID_ECX, e->ecx);
		put32(p + CPUID_EDX, e->edx);
	}
	return section_write(out, SNAP_CPU, list, a->nr_cpuid * CPUID_ENTRY, err);
}

static int take_cpu(struct snap_about *a, const struct section_in *in,
		    struct err *err)
{
	struct vmm_cpuid_entry *e = a->cpuid;
	size_t at;
	const uint8_t *p;

	if (in->size % CPUID_ENTRY)
		return section_bad(in, 0, err,
				   "%zu bytes, which are no whole entries of %u",
				   in->size, CPUID_ENTRY);
	for (at = 0; at < in->size; at += CPUID_ENTRY, e++) {
		p = in->data + at;
		if (get32(p + CPUID_FLAGS) & ~VMM_CPUID_SUBLEAF ||
		    get32(p + CPUID_ZERO))
			return section_bad(in, at + CPUID_FLAGS, err,
					   "a CPUID leaf with flags that are not known");
		*e = (struct vmm_cpuid_entry){
			.leaf = get32(p + CPUID_LEAF),
			.subleaf = get32(p + CPUID_SUBLEAF),
			.flags = get32(p + CPUID_FLAGS),
			.eax = get32(p + CPUID_EAX), .ebx = get32(p + CPUID_EBX),
			.ecx = get32(p + CPUID_ECX), .edx = get32(p + CPUID_EDX),
		};
	}
	a->nr_cpuid = (unsigned int)(in->size / CPUID_ENTRY);
	return 0;
}

/* ---- CONF ------------------------------------------------------------------------ */

static int write_conf(const struct snap_about *a, struct section_out *out,
		      struct err *err)
{
	return section_write(out, SNAP_CONF, a->conf, strlen(a->conf), err);
}

static int take_conf(struct snap_about *a, const struct section_in *in,
		     struct err *err)
{
	size_t len = in->size ? strnlen((char *)in->data, in->size) : 0;

	size_t i;

	if (len != in->size)
		return section_bad(in, len, err, "a definition with a zero in it");
	/* It may be shown on a terminal. */
	for (i = 0; i < len; i++) {
		if (in->data[i] < ' ' && in->data[i] != '\n' && in->data[i] != '\t')
			return section_bad(in, i, err,
					   "a definition with control characters");
	}
	a->conf = malloc(len + 1);
	if (!a->conf)
		return err_set(err, VMCTL_FAILED, "out of memory");
	if (len)
		memcpy(a->conf, in->data, len);
	a->conf[len] = 0;
	return 0;
}

/* ---- MAP ------------------------------------------------------------------------- */

static int write_map(const struct snap_about *a, struct section_out *out,
		     struct err *err)
{
	uint8_t map[MAP_HEAD + SNAP_MAX_OBJECTS * MAP_OBJECT +
		    SNAP_MAX_SLOTS * MAP_SLOT] = {}, *p = map + MAP_HEAD;
	const struct snap_slot *s;
	unsigned int i;

	put32(map + MAP_OBJECTS, a->nr_objects);
	put32(map + MAP_SLOTS, a->nr_slots);
	for (i = 0; i < a->nr_objects; i++, p += MAP_OBJECT)
		put64(p, a->object[i]);
	for (s = a->slot; s < a->slot + a->nr_slots; s++, p += MAP_SLOT) {
		put32(p + SLOT_ID, s->id);
		put32(p + SLOT_OBJECT, s->object);
		put64(p + SLOT_GPA, s->gpa);
		put64(p + SLOT_SIZE, s->size);
		put64(p + SLOT_OFFSET, s->offset);
	}
	return section_write(out, SNAP_MAP, map, (size_t)(p - map), err);
}

static bool is_memory(uint64_t size)
{
	return size && size % SNAP_PAGE_SIZE == 0 && size <= SNAP_MAX_MEMORY;
}

/* Whether slots name what is there, and none is where another is. */
static bool slot_fits(const struct snap_about *a, const struct snap_slot *s)
{
	const struct snap_slot *o;

	if (s->object >= a->nr_objects || !is_memory(s->size) ||
	    (s->gpa | s->offset) % SNAP_PAGE_SIZE ||
	    s->gpa > SNAP_MAX_MEMORY - s->size ||
	    s->size > a->object[s->object] ||
	    s->offset > a->object[s->object] - s->size)
		return false;
	for (o = a->slot; o < s; o++)
		if (o->id == s->id || (o->gpa < s->gpa + s->size &&
				       s->gpa < o->gpa + o->size))
			return false;
	return true;
}

static int take_slots(struct snap_about *a, const struct section_in *in,
		      size_t at, struct err *err)
{
	struct snap_slot *s;
	const uint8_t *p;

	for (s = a->slot; s < a->slot + a->nr_slots; s++, at += MAP_SLOT) {
		p = in->data + at;
		*s = (struct snap_slot){
			.id = get32(p + SLOT_ID),
			.object = get32(p + SLOT_OBJECT),
			.gpa = get64(p + SLOT_GPA),
			.size = get64(p + SLOT_SIZE),
			.offset = get64(p + SLOT_OFFSET),
		};
		if (!slot_fits(a, s))
			return section_bad(in, at, err,
					   "a slot of memory that cannot be");
	}
	return 0;
}

static int take_map(struct snap_about *a, const struct section_in *in,
		    struct err *err)
{
	uint32_t objects = get32(in->data + MAP_OBJECTS);
	uint32_t slots = get32(in->data + MAP_SLOTS);
	size_t at = MAP_HEAD;
	unsigned int i;

	if (!objects || objects > SNAP_MAX_OBJECTS || !slots ||
	    slots > SNAP_MAX_SLOTS)
		return section_bad(in, 0, err,
				   "%u memory objects and %u slots, where 1 to %u and 1 to %u can be",
				   objects, slots, SNAP_MAX_OBJECTS,
				   SNAP_MAX_SLOTS);
	if (in->size != MAP_HEAD + objects * MAP_OBJECT + slots * MAP_SLOT)
		return section_bad(in, 0, err,
				   "%zu bytes, which are not %u memory objects and %u slots",
				   in->size, objects, slots);
	a->nr_objects = objects;
	a->nr_slots = slots;
	for (i = 0; i < objects; i++, at += MAP_OBJECT) {
		a->object[i] = get64(in->data + at);
		if (!is_memory(a->object[i]))
			return section_bad(in, at, err,
					   "a memory object of %" PRIu64 " bytes",
					   a->object[i]);
	}
	return take_slots(a, in, at, err);
}

/* ---- STATE ----------------------------------------------------------------------- */

static int write_state(const struct snap_about *a, struct section_out *out,
		       struct err *err)
{
	return section_write(out, SNAP_STATE, a->state, a->state_size, err);
}

static int take_state(struct snap_about *a, const struct section_in *in,
		      struct err *err)
{
	a->state = malloc(in->size + !in->size);
	if (!a->state)
		return err_set(err, VMCTL_FAILED, "out of memory");
	if (in->size)
		memcpy(a->state, in->data, in->size);
	a->state_size = in->size;
	return 0;
}

/* ---- all of them ------------------------------------------------------------------ */

static const struct {
	uint32_t type;
	int (*write)(const struct snap_about *a, struct section_out *out,
		     struct err *err);
	int (*take)(struct snap_about *a, const struct section_in *in,
		    struct err *err);
} parts[] = {
	{ SNAP_HEAD, write_head, take_head },
	{ SNAP_CPU, write_cpu, take_cpu },
	{ SNAP_CONF, write_conf, take_conf },
	{ SNAP_MAP, write_map, take_map },
	{ SNAP_STATE, write_state, take_state },
};

int about_write(const struct snap_about *a, struct section_out *out,
		struct err *err)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i].write(a, out, err))
			return -1;
	return 0;
}

int about_read(struct snap_about *a, struct section_in *in, struct err *err)
{
	uint32_t type;
	unsigned int i;

	memset(a, 0, sizeof(*a));
	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		type = parts[i].type;
		if (section_read(in, err))
			return -1;
		if (in->type != type)
			return section_bad(in, 0, err,
					   "a section '%.4s' where '%.4s' must be",
					   (const char *)&in->type,
					   (const char *)&type);
		if (parts[i].take(a, in, err))
			return -1;
	}
	return 0;
}

void about_free(struct snap_about *a)
{
	free(a->conf);
	free(a->state);
	a->conf = NULL;
	a->state = NULL;
}
