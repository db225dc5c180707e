import signal
import socket
import socketserver
import threading


class Greeter(socketserver.BaseRequestHandler):
    def handle(self):
        while self.request.recv(4096):
            self.request.sendall(b"hello world")


server = socketserver.ThreadingTCPServer(("", 0), Greeter, bind_and_activate=False)
server.socket.close()
server.socket = socket.socket(fileno=3)
# Several processes wait for the same connection, and one gets it: the others mustn't wait in accept.
server.socket.setblocking(False)
# shutdown waits for serve_forever, which can't end while the main thread handles the signal.
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
server.server_close()  # waits for the threads, each of which lives as long as its client
