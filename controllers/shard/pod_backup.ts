/** What the pods of a shard need for backups: the repository, its credentials, and pgBackRest's certificates. */
import type { BackupConfig } from "../../api/multigres/backup.ts";
import {
  backupClaimName,
  pgbackrestAuthoritySecretName,
  pgbackrestCertificateSecretName,
} from "../../api/multigres/names.ts";
import { ports } from "../../api/multigres/ports.ts";
import type { Problem } from "../../kube/controller.ts";
import type { EnvVar, Volume, VolumeMount } from "../components/pod_parts.ts";
import { files, folders, volumes } from "./shape.ts";
import { shardPath, type ShardView } from "./view.ts";

/** Of the shard's backup, what goes where in its pods. */
export interface BackupParts {
  /** Of PostgreSQL and of the pooler: archiving runs beside the one, backups beside the other. */
  readonly env: EnvVar[];
  /** Flags of pgctld, which serves pgBackRest. */
  readonly serverFlags: string[];
  /** Flags of the pooler, which calls it. */
  readonly clientFlags: string[];
  readonly repository: Volume;
  readonly certificates: Volume[];
  readonly cipher: Volume[];
  readonly repositoryMount: VolumeMount;
  readonly certificateMounts: VolumeMount[];
  readonly cipherMounts: VolumeMount[];
}

export function backupParts(shard: ShardView): BackupParts {
  const { backup } = shard.owner.spec;
  const cipher = backup?.encryption?.secretName;
  return {
    env: credentials(backup),
    serverFlags: backup === undefined ? [] : serverFlags,
    clientFlags: [
      ...(backup === undefined ? [] : clientFlags),
      ...(cipher === undefined ? [] : [`--pgbackrest-cipher-key-file=${folders.cipher}/${files.cipher}`]),
    ],
    repository: repository(shard),
    certificates: backup === undefined ? [] : [certificates(shard, backup)],
    cipher: cipher === undefined ? [] : [cipherVolume(cipher)],
    repositoryMount: { name: volumes.backups, mountPath: repositoryMountPath(backup) },
    certificateMounts: backup === undefined ? [] : [readOnly(volumes.pgbackrest, folders.pgbackrest)],
    cipherMounts: cipher === undefined ? [] : [readOnly(volumes.cipher, folders.cipher)],
  };
}

/** With both flags pgctld serves pgBackRest over TLS. */
const serverFlags = [
  `--pgbackrest-cert-dir=${folders.pgbackrest}`,
  `--pgbackrest-port=${ports.pgbackrest}`,
];

const clientFlags = [
  `--pgbackrest-cert-file=${folders.pgbackrest}/pgbackrest.crt`,
  `--pgbackrest-key-file=${folders.pgbackrest}/pgbackrest.key`,
  `--pgbackrest-ca-file=${folders.pgbackrest}/ca.crt`,
];

function readOnly(name: string, mountPath: string): VolumeMount {
  return { name, mountPath, readOnly: true };
}

/** The service account of the pods: that of an object store whose cloud knows pods by it. */
export function serviceAccountOf({ owner }: ShardView): { serviceAccountName?: string } {
  const { backup } = owner.spec;
  const name = backup?.type === "s3" ? backup.s3?.serviceAccountName : undefined;
  return name === undefined || name === "" ? {} : { serviceAccountName: name };
}

/** Where pgBackRest finds an object store, and who it is there. */
function credentials(backup: BackupConfig | undefined): EnvVar[] {
  if (backup?.type !== "s3" || backup.s3 === undefined) return [];
  const { region, credentialsSecret } = backup.s3;
  const named = credentialsSecret === undefined || credentialsSecret === "" ? [] : [credentialsSecret];
  return [
    { name: "AWS_REGION", value: region },
    ...named.flatMap((secret) =>
      ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"].map((key): EnvVar => ({
        name: key,
        valueFrom: { secretKeyRef: { name: secret, key } },
      }))
    ),
  ];
}

/** With an object store the folder is scratch space. */
function repository(shard: ShardView): Volume {
  if (shard.owner.spec.backup?.type === "s3") return { name: volumes.backups, emptyDir: {} };
  const claimName = backupClaimName(shardPath(shard));
  return { name: volumes.backups, persistentVolumeClaim: { claimName } };
}

/**
 * The user's Secret, or those that the operator made. Mode and group are bounded from both sides: pgBackRest refuses a key
 * that others than root's group may read, and must read it itself as that group (see `podSecurity`).
 */
function certificates({ owner }: ShardView, { pgbackrestTLS }: BackupConfig): Volume {
  const given = pgbackrestTLS?.secretName ?? "";
  const authority = given === "" ? pgbackrestAuthoritySecretName(owner.metadata.name) : given;
  const certificate = given === "" ? pgbackrestCertificateSecretName(owner.metadata.name) : given;
  const ca = [{ key: "ca.crt", path: "ca.crt" }];
  const pair = [{ key: "tls.crt", path: "pgbackrest.crt" }, { key: "tls.key", path: "pgbackrest.key" }];
  const sources = given === ""
    ? [{ secret: { name: authority, items: ca } }, { secret: { name: certificate, items: pair } }]
    : [{ secret: { name: given, items: [...ca, ...pair] } }];
  return { name: volumes.pgbackrest, projected: { defaultMode: 0o440, sources } };
}

function cipherVolume(secretName: string): Volume {
  return { name: volumes.cipher, secret: { secretName, defaultMode: 0o444 } };
}

/**
 * Where the repository is mounted: at its folder, which the topology tells pgBackRest, or above it when it lies in the usual
 * place. Mounted elsewhere, backups would be written to the container and be lost with it.
 */
export function repositoryMountPath(backup: BackupConfig | undefined): string {
  const path = backup?.type === "filesystem" ? backup.filesystem?.path ?? "" : "";
  if (path === "" || isWithin(path, folders.backups)) return folders.backups;
  return trimSlashes(path);
}

function trimSlashes(path: string): string {
  return path.replace(/(?<=.)\/+$/, "");
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}

/** Folders that are taken, by the pod or by the images. */
const takenFolders = [
  folders.pooler,
  folders.sockets,
  "/certs",
  "/secrets",
  ...[
    "/bin",
    "/dev",
    "/etc",
    "/lib",
    "/lib64",
    "/multigres",
    "/proc",
    "/run",
    "/sbin",
    "/sys",
    "/usr",
  ],
];

/** Why the repository cannot be mounted where the user wants it. */
export function repositoryProblems({ owner }: ShardView): Problem[] {
  const mountPath = repositoryMountPath(owner.spec.backup);
  if (mountPath === folders.backups) return [];
  const path = "spec.backup.filesystem.path";
  const refused = (reason: string): Problem[] => [{
    path,
    message:
      `Cannot mount the repository at ${path} "${mountPath}" as ${reason}: use ${folders.backups} or another ` +
      `absolute folder of its own`,
  }];
  if (!/^\/[^:\\]+$/.test(mountPath) || mountPath.split("/").includes("..")) {
    return refused("it is no absolute folder without colons and ..");
  }
  const taken = takenFolders.find((folder) => isWithin(mountPath, folder) || isWithin(folder, mountPath));
  return taken === undefined ? [] : refused(`${taken} holds something else`);
}
