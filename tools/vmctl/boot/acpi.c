// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "boot/acpi.h"
#include "boot/aml.h"
#include "lib/bytes.h"

#define HEADER_LEN	36
#define RSDP_LEN	36
#define FACS_LEN	64
#define FADT_LEN	276
#define FADT_REVISION	6
#define MADT_REVISION	5
#define DSDT_MAX	1024

#define XAPIC_IDS	255	/* ids from here on need x2APIC entries */

enum {
	MADT_LAPIC	= 0,
	MADT_IOAPIC	= 1,
	MADT_OVERRIDE	= 2,
	MADT_LAPIC_NMI	= 4,
	MADT_X2APIC	= 9,
	MADT_X2APIC_NMI	= 10,
};

#define MADT_ENABLED	1
#define INTI_CONFORMS	0
#define INTI_LEVEL_HIGH	0xd	/* level-triggered, active high */

/* IA-PC boot architecture flags */
#define BOOT_LEGACY_DEVICES	(1 << 0)
#define BOOT_NO_VGA		(1 << 2)

/* fixed feature flags */
#define FADT_WBINVD		(1 << 0)
#define FADT_PROC_C1		(1 << 2)
#define FADT_NO_SLEEP_BUTTON	(1 << 5)
#define FADT_NO_RTC_WAKE	(1 << 6)
#define FADT_TIMER_32_BIT	(1 << 8)
#define FADT_RESET_REG		(1 << 10)

#define CMOS_CENTURY		0x32
#define NO_C2			101	/* latencies that mean "none" */
#define NO_C3			1001

/* A buffer that tables are appended to. */
struct tables {
	uint8_t *buf;
	size_t size, len;
	uint64_t gpa;
};

static uint8_t *table_space(struct tables *t, size_t len, size_t align,
			    uint64_t *gpa, struct err *err)
{
	size_t at = (t->len + align - 1) & ~(align - 1);

	if (at > t->size || len > t->size - at) {
		err_set(err, VMCTL_FAILED,
			"the ACPI tables need more than the %zu bytes there are",
			t->size);
		return NULL;
	}
	t->len = at + len;
	*gpa = t->gpa + at;
	return memset(t->buf + at, 0, len);
}

static uint8_t *table_start(struct tables *t, const char *signature,
			    uint8_t revision, size_t len, uint64_t *gpa,
			    struct err *err)
{
	uint8_t *p = table_space(t, len, 16, gpa, err);

	if (!p)
		return NULL;
	memcpy(p, signature, 4);
	put32(p + 4, (uint32_t)len);
	p[8] = revision;
	memcpy(p + 10, "VMM   VMMGUEST", 14);
	put32(p + 24, 1);
	memcpy(p + 28, "VMM ", 4);
	put32(p + 32, 1);
	return p;
}

static void table_seal(uint8_t *p)
{
	p[9] = 0;
	p[9] = (uint8_t)-sum8(p, get32(p + 4));
}

static void dsdt_device(struct aml *aml, const char *name, const char *hid,
			uint16_t port, uint8_t ports, unsigned int irq)
{
	aml_device(aml, name);
	aml_name(aml, "_HID");
	aml_eisaid(aml, hid);
	aml_name(aml, "_UID");
	aml_integer(aml, 1);
	aml_name(aml, "_STA");
	aml_integer(aml, 0xf);
	aml_resources(aml);
	aml_io(aml, port, ports);
	aml_irq(aml, irq);
	aml_resources_end(aml);
	aml_end(aml);
}

static void dsdt_body(struct aml *aml)
{
	aml_name(aml, "\\_S5");
	aml_package(aml, 4);
	aml_integer(aml, ACPI_SLEEP_OFF);
	aml_integer(aml, ACPI_SLEEP_OFF);
	aml_integer(aml, 0);
	aml_integer(aml, 0);
	aml_end(aml);

	aml_scope(aml, "\\_SB");
	dsdt_device(aml, "COM1", "PNP0501", 0x3f8, 8, 4);
	dsdt_device(aml, "RTC", "PNP0B00", 0x70, 2, 8);
	aml_end(aml);
}

