import assert from "node:assert/strict";
import {
  certificateTermsAnnotation,
  internalCertificateHashAnnotation,
} from "../../../api/multigres/annotations.ts";
import { internalCertificateName } from "../../../api/multigres/certificate_names.ts";
import { componentLabel } from "../../../api/multigres/labels.ts";
import { hashParts } from "../../../api/multigres/names.ts";
import { type Deployment, Deployments, Pods, Secrets } from "../../../kube/kinds.ts";
import { waitFor, waitUntil } from "../../ground/wait_for.ts";
import { type ClusterStage, clusterTest } from "../../support/cluster_stage.ts";
import { deleteNow } from "../../support/delete_now.ts";
import { cluster, password } from "./support.ts";

const components = ["multiadmin", "multigateway", "multiorch"] as const;
type Component = typeof components[number] | "multipooler";

async function certificate({ client, namespace }: ClusterStage, component: Component) {
  const name = internalCertificateName(component, { cluster: "c", namespace });
  return await client.find(Secrets, { namespace, name });
}

async function deployment(
  { client, namespace }: ClusterStage,
  component: Component,
): Promise<Deployment | undefined> {
  const labels = `${componentLabel}=${component}`;
  return (await client.listAll(Deployments, { namespace, labels }))[0];
}

/** Waits until the pods of a component are those of its certificate; returns the version of that. */
async function untilFollowed(stage: ClusterStage, component: Component): Promise<string> {
  const seen = await waitUntil(
    `${component} to follow its certificate`,
    async () => {
      const { data = {} } = await certificate(stage, component) ?? {};
      const { template } = (await deployment(stage, component))?.spec ?? {};
      const has = template?.metadata?.annotations?.[internalCertificateHashAnnotation];
      const wants = data["tls.crt"] === undefined
        ? undefined
        : hashParts([data["tls.crt"], data["ca.crt"] ?? ""]);
      return { has, wants };
    },
    ({ has, wants }) => has !== undefined && has === wants,
    { timeoutMs: 60_000 },
  );
  return seen.has ?? "";
}

clusterTest("pods follow the certificates by which components know each other", async (stage) => {
  const { client, namespace } = stage;
  await using _operator = stage.start();
  await stage.apply(password);
  await stage.apply(cluster("c", { internalTLS: { enabled: true } }));
  const before = new Map<Component, string>();
  for (const component of components) before.set(component, await untilFollowed(stage, component));
  const labels = `${componentLabel}=shard-pool`;
  const pods = () => client.listAll(Pods, { namespace, labels });
  const [first = assert.fail()] = await waitUntil("pods of a pool", pods, (found) => found.length > 0, {
    timeoutMs: 60_000,
  });
  // The very first may have been made before the certificate was seen.
  await deleteNow(client, Pods, { namespace, name: first.metadata.name }, { gracePeriodSeconds: 0 });
  const made = await waitFor(
    "a pod with its mark",
    async () =>
      (await pods()).find(({ metadata }) => metadata.annotations?.[certificateTermsAnnotation] !== undefined),
    {
      timeoutMs: 60_000,
    },
  );
  const terms: unknown = JSON.parse(made.metadata.annotations?.[certificateTermsAnnotation] ?? "null");
  assert.deepEqual(Object.keys(Object(terms)), ["expires", "signer", "authorities"]);

  const old = await certificate(stage, "multiorch") ?? assert.fail();
  await deleteNow(client, Secrets, { namespace, name: old.metadata.name });
  await waitFor("another certificate", async () => {
    const found = await certificate(stage, "multiorch");
    return found !== undefined && found.metadata.uid !== old.metadata.uid;
  });
  assert.notEqual(await untilFollowed(stage, "multiorch"), before.get("multiorch"));
  assert.equal(await untilFollowed(stage, "multigateway"), before.get("multigateway"));
});
