/** The new cluster, and the passwords that it starts with. */
import { annotations } from "../../api/smoketurner/annotations.ts";
import { labelKeys, standardLabels, upgradeTargetLabels } from "../../api/smoketurner/labels.ts";
import { clusterNames, serviceHost, upgradeNames } from "../../api/smoketurner/names.ts";
import type { Backup } from "../../api/smoketurner/postgres_cluster/backup.ts";
import type { PostgresClusterSpec } from "../../api/smoketurner/postgres_cluster/spec.ts";
import type { PostgresCluster } from "../../api/smoketurner/postgres_cluster.ts";
import type { TargetClusterOverrides } from "../../api/smoketurner/postgres_upgrade/spec.ts";
import { credentialKeys } from "../../api/smoketurner/secret_keys.ts";
import { trustedSinceAnnotation } from "../../api/multigres/annotations.ts";
import type { Applied } from "../../kube/client.ts";
import type { Secret } from "../../kube/kinds.ts";
import type { Frozen } from "../../kube/types.ts";
import { certificateLabels } from "../postgres_cluster/desired_certificates.ts";
import { type Cluster, namespaceOf } from "../postgres_cluster/shape.ts";
import { namespaceOfUpgrade, type Upgrade } from "./kinds.ts";

/**
 * The source's spec, but for what cannot be the same in two clusters at once.
 *
 * | field                    | in the new cluster                                                                       |
 * | ------------------------ | ---------------------------------------------------------------------------------------- |
 * | `version`                | that of the upgrade                                                                      |
 * | `replicas`, `resources`  | the overrides, where there are any                                                       |
 * | `labels`                 | those of both                                                                            |
 * | `restore`                | left out: its data comes from the source                                                 |
 * | `service`                | left out: clients go on using the source's Services, which have ports and addresses      |
 * | `backup.destination.path`| its own: two clusters in one folder would overwrite each other                           |
 * | `tls.additionalDnsNames` | the names of the source's Services besides, by which clients will come                   |
 */
export function desiredTarget(upgrade: Upgrade, source: Cluster): Applied<PostgresCluster> {
  const { targetCluster } = upgradeNames(upgrade.metadata.name);
  return {
    metadata: {
      name: targetCluster,
      namespace: namespaceOfUpgrade(upgrade),
      labels: { ...upgradeTargetLabels(upgrade.metadata.name, targetCluster) },
      annotations: { [annotations.upgradeUid]: upgrade.metadata.uid },
    },
    spec: targetSpec(upgrade, source, targetCluster),
  };
}

export function isMadeFor(
  { metadata }: Pick<Frozen<PostgresCluster>, "metadata">,
  upgrade: Upgrade,
): boolean {
  const uid = metadata.annotations?.[annotations.upgradeUid];
  // A cluster that an older operator made bears the label alone.
  return uid === undefined
    ? metadata.labels?.[labelKeys.upgrade] === upgrade.metadata.name
    : uid === upgrade.metadata.uid;
}

function targetSpec(upgrade: Upgrade, source: Cluster, name: string): PostgresClusterSpec {
  const { restore: _restore, service: _service, backup, tls, ...same } = structuredClone(source.spec);
  const { targetVersion, targetClusterOverrides = {} } = upgrade.spec;
  return {
    ...same,
    ...overridesOf(targetClusterOverrides, same.labels),
    version: targetVersion,
    tls: tls.enabled ? { ...tls, additionalDnsNames: dnsNames(source) } : tls,
    ...(backup === undefined ? {} : { backup: movedBackup(backup, name) }),
  };
}

function overridesOf(
  { replicas, resources, labels }: TargetClusterOverrides,
  inherited: Record<string, string> = {},
): Partial<PostgresClusterSpec> {
  const all = { ...inherited, ...labels };
  return {
    ...(replicas === undefined ? {} : { replicas }),
    ...(resources === undefined ? {} : { resources }),
    ...(Object.keys(all).length === 0 ? {} : { labels: all }),
  };
}

/** The default path bears the cluster's name already. */
function movedBackup(backup: Backup, name: string): Backup {
  const { destination } = backup;
  if (destination?.path === undefined) return backup;
  return {
    ...backup,
    destination: { ...destination, path: `${destination.path.replace(/\/+$/, "")}/${name}` },
  };
}

/** Every way to write the name of a Service that clients know. */
function dnsNames(source: Cluster): string[] {
  const names = clusterNames(source.metadata.name);
  const services = [
    names.primaryService,
    names.replicaService,
    names.poolerService,
    names.replicaPoolerService,
  ];
  const forms = services.flatMap((service) => {
    const host = serviceHost(service, namespaceOf(source));
    return [service, host.replace(/\.svc$/, ""), host, `${host}.cluster.local`];
  });
  return [...new Set([...source.spec.tls.additionalDnsNames ?? [], ...forms])];
}

/**
 * The authority of the source signs for the new cluster too, so that clients who trust it go on as they are. The new cluster
 * makes the copy its own.
 */
export function desiredTargetAuthority(upgrade: Upgrade, authority: Frozen<Secret>): Applied<Secret> {
  const { targetCluster } = upgradeNames(upgrade.metadata.name);
  const trustedSince = authority.metadata.annotations?.[trustedSinceAnnotation];
  return {
    metadata: {
      name: clusterNames(targetCluster).authority,
      namespace: namespaceOfUpgrade(upgrade),
      labels: { ...certificateLabels(targetCluster) },
      ...(trustedSince === undefined ? {} : { annotations: { [trustedSinceAnnotation]: trustedSince } }),
    },
    type: "Opaque",
    data: { ...authority.data },
  };
}

export interface SourcePasswords {
  readonly superuser: string;
  readonly replication: string;
}

/**
 * The new cluster has the passwords of the source: clients keep theirs, and the definitions that are copied, which hold
 * verifiers of them, agree with the Secret.
 */
export function desiredTargetCredentials(upgrade: Upgrade, passwords: SourcePasswords): Applied<Secret> {
  const { targetCluster } = upgradeNames(upgrade.metadata.name);
  return {
    metadata: {
      name: clusterNames(targetCluster).credentialsSecret,
      namespace: namespaceOfUpgrade(upgrade),
      labels: { ...standardLabels(targetCluster) },
    },
    type: "Opaque",
    stringData: {
      [credentialKeys.superuserPassword]: passwords.superuser,
      [credentialKeys.replicationPassword]: passwords.replication,
      [credentialKeys.libpqPassword]: passwords.superuser,
    },
  };
}