static int build_dsdt(struct tables *t, uint64_t *gpa, struct err *err)
{
	uint8_t body[DSDT_MAX], *p;
	struct aml aml;

	aml_init(&aml, body, sizeof(body));
	dsdt_body(&aml);
	if (!aml_ok(&aml))
		return err_set(err, VMCTL_FAILED,
			       "the DSDT is larger than %d bytes", DSDT_MAX);
	p = table_start(t, "DSDT", 2, HEADER_LEN + aml.len, gpa, err);
	if (!p)
		return -1;
	memcpy(p + HEADER_LEN, body, aml.len);
	table_seal(p);
	return 0;
}

static int build_facs(struct tables *t, uint64_t *gpa, struct err *err)
{
	uint8_t *p = table_space(t, FACS_LEN, 64, gpa, err);

	if (!p)
		return -1;
	memcpy(p, "FACS", 4);
	put32(p + 4, FACS_LEN);
	p[32] = 2;
	return 0;
}

/* A generic address in port space. */
static void put_gas(uint8_t *p, uint16_t port, uint8_t bytes)
{
	p[0] = 1;
	p[1] = (uint8_t)(bytes * 8);
	p[3] = bytes == 4 ? 3 : bytes;	/* access size: 1, 2, 4 are 1, 2, 3 */
	put64(p + 4, port);
}

static void fadt_registers(uint8_t *p)
{
	put16(p + 46, ACPI_SCI);
	put32(p + 56, ACPI_PM_BASE + ACPI_PM_EVENT);
	put32(p + 64, ACPI_PM_BASE + ACPI_PM_CONTROL);
	put32(p + 76, ACPI_PM_BASE + ACPI_PM_TIMER);
	p[88] = 4;
	p[89] = 2;
	p[91] = 4;
	put_gas(p + 148, ACPI_PM_BASE + ACPI_PM_EVENT, 4);
	/* each half of the event block is accessed as a word */
	p[151] = 2;
	put_gas(p + 172, ACPI_PM_BASE + ACPI_PM_CONTROL, 2);
	put_gas(p + 208, ACPI_PM_BASE + ACPI_PM_TIMER, 4);
	put_gas(p + 116, ACPI_RESET_PORT, 1);
	p[128] = ACPI_RESET_ON;
}

static int build_fadt(struct tables *t, uint64_t dsdt, uint64_t facs,
		      uint64_t *gpa, struct err *err)
{
	uint8_t *p = table_start(t, "FACP", FADT_REVISION, FADT_LEN, gpa, err);

	if (!p)
		return -1;
	put32(p + 36, (uint32_t)facs);
	put32(p + 40, (uint32_t)dsdt);
	put64(p + 140, dsdt);
	fadt_registers(p);
	put16(p + 96, NO_C2);
	put16(p + 98, NO_C3);
	p[108] = CMOS_CENTURY;
	put16(p + 109, BOOT_LEGACY_DEVICES | BOOT_NO_VGA);
	put32(p + 112, FADT_WBINVD | FADT_PROC_C1 | FADT_NO_SLEEP_BUTTON |
		       FADT_NO_RTC_WAKE | FADT_TIMER_32_BIT | FADT_RESET_REG);
	table_seal(p);
	return 0;
}

static uint8_t *madt_cpu(uint8_t *p, unsigned int id)
{
	if (id < XAPIC_IDS) {
		p[0] = MADT_LAPIC;
		p[1] = 8;
		p[2] = (uint8_t)id;
		p[3] = (uint8_t)id;
		put32(p + 4, MADT_ENABLED);
	} else {
		p[0] = MADT_X2APIC;
		p[1] = 16;
		put32(p + 4, id);
		put32(p + 8, MADT_ENABLED);
		put32(p + 12, id);
	}
	return p + p[1];
}

static uint8_t *madt_override(uint8_t *p, uint8_t irq, uint32_t gsi,
			      uint16_t flags)
{
	p[0] = MADT_OVERRIDE;
	p[1] = 10;
	p[3] = irq;
	put32(p + 4, gsi);
	put16(p + 8, flags);
	return p + p[1];
}

static uint8_t *madt_ioapic(uint8_t *p)
{
	p[0] = MADT_IOAPIC;
	p[1] = 12;
	put32(p + 4, LAYOUT_IOAPIC);
	return p + p[1];
}

