// A peer: the same relay on Node's `ws`, in so many words as its users would write. Development only.
// usage: node relay.js PORT FOLDER_OF_WS

const { createServer } = require("node:http");
const { WebSocketServer } = require(process.argv[3]);

const rooms = new Map();
const server = createServer((_, answer) => answer.end('{"alive": true}'));
const sockets = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 64 * 1024 });

sockets.on("connection", (socket, request) => {
  const room = rooms.get(request.url) ?? new Set();
  rooms.set(request.url, room.add(socket));
  socket.on("message", (text) => {
    JSON.parse(text);
    for (const other of room) if (other !== socket) other.send(text, { binary: false });
  });
  socket.on("close", () => room.delete(socket));
});
server.listen(Number(process.argv[2]), "127.0.0.1", 4096);
