import { deepEqual, equal, match, notEqual, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { maxNameLength } from "./identifiers.ts";
import * as names from "./names.ts";

const { defaultConstraint, joinName, podConstraint, serviceConstraint, statefulSetConstraint } = names;

const path = { cluster: "minimal", database: "postgres", tableGroup: "default", shard: "0-inf" };
const pool = { ...path, pool: "default", cell: "zone-a" };

Deno.test("the objects of a cluster have the names by which running clusters know them", () => {
  equal(joinName(defaultConstraint, "hello", "world"), "hello-world-344ce285");
  const cell = names.cellObjectName("minimal", "zone-a");
  equal(cell, "minimal-zone-a-96c88ae0");
  equal(names.localTopoServerName(cell), "minimal-zone-a-96c88ae0-topo-26e28848");
  equal(
    names.tableGroupObjectName("minimal", "postgres", "default"),
    "minimal-postgres-default-f7d4ad4a",
  );
  equal(names.shardObjectName(path), "minimal-postgres-default-0-inf-1e3c045c");
  const pod = names.poolPodName(pool, 0);
  equal(pod, "minimal-postgres-default-0-inf-pool-default-zone-a-a3a0d77b-0");
  equal(names.poolerServiceId(pod), "p-45f814aa");
  equal(names.orchestratorServiceId(path, "zone-a"), "o-bbe2a333");
  equal(names.dataClaimName(pod), `data-${pod}`);
  equal(names.poolServiceName(pool), "minimal-postgres-default-0-inf-pool-default-zone-a-h---22cdf02c");
  match(names.poolDisruptionBudgetName(pool), /-zone-a-pdb-6a4f8455$/);
  equal(
    names.orchestratorDeploymentName(path, "zone-a"),
    "minimal-postgres-default-0-inf-multiorch-zone-a-bbe2a333",
  );
  equal(names.gatewayDeploymentName("minimal", "zone-a"), "minimal-zone-a-multigateway-0ccc2e8b");
  equal(names.backupClaimName(path), "backup-data-minimal-postgres-default-0-inf-811a09a5");
});

Deno.test("objects that a cluster has once are called after the cluster", () => {
  deepEqual([
    names.globalTopoServerName("c"),
    names.headlessTopoServiceName("c-global-topo"),
    names.multiadminName("c"),
    names.multiadminWebName("c"),
    names.globalGatewayServiceName("c"),
    names.globalReplicaGatewayServiceName("c"),
  ], [
    "c-global-topo",
    "c-global-topo-headless",
    "c-multiadmin",
    "c-multiadmin-web",
    "c-multigateway",
    "c-multigateway-replica",
  ]);
});

Deno.test("ConfigMaps and Secrets of a shard are called after its Shard object", () => {
  deepEqual([
    names.hbaConfigMapName("s"),
    names.postgresConfigMapName("s"),
    names.exporterQueriesConfigMapName("s"),
    names.pgbackrestAuthoritySecretName("s"),
    names.pgbackrestCertificateSecretName("s"),
  ], ["s-pg-hba", "s-postgres-config", "s-exporter-queries", "s-pgbackrest-ca", "s-pgbackrest-tls"]);
});

Deno.test("characters that a name cannot hold become hyphens, and the hash still tells the originals apart", () => {
  match(joinName(defaultConstraint, "My_DB", "a.b"), /^my-db-a-b-[0-9a-f]{8}$/);
  notEqual(joinName(defaultConstraint, "a.b"), joinName(defaultConstraint, "a_b"));
  match(joinName(defaultConstraint, "é😀"), /^x---[0-9a-f]{8}$/);
});

Deno.test("a first character that does not fit gets an x before it", () => {
  match(joinName(serviceConstraint, "0-inf"), /^x0-inf-[0-9a-f]{8}$/);
  match(joinName(defaultConstraint, "0-inf"), /^0-inf-[0-9a-f]{8}$/);
  match(joinName(defaultConstraint, "-a"), /^x-a-[0-9a-f]{8}$/);
  match(joinName(defaultConstraint, "", "a"), /^x-a-[0-9a-f]{8}$/);
});

Deno.test("without parts there is no name, and without room there is an error", () => {
  equal(joinName(defaultConstraint), "");
  throws(() => joinName({ maxLength: 11, digitFirst: true }, "a"), RangeError);
  match(joinName({ maxLength: 12, digitFirst: true }, "abcdefgh"), /^a---[0-9a-f]{8}$/);
});

const constraints = fc.constantFrom(
  defaultConstraint,
  serviceConstraint,
  statefulSetConstraint,
  podConstraint,
);
const anyPart = fc.string({ unit: "grapheme", maxLength: 80 });

Deno.test("whatever the parts, a name fits its limit, is a valid DNS name and comes out the same again", () => {
  fc.assert(
    fc.property(constraints, fc.array(anyPart, { minLength: 1, maxLength: 7 }), (constraint, parts) => {
      const name = joinName(constraint, ...parts);
      ok(name.length <= constraint.maxLength);
      match(name, constraint.digitFirst ? /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/ : /^[a-z]([-a-z0-9]*[a-z0-9])?$/);
      ok(name.endsWith(names.hashParts(parts)));
      equal(joinName(constraint, ...parts), name);
    }),
  );
});

Deno.test("different parts have different names, however they join", () => {
  const word = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?$/);
  fc.assert(fc.property(
    constraints,
    fc.array(word, { minLength: 1, maxLength: 5 }),
    fc.array(word, { minLength: 1, maxLength: 5 }),
    (constraint, one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other);
      equal(joinName(constraint, ...one) === joinName(constraint, ...other), same);
    },
  ));
  notEqual(joinName(serviceConstraint, "a-b", "c"), joinName(serviceConstraint, "a", "b-c"));
  notEqual(joinName(serviceConstraint, "ab", "c"), joinName(serviceConstraint, "a", "bc"));
});

function label(length: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(..."az09-"), minLength: 1, maxLength: length })
    .map((text) => text.replaceAll(/^-|-$/g, "m"));
}

Deno.test("with the longest logical names, every name of a shard fits what Kubernetes takes", () => {
  const paths = fc.record({
    cluster: label(maxNameLength.cluster),
    database: label(maxNameLength.database),
    tableGroup: label(maxNameLength.tableGroup),
    shard: label(maxNameLength.shard),
    pool: label(maxNameLength.pool),
    cell: label(maxNameLength.cell),
  });
  fc.assert(fc.property(paths, fc.integer({ min: 0, max: 99 }), (one, index) => {
    const cell = names.cellObjectName(one.cluster, one.cell);
    const short = [
      names.poolPodName(one, index),
      names.poolServiceName(one),
      names.poolDisruptionBudgetName(one),
      names.backupClaimName(one),
      names.gatewayServiceName(one.cluster, one.cell),
      names.orchestratorServiceName(one, one.cell),
    ];
    for (const name of short) ok(name.length <= 63, name);
    ok(names.localTopoServerName(cell).length <= 52);
    for (const name of [cell, names.shardObjectName(one), names.orchestratorDeploymentName(one, one.cell)]) {
      ok(name.length <= 253, name);
    }
    equal(new Set(short).size, short.length);
  }));
});
