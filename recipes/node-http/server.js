const http = require("node:http");

let draining = false;
const server = http.createServer((request, response) => {
  setTimeout(() => {
    // Node would go on with a client that keeps its connection, for as long as it has requests.
    if (draining) response.setHeader("Connection", "close");
    response.end("hello world\n");
  }, request.url === "/slow" ? 500 : 0);
});
// Node listens anew, and so sets the length of the queue that all workers share: 511 if not told.
server.listen({ fd: 3, backlog: 4096 }, () => console.log("listening"));

process.on("SIGTERM", () => {
  draining = true;
  server.close(); // accepts no more; what was accepted is answered
  server.closeIdleConnections(); // those between two requests; not those that have never asked
  setTimeout(() => server.closeAllConnections(), 25_000).unref(); // not even then
});
