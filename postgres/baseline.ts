/** The settings that every instance starts from, before anything that is known of its resources or said by its user. */
import type { Settings } from "./settings_file.ts";

const locale = "en_US.UTF-8";

/**
 * What PostgreSQL has of its own is often made for small machines of long ago; this is for an instance with half a gigabyte
 * of memory behind a connection pooler. Left out is what pgctld gives on the server's command line (port, addresses,
 * folders), where it wins over every file.
 */
const fixed: Readonly<Record<string, string>> = {
  // The pooler needs 45 connections; the rest is for replication, backups and people.
  max_connections: "60",
  authentication_timeout: "1min",
  password_encryption: "scram-sha-256",

  // Clients come by way of the gateway, which speaks TLS; between gateway and instance the network is trusted.
  ssl: "off",
  ssl_ca_file: "",
  ssl_cert_file: "",
  ssl_crl_dir: "",
  ssl_crl_file: "",
  ssl_dh_params_file: "",
  ssl_key_file: "",
  ssl_ciphers: "HIGH:MEDIUM:+3DES:!aNULL",
  ssl_ecdh_curve: "prime256v1",
  ssl_min_protocol_version: "TLSv1.2",

  shared_buffers: "64MB",
  effective_cache_size: "192MB",
  maintenance_work_mem: "16MB",
  work_mem: "1092kB",
  effective_io_concurrency: "0",
  max_worker_processes: "6",
  max_parallel_workers: "2",
  max_parallel_workers_per_gather: "1",
  max_parallel_maintenance_workers: "1",
  random_page_cost: "1.1",
  default_statistics_target: "100",
  jit_provider: "llvmjit",

  // Slots that survive a failover need `logical`; pg_rewind, by which an old primary comes back, needs the hints.
  wal_level: "logical",
  wal_log_hints: "on",
  wal_buffers: "1920kB",
  min_wal_size: "80MB",
  max_wal_size: "1024MB",
  wal_keep_size: "1000MB",
  max_slot_wal_keep_size: "1024MB",
  max_wal_senders: "25",
  max_replication_slots: "25",
  checkpoint_completion_target: "0.9",
  checkpoint_flush_after: "256kB",

  log_line_prefix: "%h %m [%p] %q%u@%d ",
  log_statement: "ddl",
  log_timezone: "UTC",

  row_security: "on",
  timezone: "UTC",
  lc_messages: locale,
  lc_monetary: locale,
  lc_numeric: locale,
  lc_time: locale,
  default_text_search_config: "pg_catalog.english",

  // Nothing but a word to a server that has not loaded these two extensions.
  "auto_explain.log_min_duration": "10s",
  "cron.database_name": "postgres",
};

/** Where a shard belongs, as far as it is known. */
export interface ShardPlace {
  /** Name of the Shard object. */
  readonly object: string;
  /** Absent for a Shard that belongs to no cluster. */
  readonly cluster?: string;
  readonly database: string;
  readonly tableGroup: string;
  readonly shard: string;
}

/** The name that stands in process titles and in the log of the instances. */
export function clusterNameOf({ object, cluster, database, tableGroup, shard }: ShardPlace): string {
  return cluster === undefined ? object : [cluster, database, tableGroup, shard].join("/");
}

/** @param clusterName as `clusterNameOf` has it */
export function baseline(clusterName: string): Settings {
  return new Map([...Object.entries(fixed), ["cluster_name", clusterName]]);
}
