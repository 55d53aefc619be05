/** Typed requests to the API server, over a {@link Transport}. It caches nothing and retries only what was refused. */
import type { RuntimeMetrics } from "../telemetry/metrics.ts";
import { type Clock, sleep } from "./clock.ts";
import { ApiError, isNotFound, isRecord, parseStatus } from "./errors.ts";
import { PageSize } from "./page_size.ts";
import { apiVersionOf, collectionPath, objectPath, qualifiedName, type Resource } from "./resource.ts";
import { type Selection, selectionQuery } from "./selector.ts";
import { isWrite, type KubeRequest, type KubeResponse, type Method, type Transport } from "./transport.ts";
import type { KubeObject, ObjectKey } from "./types.ts";
import { WatchConnection } from "./watch.ts";

export interface ClientOptions {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly metrics: RuntimeMetrics;
  /** Name under which applied fields are owned. */
  readonly fieldManager: string;
  /** Time for one request, in milliseconds (default 30 000). */
  readonly timeoutMs?: number;
  /** Cuts every request short, including the waits between retries. */
  readonly signal?: AbortSignal;
}

/** One page of a list. */
export interface Page<T> {
  readonly items: T[];
  readonly resourceVersion: string;
}

/** What must still be true of an object for a delete to go through. Both are required: names are used again. */
export interface Precondition {
  readonly uid: string;
  readonly resourceVersion: string;
}

export interface DeleteOptions {
  readonly precondition: Precondition;
  /** Children: `Background` (default) lets the garbage collector follow, `Foreground` waits for them, `Orphan` keeps them. */
  readonly propagation?: "Background" | "Foreground" | "Orphan";
  readonly gracePeriodSeconds?: number;
}

/** What became of an object that was deleted. */
export type Ended<T> =
  | { readonly kind: "absent" | "gone" }
  | { readonly kind: "ending"; readonly object: T };

/** The parts of an object that an apply names; what it does not name is left alone, or given up. */
export type Applied<T extends KubeObject> = Partial<Omit<T, "metadata">> & {
  metadata: ObjectKey & Partial<Omit<KubeObject["metadata"], "name" | "namespace">>;
};

/** How often a request is sent again after 429 Too Many Requests, and how long those waits may be in all. */
const REFUSED_RETRIES = 5;
const REFUSED_WAIT_MS = 30_000;

/**
 * A resourceVersion that no object ever has: it is the revision of an empty etcd, and the first write makes the second. An
 * apply that names it conflicts with every object that is there, and creates where there is none.
 */
const NOBODYS_VERSION = "1";

const JSON_TYPE = "application/json";
const APPLY_TYPE = "application/apply-patch+yaml";
const MERGE_TYPE = "application/merge-patch+json";
const STRATEGIC_TYPE = "application/strategic-merge-patch+json";

type Body = { readonly contentType: string; readonly value: unknown };

