workers = 2  # processes of each of rota's workers
threads = 4  # a client that keeps its connection holds a thread, not a process
backlog = 4096  # of the queue that all share: gunicorn listens anew
graceful_timeout = 25  # below rota's drain_timeout


def post_worker_init(worker):
    # gunicorn says READY=1 before its processes have loaded the app, and until then they are deaf to
    # SIGTERM. So rota waits for this line, which the last of them prints.
    if worker.age == workers:
        print("ready", flush=True)
