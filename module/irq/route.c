// SPDX-License-Identifier: GPL-2.0
/*
 * Building a table of routes, and decoding messages.
 */
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <asm/apicdef.h>

#include "irq/route.h"

#define CASCADE_PIN	2U

/* Address of a message: 0xfee in the top bits, then the destination. */
#define MSI_ADDR_BASE	0xfee00000ULL
#define MSI_ADDR_FIXED	0xfff00000ULL
#define MSI_LOGICAL	(1U << 2)
#define MSI_REDIRECT	(1U << 3)
#define MSI_DEST_SHIFT	12
/* Destination bits 8 to 14, by the extension that guests of KVM know. */
#define MSI_EXT_SHIFT	5
#define MSI_EXT_BITS	0x7fU

#define MSI_DATA_LEVEL	(1U << 15)
#define MSI_DATA_ASSERT	(1U << 14)

int vmm_msi_decode(u64 addr, u32 data, struct vmm_apic_msg *msg)
{
	u32 low = addr;

	if (addr >> 32 || (low & MSI_ADDR_FIXED) != MSI_ADDR_BASE)
		return -EINVAL;
	*msg = (struct vmm_apic_msg) {
		.dest = ((low >> MSI_DEST_SHIFT) & 0xff) |
			((low >> MSI_EXT_SHIFT) & MSI_EXT_BITS) << 8,
		.logical = low & MSI_LOGICAL,
		.level = data & MSI_DATA_LEVEL,
		/* De-assertion of a level says nothing to an APIC. */
		.assert = (data & (MSI_DATA_LEVEL | MSI_DATA_ASSERT)) !=
			MSI_DATA_LEVEL,
		.vector = data & APIC_VECTOR_MASK,
		.mode = data & APIC_MODE_MASK,
	};
	/* A redirection hint lets the bus choose among those meant. */
	if (msg->mode == APIC_DM_FIXED && msg->logical && (low & MSI_REDIRECT))
		msg->mode = APIC_DM_LOWEST;
	return 0;
}

static int claim(s8 *target, u16 *owner, const struct vmm_route *r)
{
	if (*target >= 0 || *owner != VMM_GSI_NONE)
		return -EEXIST;
	*target = r->pin;
	*owner = r->gsi;
	return 0;
}

static int table_add(struct vmm_route_table *t, const struct vmm_route *r)
{
	struct vmm_gsi_target *target = &t->gsi[r->gsi];

	switch (r->type) {
	case VMM_ROUTE_PIC:
		if (r->pin >= VMM_PIC_PINS || r->pin == CASCADE_PIN ||
		    r->address || r->data)
			return -EINVAL;
		return claim(&target->pic, &t->pic_gsi[r->pin], r);
	case VMM_ROUTE_IOAPIC:
		if (r->pin >= VMM_IOAPIC_PINS || r->address || r->data)
			return -EINVAL;
		return claim(&target->ioapic, &t->ioapic_gsi[r->pin], r);
	case VMM_ROUTE_MSI:
		if (r->pin)
			return -EINVAL;
		if (target->msi)
			return -EEXIST;
		target->msi = true;
		target->address = r->address;
		target->data = r->data;
		return vmm_msi_decode(r->address, r->data, &target->msg);
	}
	return -EINVAL;
}

static struct vmm_route_table *table_alloc(u32 nr_gsis)
{
	struct vmm_route_table *t;
	u32 i;

	t = kvzalloc(struct_size(t, gsi, nr_gsis), GFP_KERNEL_ACCOUNT);
	if (!t)
		return NULL;
	t->nr = nr_gsis;
	for (i = 0; i < VMM_PIC_PINS; i++)
		t->pic_gsi[i] = VMM_GSI_NONE;
	for (i = 0; i < VMM_IOAPIC_PINS; i++)
		t->ioapic_gsi[i] = VMM_GSI_NONE;
	for (i = 0; i < nr_gsis; i++) {
		t->gsi[i].pic = -1;
		t->gsi[i].ioapic = -1;
	}
	return t;
}

struct vmm_route_table *vmm_route_table_build(const struct vmm_route *routes,
					      u32 nr)
{
	struct vmm_route_table *t;
	u32 i, nr_gsis = 0;
	int ret;

	if (nr > VMM_MAX_ROUTES)
		return ERR_PTR(-ENOSPC);
	for (i = 0; i < nr; i++) {
		if (routes[i].gsi >= VMM_MAX_GSI)
			return ERR_PTR(-EINVAL);
		nr_gsis = max(nr_gsis, routes[i].gsi + 1);
	}

	t = table_alloc(nr_gsis);
	if (!t)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < nr; i++) {
		ret = table_add(t, &routes[i]);
		if (ret) {
			kvfree(t);
			return ERR_PTR(ret);
		}
	}
	return t;
}

u32 vmm_route_table_count(const struct vmm_route_table *t)
{
	u32 gsi, nr = 0;

	for (gsi = 0; gsi < t->nr; gsi++)
		nr += (t->gsi[gsi].pic >= 0) + (t->gsi[gsi].ioapic >= 0) +
		      t->gsi[gsi].msi;
	return nr;
}

/* The routes of one GSI; returns how many. */
static u32 list_gsi(const struct vmm_gsi_target *t, u32 gsi,
		    struct vmm_route r[3])
{
	u32 n = 0;

	if (t->pic >= 0)
		r[n++] = (struct vmm_route) {
			.gsi = gsi, .type = VMM_ROUTE_PIC, .pin = t->pic,
		};
	if (t->ioapic >= 0)
		r[n++] = (struct vmm_route) {
			.gsi = gsi, .type = VMM_ROUTE_IOAPIC, .pin = t->ioapic,
		};
	if (t->msi)
		r[n++] = (struct vmm_route) {
			.gsi = gsi, .type = VMM_ROUTE_MSI,
			.address = t->address, .data = t->data,
		};
	return n;
}

void vmm_route_table_list(const struct vmm_route_table *t,
			  struct vmm_route *routes, u32 nr)
{
	struct vmm_route of_gsi[3];
	u32 gsi, i, n;

	for (gsi = 0; gsi < t->nr && nr; gsi++) {
		n = list_gsi(&t->gsi[gsi], gsi, of_gsi);
		for (i = 0; i < n && nr; i++, nr--)
			*routes++ = of_gsi[i];
	}
}

struct vmm_route_table *vmm_route_table_default(void)
{
	struct vmm_route routes[VMM_PIC_PINS + VMM_IOAPIC_PINS] = { };
	struct vmm_route *r = routes;
	u32 gsi;

	for (gsi = 0; gsi < VMM_IOAPIC_PINS; gsi++) {
		if (gsi == CASCADE_PIN)
			continue;
		if (gsi < VMM_PIC_PINS)
			*r++ = (struct vmm_route) {
				.gsi = gsi, .type = VMM_ROUTE_PIC, .pin = gsi,
			};
		/* The timer is on pin 2; pin 0 takes the PIC's output. */
		*r++ = (struct vmm_route) {
			.gsi = gsi, .type = VMM_ROUTE_IOAPIC,
			.pin = gsi ? gsi : 2,
		};
	}
	return vmm_route_table_build(routes, r - routes);
}