export class KubeClient {
  readonly #options: ClientOptions;
  readonly #timeoutMs: number;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? 30_000;
  }

  get fieldManager(): string {
    return this.#options.fieldManager;
  }

  /** Under which name fields of this kind are owned. */
  managerOf(resource: Resource): string {
    return resource.fieldManager ?? this.fieldManager;
  }

  /** Reads one object. @throws ApiError, with code 404 when it does not exist. */
  async get<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Promise<T> {
    return await this.#object(resource, "GET", objectPath(resource, key));
  }

  /** Reads one object, or undefined when it does not exist. */
  async find<T extends KubeObject>(resource: Resource<T>, key: ObjectKey): Promise<T | undefined> {
    try {
      return await this.get(resource, key);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /**
   * Lists in pages, straight from the server. Pages show one moment; the moment's resourceVersion stands in each.
   * @param largestPage how many objects a page may hold; large objects come in smaller pages, see `page_size.ts`
   * @throws ApiError, with code 410 when the listing took so long that its moment is no longer kept.
   */
  async *list<T extends KubeObject>(
    resource: Resource<T>,
    selection: Selection = {},
    largestPage?: number,
  ): AsyncGenerator<Page<T>, void> {
    const size = new PageSize(largestPage);
    let token: string | undefined;
    do {
      const query = selectionQuery(selection, { limit: size.next, continue: token });
      const path = `${collectionPath(resource, selection.namespace)}?${query}`;
      const answer = await this.#send(resource, "GET", path);
      const list = parseList(answer, path);
      size.note(list.items.length, answer.body.length);
      const items = list.items.filter(isRecord).map((item) => withKind<T>(resource, item));
      yield { items, resourceVersion: list.resourceVersion };
      token = list.continue;
    } while (token !== undefined);
  }

  /** All objects of a selection in one array: for small selections. */
  async listAll<T extends KubeObject>(resource: Resource<T>, selection: Selection = {}): Promise<T[]> {
    const items: T[] = [];
    for await (const page of this.list(resource, selection)) items.push(...page.items);
    return items;
  }

  /**
   * Opens a watch from `resourceVersion` on, with bookmarks.
   * @throws ApiError (410 when the version is no longer kept) or TransportError.
   */
  async watch<T extends KubeObject>(
    resource: Resource<T>,
    selection: Selection,
    options: { resourceVersion: string; timeoutSeconds: number; signal: AbortSignal },
  ): Promise<WatchConnection<T>> {
    const query = selectionQuery(selection, {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: options.resourceVersion,
      timeoutSeconds: options.timeoutSeconds,
    });
    const path = `${collectionPath(resource, selection.namespace)}?${query}`;
    return await WatchConnection.open<T>(this.#options.transport, {
      method: "GET",
      path,
      signal: options.signal,
      timeoutMs: this.#timeoutMs,
    });
  }

  /** Server-side apply: makes the named fields so, taking them over from whoever owned them. */
  async apply<T extends KubeObject>(resource: Resource<T>, object: Applied<T>): Promise<T> {
    return await this.#apply(resource, object, { force: true });
  }

  /**
   * Server-side apply that only creates.
   * @throws ApiError, with a conflict when there is an object of this name, which is left as it is.
   */
  async applyNew<T extends KubeObject>(resource: Resource<T>, object: Applied<T>): Promise<T> {
    const metadata = { ...object.metadata, resourceVersion: NOBODYS_VERSION };
    const created: Applied<KubeObject> = { ...object, metadata };
    return await this.#apply(resource, created, { force: false });
  }

  /** Server-side apply of the status subresource. */
  async applyStatus<T extends KubeObject>(resource: Resource<T>, object: Applied<T>): Promise<T> {
    return await this.#apply(resource, object, { force: true, subresource: "status" });
  }

  /** Takes back what was applied to the status under another name: fields that nobody else owns are removed. */
  async withdrawStatus<T extends KubeObject>(
    resource: Resource<T>,
    { name, namespace }: ObjectKey,
    fieldManager: string,
  ): Promise<T> {
    const metadata = namespace === undefined ? { name } : { name, namespace };
    return await this.#apply({ ...resource, fieldManager }, { metadata }, {
      force: false,
      subresource: "status",
    });
  }

  /** Creates an object. @throws ApiError, with reason AlreadyExists when the name is taken. */
  async create<T extends KubeObject>(resource: Resource<T>, object: Applied<T>): Promise<T> {
    const query = selectionQuery({}, { fieldManager: this.managerOf(resource) });
    const path = `${collectionPath(resource, object.metadata.namespace)}?${query}`;
    return await this.#object(resource, "POST", path, json(withKind(resource, object)));
  }

  /** Replaces an object; its resourceVersion must be set, so that nobody's change is overwritten unseen. */
  async replace<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    if (object.metadata.resourceVersion === undefined) {
      throw new TypeError(
        `Cannot replace ${resource.kind} "${object.metadata.name}" as it has no resourceVersion`,
      );
    }
    const query = selectionQuery({}, { fieldManager: this.managerOf(resource) });
    return await this.#object(
      resource,
      "PUT",
      `${objectPath(resource, object.metadata)}?${query}`,
      json(object),
    );
  }

  /** JSON merge patch; put `metadata.resourceVersion` into the patch to refuse it when the object has moved on. */
  async patch<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    patch: unknown,
    subresource?: string,
  ): Promise<T> {
    const path = objectPath(resource, key, subresource);
    return await this.#patch(resource, path, { contentType: MERGE_TYPE, value: patch });
  }

  /** Strategic merge patch, for built-in kinds: lists such as containers are merged by their key. */
  async patchStrategic<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    patch: unknown,
    subresource?: string,
  ): Promise<T> {
    const path = objectPath(resource, key, subresource);
    return await this.#patch(resource, path, { contentType: STRATEGIC_TYPE, value: patch });
  }

  /**
   * Deletes exactly the object that was seen.
   * @returns false when it was gone already.
   * @throws ApiError, with a conflict when the object under this name is another or has changed since.
   */
  async delete(resource: Resource, key: ObjectKey, options: DeleteOptions): Promise<boolean> {
    return (await this.end(resource, key, options)).kind !== "absent";
  }

  /**
   * Deletes exactly the object that was seen, and tells whether it goes on for a while: for its finalizers, or for the time
   * that its processes have to end.
   * @throws ApiError, as {@link delete}.
   */
  async end<T extends KubeObject>(
    resource: Resource<T>,
    key: ObjectKey,
    options: DeleteOptions,
  ): Promise<Ended<T>> {
    const { precondition, propagation = "Background", gracePeriodSeconds } = options;
    const body = json({
      apiVersion: "v1",
      kind: "DeleteOptions",
      preconditions: { uid: precondition.uid, resourceVersion: precondition.resourceVersion },
      propagationPolicy: propagation,
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
    });
    try {
      const path = objectPath(resource, key);
      const { body: answer } = await this.#send(resource, "DELETE", path, body);
      const object = parseObject<T>(answer, "DELETE", path);
      return isEnding(object) ? { kind: "ending", object } : { kind: "gone" };
    } catch (error) {
      if (isNotFound(error)) return { kind: "absent" };
      throw error;
    }
  }

  /**
   * Asks for a pod's eviction, which PodDisruptionBudgets may refuse.
   * @throws ApiError, with code 429 when a budget does not allow it now.
   */
  async evict(pods: Resource, key: ObjectKey, precondition: Precondition): Promise<void> {
    const eviction = {
      apiVersion: "policy/v1",
      kind: "Eviction",
      metadata: { name: key.name, namespace: key.namespace },
      deleteOptions: { preconditions: precondition },
    };
    const path = objectPath(pods, key, "eviction");
    // A budget answers 429 as well; sending the eviction again at once would not change its mind.
    await this.#sendOnce(pods, this.#build("POST", path, json(eviction)));
  }

  async #patch<T extends KubeObject>(resource: Resource<T>, path: string, body: Body): Promise<T> {
    const query = selectionQuery({}, { fieldManager: this.managerOf(resource) });
    return await this.#object(resource, "PATCH", `${path}?${query}`, body);
  }

  async #apply<T extends KubeObject>(
    resource: Resource<T>,
    object: Applied<KubeObject>,
    { force, subresource }: { readonly force: boolean; readonly subresource?: string },
  ): Promise<T> {
    const query = selectionQuery({}, { fieldManager: this.managerOf(resource), force });
    const path = `${objectPath(resource, object.metadata, subresource)}?${query}`;
    return await this.#object(resource, "PATCH", path, {
      contentType: APPLY_TYPE,
      value: withKind(resource, object),
    });
  }

  async #object<T extends KubeObject>(
    resource: Resource<T>,
    method: Method,
    path: string,
    body?: Body,
  ): Promise<T> {
    const response = await this.#send(resource, method, path, body);
    return parseObject<T>(response.body, method, path);
  }

  #build(method: Method, path: string, body?: Body): KubeRequest {
    return {
      method,
      path,
      timeoutMs: this.#timeoutMs,
      ...(this.#options.signal === undefined ? {} : { signal: this.#options.signal }),
      ...(body === undefined ? {} : { contentType: body.contentType, body: JSON.stringify(body.value) }),
    };
  }

  /**
   * Sends a request, and again when the server was too busy to look at it (429). Reads are also repeated after a 5xx that
   * says when to come back; a write is not, as it may have been carried out.
   */
  async #send(resource: Resource, method: Method, path: string, body?: Body): Promise<KubeResponse> {
    const request = this.#build(method, path, body);
    let waitedMs = 0;
    for (let attempt = 1;; attempt++) {
      try {
        return await this.#sendOnce(resource, request);
      } catch (error) {
        const waitMs = retryDelay(error, method);
        waitedMs += waitMs ?? 0;
        if (waitMs === undefined || attempt > REFUSED_RETRIES || waitedMs > REFUSED_WAIT_MS) throw error;
        await sleep(this.#options.clock, waitMs, this.#options.signal);
      }
    }
  }

  async #sendOnce(resource: Resource, request: KubeRequest): Promise<KubeResponse> {
    const { transport, clock, metrics } = this.#options;
    const started = clock.monotonic();
    const seconds = () => (clock.monotonic() - started) / 1000;
    try {
      const response = await transport.request(request);
      metrics.request(request.method, qualifiedName(resource), response.status, seconds());
      if (response.status < 400) return response;
      throw new ApiError(
        request.method,
        request.path,
        parseStatus(response.status, response.body, response.retryAfterSeconds),
      );
    } catch (error) {
      if (!(error instanceof ApiError)) {
        metrics.request(request.method, qualifiedName(resource), "error", seconds());
      }
      throw error;
    }
  }
}

