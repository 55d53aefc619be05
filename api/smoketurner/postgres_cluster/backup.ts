/** `spec.backup` of a PostgresCluster: base backups and the write-ahead log, kept in an S3 bucket. */
import { defaulted, optional, type Output, required, type Struct, struct } from "../../schema/fields.ts";
import { flag, int32, oneOf, text } from "../../schema/values.ts";

const location = {
  bucket: required(text(), "Name of the bucket."),
  region: required(text(), "Region of the bucket, spelt as the object store spells it."),
  endpoint: optional(text(), "URL of an S3-compatible store; leave it out for AWS itself."),
  credentialsSecret: required(
    text(),
    "Secret in the cluster's namespace with the keys AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and " +
      "AWS_SESSION_TOKEN where the credentials are temporary.",
  ),
  path: optional(text(), "Prefix inside the bucket; <namespace>/<cluster> when left out."),
  forcePathStyle: defaulted(
    flag(),
    false,
    "Whether the bucket stands in the URL's path instead of its host name, as MinIO wants it.",
  ),
};

/** An S3 bucket and how to reach it. */
const s3Location = struct(location);
export type S3Location = Output<typeof s3Location>;

/** Settings that may stand both beside `S3` and under it, as long as the two agree. */
const comparedKeys = ["bucket", "region", "credentialsSecret", "endpoint", "path"];

/**
 * The destination as manifests spell it: flat with a `type`, or under the key `S3`.
 * A manifest that was made to satisfy both older schemas carries both; it passes when the two agree.
 */
const writtenDestination = struct({
  type: optional(oneOf("S3"), "Kind of object store; needed unless the settings stand under S3."),
  ...location,
  bucket: optional(location.bucket.schema, location.bucket.description),
  region: optional(location.region.schema, location.region.description),
  credentialsSecret: optional(location.credentialsSecret.schema, location.credentialsSecret.description),
  S3: optional(s3Location, "The same settings in the nested spelling, which needs no type."),
}, {
  rules: [
    {
      rule:
        "has(self.S3) || (has(self.type) && has(self.bucket) && has(self.region) && has(self.credentialsSecret))",
      message:
        "Cannot back up to an incomplete destination: set type, bucket, region and credentialsSecret, or " +
        "put the settings under S3",
    },
    {
      rule: "!has(self.S3) || !self.forcePathStyle || self.S3.forcePathStyle",
      message: "Cannot tell whether forcePathStyle is meant: it is set beside S3 but not under S3; keep one",
    },
    ...comparedKeys.map((key) => ({
      rule: `!has(self.S3) || !has(self.${key}) || (has(self.S3.${key}) && self.S3.${key} == self.${key})`,
      message: `Cannot tell which ${key} is meant: the one beside S3 differs from the one under S3; keep one`,
    })),
  ],
});

const retention = struct({
  count: optional(int32({ min: 1 }), "Number of base backups to keep."),
  maxAge: optional(
    text(),
    "Age past which a base backup goes: a number with d (days), w (weeks) or m (30 days).",
  ),
});

const walArchiving = struct({
  enabled: defaulted(flag(), true, "Whether segments of the write-ahead log go to the bucket."),
  restoreTimeout: optional(
    int32({ min: 0 }),
    "Seconds that fetching one segment may take during recovery; 0 means no limit.",
  ),
});

const encryption = {
  method: defaulted(oneOf("aes256", "pgp"), "aes256", "Cipher: aes256 (libsodium) or pgp."),
  keySecret: required(
    text({ min: 1 }),
    "Secret in the cluster's namespace with the key: encryption-key (base64 of 32 bytes) for aes256, pgp-key for pgp.",
  ),
};

/** The encryption as manifests spell it. */
const writtenEncryption = struct({
  ...encryption,
  enabled: optional(flag(), "Ignored: backups are always encrypted."),
});

/** Programs that take backups and fetch them. */
export const engineNames = ["walg", "pgbackrest"] as const;
export type BackupEngineName = typeof engineNames[number];

