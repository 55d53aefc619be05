/** Which certificate to show: a new one only once API servers trust it. */
import { isTrustable, signerOf } from "../../certs/inspect.ts";
import { type ReadCertificate, readCertificate } from "../../certs/read.ts";
import { objectionToPair } from "../key_pair.ts";
import type { KeyPair } from "../server.ts";
import type { HookTrust } from "./bundles.ts";

/**
 * How long an authority must have stood in every `caBundle` before a certificate of it is shown, in milliseconds. API
 * servers learn of a changed configuration by a watch, most within a second.
 */
export const SPREAD_MS = 30_000;

/** The moment of a choice. */
export interface Moment {
  readonly now: Date;
  /** Milliseconds that only grow. */
  readonly monotonic: number;
}

export interface Choice {
  /** To be shown from now on; undefined while there is none. */
  readonly pair: KeyPair | undefined;
  /** When another choice may be due, in milliseconds; undefined when only a change can bring that about. */
  readonly againMs: number | undefined;
}

export class ServingChoice {
  readonly #spreadMs: number;
  #shown: KeyPair | undefined;
  /** Since when each authority is trusted by every hook, by its fingerprint. */
  #since = new Map<string, number>();

  constructor(spreadMs = SPREAD_MS) {
    this.#spreadMs = spreadMs;
  }

  /**
   * | shown now             | API servers trust the new one | shown next |
   * | --------------------- | ----------------------------- | ---------- |
   * | nothing               | any                           | the new    |
   * | one that they trust   | not, or not long enough       | the same   |
   * | one that they trust   | long enough                   | the new    |
   * | one that they do not  | any                           | the new    |
   *
   * @param candidate what is to be shown; one that no server could use is left aside.
   * @param trust what each hook trusts; none means that nobody calls.
   */
  choose(candidate: KeyPair | undefined, trust: readonly HookTrust[], moment: Moment): Choice {
    const common = this.#note(trust, moment.monotonic);
    const shown = this.#shown;
    const isUsable = candidate !== undefined && objectionToPair(candidate) === undefined;
    if (!isUsable || candidate.certificate === shown?.certificate) {
      return { pair: shown, againMs: undefined };
    }
    const waitMs = shown === undefined || !serves(shown, common, trust, moment.now)
      ? 0
      : this.#missingMs(candidate, common, moment.monotonic);
    if (waitMs === 0) this.#shown = candidate;
    return { pair: this.#shown, againMs: waitMs === 0 || waitMs === Infinity ? undefined : waitMs };
  }

  /** Authorities that every hook trusts. */
  #note(trust: readonly HookTrust[], monotonic: number): readonly ReadCertificate[] {
    const [first, ...others] = trust;
    const common = (first?.trusted ?? []).filter(({ fingerprint }) =>
      others.every(({ trusted }) => trusted.some((each) => each.fingerprint === fingerprint))
    );
    this.#since = new Map(
      common.map(({ fingerprint }) => [fingerprint, this.#since.get(fingerprint) ?? monotonic]),
    );
    return common;
  }

  /** How long the candidate's authority must still be trusted; endless when it is not. */
  #missingMs({ certificate }: KeyPair, common: readonly ReadCertificate[], monotonic: number): number {
    const leaf = readCertificate(certificate);
    const signer = leaf === undefined ? undefined : signerOf(leaf, common);
    const since = this.#since.get(signer?.fingerprint ?? "");
    return since === undefined ? Infinity : Math.max(0, since + this.#spreadMs - monotonic);
  }
}

/** Whether API servers believe a certificate. */
export function isTrusted(
  { certificate }: KeyPair,
  trust: readonly HookTrust[],
  now: Date,
): boolean {
  const leaf = readCertificate(certificate);
  if (leaf === undefined || now >= leaf.notAfter || now < leaf.notBefore) return false;
  return trust.every(({ trusted }) => signerOf(leaf, trusted.filter((each) => isTrustable(each, now))));
}

function serves(
  pair: KeyPair,
  common: readonly ReadCertificate[],
  trust: readonly HookTrust[],
  now: Date,
): boolean {
  return trust.length === 0 ? false : isTrusted(pair, [{ hook: "", trusted: common }], now);
}
