import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import express, { type Express, type RequestHandler, type Router } from 'express';
import type { Logger } from 'pino';
import { dialectAt } from '../dialects/paths.ts';
import { BelfryError } from '../model/errors.ts';
import { asyncApi } from './api-docs/asyncapi.ts';
import { sendsDocument } from './api-docs/document.ts';
import { openApi } from './api-docs/openapi.ts';
import { errorHandler, errorMiddleware } from './rest/error-handler.ts';
import { directRoutes, type DirectRoutes } from './rest/direct-routes.ts';
import { asMiddleware } from './http/handler.ts';
import type { ConsoleSite } from './console/console-site.ts';
import { cors } from './http/cors.ts';
import type { FrontPage } from './http/front-page.ts';
import { securityHeaders } from './http/security-headers.ts';
import { HttpConnections } from './http/http-connections.ts';
import { closeListener, closeServer, openListener, whyNotOpened } from './http/server-listener.ts';
import { HEAD_MS, httpServer, LOOK_EVERY_MS } from './http/http-server.ts';
import { METRICS, type Listening, type ListenerSpec } from './http/listener.ts';
import { methodCheck } from './rest/method-check.ts';
import { apiHandlers, apiRouter } from './rest/api-router.ts';
import { CLUSTERS_ROUTES, clustersRouter } from './rest/clusters-routes.ts';
import { CONSOLE_ROUTES } from './rest/console-routes.ts';
import { DOCS_ROUTES, docsOnDemand } from './rest/docs-routes.ts';
import { DOCUMENTS_ROUTES } from './rest/documents-routes.ts';
import { FRONT_PAGE_ROUTES } from './rest/front-page-routes.ts';
import { HEALTH_ROUTES, type HealthDeps } from './rest/health-routes.ts';
import { MCP_ROUTES } from './rest/mcp-routes.ts';
import { METRICS_ROUTES, type MetricsDeps } from './rest/metrics-routes.ts';
import { mount, type DescribedRoute } from './rest/route.ts';
import { API_ROUTES, servedRoutes } from './rest/routes.ts';
import { mcpRouter } from './mcp/mcp-router.ts';
import { refusalOf } from './sockets/handshake.ts';
import { FirstBytes, type FirstBytesOptions } from './sockets/first-bytes.ts';
import { HandshakeRequest } from './sockets/handshake-request.ts';
import { checkHost, toOneForm } from './http/request-target.ts';
import { refuse } from './http/raw-answer.ts';
import type { Upgrade } from './sockets/upgrade.ts';
import type { RestOptions } from './rest-options.ts';

export interface GatewayOptions {
  readonly listen: readonly ListenerSpec[];
  /** Whether somebody named the ports. If so, an occupied port is an error; otherwise it is a warning. */
  readonly listenGiven: boolean;
  readonly reusePort: 'on' | 'off';
  readonly tls: { readonly key: string; readonly cert: string };
  /** How long a connection is kept open between two requests. */
  readonly keepAliveMs: number;
  readonly upgrade: Upgrade;
  readonly rest: RestOptions;
  /** What operators ask for. */
  readonly operators: MetricsDeps & HealthDeps;
  readonly site: ConsoleSite;
  readonly log: Logger;
}

