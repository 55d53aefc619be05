/** What the two servers and the copy need to reach each other while an upgrade is under way. */
import { labelKeys, spiloRole, standardLabels } from "../../api/smoketurner/labels.ts";
import { clusterNames, upgradeNames } from "../../api/smoketurner/names.ts";
import { ports } from "../../api/smoketurner/ports.ts";
import { credentialKeys } from "../../api/smoketurner/secret_keys.ts";
import type { Applied } from "../../kube/client.ts";
import type { Service } from "../../kube/kinds.ts";
import { controllerReference } from "../../kube/owner.ts";
import type { NetworkPolicy } from "../postgres_cluster/kinds.ts";
import { SPILO_IMAGES } from "../postgres_cluster/images.ts";
import { copyScript, copyVariables } from "./copy_script.ts";
import { type Job, namespaceOfUpgrade, type Upgrade } from "./kinds.ts";
import { type Side, sourceService } from "./sides.ts";
import { connectionString } from "./sql_replication.ts";

/** Longest time for copying definitions, in seconds; they are small. */
const COPY_SECONDS = 1_800;
const COPY_RETRIES = 3;
/** User of PostgreSQL in Spilo's image, and its group. */
const POSTGRES_UID = 101;
const POSTGRES_GID = 103;
const SCRATCH = "/scratch";

function metadataOf(upgrade: Upgrade, name: string, labels: Readonly<Record<string, string>> = {}) {
  return {
    name,
    namespace: namespaceOfUpgrade(upgrade),
    labels: { ...labels, [labelKeys.upgrade]: upgrade.metadata.name },
    ownerReferences: [controllerReference(upgrade)],
  };
}

/** Leads to the primary of the source, whatever clients are led to. */
export function desiredSourceService(upgrade: Upgrade): Applied<Service> {
  const { name } = upgrade.spec.sourceCluster;
  const { name: port, port: number } = ports.postgresql;
  return {
    metadata: metadataOf(upgrade, sourceService(upgrade.metadata.name), standardLabels(name)),
    spec: {
      type: "ClusterIP",
      selector: {
        [labelKeys.cluster]: name,
        [labelKeys.application]: "spilo",
        [labelKeys.role]: spiloRole.primary,
      },
      ports: [{ name: port, port: number, targetPort: number, protocol: "TCP" }],
    },
  };
}

/** The policies of the two clusters let each reach its own members only. */
export function desiredBridge(upgrade: Upgrade): Applied<NetworkPolicy> {
  const source = upgrade.spec.sourceCluster.name;
  const { targetCluster } = upgradeNames(upgrade.metadata.name);
  const members = {
    matchLabels: { [labelKeys.application]: "spilo" },
    matchExpressions: [{ key: labelKeys.cluster, operator: "In", values: [source, targetCluster] }],
  };
  const copy = { matchLabels: { [labelKeys.upgrade]: upgrade.metadata.name } };
  const { port } = ports.postgresql;
  const open = [{ port, protocol: "TCP" }];
  return {
    metadata: metadataOf(upgrade, `${upgrade.metadata.name}-upgrade`, standardLabels(source)),
    spec: {
      podSelector: members,
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from: [{ podSelector: members }, { podSelector: copy }], ports: open }],
      egress: [{ to: [{ podSelector: members }], ports: open }],
    },
  };
}

/** Name of the Job that copies definitions. */
export function copyJobName(upgrade: string): string {
  return `${upgrade}-schema`;
}

/** Copies definitions with the programs of the newer version. */
export function desiredCopyJob(upgrade: Upgrade, source: Side, target: Side): Applied<Job> {
  const { targetVersion } = upgrade.spec;
  const labels = { [labelKeys.upgrade]: upgrade.metadata.name };
  const { targetCluster } = upgradeNames(upgrade.metadata.name);
  return {
    metadata: metadataOf(upgrade, copyJobName(upgrade.metadata.name)),
    spec: {
      backoffLimit: COPY_RETRIES,
      activeDeadlineSeconds: COPY_SECONDS,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          automountServiceAccountToken: false,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: POSTGRES_UID,
            runAsGroup: POSTGRES_GID,
            fsGroup: POSTGRES_GID,
            seccompProfile: { type: "RuntimeDefault" },
          },
          containers: [{
            name: "copy",
            image: SPILO_IMAGES[targetVersion],
            command: ["sh", "-c", `PATH="/usr/lib/postgresql/${targetVersion}/bin:$PATH"\n${copyScript}`],
            env: [
              { name: copyVariables.source, value: loginOf(source) },
              passwordOf(copyVariables.sourcePassword, clusterNames(source.cluster).credentialsSecret),
              { name: copyVariables.target, value: loginOf(target) },
              passwordOf(copyVariables.targetPassword, clusterNames(targetCluster).credentialsSecret),
              { name: copyVariables.scratch, value: SCRATCH },
            ],
            securityContext: {
              allowPrivilegeEscalation: false,
              readOnlyRootFilesystem: true,
              capabilities: { drop: ["ALL"] },
            },
            volumeMounts: [{ name: "scratch", mountPath: SCRATCH }],
          }],
          // In memory: what lies there holds verifiers of passwords.
          volumes: [{ name: "scratch", emptyDir: { medium: "Memory" } }],
        },
      },
    },
  };
}

function loginOf({ place: { host, port }, authority }: Side): string {
  return connectionString({
    host,
    port: String(port),
    user: "postgres",
    dbname: "postgres",
    sslmode: authority === undefined ? "prefer" : "require",
  });
}

function passwordOf(name: string, secret: string) {
  return { name, valueFrom: { secretKeyRef: { name: secret, key: credentialKeys.superuserPassword } } };
}
