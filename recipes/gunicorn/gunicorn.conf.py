workers = 2  # processes of each of rota's workers
threads = 4  # a client that keeps its connection holds a thread, not a process
backlog = 4096  # of the queue that all share: gunicorn listens anew
graceful_timeout = 25  # below rota's drain_timeout
