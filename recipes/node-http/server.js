const http = require("node:http");

const server = http.createServer((request, response) => {
  setTimeout(() => response.end("hello world\n"), request.url === "/slow" ? 500 : 0);
});
// Node listens anew, and so sets the length of the queue that all workers share: 511 if not told.
server.listen({ fd: 3, backlog: 4096 }, () => console.log("listening"));

process.on("SIGTERM", () => {
  server.close(); // accepts no more; what is being answered goes on, and is told "Connection: close"
  server.closeIdleConnections(); // between requests only: one that was just accepted may still ask
  setTimeout(() => server.closeAllConnections(), 25_000).unref(); // who never asked
});
