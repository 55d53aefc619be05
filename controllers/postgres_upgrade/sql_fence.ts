/**
 * The fence around a server: whoever connects may read, not write. It is a setting for all roles in all databases, kept in
 * a catalog: standbys have it too, so that it holds whichever member leads. Beside it stands who set it and why, which is
 * all that an operator needs to go on after a crash.
 *
 * It reaches sessions that begin after it; those from before are ended. Replication does not look at it.
 */
import { quoteLiteral } from "../../postgres/sql/quote.ts";
import type { Row, Statement } from "../../postgres/sql/sql_client.ts";

/**
 * | reason      | where       | since                                         | until                       |
 * | ----------- | ----------- | --------------------------------------------- | --------------------------- |
 * | filling     | new cluster | its schema was copied                         | it takes over               |
 * | replaced    | source      | the cutover                                   | verified                    |
 * | verified    | source      | both sides were compared behind the fence     | it takes its place back     |
 * | returning   | new cluster | a rollback after the cutover                  | returned                    |
 * | returned    | new cluster | both sides were compared on the way back      | for good                    |
 */
export const FENCE_REASONS = ["filling", "replaced", "verified", "returning", "returned"] as const;
export type FenceReason = typeof FENCE_REASONS[number];

/** What is known of a server's fence. */
export type FenceState =
  | { readonly kind: "open" }
  | { readonly kind: "ours"; readonly reason: FenceReason }
  /** Somebody else made the server read-only. */
  | { readonly kind: "foreign"; readonly setting: string };

const READ_ONLY = "default_transaction_read_only";
/** A setting of no module: PostgreSQL keeps it and does not look at it. */
const MARK = "matriarch.fence";

export const fenceSettings: Statement = {
  text: "SELECT unnest(setconfig) AS setting FROM pg_db_role_setting WHERE setdatabase = 0 AND setrole = 0",
};

/** @param uid of the upgrade */
export function fenceStateOf(rows: readonly Row[], uid: string): FenceState {
  const settings = new Map(rows.map(({ setting }) => {
    const [name = "", ...value] = String(setting).split("=");
    return [name, value.join("=")] as const;
  }));
  const mark = settings.get(MARK);
  const readOnly = settings.get(READ_ONLY);
  if (mark === undefined) {
    return readOnly === undefined || readOnly === "off"
      ? { kind: "open" }
      : { kind: "foreign", setting: `${READ_ONLY}=${readOnly}` };
  }
  const [owner, word] = mark.split(" ");
  const reason = FENCE_REASONS.find((each) => each === word);
  if (owner !== uid || reason === undefined) return { kind: "foreign", setting: `${MARK}=${mark}` };
  return { kind: "ours", reason };
}

export function isOurs(fence: FenceState, reason: FenceReason): boolean {
  return fence.kind === "ours" && fence.reason === reason;
}

/** Sets the fence, or another reason for it: one transaction. */
export function setFence(uid: string, reason: FenceReason): Statement[] {
  return [
    { text: `ALTER ROLE ALL SET ${READ_ONLY} = 'on'` },
    { text: `ALTER ROLE ALL SET ${MARK} = ${quoteLiteral(`${uid} ${reason}`)}` },
  ];
}

/** Takes the fence away: one transaction. */
export function liftFence(): Statement[] {
  return [{ text: `ALTER ROLE ALL RESET ${READ_ONLY}` }, { text: `ALTER ROLE ALL RESET ${MARK}` }];
}

const CLIENTS = "FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()";

/** Clients whose transactions have written something: `session` is the process and when its transaction began. */
export const writers: Statement = {
  text: `SELECT pid || ' ' || xact_start AS session ${CLIENTS} AND backend_xid IS NOT NULL`,
};

/** Every client there is, but ourselves. */
export const clients: Statement = { text: `SELECT pid ${CLIENTS} ORDER BY pid` };

/** Ends clients; what they had not committed is undone. */
export function endClients(pids: readonly string[]): Statement {
  return {
    text: `SELECT pg_terminate_backend(pid) ${CLIENTS} AND pid = ANY ($1::int[])`,
    params: [pids],
  };
}

/**
 * Commits something of no meaning, and with it everything that was acknowledged before it was on disk
 * (`synchronous_commit=off`): only then the position of the log covers all that clients were told.
 */
export const flushLog: Statement = { text: "SELECT pg_logical_emit_message(true, 'matriarch', 'cutover')" };

/** Proves that the server takes writes from us. */
export const probeWrite: Statement = { text: "SELECT pg_is_in_recovery() AS standby, pg_current_xact_id()" };
