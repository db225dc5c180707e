package doctor

// check is something that a good worker does, and advice for a program that does not.
type check struct {
	name   string
	advice string
}

var (
	takesSocket = check{"takes the socket",
		"have it accept on the socket that it inherits (descriptor 3, told by LISTEN_FDS; {fd:NAME} in the arguments is its number), and open none itself"}
	saysReady = check{"says ready only when it accepts",
		"have it send READY=1 to NOTIFY_SOCKET once it accepts, or let rota find out: --ready tcp, http:/path or log:REGEX"}
	answersUnderLoad = check{"answers under load",
		"every connection that is accepted has to be answered; if it needs to be asked otherwise, give --path /x or --request TEXT"}
	leaksNoDescriptor = check{"leaks no descriptor under load",
		"close each connection, and what was opened for it, also when the client has closed first"}
	stopsAccepting = check{"stops accepting at the stop signal",
		"at the signal, close the listening socket (or no longer wait for it) at once, and answer whatever was accepted; new connections stay in the queue for the next worker"}
	answersSilent = check{"answers connections that were silent at the stop signal",
		"at the signal, give accepted connections on which nothing was said yet a few seconds for their request before closing them"}
	finishesRequests = check{"finishes requests in flight",
		"at the signal, go on reading and answering the requests that have begun, and exit when the last is answered"}
	closesIdle = check{"closes idle keep-alive connections",
		"at the signal, close connections that wait for another request, after a few seconds of grace at most"}
	letsBusyGo = check{"lets clients go that are never idle",
		"at the signal, answer with Connection: close from then on: a client that always has another request goes on with this worker for ever"}
	exitsInTime = check{"exits within the drain timeout with code 0",
		"have it handle the stop signal (--stop-signal, if it listens to another), and exit with 0 when the last connection is closed"}
	leavesNoProcess = check{"leaves no process behind",
		"have it wait for the processes that it started before it exits, or end them; a wrapper such as sh -c has to exec the program, or pass the signal on (--stop-group)"}
	neverShutsDown = check{"never shuts the shared socket down",
		"close(2) the listening socket and don't shutdown(2) it: that ends it for every process that shares it"}
	keepsNonBlocking = check{"keeps a non-blocking socket non-blocking",
		"don't clear O_NONBLOCK of the inherited socket (in Python setblocking(True), in Go File.Fd): all workers share the flag, and those that poll would hang in accept"}
	polledBlocks = check{"makes a socket non-blocking if it polls it",
		"set O_NONBLOCK on the inherited socket, or let rota do it (--listen …?nonblock=true, nonblock: true): of several processes that wake for a connection one gets it, and the others sleep in accept, with all the connections that they have"}
	keepsQueue = check{"keeps the accept queue as long as it was",
		"don't call listen on the inherited socket, or with a backlog of 4096 or more: all workers share the queue, and who finds it full waits a second or is refused"}
	keepsFile = check{"keeps the unix socket's file",
		"don't unlink the path of an inherited socket (in Go SetUnlinkOnClose(false)): nobody could connect any more"}
)
