// SPDX-License-Identifier: GPL-2.0
/*
 * The 8259A pair: initialization, priorities, ends of interrupts, and its odder
 * modes, as the data sheet has them.
 */
#include "kshim.h"
#include "irq/pic.h"
#include "tap.h"

static struct vmm_pic pic;
static int rises;

static void output(struct vmm_pic *p, bool level)
{
	rises += level;
}

static const struct vmm_pic_ops ops = { .output = output };

static void w(u16 port, u8 val)
{
	vmm_pic_write(&pic, port, val);
}

static u8 r(u16 port)
{
	return vmm_pic_read(&pic, port);
}

/* What every PC operating system does, with vectors 0x20 and 0x28. */
static void setup(u8 icw4)
{
	vmm_pic_init(&pic, &ops);
	w(0x20, 0x11);
	w(0x21, 0x20);
	w(0x21, 0x04);
	w(0x21, icw4);
	w(0xa0, 0x11);
	w(0xa1, 0x28);
	w(0xa1, 0x02);
	w(0xa1, icw4 & ~0x10);
	w(0x21, 0);
	w(0xa1, 0);
	rises = 0;
}

static void pulse(unsigned int pin)
{
	vmm_pic_set_pin(&pic, pin, true);
	vmm_pic_set_pin(&pic, pin, false);
}

static int intack(void)
{
	return pic.output ? vmm_pic_intack(&pic) : -1;
}

static u8 isr(u16 port)
{
	w(port, 0x0b);
	return r(port);
}

static u8 irr(u16 port)
{
	w(port, 0x0a);
	return r(port);
}

static void test_basic(void)
{
	int v;

	vmm_pic_init(&pic, &ops);
	pulse(1);
	tap_ok(!pic.output, "power-up: quiet until initialized");
	setup(1);
	tap_ok(!pic.output, "initialized: quiet");
	tap_ok(vmm_pic_set_pin(&pic, 3, true), "edge: a new request");
	tap_ok(!vmm_pic_set_pin(&pic, 3, true), "edge: the same level is none");
	tap_ok(pic.output && irr(0x20) == 0x08, "edge: IRR and output");
	v = intack();
	tap_ok(v == 0x23 && isr(0x20) == 0x08 && irr(0x20) == 0 && !pic.output,
	       "acknowledge: vector %#x, in service", v);
	vmm_pic_set_pin(&pic, 3, false);
	pulse(3);
	tap_ok(!pic.output && irr(0x20) == 0x08, "the same pin again waits");
	w(0x20, 0x20);
	tap_ok(pic.output && vmm_pic_take_ended(&pic) == 0x08, "EOI lets it through");
	tap_ok(intack() == 0x23, "its vector");
	w(0x20, 0x63);
	tap_ok(isr(0x20) == 0, "specific EOI");
}

static void test_priority(void)
{
	setup(1);
	pulse(5);
	pulse(1);
	pulse(4);
	tap_ok(intack() == 0x21, "highest of three");
	tap_ok(intack() == -1, "lower ones wait");
	pulse(0);
	tap_ok(intack() == 0x20, "a higher one nests");
	w(0x20, 0x20);
	tap_ok(isr(0x20) == 0x02, "EOI ends the highest in service");
	w(0x20, 0x20);
	tap_ok(intack() == 0x24, "next");
	w(0x20, 0x20);
	tap_ok(intack() == 0x25, "last");
	w(0x20, 0x20);
	w(0x21, 0x02);
	pulse(1);
	tap_ok(intack() == -1 && r(0x21) == 0x02, "masked");
	w(0x21, 0x00);
	tap_ok(intack() == 0x21, "latched while masked");
	w(0x20, 0x20);
}

static void test_cascade(void)
{
	setup(1);
	pulse(12);
	tap_ok(irr(0xa0) == 0x10 && (irr(0x20) & 4), "slave requests by pin 2");
	tap_ok(intack() == 0x2c, "slave's vector");
	tap_ok(isr(0xa0) == 0x10 && isr(0x20) == 0x04, "both in service");
	pulse(8);
	tap_ok(intack() == -1, "nested: pin 2 in service holds the slave");
	pulse(1);
	tap_ok(intack() == 0x21, "master pin 1 is above");
	w(0x20, 0x20);
	w(0xa0, 0x20);
	w(0x20, 0x20);
	tap_ok(intack() == 0x28, "the slave's other one");
	w(0xa0, 0x20);
	w(0x20, 0x20);
	tap_ok(!vmm_pic_set_pin(&pic, 2, true) && !pic.output, "pin 2 can't be driven");

	setup(0x11);
	pulse(12);
	tap_ok(intack() == 0x2c, "fully nested: first");
	pulse(9);
	tap_ok(intack() == 0x29, "fully nested: the slave's higher one passes");
}

static void test_spurious(void)
{
	setup(1);
	w(0x4d0, 0x20);
	vmm_pic_set_pin(&pic, 5, true);
	tap_ok(pic.output, "level request");
	vmm_pic_set_pin(&pic, 5, false);
	tap_ok(!pic.output, "gone");
	tap_ok(vmm_pic_intack(&pic) == 0x27 && isr(0x20) == 0,
	       "spurious 7, not in service");
	w(0x4d1, 0x02);
	vmm_pic_set_pin(&pic, 9, true);
	w(0xa1, 0x02);
	tap_ok(!pic.output && vmm_pic_intack(&pic) == 0x27, "slave masked meanwhile");
	w(0xa1, 0);
	tap_ok(intack() == 0x29, "slave's real one");
	w(0xa0, 0x20);
	w(0x20, 0x20);
	vmm_pic_set_pin(&pic, 9, false);
	tap_ok(isr(0x20) == 0 && isr(0xa0) == 0 && !pic.output, "clean");
}

