/** Where the backups of a database go, as the data plane is told. */
import { create } from "@bufbuild/protobuf";
import type { BackupConfig } from "../../api/multigres/backup.ts";
import {
  type BackupLocation,
  BackupLocationSchema,
  FilesystemBackupSchema,
  S3BackupSchema,
} from "../gen/clustermetadata_pb.ts";

/** The folder of the repository unless told; without a location the data plane does not work at all. */
const FOLDER = "/backups";

/**
 * `existing` with what `config` says of it. What it says nothing of stays: fields that are not known here, and the
 * generation, which belongs to the data plane.
 */
export function backupLocation(
  config: BackupConfig | undefined,
  existing: BackupLocation = create(BackupLocationSchema),
): BackupLocation {
  existing.location = locationOf(config, existing.location);
  existing.requireInitialRepoEncryption = config?.encryption !== undefined;
  return existing;
}

function locationOf(
  config: BackupConfig | undefined,
  { case: kind, value }: BackupLocation["location"],
): BackupLocation["location"] {
  if (config?.type !== "s3") {
    const filesystem = kind === "filesystem" ? value : create(FilesystemBackupSchema);
    filesystem.path = config?.filesystem?.path || FOLDER;
    return { case: "filesystem", value: filesystem };
  }
  const s3 = kind === "s3" ? value : create(S3BackupSchema);
  s3.bucket = config.s3?.bucket ?? "";
  s3.region = config.s3?.region ?? "";
  s3.endpoint = config.s3?.endpoint ?? "";
  s3.keyPrefix = config.s3?.keyPrefix ?? "";
  s3.useEnvCredentials = config.s3?.useEnvCredentials ?? false;
  return { case: "s3", value: s3 };
}
