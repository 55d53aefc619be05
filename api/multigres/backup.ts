/** Where backups and archived WAL go. The same block stands at cluster, database, table group and shard. */
import { optional, type Output, required, struct } from "../schema/fields.ts";
import { flag, oneOf, text } from "../schema/values.ts";
import { storageSpec } from "./storage.ts";

/** Secret names are DNS subdomains. The bound lets the API server work out the cost of comparing two of them. */
const secretName = text({ min: 1, max: 253 });

const encryption = struct({
  secretName: required(
    secretName,
    "Secret whose key keys.json maps generations of the repository to their passphrases.",
  ),
});

const filesystem = struct({
  path: optional(text(), "Folder of the repository within the pods: /backups unless told."),
  storage: optional(storageSpec, "Volume of the repository: 10Gi unless told."),
});

const pgbackrestTls = struct({
  secretName: optional(
    text(),
    "Secret with ca.crt, tls.crt and tls.key for pgBackRest; when absent the operator issues the certificates.",
  ),
});

const s3 = struct({
  bucket: required(text({ min: 1 }), "Bucket that holds the repository."),
  credentialsSecret: optional(
    text(),
    "Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. Excludes serviceAccountName.",
  ),
  endpoint: optional(text(), "Endpoint of a compatible object store; Amazon's of the region when absent."),
  keyPrefix: optional(text(), "Prefix of all keys within the bucket."),
  region: required(text({ min: 1 }), "Region of the bucket."),
  serviceAccountName: optional(
    text(),
    "Existing ServiceAccount of the pods, which the cloud grants access to the bucket. Excludes credentialsSecret " +
      "and useEnvCredentials.",
  ),
  useEnvCredentials: optional(flag(), "Take the credentials from the environment of the pods."),
}, {
  rules: [
    {
      rule: "!(has(self.serviceAccountName) && self.serviceAccountName.size() > 0 && " +
        "has(self.credentialsSecret) && self.credentialsSecret.size() > 0)",
      message: "s3 cannot have both serviceAccountName and credentialsSecret",
    },
    {
      rule: "!(has(self.serviceAccountName) && self.serviceAccountName.size() > 0 && " +
        "has(self.useEnvCredentials) && self.useEnvCredentials)",
      message: "s3 cannot have both serviceAccountName and useEnvCredentials",
    },
  ],
});

export const backupConfig = struct({
  encryption: optional(
    encryption,
    "Encrypt the repository before it leaves the pod. Fixed for good with the first backup block that is stored.",
  ),
  filesystem: optional(filesystem, "Repository on a volume. Must be given with type filesystem."),
  pgbackrestTLS: optional(
    pgbackrestTls,
    "Certificates with which the instances' pgBackRest talk to each other.",
  ),
  s3: optional(s3, "Repository in an object store. Must be given with type s3."),
  type: required(oneOf("filesystem", "s3"), "Kind of repository: filesystem or s3."),
}, {
  rules: [
    { rule: "self.type != 's3' || has(self.s3)", message: "a backup of type s3 needs the s3 block" },
    {
      rule: "self.type != 'filesystem' || has(self.filesystem)",
      message: "a backup of type filesystem needs the filesystem block",
    },
    {
      rule: "has(self.encryption) == has(oldSelf.encryption) && " +
        "(!has(self.encryption) || self.encryption.secretName == oldSelf.encryption.secretName)",
      message: "encryption of a backup cannot be added, removed or changed, as earlier backups would be lost",
    },
  ],
});

export type BackupConfig = Output<typeof backupConfig>;
