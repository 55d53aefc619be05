/** The programs that take backups: what is run in a member, and what its answers mean. */
import type { BackupEngineName } from "../../../api/smoketurner/postgres_cluster/backup.ts";
import type { PostgresCluster } from "../../../api/smoketurner/postgres_cluster.ts";
import { isRecord } from "../../../kube/errors.ts";
import { PGBACKREST } from "../pgbackrest.ts";
import { DATA_FOLDER } from "../shape.ts";

/** A base backup that is in the object store. */
export interface BaseBackup {
  readonly name: string;
  /** When it ended, in RFC 3339. */
  readonly time: string;
  /** Compressed, where that is known. */
  readonly sizeBytes?: number;
  /** Whether it needs no other. */
  readonly isFull: boolean;
}

export interface BackupEngine {
  /** Lists what there is, as JSON. For a shell. */
  readonly list: string;
  /** @throws Error when the text is no list. */
  readonly parse: (text: string) => BaseBackup[];
  /** Takes a base backup. For a shell. */
  readonly take: (cluster: PostgresCluster, taken: readonly BaseBackup[]) => string;
  /** Who starts the backups of the schedule: the image's own cron, or the operator. */
  readonly scheduledBy: "image" | "operator";
}

/** Folder of variables that Spilo fills from the environment for WAL-G. */
const WALG_VARIABLES = "/run/etc/wal-e.d/env";

const walg: BackupEngine = {
  list: `envdir ${WALG_VARIABLES} wal-g backup-list --detail --json`,
  parse: (text) => {
    // WAL-G says in words on the other channel that there is none.
    if (text.trim() === "") return [];
    return listOf(JSON.parse(text)).flatMap((entry) => {
      const { backup_name: name, compressed_size: size } = entry;
      const time = entry["finish_time"] ?? entry["time"] ?? entry["modified"];
      if (typeof name !== "string" || typeof time !== "string") return [];
      return [{
        name,
        time: new Date(time).toISOString(),
        ...(typeof size === "number" && size > 0 ? { sizeBytes: size } : {}),
        isFull: !name.includes("_D_"),
      }];
    });
  },
  take: () => `envdir ${WALG_VARIABLES} /scripts/postgres_backup.sh ${DATA_FOLDER}`,
  scheduledBy: "image",
};

const pgbackrest: BackupEngine = {
  // A stanza must be there before anything can be archived; making it again changes nothing.
  list: `${PGBACKREST} info --output=json | grep '"code":0' || ` +
    `{ ${PGBACKREST} stanza-create >&2 && ${PGBACKREST} info --output=json; }`,
  parse: (text) =>
    listOf(JSON.parse(text)).flatMap((stanza) => listOf(stanza["backup"]).flatMap(pgbackrestBackup)),
  take: ({ spec: { backup } }, taken) => {
    const isDelta = backup?.enableDeltaBackups === true && deltasOf(taken) < backup.deltaMaxSteps;
    return `${PGBACKREST} --process-max=${backup?.uploadConcurrency ?? 1} ` +
      `--type=${isDelta ? "incr" : "full"} backup`;
  },
  scheduledBy: "operator",
};

function pgbackrestBackup(entry: Readonly<Record<string, unknown>>): BaseBackup[] {
  const { label, type, timestamp, info, error } = entry;
  if (typeof label !== "string" || !isRecord(timestamp) || error === true) return [];
  const repository = isRecord(info) ? info["repository"] : undefined;
  const size = isRecord(repository) ? repository["delta"] : undefined;
  return [{
    name: label,
    time: new Date(Number(timestamp["stop"]) * 1_000).toISOString(),
    ...(typeof size === "number" ? { sizeBytes: size } : {}),
    isFull: type === "full",
  }];
}

/** Backups since the last full one; without any the next must be full, whatever is allowed. */
function deltasOf(taken: readonly BaseBackup[]): number {
  const lastFull = taken.findLastIndex(({ isFull }) => isFull);
  return lastFull < 0 ? Infinity : taken.length - 1 - lastFull;
}

function listOf(value: unknown): Readonly<Record<string, unknown>>[] {
  if (!Array.isArray(value)) throw new TypeError("Cannot read the list of backups as it is no JSON array");
  return value.filter(isRecord);
}

const ENGINES: Readonly<Record<BackupEngineName, BackupEngine>> = { walg, pgbackrest };

/** The engine of a cluster's backups; undefined while it has none. */
export function engineOf({ spec: { backup } }: PostgresCluster): BackupEngine | undefined {
  return backup?.destination === undefined ? undefined : ENGINES[backup.engine];
}
