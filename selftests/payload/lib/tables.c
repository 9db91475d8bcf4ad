// SPDX-License-Identifier: GPL-2.0
/* tables.c: finds the CPUs and the IOAPIC in ACPI's MADT or the MP table. */
#include "apic.h"
#include "machine.h"
#include "test.h"

#define LAPIC_DEFAULT	0xfee00000
#define IOAPIC_DEFAULT	0xfec00000

struct rsdp {
	char sig[8];
	u8 sum;
	char oem[6];
	u8 revision;
	u32 rsdt;
	u32 length;
	u64 xsdt;
} __attribute__((packed));

struct sdt {
	char sig[4];
	u32 length;
	u8 revision, sum;
	char oem[6], table[8];
	u32 oem_revision, creator, creator_revision;
} __attribute__((packed));

struct mp_table {
	char sig[4];
	u16 length;
	u8 revision, sum;
	char oem[20];
	u32 oem_table;
	u16 oem_size, entries;
	u32 lapic;
	u32 extra;
} __attribute__((packed));

static u8 sum(const void *p, u32 n)
{
	const u8 *b = p;
	u8 s = 0;

	while (n--)
		s += *b++;
	return s;
}

static void *scan(const char *sig, u32 len, u64 from, u64 to, u32 step)
{
	for (; from < to; from += step)
		if (!memcmp((void *)from, sig, strlen(sig)) && !sum((void *)from, len))
			return (void *)from;
	return NULL;
}

static void *scan_firmware(const char *sig, u32 len)
{
	u64 ebda = (u64)*(volatile u16 *)0x40e << 4;
	void *p = NULL;

	if (ebda >= 0x80000 && ebda < 0xa0000)
		p = scan(sig, len, ebda, ebda + KIB(1), 16);
	if (!p)
		p = scan(sig, len, 0x9fc00, 0xa0000, 16);
	return p ? p : scan(sig, len, 0xe0000, 0x100000, 16);
}

static void add_cpu(u32 id)
{
	if (machine.ncpus < ARRAY_SIZE(machine.apic_id))
		machine.apic_id[machine.ncpus++] = id;
}

static void parse_madt(const struct sdt *madt)
{
	const u8 *p = (u8 *)madt + 44, *end = (u8 *)madt + madt->length;

	machine.source = "MADT";
	machine.lapic = *(u32 *)((u8 *)madt + 36);
	for (; p + 2 <= end && p[1] >= 2; p += p[1]) {
		if (p[0] == 0 && (p[4] & 1))			/* local APIC */
			add_cpu(p[3]);
		else if (p[0] == 1 && *(u32 *)(p + 8) == 0)	/* IOAPIC, GSI 0 */
			machine.ioapic = *(u32 *)(p + 4);
		else if (p[0] == 2 && p[3] < 16)		/* override */
			machine.irq_gsi[p[3]] = *(u32 *)(p + 4);
		else if (p[0] == 9 && (p[8] & 1))		/* local x2APIC */
			add_cpu(*(u32 *)(p + 4));
	}
}

static bool find_madt(void)
{
	const struct rsdp *rsdp = scan_firmware("RSD PTR ", 20);
	bool wide = rsdp && rsdp->revision >= 2 && rsdp->xsdt;
	const struct sdt *root;
	u32 step = wide ? 8 : 4;

	if (!rsdp)
		return false;
	root = (void *)(wide ? rsdp->xsdt : rsdp->rsdt);
	for (u32 off = sizeof(*root); off + step <= root->length; off += step) {
		u64 addr = wide ? *(u64 *)((u8 *)root + off) : *(u32 *)((u8 *)root + off);
		const struct sdt *t = (void *)addr;

		if (memcmp(t->sig, "APIC", 4) || sum(t, t->length))
			continue;
		parse_madt(t);
		return machine.ncpus > 0;
	}
	return false;
}

static bool find_mp(void)
{
	const u8 *ptr = scan_firmware("_MP_", 16);
	const struct mp_table *mp = ptr ? (void *)(u64)*(u32 *)(ptr + 4) : NULL;
	const u8 *p = (u8 *)(mp + 1);

	if (!mp || memcmp(mp->sig, "PCMP", 4))
		return false;
	machine.source = "MP table";
	machine.lapic = mp->lapic;
	for (int i = 0; i < mp->entries; i++) {
		if (p[0] == 0 && (p[3] & 1))
			add_cpu(p[1]);
		else if (p[0] == 2 && (p[3] & 1))
			machine.ioapic = *(u32 *)(p + 4);
		else if (p[0] == 3 && p[1] == 0 && p[5] < 16)
			machine.irq_gsi[p[5]] = p[7];
		p += p[0] ? 8 : 20;
	}
	return machine.ncpus > 0;
}

/* The boot CPU becomes index 0, whatever place the table gives it. */
static void boot_cpu_first(void)
{
	for (u32 i = 0; i < machine.ncpus; i++) {
		if (machine.apic_id[i] != apic_id())
			continue;
		machine.apic_id[i] = machine.apic_id[0];
		machine.apic_id[0] = apic_id();
		return;
	}
}

void machine_find_cpus(void)
{
	u32 wanted = arg_u64("cpus", 0);

	machine.lapic = LAPIC_DEFAULT;
	machine.ioapic = IOAPIC_DEFAULT;
	for (u32 i = 0; i < 16; i++)
		machine.irq_gsi[i] = i;
	if (!find_madt() && !find_mp()) {
		machine.source = "command line";
		for (u32 i = 0; i < (wanted ? wanted : 1); i++)
			add_cpu(i);
	}
	if (wanted && wanted < machine.ncpus)
		machine.ncpus = wanted;
	boot_cpu_first();
}
