// Package kernel is the kernel's view of sockets and processes: which connections belong to the listeners,
// how full their accept queues are, which process holds which socket, which processes a worker has become,
// and what they use.
//
// Nothing here asks a worker. So the answers are true for a program in any language, and when the worker
// hangs. The story in four steps: Describe remembers what a listening socket is. Connections asks sock_diag
// over netlink for the sockets accepted from it, filtered by port and state inside the kernel. Families finds
// the processes of each worker, which may have forked. SocketInodes reads their /proc/PID/fd, and the inode
// that both have in common says whose connection it is.
//
// One thing changes what it sees: CloseConnections closes connections in place of a process that does not, or
// not yet.
//
// Every call opens what it needs and closes it again: no state, no goroutine and no descriptor outlives it,
// except what WatchEndings returns. Linux only. The kernel answers for the network namespace of the caller.
package kernel
