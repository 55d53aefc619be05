/** How old the newest backup of a shard is. */
import type { Shard, ShardStatus } from "../../api/multigres/shard.ts";
import type { Progress } from "../../kube/background.ts";
import { type Statement, timestamp } from "../../kube/conditions.ts";
import type { BackupEntry } from "../../topology/poolers/answers.ts";

/** Backups are taken every day; an hour more is for the time that one takes. In hours. */
const STALE_HOURS = 25;

export interface BackupFinding {
  /** RFC 3339. */
  readonly time: string | undefined;
  readonly type: ShardStatus["lastBackupType"] | undefined;
  readonly statements: readonly Statement[];
}

/** What a look into the repository found; undefined when nobody could be asked. */
export type BackupLook = Progress<BackupEntry | undefined> | undefined;

/**
 * | the repository                    | BackupHealthy | reason            |
 * | --------------------------------- | ------------- | ----------------- |
 * | was never looked into             |               | (not said)        |
 * | cannot be looked into             | as it was, by the clock | BackupCheckFailed when nothing is known |
 * | has no complete backup            | False         | NoBackup          |
 * | has one older than 25 h           | False         | BackupStale       |
 * | has a recent one                  | True          | BackupRecent      |
 */
export function backupFinding(shard: Shard, look: BackupLook, now: Date): BackupFinding {
  const { lastBackupTime, lastBackupType } = shard.status ?? {};
  const known = { time: lastBackupTime, type: lastBackupType };
  if (look === undefined || look.kind === "pending") return { ...known, statements: asItWas(shard, now) };
  if (look.kind === "failed") {
    const statements = asItWas(shard, now);
    return { ...known, statements: statements.length > 0 ? statements : [unchecked(look.error)] };
  }
  const newest = look.result;
  const at = newest?.stoppedAt ?? newest?.startedAt;
  if (newest === undefined || at === undefined) {
    return { time: undefined, type: undefined, statements: [none()] };
  }
  const time = timestamp(at);
  return { time, type: typeOf(newest.type), statements: byAge(time, now) };
}

/** What was known last, as old as it is now. */
function asItWas({ status }: Shard, now: Date): Statement[] {
  if (status?.lastBackupTime !== undefined) return byAge(status.lastBackupTime, now);
  const before = status?.conditions?.find(({ type }) => type === "BackupHealthy");
  if (before === undefined) return [];
  const { type, status: value, reason, message } = before;
  return [{ type, status: value, reason, message }];
}

function byAge(time: string | undefined, now: Date): Statement[] {
  if (time === undefined) return [];
  const type = "BackupHealthy";
  const isStale = now.getTime() - Date.parse(time) > STALE_HOURS * 3_600_000;
  if (!isStale) {
    return [{ type, status: "True", reason: "BackupRecent", message: `The newest backup is of ${time}` }];
  }
  const message =
    `The newest complete backup is of ${time}, more than ${STALE_HOURS} hours ago; see the log of the poolers`;
  return [{ type, status: "False", reason: "BackupStale", message }];
}

export function isRecent({ statements }: BackupFinding): boolean {
  return statements.some(({ status }) => status === "True");
}

/** Seconds until the newest backup is too old; 0 when there is none, or it is already. */
export function backupStaleIn({ time }: BackupFinding, now: Date): number {
  if (time === undefined) return 0;
  const seconds = Math.ceil((Date.parse(time) + STALE_HOURS * 3_600_000 - now.getTime()) / 1_000) + 1;
  return Math.max(0, seconds);
}

function unchecked(error: Error): Statement {
  return { type: "BackupHealthy", status: "Unknown", reason: "BackupCheckFailed", message: error.message };
}

function none(): Statement {
  const message = "There is no complete backup yet; see the log of the poolers";
  return { type: "BackupHealthy", status: "False", reason: "NoBackup", message };
}

const types = ["full", "diff", "incr"] as const;

function typeOf(text: string): (typeof types)[number] | undefined {
  return types.find((type) => type === text);
}

/** The newest complete one, by when it ended: IDs of partial backups begin with the time of their full one. */
export function newestComplete(entries: readonly BackupEntry[]): BackupEntry | undefined {
  const complete = entries.filter(({ state }) => state === "complete");
  const endOf = ({ stoppedAt, startedAt }: BackupEntry) => (stoppedAt ?? startedAt)?.getTime() ?? 0;
  return complete.reduce<BackupEntry | undefined>(
    (best, entry) => best === undefined || endOf(entry) > endOf(best) ? entry : best,
    undefined,
  );
}
