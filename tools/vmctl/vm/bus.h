/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The port bus: which device answers which I/O port.
 *
 * Filled before the first vCPU runs and constant from then on, so it has no
 * lock; devices lock themselves.  A port that nobody claims reads as all
 * ones and swallows writes, as on a real board; so does an address without
 * memory (bus_mmio()).
 */
#ifndef VMCTL_BUS_H
#define VMCTL_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/err.h"

struct port_device;

/** struct port_ops - what a device does; @off counts from its first port. */
struct port_ops {
	uint32_t (*in)(struct port_device *dev, unsigned int off,
		       unsigned int size);
	void (*out)(struct port_device *dev, unsigned int off,
		    unsigned int size, uint32_t value);
};

/**
 * struct port_device - a range of ports; embedded in the device
 * @width:	widest access in bytes that the device takes in one piece;
 *		wider ones reach it byte by byte
 */
struct port_device {
	const char *name;
	const struct port_ops *ops;
	uint16_t base;
	uint16_t count;
	uint8_t width;
};

#define BUS_MAX_DEVICES	64
#define BUS_PORTS	65536

/** struct bus - @index: 1 + which of @device has a port; 0: nobody */
struct bus {
	unsigned int count;
	struct port_device *device[BUS_MAX_DEVICES];
	uint8_t index[BUS_PORTS];
};

/** bus_add() - claims the device's ports. */
int bus_add(struct bus *bus, struct port_device *dev, struct err *err);

/**
 * bus_io() - carries out @count accesses of @size bytes to one port
 * @data: what is written, or where what is read goes, back to back
 */
void bus_io(struct bus *bus, uint16_t port, bool write, unsigned int size,
	    unsigned int count, uint8_t *data);

#endif
