/** What one user asked of an API server of ours, as that server wrote it down itself. */
import { at, stringAt } from "./json.ts";

/** One request. A watch appears as soon as it is open. */
export interface AuditedRequest {
  /** `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, ... */
  readonly verb: string;
  /** Path and query. */
  readonly uri: string;
  /** Plural of the kind; empty for paths that are no object's. */
  readonly resource: string;
  readonly subresource: string | undefined;
  readonly group: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  /** Status of the answer. */
  readonly code: number;
  /** Whether it was refused for lack of rights; other refusals with the same status are not meant. */
  readonly forbidden: boolean;
  /** When the server received it, in milliseconds since 1970. */
  readonly at: number;
}

/** A policy that notes requests of one user, without their bodies, and those of nobody else. */
export function auditPolicy(user: string): string {
  return JSON.stringify({
    apiVersion: "audit.k8s.io/v1",
    kind: "Policy",
    omitStages: ["RequestReceived"],
    rules: [{ level: "Metadata", users: [user] }, { level: "None" }],
  });
}

/** Reads an audit log: each request once, in the order of arrival. */
export function parseAudit(log: string): AuditedRequest[] {
  const requests = new Map<string, AuditedRequest>();
  for (const line of log.split("\n")) {
    // The server may be writing the last line.
    if (!line.endsWith("}")) continue;
    const event: unknown = JSON.parse(line);
    requests.set(stringAt(event, "auditID") ?? line, {
      verb: stringAt(event, "verb") ?? "",
      uri: stringAt(event, "requestURI") ?? "",
      resource: String(at(event, "objectRef", "resource") ?? ""),
      subresource: stringAt(event, "objectRef", "subresource"),
      group: stringAt(event, "objectRef", "apiGroup") ?? "",
      namespace: stringAt(event, "objectRef", "namespace"),
      name: stringAt(event, "objectRef", "name"),
      code: Number(at(event, "responseStatus", "code") ?? 0),
      forbidden: stringAt(event, "annotations", "authorization.k8s.io/decision") === "forbid",
      at: Date.parse(stringAt(event, "requestReceivedTimestamp") ?? ""),
    });
  }
  return [...requests.values()].sort((a, b) => a.at - b.at);
}
