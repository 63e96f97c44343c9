import { arch, platform } from 'node:os';
import { z } from 'zod';
import { json, named, route, type Route } from './route.ts';

export interface InfoDeps {
  readonly node: string;
  readonly version: string;
  readonly connections: { readonly size: number };
}

const INFO = named(
  'Info',
  z.strictObject({
    arch: z.string(),
    os: z.string(),
    version: z.string(),
    id: z.string().describe('The name of the node'),
    api_port: z.int(),
    features: z.array(z.string()),
    stats: z.array(z.strictObject({ name: z.string(), count: z.int() })),
  }),
);

export const INFO_ROUTES: readonly Route<InfoDeps>[] = [
  route({
    id: 'getInfo',
    method: 'get',
    path: '/api/v3/info',
    ofDrp: true,
    summary: 'Read about this node',
    answers: { 200: json('The node, in the fields of DRP', INFO) },
    handler: ({ node, version, connections }: InfoDeps, { request, response }) => {
      response.json({
        arch: arch() === 'x64' ? 'amd64' : arch(),
        os: platform(),
        version: `v${version}`,
        id: node,
        api_port: request.socket.localPort ?? 0,
        features: ['websocket-auth', 'events'],
        stats: [{ name: 'connections', count: connections.size }],
      });
    },
  }),
];
