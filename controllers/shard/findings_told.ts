/** What was told as events of what people should know: each finding once, and again only after it was gone. */
import type { Notice } from "../../kube/events.ts";

/** Something to be told, and what it is about: both tell it from others. */
export interface Tellable {
  readonly reason: string;
  readonly subject: string;
  readonly message: string;
}

export class FindingsTold {
  readonly #told = new Map<string, ReadonlySet<string>>();

  /** Warnings of the findings that were not there the last time. @param key of the shard */
  notices(key: string, findings: readonly Tellable[]): Notice[] {
    const before = this.#told.get(key);
    const now = new Map(findings.map((finding) => [`${finding.reason}/${finding.subject}`, finding]));
    if (now.size === 0) this.#told.delete(key);
    else this.#told.set(key, new Set(now.keys()));
    return [...now].filter(([id]) => before?.has(id) !== true)
      .map(([, { reason, message }]): Notice => ({ type: "Warning", reason, message }));
  }

  forget(key: string): void {
    this.#told.delete(key);
  }
}
