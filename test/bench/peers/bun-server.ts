/** It runs in Bun, whose types the project does not have, so the part that is used is declared here. */
import { Redis } from 'ioredis';
import { CHANNEL_PREFIX } from './ws.ts';

interface BunSocket {
  readonly data: { readonly topic: string };
  subscribe(topic: string): void;
}

interface BunServer {
  upgrade(request: Request, options: { data: BunSocket['data'] }): boolean;
  publish(topic: string, text: string): number;
}

declare const Bun: {
  serve(options: {
    port: number | undefined;
    hostname: string;
    fetch(request: Request, server: BunServer): Response | undefined;
    websocket: { open(socket: BunSocket): void; message(): void; idleTimeout: number };
  }): BunServer;
};

/** The longest time that Bun allows a socket without any message from the client, in seconds. */
const IDLE_S = 960;

const [port, redisPort = 0] = process.argv.slice(2).map(Number);
const server = Bun.serve({
  port,
  hostname: '127.0.0.1',
  fetch: (request, upgrader) => {
    const topic = new URL(request.url).searchParams.get('topic') ?? '';
    return upgrader.upgrade(request, { data: { topic } }) ? undefined : new Response('ok');
  },
  websocket: {
    open: (socket) => socket.subscribe(socket.data.topic),
    message: () => undefined,
    idleTimeout: IDLE_S,
  },
});

const redis = new Redis({ port: redisPort, host: '127.0.0.1' });
redis.on('pmessage', (_pattern: string, channel: string, text: string) =>
  server.publish(channel.slice(CHANNEL_PREFIX.length), text),
);
await redis.psubscribe(`${CHANNEL_PREFIX}*`);
