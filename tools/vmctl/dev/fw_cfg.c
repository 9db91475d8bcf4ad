// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "dev/fw_cfg.h"
#include "lib/bytes.h"
#include "lib/container.h"

#define PORT		0x510
#define SELECT		0
#define DATA		1

enum {
	KEY_SIGNATURE	= 0x00,
	KEY_INTERFACE	= 0x01,
	KEY_RAM_SIZE	= 0x03,
	KEY_CPUS	= 0x05,
	KEY_MAX_CPUS	= 0x0f,
	KEY_FILES	= 0x19,
};

#define KEY_MASK	0x3fff	/* above: write channel and arch-local bits */

static void select_item(struct fw_cfg *cfg, uint16_t key)
{
	cfg->pos = 0;
	cfg->len = 0;
	memset(cfg->item, 0, sizeof(cfg->item));
	switch (key & KEY_MASK) {
	case KEY_SIGNATURE:
		memcpy(cfg->item, "QEMU", 4);
		cfg->len = 4;
		break;
	case KEY_INTERFACE:
		cfg->item[0] = 1;	/* selector and data port only */
		cfg->len = 4;
		break;
	case KEY_RAM_SIZE:
		put64(cfg->item, cfg->ram);
		cfg->len = 8;
		break;
	case KEY_CPUS:
	case KEY_MAX_CPUS:
		put16(cfg->item, (uint16_t)cfg->cpus);
		cfg->len = 2;
		break;
	case KEY_FILES:
		cfg->len = 4;		/* a count of none */
		break;
	}
}

static uint32_t fw_cfg_in(struct port_device *dev, unsigned int off,
			  unsigned int size)
{
	struct fw_cfg *cfg = container_of(dev, struct fw_cfg, port);
	uint32_t value = 0;

	if (off != DATA || size != 1)
		return UINT32_MAX;
	pthread_mutex_lock(&cfg->lock);
	if (cfg->pos < cfg->len)
		value = cfg->item[cfg->pos++];
	pthread_mutex_unlock(&cfg->lock);
	return value;
}

static void fw_cfg_out(struct port_device *dev, unsigned int off,
		       unsigned int size, uint32_t value)
{
	struct fw_cfg *cfg = container_of(dev, struct fw_cfg, port);

	if (off != SELECT || size != 2)
		return;
	pthread_mutex_lock(&cfg->lock);
	select_item(cfg, (uint16_t)value);
	pthread_mutex_unlock(&cfg->lock);
}

static const struct port_ops fw_cfg_ops = {
	.in = fw_cfg_in,
	.out = fw_cfg_out,
};

void fw_cfg_init(struct fw_cfg *cfg, uint64_t ram, unsigned int cpus)
{
	memset(cfg, 0, sizeof(*cfg));
	cfg->ram = ram;
	cfg->cpus = cpus;
	pthread_mutex_init(&cfg->lock, NULL);
	cfg->port = (struct port_device){
		.name = "firmware configuration",
		.ops = &fw_cfg_ops,
		.base = PORT,
		.count = 2,
		.width = 2,
	};
}

void fw_cfg_save(struct fw_cfg *cfg, struct fw_cfg_state *st)
{
	pthread_mutex_lock(&cfg->lock);
	memcpy(st->item, cfg->item, sizeof(st->item));
	st->len = cfg->len;
	st->pos = cfg->pos;
	pthread_mutex_unlock(&cfg->lock);
}

bool fw_cfg_valid(const struct fw_cfg_state *st)
{
	return st->len <= sizeof(st->item) && st->pos <= st->len;
}

void fw_cfg_load(struct fw_cfg *cfg, const struct fw_cfg_state *st)
{
	pthread_mutex_lock(&cfg->lock);
	memcpy(cfg->item, st->item, sizeof(cfg->item));
	cfg->len = st->len;
	cfg->pos = st->pos;
	pthread_mutex_unlock(&cfg->lock);
}
