/** Reads as much as the user may: what may not be read is noted, and the rest goes on. */
import type { KubeClient } from "../kube/client.ts";
import { isForbidden, isNotFound } from "../kube/errors.ts";
import { qualifiedName, type Resource } from "../kube/resource.ts";
import type { Selection } from "../kube/selector.ts";
import type { KubeObject, ObjectKey } from "../kube/types.ts";

export class Reading {
  readonly #client: KubeClient;
  readonly #notes = new Set<string>();
  readonly #absent = new Set<string>();

  constructor(client: KubeClient) {
    this.#client = client;
  }

  /** What could not be read, each with the right or the definition that is missing. */
  get notes(): readonly string[] {
    return [...this.#notes];
  }

  /** Whether the API server does not serve the kind at all. */
  isAbsent(resource: Resource): boolean {
    return this.#absent.has(qualifiedName(resource));
  }

  /** @returns undefined when the list may not be read. @throws ApiError, TransportError for everything else. */
  async list<T extends KubeObject>(
    resource: Resource<T>,
    selection: Selection = {},
  ): Promise<T[] | undefined> {
    try {
      return await this.#client.listAll(resource, selection);
    } catch (error) {
      return this.#refused(error, resource, { verb: "list", namespace: selection.namespace });
    }
  }

  /** @returns undefined when it is not there, or may not be read. @throws ApiError, TransportError otherwise. */
  async find<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Promise<T | undefined> {
    try {
      return await this.#client.find(resource, key);
    } catch (error) {
      return this.#refused(error, resource, { verb: "get", namespace: key.namespace });
    }
  }

  #refused(
    error: unknown,
    resource: Resource,
    { verb, namespace }: { readonly verb: string; readonly namespace: string | undefined },
  ): undefined {
    const name = qualifiedName(resource);
    if (isNotFound(error)) {
      this.#absent.add(name);
      this.#notes.add(`Cannot show ${name}: the API server does not serve them; is the operator installed?`);
      return undefined;
    }
    if (!isForbidden(error)) throw error;
    const where = namespace === undefined ? "in all namespaces" : `in namespace ${namespace}`;
    this.#notes.add(`Cannot show ${name} as the right to ${verb} them ${where} is missing`);
    return undefined;
  }
}