static void test_level(void)
{
	setup(1);
	w(0x4d0, 0xff);
	w(0x4d1, 0xff);
	tap_ok(r(0x4d0) == 0xf8 && r(0x4d1) == 0xde, "ELCR keeps what may be level");
	vmm_pic_set_pin(&pic, 10, true);
	tap_ok(intack() == 0x2a, "level");
	w(0xa0, 0x20);
	w(0x20, 0x20);
	tap_ok(intack() == 0x2a, "still asserted: again");
	vmm_pic_set_pin(&pic, 10, false);
	w(0xa0, 0x20);
	w(0x20, 0x20);
	tap_ok(intack() == -1, "released: not again");
	vmm_pic_set_pin(&pic, 11, true);
	w(0x4d1, 0);
	tap_ok(intack() == -1, "turned to edge: the level is no request");
}

static void test_rotation(void)
{
	setup(1);
	pulse(3);
	intack();
	w(0x20, 0xa0);
	pulse(3);
	pulse(4);
	tap_ok(intack() == 0x24, "rotate on EOI: 3 is lowest");
	w(0x20, 0x20);
	tap_ok(intack() == 0x23, "then 3");
	w(0x20, 0xe3);
	w(0x20, 0xc0 | 6);
	pulse(0);
	pulse(7);
	tap_ok(intack() == 0x27, "set priority: 7 is highest");
	w(0x20, 0x20);
	intack();
	w(0x20, 0x20);

	setup(3);
	pulse(4);
	tap_ok(intack() == 0x24 && isr(0x20) == 0, "automatic EOI: not in service");
	tap_ok(vmm_pic_take_ended(&pic) == 0x10, "automatic EOI is an end");
	w(0x20, 0x80);
	pulse(4);
	intack();
	pulse(4);
	pulse(6);
	tap_ok(intack() == 0x26, "rotate on automatic EOI");
	rises = 0;
	pulse(0);
	tap_ok(rises == 0, "output is high already");
	intack();
	tap_ok(rises == 1, "acknowledge makes an edge for the next request");
}

static void test_modes(void)
{
	setup(1);
	pulse(3);
	intack();
	w(0x21, 0x08);
	w(0x20, 0x68);
	pulse(5);
	tap_ok(intack() == 0x25, "special mask: a lower one passes");
	w(0x20, 0x20);
	tap_ok(isr(0x20) == 0x08, "special mask: EOI spares the masked one");
	w(0x20, 0x63);
	w(0x20, 0x48);

	setup(1);
	w(0x20, 0x0c);
	tap_ok(r(0x20) == 0, "poll: nothing");
	pulse(6);
	w(0x20, 0x0c);
	tap_ok(r(0x20) == 0x86 && isr(0x20) == 0x40, "poll: 6, in service");
	w(0x20, 0x20);
	pulse(9);
	w(0x20, 0x0c);
	tap_ok(r(0x20) == 0x82, "poll: cascade");
	w(0xa0, 0x0c);
	tap_ok(r(0xa1) == 0x81, "poll: slave, by either port");

	setup(1);
	pulse(1);
	intack();
	pulse(4);
	w(0x20, 0x11);
	tap_ok(irr(0x20) == 0 && isr(0x20) == 0, "ICW1 clears requests and service");
	tap_ok(vmm_pic_take_ended(&pic) == 0x02, "ICW1 ends what was in service");
	pulse(3);
	tap_ok(!pic.output, "no output during initialization");
	w(0x21, 0x30);
	w(0x21, 0x04);
	w(0x21, 0x01);
	tap_ok(intack() == 0x33, "new vectors");
	w(0x20, 0x20);
	w(0x20, 0x12);
	w(0x21, 0x47);
	tap_ok(r(0x21) == 0, "single, no ICW4: ready after ICW2");
	pulse(2 + 1);
	tap_ok(intack() == 0x43, "base's low bits don't count");
	tap_ok(r(0x22) == 0xff, "no such port");
}

static void test_restore(void)
{
	struct vmm_pic_chip saved[2], bad[2];

	setup(1);
	pulse(4);
	intack();
	pulse(1);
	memcpy(saved, pic.chip, sizeof(saved));
	vmm_pic_init(&pic, &ops);
	tap_ok(vmm_pic_restore(&pic, saved) == 0 && pic.output, "restored");
	tap_ok(intack() == 0x21 && isr(0x20) == 0x12, "goes on");
	memcpy(bad, saved, sizeof(bad));
	bad[1].lowest = 8;
	tap_ok(vmm_pic_restore(&pic, bad) == -EINVAL, "bad priority");
	memcpy(bad, saved, sizeof(bad));
	bad[0].init = 7;
	tap_ok(vmm_pic_restore(&pic, bad) == -EINVAL, "bad step");
	memcpy(bad, saved, sizeof(bad));
	bad[0].poll = 2;
	tap_ok(vmm_pic_restore(&pic, bad) == -EINVAL, "bad flag");
	memcpy(bad, saved, sizeof(bad));
	bad[0].elcr = 1;
	tap_ok(vmm_pic_restore(&pic, bad) == -EINVAL, "bad ELCR");
}

int main(void)
{
	test_basic();
	test_priority();
	test_cascade();
	test_spurious();
	test_level();
	test_rotation();
	test_modes();
	test_restore();
	return tap_done();
}