/* LINT1 is NMI on every processor. */
static uint8_t *madt_nmi(uint8_t *p, unsigned int cpus)
{
	p[0] = MADT_LAPIC_NMI;
	p[1] = 6;
	p[2] = 0xff;
	p[5] = 1;
	p += p[1];
	if (cpus <= XAPIC_IDS)
		return p;
	p[0] = MADT_X2APIC_NMI;
	p[1] = 12;
	put32(p + 4, UINT32_MAX);
	p[8] = 1;
	return p + p[1];
}

static int build_madt(struct tables *t, unsigned int cpus, uint64_t *gpa,
		      struct err *err)
{
	unsigned int small = cpus < XAPIC_IDS ? cpus : XAPIC_IDS, i;
	size_t len = HEADER_LEN + 8 + small * 8 + (cpus - small) * 16 +
		     12 + 2 * 10 + 6 + (cpus > small ? 12 : 0);
	uint8_t *table = table_start(t, "APIC", MADT_REVISION, len, gpa, err);
	uint8_t *p;

	if (!table)
		return -1;
	put32(table + 36, LAYOUT_LAPIC);
	put32(table + 40, 1);	/* there are two 8259s as well */
	p = table + 44;
	for (i = 0; i < cpus; i++)
		p = madt_cpu(p, i);
	p = madt_ioapic(p);
	p = madt_override(p, 0, 2, INTI_CONFORMS);
	p = madt_override(p, ACPI_SCI, ACPI_SCI, INTI_LEVEL_HIGH);
	madt_nmi(p, cpus);
	table_seal(table);
	return 0;
}

/* RSDT and XSDT list the same tables, with 4 and 8 bytes an address. */
static int build_root(struct tables *t, const char *signature, size_t width,
		      const uint64_t *list, unsigned int count, uint64_t *gpa,
		      struct err *err)
{
	uint8_t *p = table_start(t, signature, 1, HEADER_LEN + count * width,
				 gpa, err);
	unsigned int i;

	if (!p)
		return -1;
	for (i = 0; i < count; i++) {
		if (width == 8)
			put64(p + HEADER_LEN + i * width, list[i]);
		else
			put32(p + HEADER_LEN + i * width, (uint32_t)list[i]);
	}
	table_seal(p);
	return 0;
}

static void fill_rsdp(uint8_t *p, uint64_t rsdt, uint64_t xsdt)
{
	memcpy(p, "RSD PTR ", 8);
	memcpy(p + 9, "VMM   ", 6);
	p[15] = 2;
	put32(p + 16, (uint32_t)rsdt);
	put32(p + 20, RSDP_LEN);
	put64(p + 24, xsdt);
	p[8] = (uint8_t)-sum8(p, 20);
	p[32] = (uint8_t)-sum8(p, RSDP_LEN);
}

int acpi_build(uint8_t *buf, size_t size, uint64_t gpa, unsigned int cpus,
	       size_t *used, struct err *err)
{
	struct tables t = { .buf = buf, .size = size, .gpa = gpa };
	uint64_t rsdp, facs, dsdt, list[2], rsdt, xsdt;

	if (!table_space(&t, RSDP_LEN, 16, &rsdp, err) ||
	    build_facs(&t, &facs, err) ||
	    build_dsdt(&t, &dsdt, err) ||
	    build_fadt(&t, dsdt, facs, &list[0], err) ||
	    build_madt(&t, cpus, &list[1], err) ||
	    build_root(&t, "RSDT", 4, list, 2, &rsdt, err) ||
	    build_root(&t, "XSDT", 8, list, 2, &xsdt, err))
		return -1;
	fill_rsdp(buf, rsdt, xsdt);
	*used = t.len;
	return 0;
}

int acpi_plan(struct boot_plan *plan, unsigned int cpus, struct err *err)
{
	const size_t max = LAYOUT_ACPI_END - LAYOUT_ACPI;
	uint8_t *buf = malloc(max), *blob;
	size_t used;
	int ret = -1;

	if (!buf)
		return err_set(err, VMCTL_FAILED,
			       "out of memory: %zu bytes", max);
	if (acpi_build(buf, max, LAYOUT_ACPI, cpus, &used, err))
		goto out;
	blob = plan_blob(plan, LAYOUT_ACPI, used, err);
	if (!blob)
		goto out;
	memcpy(blob, buf, used);
	plan->rsdp = LAYOUT_ACPI;
	ret = 0;
out:
	free(buf);
	return ret;
}
