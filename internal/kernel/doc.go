// Package kernel is the kernel's view of sockets and processes: which
// connections belong to the listeners, how full their accept queues are, which
// process holds which socket, which processes a worker has become, and what they use.
//
// Nothing here asks a worker, so what it says is true for a program in any
// language, and stays true when the worker hangs. The story in four steps:
// Describe remembers what a listening socket is; Connections asks sock_diag
// over netlink for the sockets accepted from it, filtered by port and state
// inside the kernel; Families finds the processes of each worker, which may have
// forked; their SocketInodes reads /proc/PID/fd, and the inode both have in
// common says whose connection it is.
//
// One thing is done, and not only seen: CloseConnections ends connections for whom
// their process does not, or not yet.
//
// Every call opens what it needs and closes it again: no state, no goroutine
// and no descriptor outlives it. Linux only. The kernel answers for the network
// namespace the caller is in.
package kernel
