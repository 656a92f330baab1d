/*
 * Opens and closes TCP connections on loopback as fast as it can, or at a rate, and says how many there were.
 *
 *   load --seconds S [--threads N] [--connections MAX] [--rate R] [--slow N]
 *
 * Each thread is client and server at once, on a core of its own: connect, accept, close the client, close the server.
 * The client closes first, so that its socket goes through FIN_WAIT1, FIN_WAIT2 and TIME_WAIT, and the server's through
 * CLOSE_WAIT and LAST_ACK. Destinations rotate through 127.1.0.0 and up, so that TIME_WAIT does not use up the ports.
 *
 *   --connections  ends the run after so many, whatever the time (default 4,000,000)
 *   --rate         connections a second, of all threads together; 0: as fast as it can
 *   --slow         so many connections, spread over the run, whose server keeps its end open until the run is over: their
 *                  client ends are orphans in FIN_WAIT2 meanwhile, where tcp_fin_timeout is above 60 s
 *
 * Prints one JSON object. Ends 30 s after its time whatever hangs, early at SIGINT and SIGTERM, and with its parent. Connects to loopback and nowhere else.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 64
#define MAX_SECONDS 600
#define MAX_CONNECTIONS 20000000L
/* Consecutive failures after which a thread gives up. */
#define MAX_FAILURES 1000
/* Whatever hangs, it hangs no longer than this after its time. */
#define GRACE_SECONDS 30
/* A burst of the paced mode that lags by more than this is dropped: no catching up. */
#define MAX_LAG 0.05

struct worker {
	pthread_t thread;
	int index, threads, cpu;
	double seconds, rate;
	long connections, slow;
	/* results */
	long done, held, failed;
	double elapsed;
	int error;
};

static atomic_int stopping;
static pthread_barrier_t start_line;

