import type { ErrorRequestHandler } from 'express';
import { drpRefusal } from '../../dialects/drp.ts';
import { apiRefusal } from '../../dialects/refusal.ts';
import { asBelfryError, BelfryError } from '../../model/errors.ts';
import { RejectedInput } from '../../telemetry/rejected-input.ts';
import { pathForm, type DescribedRoute } from './route.ts';
import { setHeaders } from '../http/answer-headers.ts';
import type { HttpRequest, HttpResponse } from '../http/exchange.ts';
import { bodyFault } from '../http/json-body.ts';

export interface ErrorHandlerOptions {
  readonly routes: readonly Pick<DescribedRoute, 'path' | 'ofDrp'>[];
  readonly rejected: RejectedInput;
  readonly logFault: (error: BelfryError) => void;
}

/** Answers a request with the error for which it is refused. */
export type Refuse = (
  thrown: unknown,
  request: HttpRequest & { readonly originalUrl?: string },
  response: HttpResponse,
) => void;

/** Answers every error of every HTTP route, in a form that DRP's clients read. */
export function errorHandler({ routes, rejected, logFault }: ErrorHandlerOptions): Refuse {
  const ofDrp = routes.filter((route) => route.ofDrp === true).map(({ path }) => pathForm(path));
  const isOfDrp = new RegExp(`^(?:${ofDrp.join('|')})(?:\\?|$)`);
  return (thrown, request, response) => {
    // A client that reads half of an answer must see that it was cut.
    if (response.headersSent) return void response.destroy();
    setHeaders(response);
    const error = fromExpress(thrown);
    if (error.code === 'internal') logFault(error);
    else if (RejectedInput.is(error)) rejected.report('http', error.code);
    const refusalFor = isOfDrp.test(request.originalUrl ?? request.url ?? '') ? drpRefusal : apiRefusal;
    const { status, headers, body } = refusalFor(error, request.method ?? '');
    response.statusCode = status;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    // With a text as the body, Node would write the headers as UTF-8 too, and an idempotency key in them would change.
    response.end(request.method === 'HEAD' ? undefined : Buffer.from(body));
  };
}

/** The same for express, which knows by the number of parameters that this handles errors. */
export function errorMiddleware(refuse: Refuse): ErrorRequestHandler {
  return (thrown, request, response, _next) => refuse(thrown, request, response);
}

function fromExpress(thrown: unknown): BelfryError {
  const isFault = thrown instanceof Error && !(thrown instanceof BelfryError) && 'status' in thrown;
  return (isFault ? bodyFault(thrown) : undefined) ?? asBelfryError(thrown);
}
