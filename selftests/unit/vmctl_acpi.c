// SPDX-License-Identifier: GPL-2.0
/* ACPI and MP tables: structure, checksums, counts, and what iasl thinks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "boot/acpi.h"
#include "boot/mptable.h"
#include "lib/bytes.h"
#include "tap.h"

#define GPA	LAYOUT_ACPI
#define MAX	(LAYOUT_ACPI_END - LAYOUT_ACPI)

static uint8_t buf[MAX];
static size_t used;

static const uint8_t *at(uint64_t gpa)
{
	return gpa >= GPA && gpa < GPA + used ? buf + (gpa - GPA) : NULL;
}

/* A table by its signature, found the way an operating system does. */
static const uint8_t *find(const char *signature, const char *root)
{
	bool wide = !strcmp(root, "XSDT");
	const uint8_t *list = at(wide ? get64(buf + 24) : get32(buf + 16));
	const uint8_t *p;
	uint32_t off;

	if (!list || memcmp(list, root, 4) || sum8(list, get32(list + 4)))
		return NULL;
	for (off = 36; off < get32(list + 4); off += wide ? 8 : 4) {
		p = at(wide ? get64(list + off) : get32(list + off));
		if (p && !memcmp(p, signature, 4))
			return p;
	}
	return NULL;
}

struct madt_count {
	unsigned int lapics, x2apics, ioapics, overrides, nmis, x2nmis, other;
	bool ids_in_order, ends_well;
};

static struct madt_count count_madt(const uint8_t *madt)
{
	uint32_t len = get32(madt + 4), off = 44;
	struct madt_count c = { .ids_in_order = true };
	const uint8_t *p;

	for (; off + 2 <= len && madt[off + 1]; off += madt[off + 1]) {
		p = madt + off;
		switch (p[0]) {
		case 0:
			c.ids_in_order &= p[3] == c.lapics++;
			break;
		case 9:
			c.ids_in_order &= get32(p + 4) ==
					  c.lapics + c.x2apics++;
			break;
		case 1:
			c.ioapics++;
			break;
		case 2:
			c.overrides++;
			break;
		case 4:
			c.nmis++;
			break;
		case 10:
			c.x2nmis++;
			break;
		default:
			c.other++;
		}
	}
	c.ends_well = off == len;
	return c;
}

static void test_cpus(unsigned int cpus)
{
	unsigned int small = cpus < 255 ? cpus : 255;
	const uint8_t *fadt, *madt, *dsdt, *facs;
	struct madt_count c;
	struct err err;

	if (!tap_ok(!acpi_build(buf, sizeof(buf), GPA, cpus, &used, &err),
		    "%u processors: tables are built", cpus))
		return;
	tap_ok(!memcmp(buf, "RSD PTR ", 8) && !sum8(buf, 20) && !sum8(buf, 36),
	       "RSDP: signature and both sums");
	fadt = find("FACP", "XSDT");
	madt = find("APIC", "XSDT");
	tap_ok(fadt && madt && fadt == find("FACP", "RSDT") &&
	       madt == find("APIC", "RSDT"), "RSDT and XSDT say the same");
	if (!fadt || !madt)
		return;
	dsdt = at(get32(fadt + 40));
	facs = at(get32(fadt + 36));
	tap_ok(dsdt && facs && !memcmp(dsdt, "DSDT", 4) &&
	       !memcmp(facs, "FACS", 4) && !(get32(fadt + 36) & 63),
	       "FADT leads to DSDT and an aligned FACS");
	tap_ok(!sum8(fadt, get32(fadt + 4)) && !sum8(madt, get32(madt + 4)) &&
	       dsdt && !sum8(dsdt, get32(dsdt + 4)), "sums are zero");
	c = count_madt(madt);
	tap_ok(c.lapics == small && c.x2apics == cpus - small &&
	       c.ids_in_order && c.ends_well && !c.other,
	       "MADT: %u + %u processors in order", c.lapics, c.x2apics);
	tap_ok(c.ioapics == 1 && c.overrides == 2 && c.nmis == 1 &&
	       c.x2nmis == (cpus > 255), "MADT: IOAPIC, overrides, NMI");
}

