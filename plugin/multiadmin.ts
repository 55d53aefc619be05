/** The admin component of a Multigres cluster, reached through the API server: nothing else has to be open. */
import { multiadminName } from "../api/multigres/names.ts";
import { portNames } from "../api/multigres/ports.ts";
import type { Shard } from "../api/multigres/shard.ts";
import { isRecord, parseStatus } from "../kube/errors.ts";
import { type KubeRequest, type KubeResponse, type Transport, TransportError } from "../kube/transport.ts";
import { PluginError } from "./plugin_error.ts";

export type BackupType = "full" | "differential" | "incremental";

export type JobState =
  | { readonly kind: "under-way"; readonly word: string }
  | { readonly kind: "done"; readonly backup: string }
  | { readonly kind: "failed"; readonly message: string };

const REQUEST_MS = 30_000;

export interface MultiadminPlace {
  readonly transport: Transport;
  readonly namespace: string;
  readonly cluster: string;
}

export class Multiadmin {
  readonly #place: MultiadminPlace;

  constructor(place: MultiadminPlace) {
    this.#place = place;
  }

  /** Begins a backup, on a standby of its choice. @returns the ID of the job */
  async backUp(shard: Shard, type: BackupType): Promise<string> {
    const body = { ...shardIn(shard), type, forcePrimary: false };
    const answer = await this.#ask("POST", "/api/v1/backups", body);
    const id = answer["jobId"];
    if (typeof id === "string" && id !== "") return id;
    throw new PluginError(
      `Cannot follow the backup as ${this.#name} gave no job: ${JSON.stringify(answer).slice(0, 200)}`,
    );
  }

  async job(shard: Shard, id: string): Promise<JobState> {
    const query = new URLSearchParams(shardIn(shard));
    const answer = await this.#ask("GET", `/api/v1/jobs/${encodeURIComponent(id)}?${query}`);
    const word = String(answer["status"] ?? "JOB_STATUS_UNKNOWN").replace(/^JOB_STATUS_/, "").toLowerCase();
    if (word === "completed") return { kind: "done", backup: textAt(answer, "backupId") };
    if (word === "failed") {
      return { kind: "failed", message: textAt(answer, "errorMessage") || "it is not said why" };
    }
    return { kind: "under-way", word };
  }

  /** Has the primary of a shard resign; the orchestrators choose who follows, which takes a few seconds. */
  async switchPrimary(shard: Shard, reason: string): Promise<void> {
    const { database, tableGroup, shard: name } = shardIn(shard);
    const path = [database, tableGroup, name].map(encodeURIComponent).join("/");
    await this.#ask("POST", `/api/v1/shards/${path}/switch-primary`, { reason });
  }

  get #name(): string {
    return `Service ${this.#place.namespace}/${multiadminName(this.#place.cluster)}`;
  }

  /** @throws PluginError for answers of 400 and above, and when there is none */
  async #ask(method: "GET" | "POST", path: string, body?: unknown): Promise<Record<string, unknown>> {
    const { transport, namespace, cluster } = this.#place;
    const service = `${multiadminName(cluster)}:${portNames.http}`;
    const response = await this.#send(transport, {
      method,
      path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/${service}/proxy${path}`,
      timeoutMs: REQUEST_MS,
      ...(body === undefined ? {} : { contentType: "application/json", body: JSON.stringify(body) }),
    });
    if (response.status >= 400) throw new PluginError(this.#refusal(response.status, response.body));
    const parsed = parse(response.body);
    if (parsed !== undefined) return parsed;
    throw new PluginError(`Cannot read the answer of ${this.#name}: ${response.body.slice(0, 200)}`);
  }

  async #send(transport: Transport, request: KubeRequest): Promise<KubeResponse> {
    try {
      return await transport.request(request);
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      const detail = error.message.replace(/^\w+ \S+: /, "");
      throw new PluginError(`Cannot ask ${this.#name} by way of the API server: ${detail}`);
    }
  }

  #refusal(code: number, body: string): string {
    const answer = parse(body) ?? {};
    const message = textAt(answer, "message") || parseStatus(code, body).message;
    // The API server answers by a Status; anything else is the component's own, or somebody's in between.
    const isOurs = answer["kind"] === "Status";
    const help: Readonly<Record<number, string>> = {
      403: "; the right to get and create services/proxy is needed",
      404: "; is the cluster's multiadmin there?",
      503: "; are pods of the cluster's multiadmin ready?",
    };
    return `Cannot ask ${this.#name} as it answers ${code}: ${message}${isOurs ? help[code] ?? "" : ""}`;
  }
}

function shardIn({ spec }: Shard) {
  return { database: spec.databaseName, tableGroup: spec.tableGroupName, shard: spec.shardName };
}

function parse(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function textAt(value: Readonly<Record<string, unknown>>, key: string): string {
  const found = value[key];
  return typeof found === "string" ? found : "";
}
