environment "production"
threads 1, 8
bind_to_activated_sockets "only"

# Else a thread hands a silent connection to the reactor, which at SIGTERM closes all that are silent:
# those that were accepted a moment ago too, whose request is on its way. The price is keep-alive, and
# that a slow client holds a thread: have a proxy in front.
queue_requests false

# Exit 0 after a graceful stop, not by the signal.
raise_exception_on_sigterm false
