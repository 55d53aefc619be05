/** Settings that follow from an instance's resources. All arithmetic is in whole numbers, so that the same pod always gives the same text. */
import { sizeText } from "./number.ts";
import type { Resources } from "./resources.ts";
import type { Settings } from "./settings_file.ts";

const KB = 1024;
const MB = 1024 ** 2;
const GB = 1024 ** 3;
const TB = 1024 ** 4;

/** Below this the workers of the baseline do. */
const MIN_CORES = 4;

/** The most that the server takes for a number of parallel workers. */
const MAX_PARALLEL_WORKERS = 1024;

/** Sorts and hashes that one query may have under way at once, as an average. */
const MEMORY_USERS_PER_CONNECTION = 3;

/**
 * The settings that follow from resources; none for what is not known, so that the layer below goes on to hold.
 * @param maxConnections what `max_connections` will be, as the memory of each is a part of a whole
 */
export function sizing(resources: Resources, maxConnections: number): Settings {
  const { memoryBytes = 0, millicores = 0, diskBytes = 0 } = resources;
  const cores = Math.min(Math.floor(millicores / 1000), MAX_PARALLEL_WORKERS);
  const perGather = cores >= MIN_CORES ? Math.floor(cores / 2) : 1;
  return new Map(Object.entries({
    ...(cores >= MIN_CORES ? forProcessors(cores, perGather) : {}),
    ...(memoryBytes > 0 ? forMemory(memoryBytes, maxConnections, perGather) : {}),
    ...(diskBytes >= MB ? forDisk(Math.floor(diskBytes / MB)) : {}),
  }));
}

function forProcessors(cores: number, perGather: number): Record<string, string> {
  return {
    max_worker_processes: String(cores),
    max_parallel_workers: String(cores),
    max_parallel_workers_per_gather: String(perGather),
    max_parallel_maintenance_workers: String(Math.min(perGather, 4)),
  };
}

/**
 * A quarter of the memory is the server's cache, three quarters are what the system will cache; the rest is for the work of
 * all connections. The outer bounds are those of the server: it refuses to start below or above.
 */
function forMemory(bytes: number, connections: number, perGather: number): Record<string, string> {
  const shared = within(bytes / 4, 128 * KB, 8 * TB - 8 * KB);
  const users = Math.max(connections, 1) * MEMORY_USERS_PER_CONNECTION;
  const perUser = Math.floor(Math.floor((bytes - shared) / users) / perGather);
  return {
    shared_buffers: sizeText(shared),
    effective_cache_size: sizeText(within(bytes * 3 / 4, 8 * KB, 16 * TB - 8 * KB)),
    maintenance_work_mem: sizeText(within(bytes / 16, MB, 2 * GB)),
    wal_buffers: sizeText(within(shared * 3 / 100, 32 * KB, 16 * MB)),
    work_mem: sizeText(within(perUser, 64 * KB, 2 * TB - KB)),
  };
}

/** @param megabytes size of the data volume, which holds the WAL too */
function forDisk(megabytes: number): Record<string, string> {
  const max = within(megabytes / 4, 64, 4096);
  return {
    max_wal_size: sizeText(max * MB),
    min_wal_size: sizeText(within(max / 4, 32, 1024) * MB),
    wal_keep_size: sizeText(within(megabytes / 8, 32, 1000) * MB),
    max_slot_wal_keep_size: sizeText(max * MB),
  };
}

function within(number: number, least: number, most: number): number {
  return Math.max(least, Math.min(Math.floor(number), most));
}
