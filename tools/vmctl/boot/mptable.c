// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "boot/mptable.h"
#include "lib/bytes.h"

#define POINTER_LEN	16
#define HEADER_LEN	44
#define SPEC_REV	4	/* 1.4 */
#define APIC_VERSION	0x14
#define IOAPIC_VERSION	0x11
#define PINS		24
#define ISA_IRQS	16
#define CASCADE		2	/* the IRQ that is no one's input */

enum {
	MP_CPU		= 0,
	MP_BUS		= 1,
	MP_IOAPIC	= 2,
	MP_IO_INT	= 3,
	MP_LOCAL_INT	= 4,
};

enum {
	INT_VECTORED	= 0,
	INT_NMI		= 1,
	INT_EXTINT	= 3,
};

#define CPU_ENABLED	1
#define CPU_BOOT	2
/* what CPUID would say of a processor with an FPU and an APIC */
#define CPU_SIGNATURE	0x600
#define CPU_FEATURES	0x201

/* polarity high, trigger level; 0 is what the bus says */
#define INT_LEVEL_HIGH	0xd
#define SCI		9

static uint8_t *put_cpu(uint8_t *p, unsigned int id)
{
	p[0] = MP_CPU;
	p[1] = (uint8_t)id;
	p[2] = APIC_VERSION;
	p[3] = (uint8_t)(CPU_ENABLED | (id ? 0 : CPU_BOOT));
	put32(p + 4, CPU_SIGNATURE);
	put32(p + 8, CPU_FEATURES);
	return p + 20;
}

static uint8_t *put_bus(uint8_t *p)
{
	p[0] = MP_BUS;
	memcpy(p + 2, "ISA   ", 6);
	return p + 8;
}

static uint8_t *put_ioapic(uint8_t *p, unsigned int id)
{
	p[0] = MP_IOAPIC;
	p[1] = (uint8_t)id;
	p[2] = IOAPIC_VERSION;
	p[3] = 1;
	put32(p + 4, LAYOUT_IOAPIC);
	return p + 8;
}

static uint8_t *put_int(uint8_t *p, unsigned int entry, unsigned int type,
			unsigned int flags, unsigned int irq,
			unsigned int apic, unsigned int pin)
{
	p[0] = (uint8_t)entry;
	p[1] = (uint8_t)type;
	put16(p + 2, (uint16_t)flags);
	p[5] = (uint8_t)irq;
	p[6] = (uint8_t)apic;
	p[7] = (uint8_t)pin;
	return p + 8;
}

static uint8_t *put_ints(uint8_t *p, unsigned int ioapic)
{
	unsigned int irq;

	for (irq = 0; irq < ISA_IRQS; irq++) {
		if (irq == CASCADE)
			continue;
		p = put_int(p, MP_IO_INT, INT_VECTORED,
			    irq == SCI ? INT_LEVEL_HIGH : 0, irq, ioapic,
			    irq ? irq : 2);
	}
	p = put_int(p, MP_LOCAL_INT, INT_EXTINT, 0, 0, 0xff, 0);
	return put_int(p, MP_LOCAL_INT, INT_NMI, 0, 0, 0xff, 1);
}

int mptable_build(uint8_t *buf, size_t size, uint64_t gpa, unsigned int cpus,
		  size_t *used, struct err *err)
{
	uint8_t *table = buf + POINTER_LEN, *p;
	unsigned int entries, i;
	size_t len;

	if (cpus > MPTABLE_MAX_CPUS)
		cpus = MPTABLE_MAX_CPUS;
	entries = cpus + 1 + 1 + (ISA_IRQS - 1) + 2;
	len = HEADER_LEN + cpus * 20 + (entries - cpus) * 8;
	if (size < POINTER_LEN + len)
		return err_set(err, VMCTL_FAILED,
			       "the MP table needs %zu bytes, there are %zu",
			       POINTER_LEN + len, size);
	memset(buf, 0, POINTER_LEN + len);

	memcpy(table, "PCMP", 4);
	put16(table + 4, (uint16_t)len);
	table[6] = SPEC_REV;
	memcpy(table + 8, "VMM     VMM GUEST   ", 20);
	put16(table + 34, (uint16_t)entries);
	put32(table + 36, LAYOUT_LAPIC);
	p = table + HEADER_LEN;
	for (i = 0; i < cpus; i++)
		p = put_cpu(p, i);
	p = put_bus(p);
	p = put_ioapic(p, cpus);
	put_ints(p, cpus);
	table[7] = (uint8_t)-sum8(table, len);

	memcpy(buf, "_MP_", 4);
	put32(buf + 4, (uint32_t)gpa + POINTER_LEN);
	buf[8] = POINTER_LEN / 16;
	buf[9] = SPEC_REV;
	buf[10] = (uint8_t)-sum8(buf, POINTER_LEN);
	*used = POINTER_LEN + len;
	return 0;
}

int mptable_plan(struct boot_plan *plan, unsigned int cpus, struct err *err)
{
	uint8_t buf[8192], *blob;
	size_t used;

	if (mptable_build(buf, sizeof(buf), LAYOUT_MP, cpus, &used, err))
		return -1;
	blob = plan_blob(plan, LAYOUT_MP, used, err);
	if (!blob)
		return -1;
	memcpy(blob, buf, used);
	return 0;
}
