import assert from "node:assert/strict";
import { SecretWorld } from "../../tests/support/secret_world.ts";
import { setOf } from "../../tests/support/certificate_sets.ts";
import { certificateTermsAnnotation } from "../../api/multigres/annotations.ts";
import { DAY_MS } from "../../certs/authority.ts";
import { trimCertificateSecret } from "../../certs/secrets.ts";
import type { Pod, Secret } from "../../kube/kinds.ts";
import { certificateTerms, isCertificateDue, termsText } from "./certificate_terms.ts";

const set = setOf("pooler");

/** A cluster's certificates in a time that is turned by hand, and pods that start in it. */
async function stage() {
  const world = new SecretWorld();
  await world.settle(set);
  const secret = () => {
    const stored: Secret | undefined = world.secrets.get("pooler");
    return stored === undefined ? undefined : trimCertificateSecret(structuredClone(stored));
  };
  const terms = () => certificateTerms(secret());
  return {
    world,
    secret,
    terms,
    /** A pod that is made, and starts, now. */
    start(marked = true): Pod {
      const known = terms();
      const annotations = marked && known !== undefined
        ? { [certificateTermsAnnotation]: termsText(known) }
        : {};
      return podOf(world.clock.now(), annotations);
    },
    due: (pod: Pod) => isCertificateDue(pod, terms(), world.clock.now()),
    async pass(days: number) {
      world.clock.jumpWall(days * DAY_MS);
      await world.settle(set);
    },
  };
}

function podOf(startedAt: Date, annotations: Record<string, string>): Pod {
  const state = { running: { startedAt: startedAt.toISOString() } };
  const status = { name: "multipooler", state, image: "i", imageID: "", ready: true, restartCount: 0 };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", annotations },
    status: { containerStatuses: [status] },
  };
}

Deno.test("a renewed certificate takes other pods 20 days before the former one ends, and not before", async () => {
  const { start, due, pass, world } = await stage();
  const [marked, unmarked] = [start(), start(false)];
  await pass(336);
  assert.deepEqual([due(marked), due(unmarked)], [false, false], "renewed, with 29 days to go");
  await pass(8);
  assert.deepEqual([due(marked), due(unmarked)], [false, false], "21 days to go");
  await pass(2);
  assert.deepEqual([due(marked), due(unmarked)], [true, true], "19 days to go");
  const restarted = podOf(world.clock.now(), marked.metadata.annotations ?? {});
  assert.equal(due(restarted), false, "its container has read the new one");
  assert.equal(due(start()), false);
});

Deno.test("a certificate that could not be renewed takes no pods: they would start with the same", async () => {
  const { start, due, world } = await stage();
  const pod = start();
  world.clock.jumpWall(350 * DAY_MS);
  assert.equal(due(pod), false);
});

Deno.test("pods learn of a new authority, and change over from an old one, each once", async () => {
  const { start, due, pass } = await stage();
  for (let year = 0; year < 9; year++) await pass(340);
  await pass(3_561 - 9 * 340);
  const before = start();
  await pass(0.01);
  const told = start();
  assert.equal(due(told), false, "nothing is new since it started");
  await pass(61);
  await pass(0.01);
  assert.deepEqual([due(before), due(told)], [true, true], "both show what the old authority signed");
  const after = start();
  assert.equal(due(after), false);
  await pass(2);
  assert.equal(due(after), false, "that the old authority is trusted no more is no reason");
});

Deno.test("a pod that goes, does not run, or has no certificate is left alone", async () => {
  const { start, due, pass, terms, world } = await stage();
  const pod = start();
  await pass(350);
  assert.equal(due(pod), true);
  assert.equal(
    due({ ...pod, metadata: { ...pod.metadata, deletionTimestamp: "2027-01-01T00:00:00Z" } }),
    false,
  );
  assert.equal(due({ ...pod, status: {} }), false);
  assert.equal(isCertificateDue(pod, undefined, world.clock.now()), false);
  assert.equal(certificateTerms(undefined), undefined);
  assert.ok(terms() !== undefined);
});

Deno.test("a mark that nobody can read is none", async () => {
  const { start, due, pass } = await stage();
  const pods = ["", "nonsense", "{}", '{"expires":"never","signer":"a","authorities":[]}'].map((text) =>
    podOf(new Date(start().status?.containerStatuses?.[0]?.state?.running?.startedAt ?? ""), {
      [certificateTermsAnnotation]: text,
    })
  );
  assert.deepEqual(pods.map(due), [false, false, false, false]);
  await pass(340);
  await pass(10);
  assert.deepEqual(pods.map(due), [true, true, true, true]);
});
