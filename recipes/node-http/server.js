const http = require("node:http");
const net = require("node:net");

let draining = false;
const server = http.createServer((request, response) => {
  setTimeout(() => {
    // Node would go on with a client that keeps its connection, for as long as it has requests.
    if (draining) response.setHeader("Connection", "close");
    response.end("hello world\n");
  }, request.url === "/slow" ? 500 : 0);
});
// Node listens anew, and so sets the length of the queue that all workers share: 511 if not told. Beside
// fd it has to be told by an argument of its own, not by an option.
server.listen({ fd: 3 }, 4096);

process.on("SIGTERM", () => {
  draining = true;
  // Accept no more; what was accepted is answered. http's own close would also end the connections that are
  // between two requests, the next of which may be on its way. They end with the answer to that, or when they
  // have been idle for keepAliveTimeout, which is 5 s.
  net.Server.prototype.close.call(server);
  setTimeout(() => server.closeAllConnections(), 25_000).unref(); // those that have never asked
});
