export interface DockerOptions {
  /** The address of the engine, as in DOCKER_HOST. */
  readonly host: string;
  /** Templates of the id of the app of a container; the first that fits decides. */
  readonly appId: readonly string[];
}
