/** An API server of nothing but Secrets, in memory, and a time that is turned by hand: for years of rotation in seconds. */
import { managedByLabel, operatorName } from "../../api/multigres/labels.ts";
import { type CertificateSet, findingsOf } from "../../certs/observe.ts";
import { keepCertificates, type Kept } from "../../certs/keep.ts";
import type { Findings } from "../../certs/rotation.ts";
import { certificateSecrets, type SeenSecret, trimCertificateSecret } from "../../certs/secrets.ts";
import { act, type ActResult } from "../../kube/act.ts";
import { Applier } from "../../kube/apply.ts";
import { Cache } from "../../kube/cache.ts";
import { KubeClient } from "../../kube/client.ts";
import { isRecord } from "../../kube/errors.ts";
import type { Notice } from "../../kube/events.ts";
import { type Secret, Secrets } from "../../kube/kinds.ts";
import { ManualClock } from "../../kube/manual_clock.ts";
import type { Plan } from "../../kube/plan.ts";
import { seededRandom } from "../../kube/random.ts";
import { keyOf, parseKey } from "../../kube/store.ts";
import { isStored } from "../../kube/stored.ts";
import type { KubeRequest, KubeResponse, Transport } from "../../kube/transport.ts";
import { silentLogger } from "../../telemetry/log.ts";
import { silentMetrics } from "../../telemetry/metrics.ts";

interface Process {
  readonly client: KubeClient;
  readonly cache: Cache;
}

export class SecretWorld implements Transport {
  readonly clock = new ManualClock();
  readonly secrets = new Map<string, Secret>();
  readonly notices: Notice[] = [];
  /** Requests so far: `GET /api/v1/namespaces/ns/secrets/a`. */
  readonly requests: string[] = [];
  /** Answers a request itself, when it wants to. */
  intercept: (request: KubeRequest) => KubeResponse | undefined = () => undefined;
  #version = 1;
  #operator: Process | undefined;

  /** One look of the operator: reads, decides, carries out at most `limit` steps; if there are more, the process ends. */
  async look(set: CertificateSet, limit = Infinity): Promise<Kept & { readonly result: ActResult }> {
    const process = this.#operator ??= this.process();
    this.#show(process.cache);
    const kept = await keepCertificates(set, { ...process, clock: this.clock });
    if (kept.steps.length > limit) this.#operator = undefined;
    return { ...kept, result: await this.act(kept.steps.slice(0, limit), process) };
  }

  /** Carries out what a process has decided. */
  act(steps: Plan, { client, cache }: Process): Promise<ActResult> {
    const record = (notice: Notice) => void this.notices.push(notice);
    return act(steps, { client, cache, applier: new Applier(client, cache), record });
  }

  /** Looks until nothing is left to do now. */
  async settle(set: CertificateSet): Promise<Kept> {
    for (let round = 0; round < 10; round++) {
      const kept = await this.look(set);
      if (kept.steps.length === 0) return kept;
    }
    throw new Error("Cannot settle: there is always something left to do");
  }

  /** A process that has just read everything. */
  process(): Process {
    const shared = { clock: this.clock, metrics: silentMetrics };
    const client = new KubeClient({ transport: this, fieldManager: "multigres-operator", ...shared });
    const cache = new Cache({ client, random: seededRandom(1), log: silentLogger, ...shared });
    cache.watch(certificateSecrets);
    this.#show(cache);
    return { client, cache };
  }

  /** What a watch would bring. */
  #show(cache: Cache): void {
    const store = cache.store(Secrets);
    for (const key of [...store.keys()]) if (!this.secrets.has(parseKey(key).name)) store.remove(key);
    for (const secret of this.secrets.values()) {
      const labelled = secret.metadata.labels?.[managedByLabel] === operatorName;
      const known = store.get(keyOf(secret.metadata))?.metadata.resourceVersion;
      if (labelled && known !== secret.metadata.resourceVersion) store.put(structuredClone(secret));
      if (!labelled) store.remove(keyOf(secret.metadata));
    }
  }

  findings(set: CertificateSet): Findings {
    const seen = new Map<string, SeenSecret>();
    for (const [name, secret] of this.secrets) {
      const trimmed = trimCertificateSecret(secret);
      if (isStored(trimmed)) seen.set(name, trimmed);
    }
    return findingsOf(set, seen, this.clock.now());
  }

  /** Writes as somebody else would. */
  edit(name: string, change: (secret: Secret) => Secret): void {
    const secret = this.secrets.get(name);
    if (secret === undefined) throw new Error(`Cannot edit Secret ${name} as there is none`);
    this.put(change(structuredClone(secret)));
  }

  put(secret: Secret): Secret {
    const { uid = crypto.randomUUID() } = secret.metadata;
    const stored = {
      ...secret,
      metadata: { ...secret.metadata, uid, resourceVersion: `${this.#version++}` },
    };
    this.secrets.set(secret.metadata.name, stored);
    return stored;
  }

  /** A value of a Secret as text. */
  text(name: string, key: string): string {
    return atob(this.secrets.get(name)?.data?.[key] ?? "");
  }

  request(request: KubeRequest): Promise<KubeResponse> {
    this.requests.push(`${request.method} ${request.path.split("?")[0]}`);
    return Promise.resolve(this.intercept(request) ?? this.#answer(request));
  }

  stream(): Promise<never> {
    return Promise.reject(new Error("Cannot watch here"));
  }

  close(): void {}

  #answer({ method, path, body = "{}" }: KubeRequest): KubeResponse {
    const name = path.split("?")[0]?.split("/")[6] ?? "";
    const known = this.secrets.get(name);
    const sent: unknown = JSON.parse(body);
    if (method === "POST") return this.#create(sent);
    if (known === undefined) return failure(404, "NotFound");
    if (method === "GET") return { status: 200, body: JSON.stringify(known) };
    return this.#patch(known, sent);
  }

  #create(sent: unknown): KubeResponse {
    if (!isSecret(sent)) return failure(422, "Invalid");
    if (this.secrets.has(sent.metadata.name)) return failure(409, "AlreadyExists");
    return { status: 201, body: JSON.stringify(this.put(sent)) };
  }

  #patch(known: Secret, sent: unknown): KubeResponse {
    const version = isRecord(sent) && isRecord(sent["metadata"])
      ? sent["metadata"]["resourceVersion"]
      : undefined;
    if (version !== known.metadata.resourceVersion) return failure(409, "Conflict");
    const merged = merge(known, sent);
    if (!isSecret(merged)) return failure(422, "Invalid");
    return { status: 200, body: JSON.stringify(this.put(merged)) };
  }
}

/** The answer of a server that refuses. */
export function failure(code: number, reason: string): KubeResponse {
  return { status: code, body: JSON.stringify({ kind: "Status", reason, message: reason }) };
}

/** A JSON merge patch (RFC 7386). */
function merge(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = merge(merged[key], value);
  }
  return merged;
}

function isSecret(value: unknown): value is Secret {
  return isRecord(value) && isRecord(value["metadata"]) && typeof value["metadata"]["name"] === "string";
}
