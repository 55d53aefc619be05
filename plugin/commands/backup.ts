/** `backup`: takes one now, and tells how it ended. */
import { annotations } from "../../api/smoketurner/annotations.ts";
import { PostgresClusters } from "../../api/smoketurner/postgres_cluster.ts";
import type { Shard } from "../../api/multigres/shard.ts";
import { UsageError } from "../../cli/usage_error.ts";
import { EXIT } from "../exit.ts";
import { findCluster, type FoundCluster } from "../find.ts";
import {
  connectionAliases,
  type ConnectionFlags,
  connectionFlags,
  onePositional,
  type WaitFlags,
  waitFlags,
} from "../flags.ts";
import { chosenGroup, groupsOf, shardFlag } from "../groups.ts";
import { type BackupType, Multiadmin } from "../multiadmin.ts";
import { PluginError } from "../plugin_error.ts";
import { openSession, type Session } from "../session.ts";
import type { Surroundings } from "../surroundings.ts";
import { type Look, waitFor } from "../wait.ts";

export interface BackupFlags extends ConnectionFlags, WaitFlags {
  readonly shard?: string;
  readonly type?: BackupType;
}

export const backupParameters = {
  flags: {
    ...connectionFlags,
    ...waitFlags("1h"),
    shard: shardFlag,
    type: {
      kind: "enum",
      values: ["full", "differential", "incremental"],
      brief: "Kind of the backup, of a Multigres cluster alone (default: full)",
      optional: true,
    },
  },
  aliases: connectionAliases,
  positional: onePositional("Cluster", "cluster"),
} as const;

interface Work {
  readonly session: Session;
  readonly flags: BackupFlags;
  readonly name: string;
  readonly say: (line: string) => void;
}

/** @returns the exit code. @throws PluginError, TooLateError, UsageError in one line */
export async function backup(flags: BackupFlags, name: string, surroundings: Surroundings): Promise<number> {
  using session = await openSession(flags, surroundings);
  const found = await findCluster(session.client, name, session.namespace);
  const say = (line: string) => surroundings.stderr.write(`${line}\n`);
  const work = { session, flags, name, say };
  const end = found.kind === "PostgresCluster"
    ? await ofPostgres(found.cluster, work)
    : await ofMultigres(found, work);
  surroundings.stdout.write(`${end}\n`);
  return EXIT.done;
}

type Cluster<K extends FoundCluster["kind"]> = Extract<FoundCluster, { kind: K }>["cluster"];

async function ofPostgres(cluster: Cluster<"PostgresCluster">, work: Work): Promise<string> {
  const { session: { client, namespace, clock }, flags, name, say } = work;
  if (flags.type !== undefined || flags.shard !== undefined) {
    throw new UsageError(`Cannot use --type or --shard as ${name} is a PostgresCluster, whose spec decides`);
  }
  if (cluster.spec.backup === undefined) {
    throw new PluginError(
      `Cannot back up PostgresCluster ${namespace}/${name} as it has no spec.backup: say there where backups go`,
    );
  }
  const key = { namespace, name: cluster.metadata.name };
  const trigger = clock.now().toISOString();
  await client.patch(PostgresClusters.resource, key, {
    metadata: { annotations: { [annotations.triggerBackup]: trigger } },
  });
  say(`Asked the operator for a backup of ${key.name} (${trigger})`);
  if (!flags.wait) return `backup ${trigger} of ${key.name} is asked for`;
  const what = `the backup ${trigger} of ${key.name}`;
  const look = async () => stateOf(await client.get(PostgresClusters.resource, key), trigger);
  const message = await waitFor({ what, seconds: flags.timeout, clock, look, say });
  return `backup ${trigger} of ${key.name} is complete${message}`;
}

/** @throws PluginError when the backup failed, or somebody else asked for another one */
export function stateOf({ metadata, status }: Cluster<"PostgresCluster">, trigger: string): Look<string> {
  const { lastManualBackupTrigger, lastManualBackupStatus, lastManualBackupMessage } = status?.backup ?? {};
  const more = lastManualBackupMessage === undefined ? "" : `: ${lastManualBackupMessage}`;
  const asked = metadata.annotations?.[annotations.triggerBackup];
  if (lastManualBackupTrigger === trigger) {
    if (lastManualBackupStatus === "completed") return { found: more };
    if (lastManualBackupStatus === "failed") {
      throw new PluginError(`Cannot back up ${metadata.name}${more || ": it is not said why"}`);
    }
    return { lacks: `it is ${lastManualBackupStatus ?? "begun"}${more}` };
  }
  if (asked !== trigger) {
    throw new PluginError(
      `Cannot follow the backup of ${metadata.name} as somebody asked for another one: ${
        asked ?? "the wish was taken back"
      }`,
    );
  }
  return { lacks: "the operator has not answered yet; is one at work, and is there a primary?" };
}

async function ofMultigres(found: FoundCluster, work: Work): Promise<string> {
  const { session, flags, name, say } = work;
  const { shard, name: path } = chosenGroup(await groupsOf(session, found), flags.shard, name);
  if (shard === undefined) throw new PluginError(`Cannot back up ${name} as it has no shard yet`);
  const place = {
    transport: session.transport,
    namespace: session.namespace,
    cluster: found.cluster.metadata.name,
  };
  const multiadmin = new Multiadmin(place);
  const job = await multiadmin.backUp(shard, flags.type ?? "full");
  say(`Multiadmin has begun a backup of ${path} (job ${job})`);
  if (!flags.wait) return `backup of ${path} is begun, job ${job}`;
  const what = `the backup of ${path} (job ${job})`;
  const look = () => jobLook(multiadmin, shard, job);
  const backup = await waitFor({ what, seconds: flags.timeout, clock: session.clock, look, say });
  return `backup ${backup} of ${path} is complete`;
}

async function jobLook(multiadmin: Multiadmin, shard: Shard, job: string): Promise<Look<string>> {
  const state = await multiadmin.job(shard, job);
  switch (state.kind) {
    case "done":
      return { found: state.backup };
    case "failed":
      throw new PluginError(`Cannot back up shard ${shard.metadata.name}: ${state.message}`);
    case "under-way":
      return { lacks: `it is ${state.word}` };
  }
}
