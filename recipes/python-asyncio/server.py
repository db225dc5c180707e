import asyncio
import os
import signal
import socket


async def greet(reader, writer):
    try:
        while await reader.read(4096):
            writer.write(b"hello world")
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    fds = range(3, 3 + int(os.environ["LISTEN_FDS"]))
    # asyncio listens anew, and so sets the length of the queue that all workers share: 100 if not told.
    servers = [await asyncio.start_server(greet, sock=socket.socket(fileno=fd), backlog=4096) for fd in fds]
    await stop.wait()
    for server in servers:
        server.close()
    # What was accepted a moment ago may be a task that has not begun; wait_closed doesn't wait for it.
    while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(tasks)


asyncio.run(main())
