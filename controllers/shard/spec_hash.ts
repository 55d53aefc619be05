/** Hashes by which pods that run are compared with pods as they would be made now. */
import { createHash } from "node:crypto";
import type { PodSpec } from "../components/pod_parts.ts";
import { canonicalText } from "./canonical.ts";

/** 64 bits: a chance of one in 10^19 that two specs of a pod share a hash, and short enough to read. */
const HEX_DIGITS = 16;

/**
 * Hash of all that a restart is needed to change: the spec of the pod as the operator makes it, never as the API server
 * returns it with its defaults filled in, and the settings that PostgreSQL reads only when it starts.
 */
export function specHash(spec: PodSpec, restartHash: string | undefined): string {
  return hashOf({ spec, restartHash });
}

/** Hash of what the user asked for; see `asked.ts`. */
export function userHash(asked: Readonly<Record<string, unknown>>): string {
  return hashOf(asked);
}

function hashOf(value: unknown): string {
  return createHash("sha256").update(canonicalText(value)).digest("hex").slice(0, HEX_DIGITS);
}
