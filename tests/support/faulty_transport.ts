/** Wraps the real transport and breaks what passes through it, at the one seam of the runtime. */
import {
  type KubeRequest,
  type KubeResponse,
  type KubeStream,
  type Transport,
  TransportError,
} from "../../kube/transport.ts";

/** What is done to one request. */
export type RequestFault =
  /** The server is never asked; this is the answer. */
  | {
    readonly kind: "answer";
    readonly status: number;
    readonly retryAfterSeconds?: number;
    readonly body?: string;
  }
  /** The request is carried out, but its answer does not come back in time. */
  | { readonly kind: "lose-answer" }
  /** The request is never carried out. */
  | { readonly kind: "drop" };

/** What is done to one chunk of a stream: other bytes, nothing at all, or the end of the connection. */
export type ChunkFault = (chunk: Uint8Array) => Uint8Array | "swallow" | "break" | { cutAfter: Uint8Array };

export class FaultyTransport implements Transport {
  /** Every request that was asked of this transport, in order: `GET /api/v1/pods`. */
  readonly seen: string[] = [];
  openStreams = 0;
  onRequest: (request: KubeRequest) => RequestFault | undefined = () => undefined;
  onStream: (request: KubeRequest) => { status: number; body: string } | undefined = () => undefined;
  onChunk: ChunkFault = (chunk) => chunk;

  constructor(private readonly inner: Transport) {}

  /** Requests that would change something. */
  get writes(): string[] {
    return this.seen.filter((entry) => !entry.startsWith("GET ") && !entry.startsWith("WATCH "));
  }

  async request(request: KubeRequest): Promise<KubeResponse> {
    this.seen.push(`${request.method} ${request.path.split("?")[0]}`);
    const fault = this.onRequest(request);
    if (fault === undefined) return await this.inner.request(request);
    switch (fault.kind) {
      case "answer":
        return { body: "", ...fault };
      case "lose-answer":
        await this.inner.request(request);
        throw new TransportError("timeout", "The answer was lost");
      case "drop":
        throw new TransportError("broken", "The connection broke");
    }
  }

  async stream(request: KubeRequest): Promise<KubeStream> {
    this.seen.push(`WATCH ${request.path.split("?")[0]}`);
    const refusal = this.onStream(request);
    if (refusal !== undefined) return textStream(refusal.status, refusal.body);
    const stream = await this.inner.stream(request);
    this.openStreams++;
    return new FaultyStream(stream, (chunk) => this.onChunk(chunk), () => this.openStreams--);
  }

  close(): void {
    this.inner.close();
  }
}

class FaultyStream implements KubeStream {
  readonly status: number;
  #broken = false;
  #closed = false;

  constructor(
    private readonly inner: KubeStream,
    private readonly onChunk: ChunkFault,
    private readonly onClose: () => void,
  ) {
    this.status = inner.status;
  }

  async read(): Promise<Uint8Array | undefined> {
    if (this.#broken) throw new TransportError("broken", "The connection broke");
    for (;;) {
      const chunk = await this.inner.read();
      if (chunk === undefined) return undefined;
      const fault = this.onChunk(chunk);
      if (fault === "swallow") continue;
      if (fault === "break") throw new TransportError("broken", "The connection broke");
      if (fault instanceof Uint8Array) return fault;
      this.#broken = true;
      return fault.cutAfter;
    }
  }

  async cancel(): Promise<void> {
    if (!this.#closed) this.onClose();
    this.#closed = true;
    await this.inner.cancel();
  }
}

function textStream(status: number, body: string): KubeStream {
  const chunks = [new TextEncoder().encode(body)];
  return {
    status,
    read: () => Promise.resolve(chunks.shift()),
    cancel: () => Promise.resolve(),
  };
}
