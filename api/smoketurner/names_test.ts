import assert from "node:assert/strict";
import fc from "fast-check";
import {
  clusterAddresses,
  clusterNames,
  dataClaimName,
  defaultBackupPath,
  DNS_LABEL_MAX,
  IDENTIFIER_MAX,
  memberName,
  nameLimits,
  serviceHost,
  upgradeNames,
} from "./names.ts";

const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const edge = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz0123456789");
const middle = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz0123456789-");

/** A DNS label of 1 to `max` characters; the longest ones come up often. */
function labelUpTo(max: number): fc.Arbitrary<string> {
  return fc.oneof(fc.integer({ min: 0, max: max - 2 }), fc.constant(max - 2)).chain((length) =>
    fc.tuple(edge, fc.array(middle, { minLength: length, maxLength: length }), edge)
      .map(([first, rest, last]) => `${first}${rest.join("")}${last}`)
  );
}

Deno.test("the objects of a cluster are called as they are on existing installations", () => {
  assert.deepEqual(clusterNames("orders"), {
    statefulSet: "orders",
    headlessService: "orders-headless",
    primaryService: "orders-primary",
    replicaService: "orders-repl",
    poolerService: "orders-pooler",
    replicaPoolerService: "orders-pooler-repl",
    credentialsSecret: "orders-credentials",
    tls: "orders-tls",
    poolerTls: "orders-pooler-tls",
    authority: "orders-authority",
    ownTls: "orders-own-tls",
    ownPoolerTls: "orders-pooler-own-tls",
    ownReplicaPoolerTls: "orders-pooler-repl-own-tls",
    replicaPoolerTls: "orders-pooler-repl-tls",
    patroniConfigMap: "orders-patroni-config",
    pgbackrestConfigMap: "orders-pgbackrest",
    poolerConfigMap: "orders-pgbouncer-config",
    replicaPoolerConfigMap: "orders-pgbouncer-replica-config",
    patroniIdentity: "orders-patroni",
    podDisruptionBudget: "orders-pdb",
    networkPolicy: "orders-network-policy",
    poolerDeployment: "orders-pooler",
    replicaPoolerDeployment: "orders-pooler-repl",
    scaledObject: "orders-readers",
    triggerAuthentication: "orders-pg-auth",
    patroniEndpoints: ["orders", "orders-config", "orders-leader", "orders-sync"],
  });
});

Deno.test("addresses name the Service, the namespace and the port of the server or the pooler", () => {
  assert.deepEqual(clusterAddresses("orders", "shop"), {
    primary: "orders-primary.shop.svc:5432",
    replicas: "orders-repl.shop.svc:5432",
    pooler: "orders-pooler.shop.svc:6432",
    poolerReplicas: "orders-pooler-repl.shop.svc:6432",
  });
  assert.equal(serviceHost("orders-primary", "shop"), "orders-primary.shop.svc");
});

Deno.test("members and their claims are numbered from nought", () => {
  assert.equal(memberName("orders", 0), "orders-0");
  assert.equal(dataClaimName("orders", 2), "data-orders-2");
});

Deno.test("backups of clusters with one name in two namespaces do not share a path", () => {
  assert.equal(defaultBackupPath("orders", "shop"), "shop/orders");
});

Deno.test("an upgrade's SQL names hold no character that a replication slot forbids", () => {
  assert.deepEqual(upgradeNames("orders-to-17.1"), {
    targetCluster: "orders-to-17.1-target",
    publication: "orders_to_17_1_pub",
    subscription: "orders_to_17_1_sub",
  });
});

Deno.test("no Service takes a name under which Patroni keeps its Endpoints", () => {
  fc.assert(fc.property(labelUpTo(nameLimits.pooledCluster), (cluster) => {
    const names = clusterNames(cluster);
    const services = [
      names.headlessService,
      names.primaryService,
      names.replicaService,
      names.poolerService,
      names.replicaPoolerService,
    ];
    assert.equal(new Set([...services, ...names.patroniEndpoints]).size, 9);
  }));
});

Deno.test("every Service of a pooled cluster with the longest name is a DNS label", () => {
  fc.assert(fc.property(labelUpTo(nameLimits.pooledCluster), (cluster) => {
    const { headlessService, primaryService, replicaService, poolerService, replicaPoolerService } =
      clusterNames(
        cluster,
      );
    for (
      const name of [headlessService, primaryService, replicaService, poolerService, replicaPoolerService]
    ) {
      assert.match(name, dnsLabel);
      assert.ok(name.length <= DNS_LABEL_MAX, `${name} has ${name.length} characters`);
    }
  }));
});

Deno.test("a cluster with the longest name keeps room for the revision label of its pods", () => {
  fc.assert(fc.property(labelUpTo(nameLimits.cluster), (cluster) => {
    const names = clusterNames(cluster);
    assert.ok(`${names.statefulSet}-${"0".repeat(10)}`.length <= DNS_LABEL_MAX);
    assert.ok(names.headlessService.length <= DNS_LABEL_MAX);
    assert.ok(memberName(cluster, 99).length <= DNS_LABEL_MAX);
  }));
});

Deno.test("one more character than the limit no longer fits", () => {
  const pooled = "a".repeat(nameLimits.pooledCluster + 1);
  assert.ok(clusterNames(pooled).replicaPoolerService.length > DNS_LABEL_MAX);
  assert.ok(`${"a".repeat(nameLimits.cluster + 1)}-${"0".repeat(10)}`.length > DNS_LABEL_MAX);
  assert.ok(upgradeNames("a".repeat(nameLimits.upgrade + 1)).targetCluster.length > nameLimits.cluster);
});

Deno.test("what an upgrade with the longest name makes fits PostgreSQL and the target cluster's limit", () => {
  fc.assert(fc.property(labelUpTo(nameLimits.upgrade), (upgrade) => {
    const names = upgradeNames(upgrade);
    assert.ok(names.targetCluster.length <= nameLimits.cluster);
    for (const identifier of [names.publication, names.subscription]) {
      assert.match(identifier, /^[a-z0-9_]+$/);
      assert.ok(identifier.length <= IDENTIFIER_MAX);
    }
  }));
});
