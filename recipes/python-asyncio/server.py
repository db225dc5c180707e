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
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    fds = range(3, 3 + int(os.environ["LISTEN_FDS"]))
    # asyncio listens anew, and so sets the length of the queue that all workers share: 100 if not told.
    servers = [await asyncio.start_server(greet, sock=socket.socket(fileno=fd), backlog=4096) for fd in fds]
    await stop.wait()
    # Not server.close(): a connection that was accepted but whose task has not begun would be dropped.
    for fd in fds:
        loop.remove_reader(fd)
    while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(tasks)


asyncio.run(main())