/** What does not differ between the spellings. */
const settings = {
  engine: defaulted(
    oneOf(...engineNames),
    "walg",
    "Program that takes backups: walg, as Spilo's images bring it, or pgbackrest, for images that have it.",
  ),
  schedule: optional(
    text(),
    "When base backups start, as a cron expression; needed once there is a destination.",
  ),
  retention: optional(retention, "Which base backups to keep; all of them when left out."),
  walArchiving: optional(walArchiving, "Archiving of the write-ahead log between base backups."),
  compression: defaulted(
    oneOf("lz4", "lzma", "brotli", "zstd", "none"),
    "lz4",
    "How base backups and log segments are compressed.",
  ),
  backupFromReplica: defaulted(
    flag(),
    false,
    "Whether base backups are read from a standby, to spare the primary.",
  ),
  uploadConcurrency: defaulted(int32({ min: 1, max: 64 }), 16, "Number of uploads at the same time."),
  downloadConcurrency: defaulted(
    int32({ min: 1, max: 64 }),
    10,
    "Number of downloads at the same time while restoring.",
  ),
  enableDeltaBackups: defaulted(
    flag(),
    false,
    "Whether a base backup may hold only what changed since an earlier one.",
  ),
  deltaMaxSteps: defaulted(
    int32({ min: 1, max: 10 }),
    3,
    "How many delta backups may follow a full one; counts only with enableDeltaBackups.",
  ),
};

/** What WAL-G can do and pgBackRest cannot, or not in a pod: each as the CEL that finds it, and the remedy. */
const onlyWalg = [
  [
    'self.compression in ["lz4", "zstd", "none"]',
    "Cannot compress so with pgbackrest: use lz4, zstd or none",
  ],
  [
    '!has(self.encryption) || self.encryption.method == "aes256"',
    "Cannot encrypt by PGP with pgbackrest: use method aes256",
  ],
  [
    "!self.backupFromReplica",
    "Cannot read backups from a standby with pgbackrest: leave backupFromReplica false",
  ],
  [
    '!has(self.destination) || !has(self.destination.endpoint) || !self.destination.endpoint.startsWith("http:")',
    "Cannot reach an object store without TLS with pgbackrest: give an endpoint with https",
  ],
  [
    "!has(self.destination) || !has(self.destination.S3) || !has(self.destination.S3.endpoint) || " +
    '!self.destination.S3.endpoint.startsWith("http:")',
    "Cannot reach an object store without TLS with pgbackrest: give S3 an endpoint with https",
  ],
] as const;

/** `spec.backup` as manifests spell it. */
export const writtenBackup = struct({
  ...settings,
  destination: optional(
    writtenDestination,
    "Bucket that backups go to: type S3 with the settings beside it, or the settings under the key S3.",
  ),
  encryption: optional(writtenEncryption, "Encryption of everything that goes to the bucket; mandatory."),
}, {
  rules: [
    {
      rule: "has(self.encryption)",
      message: "Cannot keep backups unencrypted: set backup.encryption.keySecret to a Secret with the key",
    },
    {
      rule: "!has(self.destination) || has(self.schedule)",
      message: "Cannot back up to a destination without a schedule: set backup.schedule to a cron expression",
    },
    ...onlyWalg.map(([rule, message]) => ({ rule: `self.engine != "pgbackrest" || (${rule})`, message })),
  ],
});
export type WrittenBackup = Output<typeof writtenBackup>;

/** The destination as manifests spell it. */
export type WrittenDestination = NonNullable<WrittenBackup["destination"]>;

/** Where backups go, in the one spelling that controllers see. */
export interface BackupDestination extends S3Location {
  readonly type: "S3";
}

/**
 * `spec.backup` in the one spelling that controllers see. `encryption` is absent only in objects that were stored
 * before the schema demanded it, and `destination` where a manifest never named one.
 */
export interface Backup extends Output<Struct<typeof settings>> {
  destination?: BackupDestination;
  encryption?: Output<Struct<typeof encryption>>;
}
