import assert from "node:assert/strict";
import { cellNodeSelector, podPlacement, pullPolicy, pullSecrets } from "./pod_placement.ts";
import { probes } from "./probes.ts";

Deno.test("a cell's pods ask for the node label that the cell is located by", () => {
  assert.deepEqual(cellNodeSelector({ zoneId: "use1-aza" }), { "topology.k8s.aws/zone-id": "use1-aza" });
  assert.deepEqual(cellNodeSelector({ zone: "us-east-1a" }), { "topology.kubernetes.io/zone": "us-east-1a" });
  assert.deepEqual(cellNodeSelector({ region: "us-east-1" }), {
    "topology.kubernetes.io/region": "us-east-1",
  });
  assert.deepEqual(cellNodeSelector({}), {});
});

Deno.test("what is empty does not appear in the pod", () => {
  assert.deepEqual(podPlacement({}), {});
  assert.deepEqual(podPlacement({ nodeSelector: {}, placement: { tolerations: [] } }), {});
  assert.deepEqual({ ...pullPolicy({}), ...pullSecrets({ imagePullSecrets: [] }) }, {});
});

Deno.test("placement and pull settings reach the pod as they were given", () => {
  const affinity = { podAntiAffinity: {} };
  const placement = { tolerations: [{ key: "db", operator: "Exists" }] } as const;
  const placed = podPlacement({
    nodeSelector: { a: "b" },
    affinity,
    placement: { tolerations: [...placement.tolerations] },
  });
  assert.deepEqual(placed, { nodeSelector: { a: "b" }, affinity, ...placement });
  assert.deepEqual(pullPolicy({ imagePullPolicy: "Always" }), { imagePullPolicy: "Always" });
  assert.deepEqual(pullSecrets({ imagePullSecrets: [{ name: "reg" }] }), {
    imagePullSecrets: [{ name: "reg" }],
  });
});

Deno.test("a component has 150 s to start, is asked every 10 s whether it lives, and every 5 s whether it is ready", () => {
  assert.deepEqual(probes(15300, { startup: "/up", live: "/live", ready: "/ready" }), {
    startupProbe: { httpGet: { path: "/up", port: 15300 }, periodSeconds: 5, failureThreshold: 30 },
    livenessProbe: { httpGet: { path: "/live", port: 15300 }, periodSeconds: 10 },
    readinessProbe: { httpGet: { path: "/ready", port: 15300 }, periodSeconds: 5 },
  });
});
