/** Merging backup settings: shard over table group over database over cluster. */
import type { BackupConfig } from "../api/multigres/backup.ts";
import { mergeBlocks, mergeStorage, nearestText } from "./merge.ts";
import { present } from "./present.ts";

type Filesystem = NonNullable<BackupConfig["filesystem"]>;
type S3 = NonNullable<BackupConfig["s3"]>;

/** A child of another type replaces everything; one of the same type is merged field by field. */
export function mergeBackup(parent: BackupConfig, child: BackupConfig | undefined): BackupConfig {
  if (child !== undefined && child.type !== parent.type) return mergeSame(child, child);
  return mergeSame(parent, child ?? parent);
}

function mergeSame(parent: BackupConfig, child: BackupConfig): BackupConfig {
  return present({
    type: child.type,
    encryption: child.encryption ?? parent.encryption,
    pgbackrestTLS: child.pgbackrestTLS ?? parent.pgbackrestTLS,
    filesystem: mergeBlocks(mergeFilesystem, parent.filesystem, child.filesystem),
    s3: mergeBlocks(mergeS3, parent.s3, child.s3),
  });
}

function mergeFilesystem(parent: Filesystem, child: Filesystem): Filesystem {
  return present({
    path: nearestText(parent.path, child.path),
    storage: mergeBlocks(mergeStorage, parent.storage, child.storage),
  });
}

/** `useEnvCredentials` is not inherited: it belongs to the block that names the bucket. */
function mergeS3(parent: S3, child: S3): S3 {
  return present({
    bucket: child.bucket,
    region: child.region,
    endpoint: nearestText(parent.endpoint, child.endpoint),
    keyPrefix: nearestText(parent.keyPrefix, child.keyPrefix),
    useEnvCredentials: child.useEnvCredentials,
    ...identity(parent, child),
  });
}

/**
 * Who the pods are to the object store. A ServiceAccount excludes the other ways, so a child that names one way does not
 * inherit one that the schema forbids beside it:
 *
 * | child says        | inherits credentialsSecret | inherits serviceAccountName |
 * | ----------------- | -------------------------- | --------------------------- |
 * | nothing           | yes                        | yes                         |
 * | ServiceAccount    | no                         |                             |
 * | Secret            |                            | no                          |
 * | environment alone | yes                        | no                          |
 */
function identity(parent: S3, child: S3): Pick<S3, "credentialsSecret" | "serviceAccountName"> {
  const account = nearestText(undefined, child.serviceAccountName);
  const secret = nearestText(undefined, child.credentialsSecret);
  const inheritsAccount = secret === undefined && child.useEnvCredentials !== true;
  return present({
    credentialsSecret: secret ??
      (account === undefined ? nearestText(undefined, parent.credentialsSecret) : undefined),
    serviceAccountName: account ??
      (inheritsAccount ? nearestText(undefined, parent.serviceAccountName) : undefined),
  });
}
