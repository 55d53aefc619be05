/** How the log gets to the backups, as a server tells it. */
import { isRecord } from "../../../kube/errors.ts";

export interface Archiver {
  readonly lastWal?: string;
  /** RFC 3339. */
  readonly lastTime?: string;
  readonly lastFailedWal?: string;
  readonly lastFailedTime?: string;
}

const ISO = `'YYYY-MM-DD"T"HH24:MI:SS"Z"'`;
const time = (column: string) => `to_char(${column} at time zone 'UTC', ${ISO})`;

/** Asks the server of the container, as its superuser by the local socket. */
export const archiverCommand: readonly string[] = [
  "psql",
  "-XAtq",
  "-U",
  "postgres",
  "-d",
  "postgres",
  "-c",
  `SELECT json_build_object('lastWal', last_archived_wal, 'lastTime', ${time("last_archived_time")}, ` +
  `'lastFailedWal', last_failed_wal, 'lastFailedTime', ${time("last_failed_time")}) FROM pg_stat_archiver`,
];

/** @throws Error when the text is no answer. */
export function parseArchiver(text: string): Archiver {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value)) {
    throw new TypeError(`Cannot read what the server says of archiving: ${text.slice(0, 200)}`);
  }
  return Object.fromEntries(Object.entries(value).filter(([, each]) => typeof each === "string"));
}

/** Whether segments arrive; undefined while nothing was tried. A failure that was overcome counts no more. */
export function isHealthy({ lastTime, lastFailedTime }: Archiver): boolean | undefined {
  if (lastFailedTime === undefined) return lastTime === undefined ? undefined : true;
  return lastTime !== undefined && lastTime > lastFailedTime;
}
