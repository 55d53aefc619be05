import { deepEqual, equal, match, ok } from "node:assert/strict";
import fc from "fast-check";
import * as labels from "./labels.ts";
import { locationOf } from "./location.ts";

const { locationLabels, orphanSinceValue, selectorLabels, standardLabels } = labels;

Deno.test("every object carries the labels that Kubernetes recommends", () => {
  deepEqual(standardLabels("orders", "multigateway"), {
    "app.kubernetes.io/name": "multigres",
    "app.kubernetes.io/instance": "orders",
    "app.kubernetes.io/component": "multigateway",
    "app.kubernetes.io/part-of": "multigres",
    "app.kubernetes.io/managed-by": "multigres-operator",
  });
});

Deno.test("a selector holds what never changes, and nothing of the user's", () => {
  const all = {
    ...standardLabels("orders", "shard-pool"),
    [labels.clusterLabel]: "orders",
    [labels.databaseLabel]: "postgres",
    [labels.tableGroupLabel]: "default",
    [labels.shardLabel]: "0-inf",
    [labels.poolLabel]: "main",
    [labels.cellLabel]: "east",
    [labels.zoneIdLabel]: "use1-az1",
    [labels.roleLabel]: labels.drainedRole,
    tier: "gold",
  };
  deepEqual(selectorLabels(all), {
    "app.kubernetes.io/component": "shard-pool",
    "app.kubernetes.io/instance": "orders",
    "multigres.com/cluster": "orders",
    "multigres.com/database": "postgres",
    "multigres.com/tablegroup": "default",
    "multigres.com/shard": "0-inf",
    "multigres.com/pool": "main",
    "multigres.com/cell": "east",
  });
  deepEqual(selectorLabels({ tier: "gold" }), {});
});

Deno.test("a cell is located by exactly what it was given, and its gateway says so", () => {
  deepEqual(locationOf({ zoneId: "use1-az1" }), {
    field: "zoneId",
    value: "use1-az1",
    nodeLabel: "topology.k8s.aws/zone-id",
  });
  deepEqual(locationOf({ zone: "us-east-1a" })?.nodeLabel, "topology.kubernetes.io/zone");
  deepEqual(locationOf({ region: "us-east-1" })?.nodeLabel, "topology.kubernetes.io/region");
  equal(locationOf({}), undefined);
  deepEqual(locationLabels(locationOf({ zone: "a" })), { "multigres.com/zone": "a" });
  deepEqual(locationLabels(locationOf({ zoneId: "a" })), { "multigres.com/zone-id": "a" });
  deepEqual(locationLabels(locationOf({ region: "a" })), { "multigres.com/region": "a" });
  deepEqual(locationLabels(undefined), {});
});

Deno.test("a time becomes a valid label value, and later times sort behind", () => {
  equal(orphanSinceValue(new Date("2026-01-31T23:59:58.987Z")), "2026-01-31T23-59-58Z");
  const time = fc.date({ min: new Date("2020-01-01"), max: new Date("2100-01-01"), noInvalidDate: true });
  fc.assert(fc.property(time, time, (one, other) => {
    match(orphanSinceValue(one), /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/);
    const [early, late] = one <= other ? [one, other] : [other, one];
    ok(orphanSinceValue(early) <= orphanSinceValue(late));
  }));
});

Deno.test("each label key stands for one thing", () => {
  const keys = Object.entries(labels).flatMap(([name, value]) =>
    name.endsWith("Label") && typeof value === "string" ? [value] : []
  );
  ok(keys.length >= 18);
  equal(new Set(keys).size, keys.length);
  for (const key of keys) match(key, /^([a-z.]+\/)?[a-z-]+$/);
});