static void test_room(void)
{
	struct err err;
	size_t size, refused = 0, full;

	acpi_build(buf, sizeof(buf), GPA, 2, &full, &err);
	for (size = 0; size < full; size++) {
		uint8_t *small = malloc(size ? size : 1);

		refused += acpi_build(small, size, GPA, 2, &used, &err) == -1;
		free(small);
	}
	tap_ok(refused == full, "every buffer that is too small is refused");
}

static bool run(const char *fmt, const char *dir, const char *name)
{
	char command[512];

	snprintf(command, sizeof(command), fmt, dir, name, dir, name);
	return system(command) == 0;
}

static void test_iasl_table(const char *dir, const char *name,
			    const uint8_t *table, const char *expect)
{
	char path[256], pattern[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.aml", dir, name);
	f = fopen(path, "w");
	fwrite(table, 1, get32(table + 4), f);
	fclose(f);
	tap_ok(run("iasl -d %s/%s.aml >%s/%s.log 2>&1", dir, name),
	       "iasl reads the %s", name);
	tap_ok(!run("grep -Eiq 'error|warning|invalid|incorrect|unknown' %s/%s.log %s/%s.dsl",
		    dir, name), "and has no complaint");
	snprintf(pattern, sizeof(pattern), "grep -Eq '%s' %%s/%%s.dsl",
		 expect);
	tap_ok(run(pattern, dir, name), "and finds %s", expect);
}

/* The reference implementation's own reader as the judge. */
static void test_iasl(void)
{
	char dir[] = "/tmp/vmctl-acpi-XXXXXX", command[64];
	struct err err;

	if (system("iasl -v >/dev/null 2>&1")) {
		tap_ok(true, "iasl # SKIP acpica-tools is not installed");
		return;
	}
	if (!mkdtemp(dir)) {
		tap_ok(false, "a directory for iasl");
		return;
	}
	acpi_build(buf, sizeof(buf), GPA, 300, &used, &err);
	test_iasl_table(dir, "dsdt", at(get32(find("FACP", "XSDT") + 40)),
			"Device .COM1.");
	test_iasl_table(dir, "facp", find("FACP", "XSDT"),
			"Address : 0000000000000CF9");
	test_iasl_table(dir, "apic", find("APIC", "XSDT"),
			"Processor x2Apic ID : 0000012B");
	tap_ok(run("iasl -p %s/%s.re %s/%s.dsl >/dev/null 2>&1", dir, "dsdt"),
	       "its text of the DSDT compiles again");
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	system(command);
}

static void test_mptable(unsigned int cpus, unsigned int listed)
{
	static uint8_t mp[8192];
	const uint8_t *table = mp + 16, *p = table + 44;
	unsigned int i, n[5] = { 0 };
	struct err err;
	size_t len;

	if (!tap_ok(!mptable_build(mp, sizeof(mp), LAYOUT_MP, cpus, &len,
				   &err), "MP table for %u", cpus))
		return;
	tap_ok(!memcmp(mp, "_MP_", 4) && !sum8(mp, 16) &&
	       get32(mp + 4) == LAYOUT_MP + 16 && !memcmp(table, "PCMP", 4) &&
	       !sum8(table, get16(table + 4)), "signatures and sums");
	for (i = 0; i < get16(table + 34) && p[0] < 5; i++) {
		n[p[0]]++;
		p += p[0] ? 8 : 20;
	}
	tap_ok(n[0] == listed && n[1] == 1 && n[2] == 1 && n[3] == 15 &&
	       n[4] == 2, "%u processors, 15 interrupts", n[0]);
	tap_ok(p == table + get16(table + 4) && p == mp + len,
	       "entries fill the length exactly");
	tap_ok(mptable_build(mp, len - 1, LAYOUT_MP, cpus, &len, &err) == -1,
	       "a byte less is refused");
}

int main(void)
{
	static const unsigned int cpus[] = { 1, 2, 8, 254, 255, 256, 1024 };
	unsigned int i;

	for (i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++)
		test_cpus(cpus[i]);
	test_room();
	test_iasl();
	test_mptable(1, 1);
	test_mptable(8, 8);
	test_mptable(1024, 254);
	return tap_done();
}
