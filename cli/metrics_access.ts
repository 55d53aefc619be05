/** Who may read the metrics: whoever shows a token that the API server knows, and may `get` the path `/metrics`. */
import type { Clock } from "../kube/clock.ts";
import { isRecord } from "../kube/errors.ts";
import type { Transport } from "../kube/transport.ts";
import type { Logger } from "../telemetry/log.ts";

/** `unknown` leads to 401, `refused` to 403, `undecided` (the API server could not be asked) to 503. */
export type Verdict = "allowed" | "unknown" | "refused" | "undecided";

export interface MetricsAccessOptions {
  readonly transport: Transport;
  readonly clock: Pick<Clock, "monotonic">;
  readonly log: Logger;
}

/** A verdict is kept this long, in milliseconds: a scraper asks twice a minute or more. */
const KEEP_MS = 60_000;

/** After a failure nobody is asked about that token for this long, in milliseconds. */
const RETRY_MS = 5_000;

/** Verdicts kept at once; whoever tries many tokens only pushes out their own. */
const MOST_VERDICTS = 256;

/** Reviews under way at once, so that strangers cannot make us flood the API server. */
const MOST_REVIEWS = 8;

const REVIEW_MS = 10_000;

interface Kept {
  readonly verdict: Verdict;
  readonly until: number;
}

export class MetricsAccess {
  readonly #options: MetricsAccessOptions;
  /** By hash of the token, oldest first: tokens themselves are not kept. */
  readonly #kept = new Map<string, Kept>();
  readonly #underWay = new Map<string, Promise<Verdict>>();

  constructor(options: MetricsAccessOptions) {
    this.#options = options;
  }

  /** Judges the `Authorization` header of a request. Never rejects. */
  async judge(authorization: string | undefined): Promise<Verdict> {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
    if (token === undefined) return "unknown";
    const hash = await sha256(token);
    const kept = this.#kept.get(hash);
    if (kept !== undefined && this.#options.clock.monotonic() < kept.until) return kept.verdict;
    const running = this.#underWay.get(hash);
    if (running !== undefined) return await running;
    if (this.#underWay.size >= MOST_REVIEWS) return "undecided";
    const review = this.#review(token);
    this.#underWay.set(hash, review);
    try {
      const verdict = await review;
      this.#keep(hash, verdict);
      return verdict;
    } finally {
      this.#underWay.delete(hash);
    }
  }

  #keep(hash: string, verdict: Verdict): void {
    const forMs = verdict === "undecided" ? RETRY_MS : KEEP_MS;
    this.#kept.delete(hash);
    this.#kept.set(hash, { verdict, until: this.#options.clock.monotonic() + forMs });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST_VERDICTS) break;
      this.#kept.delete(oldest);
    }
  }

  async #review(token: string): Promise<Verdict> {
    try {
      const user = await this.#userOf(token);
      if (user === undefined) return "unknown";
      return await this.#mayRead(user) ? "allowed" : "refused";
    } catch (error) {
      this.#options.log.warn(
        "Cannot check who reads the metrics; the operator needs the right to create " +
          "tokenreviews.authentication.k8s.io and subjectaccessreviews.authorization.k8s.io",
        { error },
      );
      return "undecided";
    }
  }

  /** What the API server knows about a token's owner; undefined when it does not know the token. */
  async #userOf(token: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    const status = await this.#create("authentication.k8s.io", "TokenReview", { token });
    return status["authenticated"] === true && isRecord(status["user"]) ? status["user"] : undefined;
  }

  async #mayRead(user: Readonly<Record<string, unknown>>): Promise<boolean> {
    const { username, groups, uid, extra } = user;
    const status = await this.#create("authorization.k8s.io", "SubjectAccessReview", {
      user: username,
      groups,
      uid,
      extra,
      nonResourceAttributes: { path: "/metrics", verb: "get" },
    });
    return status["allowed"] === true && status["denied"] !== true;
  }

  async #create(group: string, kind: string, spec: object): Promise<Readonly<Record<string, unknown>>> {
    const response = await this.#options.transport.request({
      method: "POST",
      path: `/apis/${group}/v1/${kind.toLowerCase()}s`,
      contentType: "application/json",
      body: JSON.stringify({ apiVersion: `${group}/v1`, kind, spec }),
      timeoutMs: REVIEW_MS,
    });
    if (response.status >= 400) throw new Error(`the API server answered a ${kind} with ${response.status}`);
    const review: unknown = JSON.parse(response.body);
    const status = isRecord(review) ? review["status"] : undefined;
    if (!isRecord(status)) throw new Error(`the API server answered a ${kind} without a status`);
    return status;
  }
}

async function sha256(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toBase64();
}
