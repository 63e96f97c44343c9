import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';

const [port, redisPort = 0] = process.argv.slice(2).map(Number);
const http = createServer((request, response) => {
  if (request.url === '/healthz') response.end('ok');
});
const redis = new Redis({ port: redisPort, host: '127.0.0.1' });
const io = new Server(http, {
  adapter: createAdapter(redis, redis.duplicate()),
  transports: ['websocket'],
  perMessageDeflate: false,
  serveClient: false,
});
io.on('connection', async (socket) => {
  const { topic } = socket.handshake.query;
  if (typeof topic === 'string') await socket.join(topic);
});
http.listen({ port, host: '127.0.0.1', backlog: 4_096 });
