/** A rule that says which fields are masked in events, and for whom. */
export interface RedactionRule {
  /** Names (`*_token`) at any depth, and paths from the event's root (`object.spec.sshKey`). */
  readonly fields: readonly string[];
  /** `type.action.key`; absent for all events. */
  readonly events?: string | undefined;
  /**
   * Roles that see the values all the same, besides admin. Without any, nobody sees them, and they are stored
   * nowhere.
   */
  readonly except?: readonly string[] | undefined;
  /**
   * Present on rules whose names are guesses. `noSecrets` are names of values that are no secret though they are
   * called so; under `directories` the path of a directory is no secret. Numbers within an object of such a name
   * stay, as its form does.
   */
  readonly usual?: { readonly noSecrets: readonly string[]; readonly directories: readonly string[] };
}

/**
 * The default rule: names that hardly ever stand for anything but a secret. It leaves out `tokens`, which mostly
 * counts tokens, `accessKeys`, which are public in DRP, and everything that a bare `key` could match, since keys
 * identify events. The last configuration that kubectl applied is masked, since it is a copy of the whole object with
 * the values of its variables.
 */
export const DEFAULT_REDACTION: readonly RedactionRule[] = [
  {
    fields: [
      '*password',
      '*passwords',
      '*passwordHash',
      '*passwordHashes',
      '*passwd',
      '*passphrase',
      '*secret',
      '*secrets',
      '*secretString',
      '*secretValue',
      '*token',
      '*jwt',
      '*authorization',
      '*credential',
      '*credentials',
      '*apiKey',
      '*accessKey',
      '*privateKey',
      '*privateKeyPem',
      '*clientKeyData',
      '*secretKey',
      '*encryptionKey',
      '*signingKey',
      '*apiKeys',
      '*secretAccessKeys',
      '*privateKeys',
      '*secretKeys',
      '*connectionString',
      '*connectionStrings',
      '*pwd',
      'cookie',
      'setCookie',
      '*sessionId',
      '*sessId',
      '*dockerConfigJson',
      '*lastAppliedConfiguration',
    ],
    usual: {
      noSecrets: [
        'checksum/*',
        'secretName',
        'imagePullSecrets',
        '*pageToken',
        'nextToken',
        'continuationToken',
        'continueToken',
        'syncToken',
        'nextSyncToken',
        'clientRequestToken',
      ],
      directories: ['pwd', 'oldPwd'],
    },
  },
];
