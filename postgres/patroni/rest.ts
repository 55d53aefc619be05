/** Patroni's REST API: what a member says of itself, and what it can be asked to do. */
import { isRecord } from "../../kube/errors.ts";

/** What a member says of its own server. */
export interface PatroniAnswer {
  /** As Patroni calls the member; older ones do not say. */
  readonly name: string | undefined;
  /** `master` or `primary` where the server takes writes, `standby_leader`, `replica`, `sync_standby`, `quorum_standby`, … */
  readonly role: string;
  /** Of the server: `running`, `starting`, `stopping`, `stopped`, `start failed`, … */
  readonly state: string;
  /** Of a standby: `streaming` or `in archive recovery`; undefined when neither is so. */
  readonly replicationState: string | undefined;
  readonly timeline: number | undefined;
  /** Bytes of write-ahead log since the cluster began: written by a primary, else received, or replayed where that is more. */
  readonly position: number | undefined;
  /** Settings were changed that only a restart brings into force. */
  readonly pendingRestart: boolean;
  /** Patroni is told to leave everything as it is: nobody is promoted. */
  readonly paused: boolean;
  /** Who has a connection to it for replication. */
  readonly followers: readonly Follower[];
}

/** One that gets the write-ahead log, as the server that sends it knows. */
export interface Follower {
  readonly name: string;
  /** `startup`, `catchup`, `streaming`, `backup` or `stopping`. */
  readonly state: string;
  /** Commits wait for it. */
  readonly synchronous: boolean;
}

/** Patroni's answer was none, or no good one. */
export class PatroniError extends Error {
  override readonly name = "PatroniError";
}

/** The way to the members. `address` is that of a member: scheme, host and port. */
export interface PatroniClient {
  /** What a member says of itself. @throws PatroniError */
  member(address: string, signal: AbortSignal): Promise<PatroniAnswer>;
  /** Hands the office over, and returns when that is done. @throws PatroniError when it is refused, with the reason. */
  switchover(address: string, change: Switchover, signal: AbortSignal): Promise<void>;
  /** Writes server settings into Patroni's store, unless they stand there so. @throws PatroniError */
  setParameters(
    address: string,
    parameters: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface Switchover {
  readonly leader: string;
  readonly candidate: string;
}

/** States of a server that takes no more connections as it was told to stop. */
const STOPPING: ReadonlySet<string> = new Set(["stopping", "stopped"]);

/** Whether a member's server is shutting down, or has. */
export function isStopping({ state }: PatroniAnswer): boolean {
  return STOPPING.has(state);
}

/** Reads the answer to `GET /patroni`. @throws PatroniError when it is none. */
export function parseAnswer(body: unknown): PatroniAnswer {
  if (!isRecord(body) || typeof body["state"] !== "string" || typeof body["role"] !== "string") {
    throw new PatroniError("Cannot read what the member says of itself as its role or its state is missing");
  }
  return {
    name: textOf(recordOf(body["patroni"])["name"]),
    role: standbyRole(body) ?? body["role"],
    state: body["state"],
    replicationState: textOf(body["replication_state"]),
    timeline: numberOf(body["timeline"]),
    // Both names are in use, the latter by the newer ones.
    position: positionOf(recordOf(body["xlog"] ?? body["wal"])),
    pendingRestart: body["pending_restart"] === true,
    paused: body["pause"] === true,
    followers: listOf(body["replication"]).filter(isRecord).flatMap(parseFollower),
  };
}

function standbyRole(body: Readonly<Record<string, unknown>>): string | undefined {
  return ["sync_standby", "quorum_standby"].find((role) => body[role] === true);
}

function positionOf(log: Readonly<Record<string, unknown>>): number | undefined {
  const written = numberOf(log["location"]);
  if (written !== undefined) return written;
  const known = [log["received_location"], log["replayed_location"]].flatMap((each) => numberOf(each) ?? []);
  return known.length === 0 ? undefined : Math.max(...known);
}

function parseFollower(follower: Readonly<Record<string, unknown>>): Follower[] {
  const [name, state] = [textOf(follower["application_name"]), textOf(follower["state"])];
  if (name === undefined || state === undefined) return [];
  return [{ name, state, synchronous: ["sync", "quorum"].includes(textOf(follower["sync_state"]) ?? "") }];
}

/** The server settings in the answer to `GET /config`. */
export function parseParameters(body: unknown): Readonly<Record<string, unknown>> {
  return recordOf(recordOf(recordOf(body)["postgresql"])["parameters"]);
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}
