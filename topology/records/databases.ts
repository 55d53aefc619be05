/** Databases: which there are, which cells they may use, where their backups go, and how durable they are. */
import { create } from "@bufbuild/protobuf";
import type { BackupConfig } from "../../api/multigres/backup.ts";
import {
  type Database,
  DatabaseSchema,
  type DurabilityPolicy,
  DurabilityPolicySchema,
} from "../gen/clustermetadata_pb.ts";
import { databaseKey } from "../keys.ts";
import { backupLocation } from "./backup_location.ts";
import { durabilityRule } from "./durability.ts";
import type { RecordStep } from "./step.ts";
import { creationOf, type Stored, updateOf } from "./stored.ts";

export interface WantedDatabase {
  readonly name: string;
  /** All cells of the cluster. */
  readonly cells: readonly string[];
  /** That of the database, or else the cluster's; the folder /backups when neither says anything. */
  readonly backup?: BackupConfig | undefined;
  /** Name of the policy: that of the database, or else the cluster's, or else AT_LEAST_2. */
  readonly durabilityPolicy?: string | undefined;
}

/** A claim as a key alone: whoever removes it need not know what it says. */
export interface ClaimKey {
  readonly key: string;
  readonly revision: bigint;
  readonly database: string;
}

export interface DatabasesSeen {
  /** Root of the global topology. */
  readonly root: string;
  readonly databases: ReadonlyMap<string, Stored<Database>>;
  readonly claims: readonly ClaimKey[];
}

/**
 * | there | wanted | removable | what happens                                                                       |
 * | ----- | ------ | --------- | ---------------------------------------------------------------------------------- |
 * | no    | yes    |           | create                                                                             |
 * | yes   | yes    |           | update, if cells, backup location or durability differ                             |
 * | yes   | no     | no        | nothing                                                                            |
 * | yes   | no     | yes       | remove it, and the claims of its shards: they would keep one of this name, made     |
 * |       |        |           | later, from ever getting a primary                                                 |
 *
 * A claim whose database is gone is removed likewise.
 *
 * @param removable whether a database that is not wanted may go; never asked about one that is wanted
 * @throws TopologyError `invalid` when a durability policy has no known name
 */
export function planDatabases(
  seen: DatabasesSeen,
  wanted: readonly WantedDatabase[],
  removable: (database: string) => boolean,
): RecordStep[] {
  const names = new Set(wanted.map(({ name }) => name));
  const goes = (name: string) => !names.has(name) && removable(name);
  return [
    ...wanted.flatMap((database) => writeOf(seen.root, database, seen.databases.get(database.name))),
    ...seen.claims.filter(({ database }) => goes(database)).map(({ key, revision }): RecordStep => ({
      record: "ShardInitClaim",
      name: key,
      write: { kind: "delete", key, revision },
    })),
    ...[...seen.databases].filter(([name]) => goes(name)).map(([name, { key, revision }]): RecordStep => ({
      record: "Database",
      name,
      write: { kind: "delete", key, revision },
    })),
  ];
}

function writeOf(root: string, wanted: WantedDatabase, stored: Stored<Database> | undefined): RecordStep[] {
  const fill = (database: Database) => {
    database.name = wanted.name;
    database.cells = [...wanted.cells];
    database.backupLocation = backupLocation(wanted.backup, database.backupLocation);
    database.bootstrapDurabilityPolicy = durability(wanted, database.bootstrapDurabilityPolicy);
  };
  const write = stored === undefined
    ? creationOf(DatabaseSchema, databaseKey(root, wanted.name), fill)
    : updateOf(DatabaseSchema, stored, fill);
  return write === undefined ? [] : [{ record: "Database", name: wanted.name, write }];
}

function durability(
  { durabilityPolicy }: WantedDatabase,
  existing: DurabilityPolicy = create(DurabilityPolicySchema),
): DurabilityPolicy {
  const rule = durabilityRule(durabilityPolicy);
  existing.policyName = rule.name;
  existing.quorumType = rule.quorumType;
  existing.requiredCount = rule.requiredCount;
  return existing;
}
