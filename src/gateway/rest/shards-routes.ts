import { z } from 'zod';
import type { Reshard } from '../../broker/reshard.ts';
import { BelfryError } from '../../model/errors.ts';
import { parseJson } from '../../model/json.ts';
import type { Epoch } from '../../model/shards.ts';
import type { Question, Survey } from '../../registry/survey.ts';
import { identityOf } from '../auth/request-identity.ts';
import { mayReshard } from '../auth/visibility.ts';
import { checked, digits, lenient, query, required } from './query.ts';
import { json, named, route, type Route } from './route.ts';

export interface ShardsDeps {
  readonly shards: Reshard;
  readonly survey: Survey;
}

const epoch = z.strictObject({
  first: z.int().describe('The number of its first shard; no number is used twice'),
  count: z.int(),
  fans: z.record(z.string(), z.int()).describe('Over how many shards the keys of a type are spread'),
});

/** The newest shards whose events a node delivers. A node of a version that cannot follow another layout does not answer. */
export const SHARDS: Question<object, z.infer<typeof epoch>> = {
  name: 'shards',
  asked: z.object({}),
  answer: z.object(epoch.shape),
};

/** Lets this node answer. */
export function answerShards(survey: Survey, shards: Reshard): void {
  survey.answering(SHARDS, async () => told((await shards.division()).delivered));
}

const division = z.strictObject({
  shards: epoch.describe('The shards that take new events'),
  next: epoch.nullable().describe('Those into which the hub is being divided'),
  behind: z.array(z.string()).describe('The nodes that do not deliver what is published in the shards yet'),
  silent: z.array(z.string()).describe('The nodes that did not answer within two seconds'),
});

const DIVISION = json('How the hub is divided', named('Division', division));

/** As in the settings. */
const COUNT_FORM = z.int().min(1).max(256);
const COUNT = required(
  checked(
    digits(/^\d{1,4}$/, COUNT_FORM).describe('Into how many shards'),
    () => new BelfryError('parameter_invalid', 'The parameter count is not usable. Expected 1 to 256.'),
  ),
);

const fansForm = z.record(z.string().min(1), COUNT_FORM);
const FANS = {
  ...lenient(fansForm.describe('The fans of types, as BELFRY_SHARD_FANS has them; none if absent'), fansIn),
  asJson: true as const,
};

function fansIn(written: string): Epoch['fans'] {
  try {
    return fansForm.parse(parseJson(Buffer.from(written)));
  } catch (cause) {
    throw new BelfryError(
      'parameter_invalid',
      'The parameter fans is not usable. Expected JSON as in {"deploy":4}, with 1 to 256 shards for each type.',
      { cause },
    );
  }
}

export const SHARDS_ROUTES: readonly Route<ShardsDeps>[] = [
  route({
    id: 'getShards',
    method: 'get',
    path: '/api/v3/shards',
    summary: 'Into which shards the hub is divided, and which nodes have come so far',
    answers: { 200: DIVISION },
    errors: ['forbidden'],
    handler: async (deps: ShardsDeps, { response }) => {
      mayReshard(identityOf(response));
      response.json(await divisionOf(deps));
    },
  }),
  route({
    id: 'reshard',
    method: 'post',
    path: '/api/v3/shards',
    summary: 'Divide the running hub into another number of shards',
    query: query({ count: COUNT, fans: FANS }),
    answers: { 200: DIVISION },
    errors: ['parameter_invalid', 'forbidden', 'reshard_refused'],
    handler: async (deps: ShardsDeps, { response, query: { count, fans = {} } }) => {
      mayReshard(identityOf(response));
      const { silent } = await divisionOf(deps);
      if (silent.length > 0)
        throw new BelfryError(
          'reshard_refused',
          `The nodes ${silent.join(', ')} gave no answer. Expected all nodes of the hub to have a version that can follow, and those that have ended to be gone from "GET /api/v3/nodes".`,
        );
      await deps.shards.reshard(count, fans);
      response.json(await divisionOf(deps));
    },
  }),
];

async function divisionOf({ shards, survey }: ShardsDeps): Promise<z.infer<typeof division>> {
  const { answers, silent } = await survey.ask(SHARDS, {});
  const { stored, next } = await shards.division();
  const behind = answers.filter(({ answer }) => answer.first < stored.first).map(({ node }) => node);
  return { shards: told(stored), next: next ? told(next) : null, behind, silent: [...silent] };
}

function told({ first, count, fans }: Epoch): z.infer<typeof epoch> {
  return { first, count, fans };
}
