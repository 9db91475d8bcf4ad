// SPDX-License-Identifier: GPL-2.0
/*
 * The console between a serial port and standard input and output: nothing is
 * lost, a slow reader slows the guest and no one else, the terminal comes back.
 * Each case runs in a child of its own, with pipes or a terminal as its
 * standard files.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <linux/serial_reg.h>

#include "tap.h"
#include "vm/console.h"
#include "vm/terminal.h"
#include "vm/thread.h"

#define LOTS	300000

static struct console con;
static struct serial serial;
static struct vm_end end;
static struct loop loop;

static void drive(struct irq_line *line, bool level)
{
}

static struct irq_line line = { .drive = drive };

static uint8_t in(unsigned int reg)
{
	return (uint8_t)serial.port.ops->in(&serial.port, reg, 1);
}

static void out(unsigned int reg, uint8_t value)
{
	serial.port.ops->out(&serial.port, reg, 1, value);
}

/* ---- children ----------------------------------------------------------- */

static void setup(void)
{
	struct err err;

	thread_block_signals();
	vm_end_init(&end);
	serial_init(&serial, &line, &con.cable.sink);
	if (console_init(&con, &serial, &end, &err) || loop_init(&loop, &err))
		_exit(101);
	out(UART_FCR, UART_FCR_ENABLE_FIFO);
	out(UART_MCR, UART_MCR_RTS);
}

static void attach(void)
{
	struct err err;

	if (console_attach(&con, &loop, "test", &err))
		_exit(102);
}

static uint8_t pattern(unsigned int i)
{
	return (uint8_t)(i * 31 + i / 251);
}

static int write_lots(void)
{
	unsigned int i;

	setup();
	for (i = 0; i < LOTS; i++)
		out(UART_TX, pattern(i));
	while (!console_drain(&con, 50))
		;
	console_close(&con);
	return 0;
}

/* Nobody reads: draining runs into its limit, closing does not hang. */
static int write_to_nobody(void)
{
	unsigned int i;
	bool drained;

	setup();
	for (i = 0; i < 100000; i++)
		out(UART_TX, 'x');
	drained = console_drain(&con, 50);
	console_close(&con);
	return drained;
}

/* The reader has gone: output is dropped, the guest goes on. */
static int write_to_broken(void)
{
	unsigned int i;

	setup();
	for (i = 0; i < LOTS; i++)
		out(UART_TX, 'x');
	console_drain(&con, 50);
	console_close(&con);
	return 0;
}

static void serve(void)
{
	struct pollfd pfd = { .fd = loop.epoll, .events = POLLIN };
	struct err err;

	if (poll(&pfd, 1, 0) > 0)
		loop_once(&loop, &err);
}

static int read_lots(void)
{
	unsigned int i = 0;

	setup();
	attach();
	while (i < LOTS) {
		serve();
		while (in(UART_LSR) & UART_LSR_DR)
			if (in(UART_RX) != pattern(i++))
				return 1;
	}
	console_close(&con);
	return 0;
}

/* A terminal: keys are passed on until the VM is ended from here. */
static int terminal(void)
{
	char c;

	setup();
	attach();
	while (!vm_ended(&end)) {
		serve();
		while (in(UART_LSR) & UART_LSR_DR) {
			c = (char)in(UART_RX);
			if (c == 'C')
				abort();
			out(UART_TX, (uint8_t)c);
		}
	}
	while (!console_drain(&con, 50))
		;
	console_close(&con);
	return end.code;
}

/* ---- the parent --------------------------------------------------------- */

struct child {
	pid_t pid;
	int in, out;	/* our ends of its standard files */
};

static void be_child(int fd0, int fd1, int (*run)(void))
{
	dup2(fd0, 0);
	dup2(fd1, 1);
	closefrom(3);
	alarm(30);
	exit(run());
}

static struct child start(int (*run)(void), bool to_pipe)
{
	int input[2], output[2];
	struct child c;

	if (pipe(input) || pipe(output))
		abort();
	fflush(stdout);
	c.pid = fork();
	if (!c.pid) {
		close(input[1]);
		close(output[0]);
		if (!to_pipe)
			freopen("/dev/null", "w", stderr);
		be_child(input[0], output[1], run);
	}
	close(input[0]);
	close(output[1]);
	c.in = input[1];
	c.out = output[0];
	return c;
}

static int finish(struct child *c)
{
	int status;

	waitpid(c->pid, &status, 0);
	close(c->in);
	close(c->out);
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   -WTERMSIG(status);
}

static void test_output(void)
{
	struct child c = start(write_lots, true);
	unsigned int i = 0, same = 0;
	uint8_t buf[777];
	ssize_t n, k;

	while ((n = read(c.out, buf, sizeof(buf))) > 0)
		for (k = 0; k < n; k++)
			same += buf[k] == pattern(i++);
	tap_ok(i == LOTS && same == LOTS, "all output arrives, in order");
	tap_ok(finish(&c) == 0, "and it ends");
}

