import assert from "node:assert/strict";
import { viewOf } from "../../tests/support/cluster_view.ts";
import { clusterSpec } from "../../tests/support/multigres_specs.ts";
import { entranceOf } from "./desired_entrance.ts";
import { desiredGatewayService, desiredReplicaGatewayService } from "./desired_gateway_services.ts";
import { desiredMultiadminService } from "./desired_multiadmin.ts";
import { desiredMultiadminWebService } from "./desired_multiadmin_web.ts";

const annotations = { "example.org/pool": "public" };
const external = { enabled: true, externalIPs: ["192.0.2.7", "2001:db8::7"], annotations };

Deno.test("a Service that is not opened is a ClusterIP, whatever else is said of the entrance", () => {
  const closed = { spec: { type: "ClusterIP" }, annotations: {} };
  assert.deepEqual(entranceOf(undefined), closed);
  assert.deepEqual(entranceOf({ ...external, enabled: false }), closed);
});

Deno.test("an open Service with addresses is reached at those, and needs no load balancer", () => {
  assert.deepEqual(entranceOf(external), {
    spec: { type: "ClusterIP", externalIPs: ["192.0.2.7", "2001:db8::7"] },
    annotations,
  });
});

Deno.test("an open Service without addresses asks for a load balancer", () => {
  assert.deepEqual(entranceOf({ enabled: true, annotations }), {
    spec: { type: "LoadBalancer" },
    annotations,
  });
  assert.deepEqual(entranceOf({ enabled: true, externalIPs: [] }), {
    spec: { type: "LoadBalancer" },
    annotations: {},
  });
});

Deno.test("externalGateway opens the Service of the primaries alone", () => {
  const closed = viewOf(clusterSpec({}));
  const open = viewOf(clusterSpec({ externalGateway: external }));
  const service = desiredGatewayService(open);
  assert.deepEqual(service.metadata.annotations, annotations);
  assert.deepEqual(service.spec?.externalIPs, external.externalIPs);
  assert.deepEqual(service.spec?.ports, desiredGatewayService(closed).spec?.ports);
  assert.deepEqual(desiredReplicaGatewayService(open), desiredReplicaGatewayService(closed));
  assert.deepEqual(desiredMultiadminWebService(open), desiredMultiadminWebService(closed));
});

Deno.test("externalAdminWeb opens the Service of the admin pages alone", () => {
  const closed = viewOf(clusterSpec({}));
  const open = viewOf(clusterSpec({ externalAdminWeb: { enabled: true, annotations } }));
  const service = desiredMultiadminWebService(open);
  assert.deepEqual(service.metadata.annotations, annotations);
  assert.equal(service.spec?.type, "LoadBalancer");
  assert.deepEqual(desiredMultiadminService(open), desiredMultiadminService(closed));
  assert.deepEqual(desiredGatewayService(open), desiredGatewayService(closed));
});

Deno.test("a closed Service carries no annotations, so that those of an entrance go with it", () => {
  const view = viewOf(clusterSpec({ externalGateway: { ...external, enabled: false } }));
  assert.equal(desiredGatewayService(view).metadata.annotations, undefined);
});