static void on_signal(int sig)
{
	(void)sig;
	atomic_store(&stopping, 1);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void sleep_for(double seconds)
{
	struct timespec t = { (time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9) };
	nanosleep(&t, NULL);
}

static int listen_on(struct sockaddr_in *at)
{
	socklen_t size = sizeof *at;
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(at, 0, sizeof *at);
	at->sin_family = AF_INET;
	/* All of 127/8 is local; the threads' ports differ. */
	at->sin_addr.s_addr = htonl(INADDR_ANY);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) < 0 ||
	    bind(fd, (struct sockaddr *)at, sizeof *at) < 0 || listen(fd, 128) < 0 ||
	    getsockname(fd, (struct sockaddr *)at, &size) < 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

/* One connection; 0 or -errno. With `held` its server end stays open and is left there. */
static int once(int listener, struct sockaddr_in *at, int *held)
{
	int server, client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (client < 0)
		return -errno;
	if (connect(client, (struct sockaddr *)at, sizeof *at) < 0 ||
	    (server = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) < 0) {
		int error = errno;
		close(client);
		return -error;
	}
	close(client);
	if (held)
		*held = server;
	else
		close(server);
	return 0;
}

static void *work(void *argument)
{
	struct worker *w = argument;
	struct sockaddr_in at;
	cpu_set_t cpus;
	long failures = 0;
	int *held = calloc((size_t)w->slow + 1, sizeof *held);
	int listener = listen_on(&at);
	double begin, end, t;

	CPU_ZERO(&cpus);
	CPU_SET(w->cpu, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof cpus, &cpus);
	if (listener < 0 || !held)
		w->error = listener < 0 ? errno : ENOMEM;
	pthread_barrier_wait(&start_line);
	if (w->error)
		goto out;
	begin = t = now();
	end = begin + w->seconds;
	for (long i = 0; t < end && w->done + w->held < w->connections && !atomic_load(&stopping); i++, t = now()) {
		int is_slow = w->held < w->slow && t - begin >= w->seconds * w->held / w->slow;
		int result;

		if (w->rate > 0) {
			double due = begin + i / w->rate;
			if (due > t)
				sleep_for(due - t);
			else if (t - due > MAX_LAG)
				i = (long)((t - begin) * w->rate);
		}
		/* 127.1.0.0 and up, 2^20 of them, a share for each thread. */
		at.sin_addr.s_addr = htonl(0x7f010000u + (uint32_t)((i * w->threads + w->index) & 0xfffff));
		result = once(listener, &at, is_slow ? &held[w->held] : NULL);
		if (result == 0) {
			failures = 0;
			if (is_slow)
				w->held++;
			else
				w->done++;
		} else {
			w->failed++;
			if (++failures >= MAX_FAILURES) {
				w->error = -result;
				break;
			}
		}
	}
	w->elapsed = now() - begin;
	for (long i = 0; i < w->held; i++)
		close(held[i]);
out:
	if (listener >= 0)
		close(listener);
	free(held);
	return NULL;
}

static long number(const char *name, const char *text, long least, long most)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value < least || value > most) {
		fprintf(stderr, "load: --%s: give a whole number from %ld to %ld\n", name, least, most);
		exit(2);
	}
	return value;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 's' }, { "threads", required_argument, NULL, 't' },
		{ "connections", required_argument, NULL, 'c' }, { "rate", required_argument, NULL, 'r' },
		{ "slow", required_argument, NULL, 'w' }, { NULL, 0, NULL, 0 },
	};
	static struct worker workers[MAX_THREADS];
	struct sigaction action = { .sa_handler = on_signal };
	long seconds = 5, threads = 0, connections = 4000000, rate = 0, slow = 0;
	long done = 0, held = 0, failed = 0;
	double elapsed = 0;
	int option, error = 0, cpu = -1;
	struct rlimit files;
	cpu_set_t cpus;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's': seconds = number("seconds", optarg, 1, MAX_SECONDS); break;
		case 't': threads = number("threads", optarg, 1, MAX_THREADS); break;
		case 'c': connections = number("connections", optarg, 1, MAX_CONNECTIONS); break;
		case 'r': rate = number("rate", optarg, 0, 10000000); break;
		case 'w': slow = number("slow", optarg, 0, 1000000); break;
		default: return 2;
		}
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	alarm((unsigned)seconds + GRACE_SECONDS);

	CPU_ZERO(&cpus);
	sched_getaffinity(0, sizeof cpus, &cpus);
	if (threads == 0)
		threads = CPU_COUNT(&cpus);
	if (threads > MAX_THREADS)
		threads = MAX_THREADS;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
		/* The rest is for the listeners and the connections in between. */
		if (files.rlim_cur != RLIM_INFINITY && slow > (long)files.rlim_cur - 1024) {
			fprintf(stderr, "load: --slow %ld needs more open files than the %ld allowed\n", slow, (long)files.rlim_cur);
			return 2;
		}
	}

	pthread_barrier_init(&start_line, NULL, (unsigned)threads);
	for (int i = 0; i < threads; i++) {
		do
			cpu = (cpu + 1) % CPU_SETSIZE;
		while (!CPU_ISSET(cpu, &cpus));
		workers[i] = (struct worker){
			.index = i, .threads = (int)threads, .cpu = cpu, .seconds = (double)seconds,
			.rate = (double)rate / threads, .connections = (connections + threads - 1) / threads,
			.slow = (slow + threads - 1 - i) / threads,
		};
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0) {
			fprintf(stderr, "load: no thread: %s\n", strerror(errno));
			return 1;
		}
	}
	for (int i = 0; i < threads; i++) {
		pthread_join(workers[i].thread, NULL);
		done += workers[i].done;
		held += workers[i].held;
		failed += workers[i].failed;
		if (workers[i].elapsed > elapsed)
			elapsed = workers[i].elapsed;
		if (workers[i].error)
			error = workers[i].error;
	}
	printf("{\"seconds\":%.3f,\"threads\":%ld,\"connections\":%ld,\"slow\":%ld,\"failed\":%ld,\"per_second\":%.1f}\n",
	       elapsed, threads, done + held, held, failed, elapsed > 0 ? (done + held) / elapsed : 0.0);
	if (error)
		fprintf(stderr, "load: %s\n", strerror(error));
	return error ? 1 : 0;
}
