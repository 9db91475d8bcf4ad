// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "vm/bus.h"

int bus_add(struct bus *bus, struct port_device *dev, struct err *err)
{
	unsigned int port, end = dev->base + dev->count;
	uint8_t other;

	if (end > BUS_PORTS || bus->count == BUS_MAX_DEVICES)
		return err_set(err, VMCTL_FAILED,
			       "%s: no room for ports %#x-%#x", dev->name,
			       dev->base, end - 1);
	for (port = dev->base; port < end; port++) {
		other = bus->index[port];
		if (other)
			return err_set(err, VMCTL_USAGE,
				       "%s: port %#x belongs to %s already",
				       dev->name, port,
				       bus->device[other - 1]->name);
	}
	bus->device[bus->count++] = dev;
	memset(&bus->index[dev->base], (int)bus->count, dev->count);
	return 0;
}

static struct port_device *find(const struct bus *bus, uint16_t port)
{
	uint8_t index = bus->index[port];

	return index ? bus->device[index - 1] : NULL;
}

static uint32_t get(const uint8_t *data, unsigned int size)
{
	uint32_t value = 0;

	memcpy(&value, data, size);
	return value;
}

static void byte_io(struct bus *bus, uint16_t port, bool write, uint8_t *data)
{
	struct port_device *dev = find(bus, port);
	unsigned int off;

	if (!dev) {
		if (!write)
			*data = 0xff;
		return;
	}
	off = port - dev->base;
	if (write)
		dev->ops->out(dev, off, 1, *data);
	else
		*data = (uint8_t)dev->ops->in(dev, off, 1);
}

/* Wider than the device, or across its end: what an 8-bit bus would do. */
static void split_io(struct bus *bus, uint16_t port, bool write,
		     unsigned int size, unsigned int count, uint8_t *data)
{
	unsigned int i;

	for (; count; count--, data += size)
		for (i = 0; i < size; i++)
			byte_io(bus, (uint16_t)(port + i), write, data + i);
}

void bus_io(struct bus *bus, uint16_t port, bool write, unsigned int size,
	    unsigned int count, uint8_t *data)
{
	struct port_device *dev = find(bus, port);
	unsigned int off;
	uint32_t value;

	if (!dev || size > dev->width ||
	    port + size > (unsigned int)dev->base + dev->count) {
		split_io(bus, port, write, size, count, data);
		return;
	}
	off = port - dev->base;
	for (; count; count--, data += size) {
		if (write) {
			dev->ops->out(dev, off, size, get(data, size));
		} else {
			value = dev->ops->in(dev, off, size);
			memcpy(data, &value, size);
		}
	}
}
