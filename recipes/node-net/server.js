const net = require("node:net");

const server = net.createServer({ allowHalfOpen: true }, (socket) => {
  socket.on("data", () => socket.write("hello world"));
  socket.on("end", () => socket.end()); // after the last answer, which allowHalfOpen lets through
  socket.on("error", () => socket.destroy()); // a client's reset is no reason to die
});
// Node listens anew, and so sets the length of the queue that all workers share: 511 if not told. Beside
// fd it has to be told by an argument of its own, not by an option.
server.listen({ fd: Number(process.env.EINHORN_FD_0) }, 4096);
process.on("SIGTERM", () => server.close());
