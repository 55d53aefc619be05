/** Patroni's REST API: who leads, who follows, and how far behind. */

/** A member as Patroni lists it. */
export interface PatroniMember {
  readonly name: string;
  /** `leader`, `standby_leader`, `replica`, `sync_standby` or `quorum_standby`. */
  readonly role: string;
  /** `running`, `streaming`, `in archive recovery`, `starting`, `stopped`, `start failed`, … */
  readonly state: string;
  readonly timeline: number | undefined;
  /** Bytes behind the leader; undefined for the leader, and where Patroni does not know. */
  readonly lagBytes: number | undefined;
  /** Settings were changed that only a restart brings into force. */
  readonly pendingRestart: boolean;
}

/** What one member knows of the whole cluster. */
export interface PatroniCluster {
  readonly members: readonly PatroniMember[];
  /** Patroni is told to leave everything as it is: nobody is promoted. */
  readonly paused: boolean;
}

/** Patroni's answer was none, or no good one. */
export class PatroniError extends Error {
  override readonly name = "PatroniError";
}

/** The way to the members. `address` is that of a member: scheme, host and port. */
export interface PatroniClient {
  /** What a member knows of its cluster. @throws PatroniError */
  cluster(address: string, signal: AbortSignal): Promise<PatroniCluster>;
  /** Hands the office over, and returns when that is done. @throws PatroniError when it is refused, with the reason. */
  switchover(address: string, change: Switchover, signal: AbortSignal): Promise<void>;
  /** Whether a member's server is shutting down, or has. @throws PatroniError */
  isStopping(address: string, signal: AbortSignal): Promise<boolean>;
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

/** Roles of a member that takes writes, or would, were its cluster not a standby of another one. */
const LEADING: ReadonlySet<string> = new Set(["leader", "master", "primary", "standby_leader"]);

export function isLeader({ role }: PatroniMember): boolean {
  return LEADING.has(role);
}

/** Reads the answer to `GET /cluster`. @throws PatroniError when it is none. */
export function parseCluster(body: unknown): PatroniCluster {
  const members = isRecord(body) ? body["members"] : undefined;
  if (!isRecord(body) || !Array.isArray(members)) {
    throw new PatroniError("Cannot read the members of the cluster as the answer lists none");
  }
  return { members: members.filter(isRecord).flatMap(parseMember), paused: body["pause"] === true };
}

/** States of a server that takes no more connections as it was told to stop, in the answer to `GET /patroni`. */
const STOPPING: ReadonlySet<unknown> = new Set(["stopping", "stopped"]);

/** Reads the answer to `GET /patroni`. */
export function parseStopping(body: unknown): boolean {
  return isRecord(body) && STOPPING.has(body["state"]);
}

/** The server settings in the answer to `GET /config`. */
export function parseParameters(body: unknown): Readonly<Record<string, unknown>> {
  const postgresql = isRecord(body) ? body["postgresql"] : undefined;
  const parameters = isRecord(postgresql) ? postgresql["parameters"] : undefined;
  return isRecord(parameters) ? parameters : {};
}

function parseMember(member: Readonly<Record<string, unknown>>): PatroniMember[] {
  const { name, role, state } = member;
  if (typeof name !== "string" || typeof role !== "string") return [];
  return [{
    name,
    role,
    state: typeof state === "string" ? state : "unknown",
    timeline: numberOf(member["timeline"]),
    lagBytes: numberOf(member["lag"]),
    pendingRestart: member["pending_restart"] === true,
  }];
}

/** Patroni says `unknown` where it has no number. */
function numberOf(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
