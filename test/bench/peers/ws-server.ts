import { createServer } from 'node:http';
import { Redis } from 'ioredis';
import { WebSocketServer, type WebSocket } from 'ws';
import { CHANNEL_PREFIX } from './ws.ts';

const [port, redisPort] = process.argv.slice(2).map(Number);
const topics = new Map<string, Set<WebSocket>>();

const http = createServer((_request, response) => response.end('ok'));
const sockets = new WebSocketServer({ server: http, perMessageDeflate: false });
sockets.on('connection', (socket, request) => {
  const topic = new URL(request.url ?? '/', 'http://localhost').searchParams.get('topic') ?? '';
  const members = topics.get(topic) ?? new Set();
  topics.set(topic, members.add(socket));
  socket.on('error', () => socket.terminate());
  socket.on('close', () => {
    members.delete(socket);
    if (members.size === 0) topics.delete(topic);
  });
});

const redis = new Redis({ port: redisPort ?? 0, host: '127.0.0.1' });
redis.on('pmessage', (_pattern: string, channel: string, text: string) => {
  for (const client of topics.get(channel.slice(CHANNEL_PREFIX.length)) ?? []) client.send(text);
});
await redis.psubscribe(`${CHANNEL_PREFIX}*`);
http.listen({ port, host: '127.0.0.1', backlog: 4_096 });
