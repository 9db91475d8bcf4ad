// SPDX-License-Identifier: GPL-2.0
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "lib/container.h"
#include "vm/thread.h"

#define KICK		SIGUSR1
#define JOIN_MS		20
#define STACK_SIZE	(256 * 1024)

static void kicked(int sig)
{
	(void)sig;	/* its coming is all */
}

void thread_block_signals(void)
{
	static const int signals[] = {
		SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE, SIGTTIN, SIGTTOU,
		KICK,
	};
	/* without SA_RESTART: the system call shall end */
	struct sigaction sa = { .sa_handler = kicked };
	unsigned int i;
	sigset_t set;

	sigaction(KICK, &sa, NULL);
	sigemptyset(&set);
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaddset(&set, signals[i]);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void thread_name(const char *name)
{
	prctl(PR_SET_NAME, name);
}

int thread_start(pthread_t *thread, void *(*body)(void *arg), void *arg)
{
	pthread_attr_t attr;
	int ret;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_SIZE);
	ret = pthread_create(thread, &attr, body, arg);
	pthread_attr_destroy(&attr);
	return ret;
}

static void mask_kick(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, KICK);
	pthread_sigmask(how, &set, NULL);
}

void thread_allow_kick(void)
{
	mask_kick(SIG_UNBLOCK);
}

void thread_forbid_kick(void)
{
	mask_kick(SIG_BLOCK);
}

void thread_kick(pthread_t thread)
{
	pthread_kill(thread, KICK);
}

bool thread_join_for(pthread_t thread, unsigned int ms)
{
	struct timespec until;

	thread_kick(thread);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += ms * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	return !pthread_timedjoin_np(thread, NULL, &until);
}

void thread_join(pthread_t thread)
{
	while (!thread_join_for(thread, JOIN_MS))
		;
}