/** The HTTP side of a node. Each of its listeners serves every path. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #servers: Server[] = [];
  readonly #firstBytes: FirstBytes[] = [];
  readonly #connections = new HttpConnections();
  /** The routes of all listeners together. */
  readonly #routes: readonly DescribedRoute[];
  readonly #openapi: ReturnType<typeof sendsDocument>;
  readonly #checkMethod: RequestHandler;
  readonly #docs = docsOnDemand();
  readonly #api: Router;
  readonly #clusters: Router;
  readonly #mcp: Router;
  #listening: readonly Listening[] = [];
  #stopped: Promise<unknown> | undefined;

  constructor(options: GatewayOptions) {
    this.#options = options;
    const metricsApart = options.listen.some(({ dialect }) => dialect === METRICS);
    this.#routes = servedRoutes({ ...options.rest, metricsApart });
    this.#openapi = sendsDocument(() => openApi(options.rest.version, this.#routes, options.rest.formats));
    this.#checkMethod = methodCheck(this.#routes);
    this.#api = apiRouter(options.rest);
    this.#clusters = clustersRouter(options.rest);
    this.#mcp = mcpRouter(options.rest, options.log);
  }

  /**
   * Opens the listeners. @throws BelfryError `config_invalid` when a named port is occupied, or when no port could be
   * opened
   */
  async start(): Promise<Listening[]> {
    const { listen, listenGiven, log } = this.#options;
    const listening: Listening[] = [];
    const failures: [port: number, error: unknown][] = [];
    for (const spec of listen) {
      try {
        listening.push(await this.#listen(spec));
      } catch (cause) {
        failures.push([spec.port, cause]);
        if (listenGiven) break;
      }
    }
    this.#listening = listening;
    if (failures.length === 0) return listening;
    const why = whyNotOpened(failures);
    if (listenGiven || listening.length === 0) throw new BelfryError('config_invalid', why);
    log.warn(`${why} This node does without.`);
    return listening;
  }

  /**
   * From now on each response asks its client to connect anew for its next request. The promise resolves when no
   * connection is left, or after this time. Only then should the remaining connections be closed: a client that is
   * sending a request would not learn its result.
   */
  leave(withinMs: number): Promise<void> {
    this.#connections.leave();
    return this.#connections.empty(withinMs, this.#options.rest.clock);
  }

  /**
   * Takes no new connections, so that they go to other processes with the same listeners. The connections that the node has
   * stay, also those that wait for their next request.
   */
  closeListeners(): void {
    for (const server of this.#servers) closeListener(server);
  }

  /**
   * Accepts no more requests, and resolves when all sockets have gone. The hub itself closes the upgraded sockets. A
   * second call returns the same promise.
   */
  stop(): Promise<unknown> {
    for (const firstBytes of this.#firstBytes) firstBytes.stop();
    return (this.#stopped ??= Promise.all(this.#servers.map(closeServer)));
  }

  /** Opens one listener. It rejects when the port cannot be opened. */
  async #listen(spec: ListenerSpec): Promise<Listening> {
    const server = httpServer(
      { ...this.#options, tls: spec.tls ? this.#options.tls : undefined },
      this.#connections,
    );
    // This comes before everything that reads the target of a request, so that all of them read the same target.
    server.on('request', toOneForm);
    server.on('upgrade', toOneForm);
    const { serve, find } = this.#app(spec);
    server.on('request', (request, response) => {
      if (this.#connections.answerOn(request.socket) === response) serve(request, response);
    });
    const upgrade = (handshake: HandshakeRequest): void => this.#upgrade(spec, handshake);
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      upgrade(new HandshakeRequest(request, request.socket, socket, head)),
    );
    // A TLS handshake costs so much more than Node's parser that it is not worth another way.
    if (!spec.tls) this.#readFirst(server, { upgrade, find });
    const port = await openListener(server, spec, this.#options.reusePort === 'on');
    server.on('error', (error) => this.#options.log.error({ err: error }, 'listener failed'));
    this.#servers.push(server);
    return { ...spec, port, url: `${spec.tls ? 'https' : 'http'}://${spec.host ?? 'localhost'}:${port}` };
  }

  #readFirst(server: Server, how: Pick<FirstBytesOptions, 'upgrade' | 'find'>): void {
    const { rest, keepAliveMs } = this.#options;
    const times = { headMs: HEAD_MS, lookEveryMs: LOOK_EVERY_MS, keepAliveMs };
    const options = { ...how, ...times, connections: this.#connections, rejected: rest.rejected };
    this.#firstBytes.push(new FirstBytes(server, options));
  }

  #upgrade({ dialect }: ListenerSpec, handshake: HandshakeRequest): void {
    if (dialect === METRICS)
      return refuse(handshake.stream, refusalOf(new BelfryError('not_found', 'No route')));
    void this.#options.upgrade.handle(handshake, dialect);
  }

  /** What serves the requests of a listener, and the part of it that needs no express. */
  #app(spec: ListenerSpec): { readonly serve: RequestListener; readonly find: DirectRoutes } {
    const { rest, log } = this.#options;
    const app = express();
    app.disable('x-powered-by');
    app.disable('etag');
    const ofAll = [securityHeaders, checkHost];
    const ofApi = cors(rest.allowedOrigins);
    app.use(asMiddleware(...ofAll));
    if (spec.dialect !== METRICS) app.use(['/api', '/mcp'], asMiddleware(ofApi)).use(this.#checkMethod);
    this.#operatorRoutes(app, spec);
    if (spec.dialect !== METRICS) this.#hubRoutes(app, spec);
    app.use(() => {
      throw new BelfryError('not_found', 'No route');
    });
    const logFault = (error: BelfryError): void => log.error({ err: error.cause }, 'request failed');
    const answerError = errorHandler({ routes: this.#routes, rejected: rest.rejected, logFault });
    app.use(errorMiddleware(answerError));
    if (spec.dialect === METRICS) return { serve: app, find: () => undefined };
    const before = [...ofAll, ofApi, ...apiHandlers(rest)];
    const find = directRoutes(API_ROUTES, rest, { before, refuse: answerError });
    const serve: RequestListener = (request, response) => void (find(request) ?? app)(request, response);
    return { serve, find };
  }

  /**
   * If metrics have a listener of their own, no other listener serves them, so that the others may be open to the
   * world.
   */
  #operatorRoutes(app: Express, { dialect }: ListenerSpec): void {
    const { operators } = this.#options;
    mount(app, '', HEALTH_ROUTES, operators);
    if (dialect === METRICS || this.#serves(METRICS_ROUTES)) mount(app, '', METRICS_ROUTES, operators);
  }

  /** Whether the listeners of the hub serve these routes. */
  #serves(routes: readonly DescribedRoute[]): boolean {
    return routes.every(({ id }) => this.#routes.some((served) => served.id === id));
  }

  #hubRoutes(app: Express, spec: ListenerSpec): void {
    const { rest, site } = this.#options;
    mount(app, '', FRONT_PAGE_ROUTES, { about: () => this.#about(), site });
    mount(app, '', CONSOLE_ROUTES, { site });
    mount(app, '', DOCS_ROUTES, this.#docs);
    const about = { ...rest, byDefault: spec.dialect, tls: spec.tls };
    const asyncapi = sendsDocument(() => asyncApi(about));
    mount(app, '', DOCUMENTS_ROUTES, { openapi: this.#openapi, asyncapi });
    app.use((request, response, next) => {
      if (dialectAt(request.path, spec.dialect, rest.dialects) === undefined) next();
      else return this.#options.upgrade.refuse(request, response, spec.dialect);
    });
    app.use('/api/v3', this.#api);
    if (this.#serves(CLUSTERS_ROUTES)) app.use('/api/clusters', this.#clusters);
    if (this.#serves(MCP_ROUTES)) app.use('/mcp', this.#mcp);
  }

  #about(): FrontPage {
    const { node, version } = this.#options.rest;
    const listeners = this.#listening.filter(({ dialect }) => dialect !== METRICS);
    const apart = this.#listening.find(({ dialect }) => dialect === METRICS);
    const metrics = this.#serves(METRICS_ROUTES) ? '/metrics' : apart && `${apart.url}/metrics`;
    return { node, version, listeners, metrics };
  }
}
