/* The hello-world protocol of rota's built-in worker, in C: what that worker is held against.
 *
 *     server WORKERS ACCEPTS
 *
 * WORKERS processes share one listener, and each watches it with EPOLLEXCLUSIVE. After ACCEPTS connections
 * a process goes to the end of the kernel's waiting line, so that the shares are even. With 0 it never does,
 * and accepts all that wait: then the processes at the head of the line do most of the work.
 *
 * The first line of output is the address, and the processes' pids. It serves until its input ends. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const char reply[] = "hello world";
static int listener, epoll;

static void watch(int fd, unsigned events) {
	struct epoll_event event = {.events = events, .data.fd = fd};
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		err(1, "epoll_ctl add");
}

/* answer reads one chunk and answers it. It is false when the connection is over. */
static int answer(int fd) {
	char buffer[4096];
	ssize_t n = read(fd, buffer, sizeof buffer);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	return n > 0 && write(fd, reply, sizeof reply - 1) > 0;
}

/* take accepts one connection, and is false if none was left. Often the first message is already there, so it is
 * read at once. */
static int take(int accepts) {
	static int taken;
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return 0;
	if (answer(fd))
		watch(fd, EPOLLIN);
	else
		close(fd);
	if (accepts > 0 && ++taken % accepts == 0) {
		epoll_ctl(epoll, EPOLL_CTL_DEL, listener, NULL);
		watch(listener, EPOLLIN | EPOLLEXCLUSIVE);
	}
	return 1;
}

static void serve(int accepts) {
	struct epoll_event events[128];
	if ((epoll = epoll_create1(EPOLL_CLOEXEC)) < 0)
		err(1, "epoll_create1");
	watch(listener, EPOLLIN | EPOLLEXCLUSIVE);
	for (;;) {
		int n = epoll_wait(epoll, events, 128, -1);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;
			if (fd == listener)
				while (take(accepts) && accepts == 0)
					;
			else if (!answer(fd))
				close(fd);
		}
	}
}

static void listen_somewhere(void) {
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof address;
	int on = 1;
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) < 0 || listen(listener, 4096) < 0 ||
	    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &size) < 0)
		err(1, "listen");
	printf("127.0.0.1:%d", ntohs(address.sin_port));
}

int main(int argc, char **argv) {
	char ignored[64];
	pid_t parent = getpid();
	if (argc != 3)
		errx(2, "usage: server WORKERS ACCEPTS");
	listen_somewhere();
	for (int i = atoi(argv[1]); i > 0; i--) {
		fflush(stdout);
		pid_t pid = fork();
		if (pid < 0)
			err(1, "fork");
		if (pid == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() == parent)
				serve(atoi(argv[2]));
			_exit(1);
		}
		printf(" %d", pid);
	}
	printf("\n");
	fflush(stdout);
	while (read(0, ignored, sizeof ignored) > 0)
		;
	return 0; /* and the kernel ends the children */
}
