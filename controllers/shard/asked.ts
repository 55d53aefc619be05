/** What the user asked for, as far as it reaches the pods of a pool. */
import { defaultResources, pullPolicy, repositoryFolder, superuser } from "../../resolve/defaults.ts";
import { canonicalText } from "./canonical.ts";
import { repositoryMountPath } from "./pod_backup.ts";
import type { PoolView, ShardView } from "./view.ts";

/**
 * A spec of ours is complete: where the user said nothing stand defaults of the operator. Those are left out here, so that
 * another default in a later version is not taken for the user's wish. So is everything that is absent, so that a field
 * that later versions know changes nothing where nobody uses it.
 *
 * Names, ports, flags and whatever else the operator decides have no place here.
 */
export function askedOf({ shard, cell, spec }: PoolView): Record<string, unknown> {
  const { postgres, multipooler, fsGroup, affinity, tolerations } = spec;
  return {
    ...askedOfShard(shard),
    nodeLabels: shard.owner.spec.cellTopologyLabels?.[cell],
    fsGroup,
    affinity,
    tolerations: tolerations?.length === 0 ? undefined : tolerations,
    postgres: { ...postgres, resources: unless(defaultResources.postgres(), postgres?.resources) },
    multipooler: {
      ...multipooler,
      resources: unless(defaultResources.multipooler(), multipooler?.resources),
    },
  };
}

function askedOfShard(shard: ShardView): Record<string, unknown> {
  const { spec } = shard.owner;
  const { images, globalTopoServer, internalTLS, observability, initdbArgs } = spec;
  return {
    images: { postgres: images.postgres, multipooler: images.multipooler },
    pullPolicy: unless(pullPolicy, images.imagePullPolicy),
    pullSecrets: images.imagePullSecrets?.length === 0 ? undefined : images.imagePullSecrets,
    topology: globalTopoServer,
    internalTls: internalTLS?.enabled === true ? true : undefined,
    observability,
    project: unless(shard.cluster, shard.project),
    logLevels: levels(shard),
    superuser: unless(superuser, spec.postgresSuperuser),
    password: spec.postgresPasswordSecretRef,
    initdbArgs: unless("", initdbArgs),
    backup: backupOf(shard),
    settings: shard.config?.askedHash ?? shard.config?.restartHash,
  };
}

function levels({ owner }: ShardView): Record<string, unknown> {
  const { pgctld, multipooler } = owner.spec.logLevels ?? {};
  return { pgctld: unless("info", pgctld), multipooler: unless("info", multipooler) };
}

/** Bucket, prefix and size do not reach the pods: pgBackRest learns the first two from the topology. */
function backupOf({ owner }: ShardView): Record<string, unknown> | undefined {
  const { backup } = owner.spec;
  if (backup === undefined) return undefined;
  const { type, s3, encryption, pgbackrestTLS } = backup;
  const store = {
    region: s3?.region,
    credentials: unless("", s3?.credentialsSecret),
    account: unless("", s3?.serviceAccountName),
  };
  return {
    type,
    folder: unless(repositoryFolder, repositoryMountPath(backup)),
    store: type === "s3" ? store : undefined,
    cipher: encryption?.secretName,
    certificates: unless("", pgbackrestTLS?.secretName),
  };
}

/** The value, unless it is what holds anyway. */
function unless<T>(standard: T, value: T | undefined): T | undefined {
  return canonicalText(value) === canonicalText(standard) ? undefined : value;
}
