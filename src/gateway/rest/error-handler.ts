import type { ErrorRequestHandler } from 'express';
import { drpRefusal } from '../../dialects/drp.ts';
import { apiRefusal } from '../../dialects/refusal.ts';
import { asBelfryError, BelfryError } from '../../model/errors.ts';
import { RejectedInput } from '../../telemetry/rejected-input.ts';
import { pathForm, type DescribedRoute } from './route.ts';
import { bodyFault } from '../http/json-body.ts';

export interface ErrorHandlerOptions {
  readonly routes: readonly Pick<DescribedRoute, 'path' | 'ofDrp'>[];
  readonly rejected: RejectedInput;
  readonly logFault: (error: BelfryError) => void;
}

/** Answers every error of every HTTP route, in a form that DRP's clients read. */
export function errorHandler({ routes, rejected, logFault }: ErrorHandlerOptions): ErrorRequestHandler {
  const ofDrp = routes.filter((route) => route.ofDrp === true).map(({ path }) => pathForm(path));
  const isOfDrp = new RegExp(`^(?:${ofDrp.join('|')})(?:\\?|$)`);
  return (thrown: unknown, request, response, next) => {
    if (response.headersSent) return next(thrown);
    const error = fromExpress(thrown);
    if (error.code === 'internal') logFault(error);
    else if (RejectedInput.is(error)) rejected.report('http', error.code);
    const refusalFor = isOfDrp.test(request.originalUrl) ? drpRefusal : apiRefusal;
    const { status, headers, body } = refusalFor(error, request.method);
    response
      .status(status)
      .set(headers)
      // With a text as the body, Node would write the headers as UTF-8 too, and an idempotency key in them would
      // change.
      .end(request.method === 'HEAD' ? undefined : Buffer.from(body));
  };
}

function fromExpress(thrown: unknown): BelfryError {
  const isFault = thrown instanceof Error && !(thrown instanceof BelfryError) && 'status' in thrown;
  return (isFault ? bodyFault(thrown) : undefined) ?? asBelfryError(thrown);
}
