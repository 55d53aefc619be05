/**
 * A small client for the ground itself and for assertions of tests: plain requests, discovery, server-side apply.
 * It shares nothing with the operator's own client on purpose, so that a test does not believe the code under test.
 */
import type { Connection } from "./connection.ts";
import { at, isRecord, listAt, stringAt } from "./json.ts";

/** An answer of the API server: parsed JSON, or text when it is none. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Any object to apply or read. */
export type Manifest = Record<string, unknown>;

/** Says what a request failed with. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  constructor(readonly method: string, readonly path: string, readonly answer: Answer) {
    const message = stringAt(answer.body, "message") ?? JSON.stringify(answer.body);
    super(`Cannot ${method} ${path}: ${answer.status} ${message}`);
  }
}

interface Place {
  readonly plural: string;
  readonly namespaced: boolean;
}

/** How long one request may take, in milliseconds. */
const requestTimeoutMs = 30_000;

/** Requests to one API server. Dispose of it when the test ends. */
export class GroundClient implements Disposable {
  readonly #http: Deno.HttpClient;
  readonly #places = new Map<string, Place>();

  constructor(readonly connection: Connection) {
    const { caPem, certPem, keyPem } = connection;
    const keys = certPem !== undefined && keyPem !== undefined ? { cert: certPem, key: keyPem } : {};
    this.#http = Deno.createHttpClient({ ...(caPem === undefined ? {} : { caCerts: [caPem] }), ...keys });
  }

  [Symbol.dispose](): void {
    this.#http.close();
  }

  /** Sends a request and returns the answer whatever its status. */
  async send(
    method: string,
    path: string,
    body?: unknown,
    contentType = "application/json",
  ): Promise<Answer> {
    const headers: Record<string, string> = { accept: "application/json" };
    if (body !== undefined) headers["content-type"] = contentType;
    if (this.connection.token !== undefined) headers["authorization"] = `Bearer ${this.connection.token}`;
    const response = await fetch(`${this.connection.server}${path}`, {
      client: this.#http,
      method,
      headers,
      signal: AbortSignal.timeout(requestTimeoutMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: parseJson(await response.text()) };
  }

  /** Like {@link send}, but returns the body. @throws RequestError for any status from 400 up. */
  async request(method: string, path: string, body?: unknown, contentType?: string): Promise<unknown> {
    const answer = await this.send(method, path, body, contentType);
    if (answer.status >= 400) throw new RequestError(method, path, answer);
    return answer.body;
  }

  /** Reads an object; undefined when it does not exist. */
  async get(path: string): Promise<unknown> {
    const answer = await this.send("GET", path);
    if (answer.status === 404) return undefined;
    if (answer.status >= 400) throw new RequestError("GET", path, answer);
    return answer.body;
  }

  /** Items of a list, in pages of 500. */
  async list(path: string): Promise<unknown[]> {
    const items: unknown[] = [];
    let token = "";
    do {
      const query = `limit=500&continue=${encodeURIComponent(token)}`;
      const page = await this.request("GET", `${path}${path.includes("?") ? "&" : "?"}${query}`);
      items.push(...listAt(page, "items"));
      token = stringAt(page, "metadata", "continue") ?? "";
    } while (token !== "");
    return items;
  }

  /** Server-side apply as field manager `ground`, by force; the URL comes from discovery. */
  async apply(object: Manifest, namespace?: string): Promise<unknown> {
    const path = `${await this.pathOf(object, namespace)}?fieldManager=ground&force=true`;
    return await this.request("PATCH", path, object, "application/apply-patch+yaml");
  }

  /** Path of an object in the API. `namespace` serves where the object names none. */
  async pathOf(object: Manifest, namespace?: string): Promise<string> {
    const apiVersion = stringAt(object, "apiVersion") ?? "";
    const kind = stringAt(object, "kind") ?? "";
    const name = stringAt(object, "metadata", "name") ?? "";
    const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const place = await this.#placeOf(root, kind);
    const home = stringAt(object, "metadata", "namespace") ?? namespace ?? "default";
    return `${root}${place.namespaced ? `/namespaces/${home}` : ""}/${place.plural}/${name}`;
  }

  async #placeOf(root: string, kind: string): Promise<Place> {
    const key = `${root} ${kind}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const resources = listAt(await this.request("GET", root), "resources");
    const found = resources.filter(isRecord).find((entry) =>
      entry["kind"] === kind && !String(entry["name"]).includes("/")
    );
    const plural = stringAt(found, "name");
    if (plural === undefined) throw new Error(`Cannot find kind ${kind} at ${root}: it is not served`);
    const place = { plural, namespaced: at(found, "namespaced") === true };
    this.#places.set(key, place);
    return place;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
