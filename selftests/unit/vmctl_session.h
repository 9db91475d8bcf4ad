/* SPDX-License-Identifier: GPL-2.0 */
/* A guest's serial port, and the console session that it is plugged into. */
#ifndef VMCTL_SESSION_H
#define VMCTL_SESSION_H

#include <linux/serial_reg.h>
#include <stdlib.h>
#include <time.h>

#include "tap.h"
#include "vm/console_session.h"

static char root[] = "/tmp/vmctl-session-XXXXXX";
static char path[PATHS_LEN], log_path[PATHS_LEN];
static struct paths paths;
static struct console_session session;
static struct serial serial;
static struct err err;

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

static uint8_t pattern(uint64_t i)
{
	return (uint8_t)('a' + (i * 7 + i / 26) % 26);
}

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

/* ---- the machine -------------------------------------------------------------------- */

static void begin(void)
{
	if (session_open(&session, &paths, "web", &err) ||
	    session_listen(&session, path, &err) ||
	    session_serve(&session, &err)) {
		tap_note("%s", err.text);
		abort();
	}
}

static void power_on(void)
{
	struct cable *cable = &session.cable;

	if (cable->ops->plug(cable, &serial, NULL, &err))
		abort();
	serial_init(&serial, &line, &cable->sink);
	if (cable->ops->begin(cable, NULL, "web", &err))
		abort();
	out(UART_FCR, UART_FCR_ENABLE_FIFO);
	out(UART_MCR, UART_MCR_RTS);
}

static void power_off(void)
{
	session.cable.ops->unplug(&session.cable);
}

static void say(uint64_t from, uint64_t count)
{
	while (count--)
		out(UART_TX, pattern(from++));
}

/* The next key; -1: none within ten seconds. */
static int key(void)
{
	int64_t until = now_ms() + 10000;

	while (now_ms() < until)
		if (in(UART_LSR) & UART_LSR_DR)
			return in(UART_RX);
	return -1;
}

/* Makes the directory that all is in; session_gone() removes it. */
static bool session_places(void)
{
	if (!mkdtemp(root))
		return false;
	snprintf(paths.log, sizeof(paths.log), "%s/log", root);
	snprintf(path, sizeof(path), "%s/console", root);
	snprintf(log_path, sizeof(log_path), "%s/log/web/console.log", root);
	return true;
}

static bool session_gone(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", root);
	return !system(command);
}

#endif
