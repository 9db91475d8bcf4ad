// SPDX-License-Identifier: GPL-2.0
/* The AML writer, byte for byte. */
#include <stdlib.h>
#include <string.h>

#include "boot/aml.h"
#include "tap.h"

static uint8_t buf[4096];
static struct aml aml;

static void start(void)
{
	memset(buf, 0xee, sizeof(buf));
	aml_init(&aml, buf, sizeof(buf));
}

static void expect(const char *what, const void *bytes, size_t len)
{
	tap_ok(aml_ok(&aml) && aml.len == len && !memcmp(buf, bytes, len),
	       "%s", what);
}

#define EXPECT(what, text) expect(what, text, sizeof(text) - 1)

static void test_integers(void)
{
	start();
	aml_integer(&aml, 0);
	aml_integer(&aml, 1);
	aml_integer(&aml, 2);
	aml_integer(&aml, 0xff);
	EXPECT("small integers", "\x00\x01\x0a\x02\x0a\xff");
	start();
	aml_integer(&aml, 0x100);
	aml_integer(&aml, 0xffff);
	EXPECT("words", "\x0b\x00\x01\x0b\xff\xff");
	start();
	aml_integer(&aml, 0x10000);
	aml_integer(&aml, 0xffffffff);
	EXPECT("double words", "\x0c\x00\x00\x01\x00\x0c\xff\xff\xff\xff");
	start();
	aml_integer(&aml, 0x100000000);
	EXPECT("quad words", "\x0e\x00\x00\x00\x00\x01\x00\x00\x00");
}

static void test_names(void)
{
	start();
	aml_name(&aml, "_HID");
	EXPECT("a name", "\x08_HID");
	start();
	aml_name(&aml, "\\_S5");
	EXPECT("a short name at the root", "\x08\\_S5_");
	start();
	aml_eisaid(&aml, "PNP0501");
	EXPECT("an EISA id", "\x0c\x41\xd0\x05\x01");
	start();
	aml_eisaid(&aml, "ACPI0007");
	tap_ok(!aml_ok(&aml), "an id of another form is refused");
	start();
	aml_string(&aml, "vmm");
	EXPECT("a string", "\x0dvmm\0");
}

static void test_blocks(void)
{
	unsigned int i;

	start();
	aml_scope(&aml, "\\_SB");
	aml_end(&aml);
	EXPECT("an empty scope", "\x10\x88\x00\x00\\_SB_");
	start();
	aml_device(&aml, "COM1");
	aml_name(&aml, "_UID");
	aml_integer(&aml, 1);
	aml_end(&aml);
	EXPECT("a device", "\x5b\x82\x8d\x00\x00" "COM1\x08_UID\x01");
	start();
	aml_package(&aml, 2);
	aml_integer(&aml, 5);
	aml_integer(&aml, 0);
	aml_end(&aml);
	EXPECT("a package", "\x12\x87\x00\x00\x02\x0a\x05\x00");
	start();
	aml_scope(&aml, "\\_SB");
	for (i = 0; i < 1000; i++)
		aml_integer(&aml, 0);
	aml_end(&aml);
	/* 3 of the length, 5 of the name, 1000: 0x3f0 */
	tap_ok(aml_ok(&aml) && buf[1] == 0x80 && buf[2] == 0x3f && !buf[3],
	       "a length of 1008");
	start();
	aml_scope(&aml, "\\_SB");
	tap_ok(!aml_ok(&aml), "an open term is not well");
	aml_end(&aml);
	aml_end(&aml);
	tap_ok(!aml_ok(&aml), "nor is one end too many");
	start();
	for (i = 0; i <= AML_DEPTH; i++)
		aml_scope(&aml, "X");
	for (i = 0; i <= AML_DEPTH; i++)
		aml_end(&aml);
	tap_ok(!aml_ok(&aml), "nor one level too many");
}

static void test_resources(void)
{
	start();
	aml_resources(&aml);
	aml_io(&aml, 0x3f8, 8);
	aml_irq(&aml, 4);
	aml_resources_end(&aml);
	EXPECT("resources of a serial port",
	       "\x08_CRS\x11\x83\x01\x00\x0b\x0d\x00"
	       "\x47\x01\xf8\x03\xf8\x03\x01\x08\x22\x10\x00\x79\x00");
}

/* Whatever the size, nothing is written past it and the truth is told. */
static void test_full(void)
{
	size_t size, good = 0;
	uint8_t *exact;

	for (size = 0; size < 64; size++) {
		exact = malloc(size ? size : 1);
		aml_init(&aml, exact, size);
		aml_device(&aml, "COM1");
		aml_resources(&aml);
		aml_io(&aml, 0x3f8, 8);
		aml_resources_end(&aml);
		aml_end(&aml);
		good += aml_ok(&aml) == (size >= 31);
		free(exact);
	}
	tap_ok(good == 64, "sizes 0 to 63: fits from 31 bytes on");
}

int main(void)
{
	test_integers();
	test_names();
	test_blocks();
	test_resources();
	test_full();
	return tap_done();
}
