/** One open watch: decodes its stream into events. */
import { ApiError, isRecord, parseStatus } from "./errors.ts";
import { LineCutter } from "./lines.ts";
import type { KubeRequest, KubeStream, Transport } from "./transport.ts";
import type { KubeObject } from "./types.ts";

export type WatchEvent<T extends KubeObject> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: T }
  /** Nothing changed up to this version. */
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string }
  /** The server gives up on this watch; 410 means that a fresh list is needed. */
  | { readonly type: "ERROR"; readonly error: ApiError }
  /** A line that is JSON but no watch event of an object: one bad object must not stop the others. */
  | { readonly type: "MALFORMED"; readonly line: string };

/** Error bodies are read up to this many characters. */
const LONGEST_ERROR = 64 * 1024;

export class WatchConnection<T extends KubeObject> {
  readonly #cutter = new LineCutter();

  private constructor(private readonly stream: KubeStream, private readonly request: KubeRequest) {}

  /** @throws ApiError when the server refuses the watch, TransportError when it cannot be reached. */
  static async open<T extends KubeObject>(
    transport: Transport,
    request: KubeRequest,
  ): Promise<WatchConnection<T>> {
    const stream = await transport.stream(request);
    if (stream.status < 400) return new WatchConnection<T>(stream, request);
    try {
      const body = await readText(stream);
      throw new ApiError("GET", request.path, parseStatus(stream.status, body, stream.retryAfterSeconds));
    } finally {
      await stream.cancel();
    }
  }

  /**
   * The next events, at least one; undefined when the server ended the watch in good order.
   * @throws TransportError or TruncatedLine when the stream broke, SyntaxError when a line is no JSON.
   */
  async next(): Promise<WatchEvent<T>[] | undefined> {
    for (;;) {
      const chunk = await this.stream.read();
      if (chunk === undefined) {
        this.#cutter.end();
        return undefined;
      }
      const lines = this.#cutter.push(chunk);
      if (lines.length > 0) return lines.map((line) => parseEvent<T>(line, this.request.path));
    }
  }

  async close(): Promise<void> {
    await this.stream.cancel();
  }
}

function parseEvent<T extends KubeObject>(line: string, path: string): WatchEvent<T> {
  const event: unknown = JSON.parse(line);
  const object = isRecord(event) ? event["object"] : undefined;
  if (!isRecord(event) || !isRecord(object)) return { type: "MALFORMED", line };
  switch (event["type"]) {
    case "ERROR": {
      const code = typeof object["code"] === "number" ? object["code"] : 500;
      return { type: "ERROR", error: new ApiError("GET", path, parseStatus(code, JSON.stringify(object))) };
    }
    case "BOOKMARK": {
      const version = isRecord(object["metadata"]) ? object["metadata"]["resourceVersion"] : undefined;
      return typeof version === "string"
        ? { type: "BOOKMARK", resourceVersion: version }
        : { type: "MALFORMED", line };
    }
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return isObject<T>(object) ? { type: event["type"], object } : { type: "MALFORMED", line };
    default:
      return { type: "MALFORMED", line };
  }
}

/** Whether a value has what every stored object has: kind, name, UID and resourceVersion. */
export function isObject<T extends KubeObject>(value: unknown): value is T {
  if (!isRecord(value) || typeof value["kind"] !== "string" || !isRecord(value["metadata"])) return false;
  const { name, uid, resourceVersion } = value["metadata"];
  return typeof name === "string" && typeof uid === "string" && typeof resourceVersion === "string";
}

async function readText(stream: KubeStream): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for (let chunk = await stream.read(); chunk !== undefined; chunk = await stream.read()) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > LONGEST_ERROR) break;
  }
  return text;
}
