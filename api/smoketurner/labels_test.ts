import assert from "node:assert/strict";
import fc from "fast-check";
import { annotations, finalizers } from "./annotations.ts";
import {
  labelKeys,
  patroniIdentity,
  patroniLabels,
  poolerLabels,
  roleSecretLabels,
  standardLabels,
  upgradeTargetLabels,
} from "./labels.ts";
import { ports } from "./ports.ts";

Deno.test("database pods carry the labels that existing StatefulSets select by", () => {
  assert.deepEqual(patroniLabels("orders", { team: "shop" }), {
    "app.kubernetes.io/component": "postgresql",
    "app.kubernetes.io/managed-by": "postgres-operator",
    "app.kubernetes.io/name": "orders",
    "application": "spilo",
    "postgres-operator.smoketurner.com/cluster": "orders",
    "postgres-operator.smoketurner.com/ha-mode": "patroni",
    "team": "shop",
  });
});

Deno.test("certificates differ from the database's objects in the component only", () => {
  assert.deepEqual(standardLabels("orders", "pgbouncer-replica-tls"), {
    ...standardLabels("orders"),
    "app.kubernetes.io/component": "pgbouncer-replica-tls",
  });
});

Deno.test("only the replica pooler has a pooler type", () => {
  const primary = {
    "app.kubernetes.io/component": "pgbouncer",
    "app.kubernetes.io/managed-by": "postgres-operator",
    "app.kubernetes.io/name": "orders",
    "postgres-operator.smoketurner.com/cluster": "orders",
    "postgres-operator.smoketurner.com/pooler": "true",
  };
  assert.deepEqual(poolerLabels("orders", "primary"), primary);
  assert.deepEqual(poolerLabels("orders", "replicas"), {
    ...primary,
    "postgres-operator.smoketurner.com/pooler-type": "replica",
  });
});

Deno.test("role Secrets and upgrade targets point back to what made them", () => {
  assert.deepEqual(roleSecretLabels("orders", "billing"), {
    "postgres-operator.smoketurner.com/cluster": "orders",
    "postgres-operator.smoketurner.com/database": "billing",
  });
  assert.deepEqual(upgradeTargetLabels("to-17", "to-17-target"), {
    "postgres-operator.smoketurner.com/cluster": "to-17-target",
    "postgres-operator.smoketurner.com/upgrade": "to-17",
  });
});

Deno.test("no user label takes a pod away from Patroni, and every other one arrives", () => {
  const key = fc.oneof(
    fc.constantFrom(...Object.values(labelKeys)),
    fc.string({ minLength: 1, maxLength: 20 }).filter((text) => text !== "__proto__"),
  );
  fc.assert(fc.property(fc.dictionary(key, fc.string({ maxLength: 63 })), (userLabels) => {
    const labels = patroniLabels("orders", userLabels);
    const identity = patroniIdentity("orders");
    for (const [name, value] of Object.entries(identity)) assert.equal(labels[name], value);
    for (const [name, value] of Object.entries(userLabels)) {
      if (!(name in identity)) assert.equal(labels[name], value);
    }
  }));
});

Deno.test("every label, annotation and finalizer key is one that Kubernetes accepts", () => {
  const keys = [...Object.values(labelKeys), ...Object.values(annotations), ...Object.values(finalizers)];
  for (const key of keys) {
    const [name = "", prefix = ""] = key.split("/").reverse();
    assert.match(name, /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/);
    assert.ok(name.length <= 63, key);
    assert.ok(prefix.length <= 253, key);
  }
  assert.equal(new Set(keys).size, keys.length);
});

Deno.test("port names fit into a container and no two ports collide", () => {
  const all = Object.values(ports);
  for (const { name } of all) assert.match(name, /^[a-z0-9-]{1,15}$/);
  assert.equal(new Set(all.map(({ port }) => port)).size, all.length);
});
