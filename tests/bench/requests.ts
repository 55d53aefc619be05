/** Requests of a program, told in few words. */
import type { AuditedRequest } from "../ground/audit.ts";

const reads: ReadonlySet<string> = new Set(["get", "list", "watch"]);

/** Whether a request only looks. */
export function isRead({ verb }: AuditedRequest): boolean {
  return reads.has(verb);
}

/** `patch services 2.0, patch statefulsets 1.0`: how many of each kind fall to one of `count` objects, most first. */
export function breakdown(requests: readonly AuditedRequest[], count: number): string {
  const counts = new Map<string, number>();
  for (const { verb, resource, uri } of requests) {
    const what = `${verb} ${resource}${/\/status\b/.test(uri) ? " status" : ""}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a).map(([what, n]) => `${what} ${(n / count).toFixed(1)}`)
    .join(", ");
}