/** Milliseconds until a refused request may be sent again, or undefined when it must not be. */
function retryDelay(error: unknown, method: Method): number | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const { code, retryAfterSeconds } = error.status;
  if (code === 429) return (retryAfterSeconds ?? 1) * 1000;
  if (code >= 500 && !isWrite(method) && retryAfterSeconds !== undefined) return retryAfterSeconds * 1000;
  return undefined;
}

function json(value: unknown): Body {
  return { contentType: JSON_TYPE, value };
}

/** List items and hand-made objects may lack their kind; it is known from where they live. */
function withKind<T extends KubeObject>(resource: Resource<T>, object: object): T {
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind } as T;
}

function parseObject<T extends KubeObject>(body: string, method: Method, path: string): T {
  const value: unknown = JSON.parse(body);
  if (!isRecord(value)) {
    throw new TypeError(
      `Cannot read the answer to ${method} ${path} as it is no JSON object: ${body.slice(0, 200)}`,
    );
  }
  // The API server vouches for the shape of the kind that was asked for.
  return value as unknown as T;
}

/** What is gone at once is told in its last state, or by a Status, which need not have metadata. */
function isEnding({ metadata }: Partial<KubeObject>): boolean {
  return metadata?.deletionTimestamp !== undefined;
}

function parseList(
  response: KubeResponse,
  path: string,
): { items: unknown[]; resourceVersion: string; continue: string | undefined } {
  const value: unknown = JSON.parse(response.body);
  const metadata = isRecord(value) ? value["metadata"] : undefined;
  const items = isRecord(value) ? value["items"] ?? [] : undefined;
  // Aggregated APIs that measure their objects, such as metrics.k8s.io, give lists no version.
  const resourceVersion = isRecord(metadata) ? metadata["resourceVersion"] ?? "" : undefined;
  if (!isRecord(metadata) || !Array.isArray(items) || typeof resourceVersion !== "string") {
    throw new TypeError(
      `Cannot read the answer to GET ${path} as it is no list: ${response.body.slice(0, 200)}`,
    );
  }
  return { items, resourceVersion, continue: tokenIn(metadata) };
}

function tokenIn({ continue: token }: Readonly<Record<string, unknown>>): string | undefined {
  return typeof token === "string" && token !== "" ? token : undefined;
}
