import assert from "node:assert/strict";
import fc from "fast-check";
import { poolSpec } from "../api/multigres/pool.ts";
import { baseline, clusterNameOf } from "./baseline.ts";
import { loadCatalogue, majors } from "./catalogue/catalogue.ts";
import { parseNumber } from "./number.ts";
import { type Resources, resourcesOf } from "./resources.ts";
import { sizing } from "./sizing.ts";
import { objectionTo } from "./value.ts";

const MB = 1024 ** 2;
const GB = 1024 ** 3;

function sized(resources: Resources, maxConnections = 60): Record<string, string> {
  return Object.fromEntries([...sizing(resources, maxConnections)].sort());
}

Deno.test("half a gigabyte, a part of a core and a small disk", () => {
  assert.deepEqual(sized({ memoryBytes: 512 * MB, millicores: 100, diskBytes: GB }), {
    effective_cache_size: "384MB",
    maintenance_work_mem: "32MB",
    max_slot_wal_keep_size: "256MB",
    max_wal_size: "256MB",
    min_wal_size: "64MB",
    shared_buffers: "128MB",
    wal_buffers: "3932kB",
    wal_keep_size: "128MB",
    work_mem: "2184kB",
  });
});

Deno.test("a big machine is used, up to bounds that more would not help", () => {
  assert.deepEqual(sized({ memoryBytes: 64 * GB, millicores: 16_500, diskBytes: 1024 * GB }), {
    effective_cache_size: "48GB",
    maintenance_work_mem: "2GB",
    max_parallel_maintenance_workers: "4",
    max_parallel_workers: "16",
    max_parallel_workers_per_gather: "8",
    max_slot_wal_keep_size: "4GB",
    max_wal_size: "4GB",
    max_worker_processes: "16",
    min_wal_size: "1GB",
    shared_buffers: "16GB",
    wal_buffers: "16MB",
    wal_keep_size: "1000MB",
    work_mem: "34952kB",
  });
});

Deno.test("what is not known gives no settings", () => {
  assert.deepEqual(sized({}), {});
  assert.deepEqual(Object.keys(sized({ millicores: 3999 })), []);
  assert.deepEqual(Object.keys(sized({ millicores: 4000 })).length, 4);
});

Deno.test("twice the connections leave half the memory to each", () => {
  const resources = { memoryBytes: 4 * GB };
  const [few, many] = [sized(resources, 60), sized(resources, 120)];
  assert.equal(few["work_mem"], "17476kB");
  assert.equal(many["work_mem"], "8738kB");
});

const resources = fc.record({
  memoryBytes: fc.oneof(
    fc.integer({ min: 1, max: 64 * MB }),
    fc.double({ min: 1, max: 2 ** 50, noNaN: true }),
  ),
  millicores: fc.integer({ min: 1, max: 5_000_000 }),
  diskBytes: fc.double({ min: 1, max: 2 ** 55, noNaN: true }),
});

const catalogues = await Promise.all(majors.map(loadCatalogue));

Deno.test("every version of the server takes the settings for any resources", () => {
  fc.assert(fc.property(resources, fc.integer({ min: 1, max: 10_000 }), (given, connections) => {
    for (const [name, value] of sizing(given, connections)) {
      for (const catalogue of catalogues) {
        const setting = catalogue.find(name);
        assert.ok(setting !== undefined, name);
        assert.equal(objectionTo(setting, value), undefined, `${name} = ${value}`);
      }
    }
  }));
});

/** The settings as numbers: sizes in bytes. */
function amounts(given: Resources): Map<string, number> {
  const numbers = [...sizing(given, 60)].map(([name, value]) => {
    const base = /[a-z]$/i.test(value) ? "B" : "";
    return [name, parseNumber(value, base, "real") ?? NaN] as const;
  });
  return new Map(numbers);
}

Deno.test("more of a resource never gives less of anything", () => {
  const field = fc.constantFrom("memoryBytes" as const, "diskBytes" as const);
  fc.assert(
    fc.property(resources, field, fc.double({ min: 1, max: 8, noNaN: true }), (given, which, times) => {
      const more = amounts({ ...given, [which]: given[which] * times });
      for (const [name, amount] of amounts(given)) {
        assert.ok((more.get(name) ?? 0) >= amount, `${name}: ${amount} > ${more.get(name)}`);
      }
    }),
  );
});

Deno.test("the pools of a shard give the memory of the best equipped and the smallest disk", () => {
  const pool = (resources: object, size?: string) =>
    poolSpec.parse({ postgres: { resources }, ...(size === undefined ? {} : { storage: { size } }) });
  const found = resourcesOf([
    pool({ limits: { memory: "2Gi" }, requests: { memory: "1Gi", cpu: "1500m" } }, "20Gi"),
    pool({ requests: { memory: "3Gi", cpu: "0.5" } }, "10G"),
    pool({}),
  ]);
  assert.deepEqual(found, { memoryBytes: 3 * GB, millicores: 1500, diskBytes: 10e9 });
  assert.deepEqual(resourcesOf([]), {});
});

Deno.test("every version of the server takes the settings that all instances start from", () => {
  for (const catalogue of catalogues) {
    for (const [name, value] of baseline("c")) {
      const setting = catalogue.find(name);
      if (setting === undefined) assert.ok(name.includes("."), name);
      else assert.equal(objectionTo(setting, value), undefined, `${name} = ${value}`);
    }
  }
});

Deno.test("an instance is named after its place in the cluster, and without one after its Shard", () => {
  const place = { object: "lone-shard", database: "app", tableGroup: "default", shard: "0-inf" };
  assert.equal(clusterNameOf({ ...place, cluster: "shop" }), "shop/app/default/0-inf");
  assert.equal(clusterNameOf(place), "lone-shard");
  assert.equal(baseline("lone-shard").get("cluster_name"), "lone-shard");
});
