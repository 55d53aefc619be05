/** Settings of PostgreSQL itself, and small switches that several kinds share. */
import { optional, type Output, required, struct } from "../schema/fields.ts";
import { flag, mapOf, text } from "../schema/values.ts";

export const postgresPasswordSecretRef = struct({
  key: required(
    text({ min: 1, max: 253, pattern: /^[-._a-zA-Z0-9]+$/ }),
    "Key of the Secret that holds the password.",
  ),
  name: required(
    text({
      min: 1,
      max: 253,
      pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
    }),
    "Name of the Secret, which lies in the same namespace.",
  ),
});

export type PostgresPasswordSecretRef = Output<typeof postgresPasswordSecretRef>;

export const postgresConfigRef = struct({
  key: required(text({ min: 1, max: 253 }), "Key of the ConfigMap that holds the lines of configuration."),
  name: required(text({ min: 1, max: 253 }), "Name of the ConfigMap, which lies in the same namespace."),
});

export type PostgresConfigRef = Output<typeof postgresConfigRef>;

/** Server settings by name, such as `work_mem: 8MB`. */
export const postgresConfig = mapOf(text(), { max: 200 });

/** Arguments for initdb, as one line. */
export const initdbArgs = text({ max: 512 });

/** PostgreSQL cuts role names at 63 bytes. */
export const superuserName = text({ max: 63 });

export const internalTlsConfig = struct({
  enabled: optional(flag(), "Whether the components demand and present certificates. Off when absent."),
});

export type InternalTlsConfig = Output<typeof internalTlsConfig>;

export const topologyPruningConfig = struct({
  enabled: optional(flag(), "Whether records of parts that no longer exist are removed. On when absent."),
});

export type TopologyPruningConfig = Output<typeof topologyPruningConfig>;

/** Texts of fields that several kinds carry down from the cluster. */
export const postgresFields = {
  config: optional(postgresConfig, "Server settings by name, such as work_mem: 8MB. At most 200."),
  configRef: optional(
    postgresConfigRef,
    "ConfigMap with lines of postgresql.conf. Superseded by postgresConfig, whose entries win.",
  ),
  initdbArgs: optional(initdbArgs, "More arguments for initdb, which only a new data folder ever sees."),
} as const;

/** The words that the data plane understands as durability policy. */
export const durabilityPolicies = ["AT_LEAST_2", "MULTI_CELL_AT_LEAST_2"] as const;

export const durabilityPolicy = optional(
  text(),
  "How many instances must hold a transaction before it counts as committed: AT_LEAST_2 (unless told) or " +
    "MULTI_CELL_AT_LEAST_2. The word goes to the topology as it is, which refuses others.",
);
