/** `spec.restore` of a PostgresCluster: start from a backup instead of an empty database. */
import { defaulted, optional, type Output, required, type Struct, struct } from "../../schema/fields.ts";
import { int32, oneOf, text } from "../../schema/values.ts";
import { type BackupEngineName, engineNames } from "./backup.ts";

const s3Source = {
  prefix: required(text(), "Whole prefix of the backups, such as s3://bucket/path."),
  region: required(text(), "Region of the bucket, spelt as the object store spells it."),
  endpoint: optional(text(), "URL of an S3-compatible store; leave it out for AWS itself."),
};

/** The source as manifests spell it: the Secret's name under one of two keys. */
const writtenS3Source = struct({
  ...s3Source,
  credentialsSecret: optional(
    text(),
    "Secret in the cluster's namespace with the same keys as that of a backup destination.",
  ),
  credentials_secret: optional(text(), "Older spelling of credentialsSecret."),
}, {
  rules: [
    {
      rule: "has(self.credentialsSecret) || has(self.credentials_secret)",
      message: "Cannot restore without credentials: set credentialsSecret to a Secret with the access keys",
    },
    {
      rule: "!has(self.credentialsSecret) || !has(self.credentials_secret) || " +
        "self.credentialsSecret == self.credentials_secret",
      message:
        "Cannot tell which Secret is meant: credentialsSecret differs from credentials_secret; keep the first",
    },
  ],
});

const recoveryTarget = struct({
  time: optional(text(), "Moment to recover to, in ISO 8601."),
  backup: optional(text(), "Name of the base backup to restore, as the backup tool lists it."),
  timeline: optional(int32(), "Timeline to follow to its end."),
}, {
  rules: [{
    rule: "[has(self.time), has(self.backup), has(self.timeline)].filter(given, given).size() == 1",
    message:
      "Cannot recover to several targets or to none: give one of time, backup and timeline, or leave " +
      "recoveryTarget out for the latest state",
  }],
});
/** Where recovery ends; exactly one field is set in an object that the API server let through. */
export type RecoveryTarget = Output<typeof recoveryTarget>;

/** Which backups those are. */
const origin = {
  engine: defaulted(oneOf(...engineNames), "walg", "Program that took the backups: walg or pgbackrest."),
  stanza: optional(
    text({ pattern: /^[a-z0-9][a-z0-9_.-]*$/ }),
    "Name under which pgbackrest keeps them: that of the cluster that took them, this cluster's when left out.",
  ),
};

/** `spec.restore` as manifests spell it. */
export const writtenRestore = struct({
  ...origin,
  source: required(
    struct({ s3: required(writtenS3Source, "Backups in an S3 bucket.") }),
    "Where the backups are.",
  ),
  recoveryTarget: optional(recoveryTarget, "Where recovery ends; at the latest state when left out."),
});
export type WrittenRestore = Output<typeof writtenRestore>;

/** A source with its Secret in the one spelling that controllers see. */
export interface RestoreS3Source extends Output<Struct<typeof s3Source>> {
  credentialsSecret: string;
}

/** `spec.restore` in the one spelling that controllers see. */
export interface Restore {
  engine: BackupEngineName;
  stanza?: string;
  source: { s3: RestoreS3Source };
  recoveryTarget?: RecoveryTarget;
}