static void test_no_reader(void)
{
	struct child c = start(write_to_nobody, true);

	tap_ok(finish(&c) == 0, "a reader that does not read: given up");
	c = start(write_to_broken, false);
	close(c.out);
	c.out = -1;
	tap_ok(finish(&c) == 0, "a reader that went away");
}

static void test_input(void)
{
	struct child c = start(read_lots, true);
	uint8_t data[1000];
	unsigned int i, k;

	for (i = 0; i < LOTS; i += sizeof(data)) {
		for (k = 0; k < sizeof(data); k++)
			data[k] = pattern(i + k);
		if (write(c.in, data, sizeof(data)) != sizeof(data))
			break;
	}
	tap_ok(finish(&c) == 0, "all input arrives, in order");
}

static void test_input_file(void)
{
	char name[] = "/tmp/vmctl-console-XXXXXX";
	int fd = mkstemp(name), status;
	unsigned int i;
	pid_t pid;

	for (i = 0; i < LOTS; i++) {
		uint8_t b = pattern(i);

		if (write(fd, &b, 1) != 1)
			break;
	}
	lseek(fd, 0, SEEK_SET);
	unlink(name);
	fflush(stdout);
	pid = fork();
	if (!pid)
		be_child(fd, open("/dev/null", O_WRONLY), read_lots);
	waitpid(pid, &status, 0);
	close(fd);
	tap_ok(WIFEXITED(status) && !WEXITSTATUS(status),
	       "likewise from a file, which can't be waited for");
}

struct pty {
	int master;
	struct child child;
};

static struct pty start_terminal(void)
{
	struct pty p;
	int slave;

	p.master = posix_openpt(O_RDWR | O_NOCTTY);
	grantpt(p.master);
	unlockpt(p.master);
	slave = open(ptsname(p.master), O_RDWR | O_NOCTTY);
	fflush(stdout);
	p.child.pid = fork();
	if (!p.child.pid) {
		setsid();
		ioctl(slave, TIOCSCTTY, 0);
		dup2(slave, 2);
		be_child(slave, slave, terminal);
	}
	p.child.in = slave;
	p.child.out = -1;
	return p;
}

static bool is_raw(struct pty *p)
{
	struct termios mode;

	tcgetattr(p->child.in, &mode);
	return !(mode.c_lflag & (ICANON | ECHO | ISIG));
}

/* Whether @text comes within a second. */
static bool expect(struct pty *p, const char *text)
{
	struct pollfd pfd = { .fd = p->master, .events = POLLIN };
	char buf[4096] = "";
	size_t len = 0;
	ssize_t n;

	while (!strstr(buf, text) && len < sizeof(buf) - 1 &&
	       poll(&pfd, 1, 1000) > 0) {
		n = read(p->master, buf + len, sizeof(buf) - 1 - len);
		if (n <= 0)
			break;
		len += (size_t)n;
		buf[len] = 0;
	}
	return strstr(buf, text);
}

static void type(struct pty *p, const char *keys)
{
	if (write(p->master, keys, strlen(keys)) < 0)
		tap_note("write failed");
}

static void wait_raw(struct pty *p)
{
	unsigned int i;

	for (i = 0; i < 500 && !is_raw(p); i++)
		usleep(10000);
}

static void test_terminal(void)
{
	struct pty p = start_terminal();

	tap_ok(expect(&p, "Ctrl-]"), "a terminal: says how to get out");
	wait_raw(&p);
	tap_ok(is_raw(&p), "is raw");
	type(&p, "a\003\032b");
	tap_ok(expect(&p, "a\003\032b"), "and passes all keys");
	type(&p, "\035");
	tap_ok(expect(&p, "again"), "Ctrl-] is kept");
	usleep(1200000);
	type(&p, "\035");
	tap_ok(expect(&p, "again"), "twice, but slowly");
	type(&p, "x\035");
	tap_ok(expect(&p, "again"), "a key in between counts");
	type(&p, "\035");
	tap_ok(finish(&p.child) == 1, "twice: ended");
	close(p.master);
}

static void test_restored(void)
{
	struct pty p = start_terminal();
	int status;

	expect(&p, "Ctrl-]");
	wait_raw(&p);
	type(&p, "\035\035");
	waitpid(p.child.pid, &status, 0);
	tap_ok(!is_raw(&p), "the terminal is back");
	close(p.child.in);
	close(p.master);

	p = start_terminal();
	expect(&p, "Ctrl-]");
	wait_raw(&p);
	type(&p, "C");
	waitpid(p.child.pid, &status, 0);
	tap_ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
	       "a crash kills it");
	tap_ok(!is_raw(&p), "and the terminal is back");
	close(p.child.in);
	close(p.master);
}

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	test_output();
	test_no_reader();
	test_input();
	test_input_file();
	test_terminal();
	test_restored();
	return tap_done();
}
