import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { setOf } from "../tests/support/certificate_sets.ts";
import { failure, SecretWorld } from "../tests/support/secret_world.ts";
import { issueLeaf, makeAuthority, systemRandom } from "./authority.ts";
import { readBundle } from "./read.ts";
import { trimCertificateSecret } from "./secrets.ts";
import { keepCertificates } from "./keep.ts";

const set = setOf("gateway", "pooler");
const CA = "orders-ca";

function dataOf(world: SecretWorld): Record<string, unknown> {
  return Object.fromEntries([...world.secrets].map(([name, { data }]) => [name, data]));
}

async function settled(): Promise<SecretWorld> {
  const world = new SecretWorld();
  await world.settle(set);
  return world;
}

Deno.test("a set is made at once, authority first, and then there is silence", async () => {
  const world = new SecretWorld();
  const first = await world.look(set);
  assert.deepEqual([...world.secrets.keys()], [CA, "gateway", "pooler"]);
  assert.deepEqual([first.standing.status, first.standing.reason], ["False", "Issuing"]);
  const before = world.requests.length;
  // Two looks: the copies spread for a while, of which nothing is due.
  assert.deepEqual((await world.look(set)).steps, []);
  world.clock.jumpWall(300_000);
  const last = await world.look(set);
  assert.deepEqual(last.standing, {
    status: "True",
    reason: "Issued",
    message: "2 certificates are valid, the first until 2027-01-01",
  });
  assert.equal(last.checkAfterSeconds, 43_200);
  assert.equal(world.requests.length, before);
  assert.deepEqual(world.notices.map(({ message }) => message), [
    "Secret orders-ca holds a new authority, which signed gateway, pooler",
  ]);
});

Deno.test("a set that a crash left half made is made whole from the same authority", async (t) => {
  for (const limit of [1, 2]) {
    await t.step(`after ${limit} of 3 writes`, async () => {
      const world = new SecretWorld();
      await world.look(set, limit);
      assert.equal(world.secrets.size, limit);
      const made = world.text(CA, "ca.crt");
      await world.settle(set);
      assert.equal(world.text(CA, "ca.crt"), made);
      assert.ok(world.findings(set).leaves.every(({ judgement }) => judgement.ok));
    });
  }
});

Deno.test("of two processes that start at once one makes the authority, and the other takes it", async () => {
  const world = new SecretWorld();
  const plans = [];
  for (const process of [world.process(), world.process()]) {
    plans.push({ ...process, ...await keepCertificates(set, { ...process, clock: world.clock }) });
  }
  const [one, other] = plans;
  assert.ok(one !== undefined && other !== undefined);
  // The second is as far as the first when that has written its authority, and no more.
  const results = [await world.act(one.steps.slice(0, 1), one), await world.act(other.steps, other)];
  assert.deepEqual(results.map(({ kind, written }) => [kind, written.length]), [["done", 1], ["waiting", 0]]);
  assert.deepEqual([...world.secrets.keys()], [CA]);
  const made = world.text(CA, "ca.crt");
  await world.settle(set);
  assert.equal(world.text(CA, "ca.crt"), made);
  assert.ok(world.findings(set).leaves.every(({ judgement }) => judgement.ok));
});

Deno.test("whatever is done to a Secret, it is put right, and nothing else changes", async (t) => {
  const spoilings: Record<string, (world: SecretWorld) => void> = {
    "a lost certificate": (world) => void world.secrets.delete("gateway"),
    "a corrupted certificate": (world) => spoil(world, "gateway", "tls.crt"),
    "a corrupted key": (world) => spoil(world, "gateway", "tls.key"),
    "a corrupted bundle": (world) => spoil(world, "gateway", "ca.crt"),
    "an empty Secret": (world) => world.edit("gateway", ({ data: _, ...secret }) => secret),
    "a key of another": (world) =>
      world.edit("gateway", (secret) => ({
        ...secret,
        data: { ...secret.data, "tls.key": world.secrets.get("pooler")?.data?.["tls.key"] ?? "" },
      })),
    "a foreign authority that slipped in": (world) =>
      world.edit("gateway", (secret) => ({
        ...secret,
        data: { ...secret.data, "ca.crt": world.secrets.get("pooler")?.data?.["tls.crt"] ?? "" },
      })),
    "lost labels": (world) =>
      world.edit("gateway", (secret) => ({ ...secret, metadata: { ...secret.metadata, labels: {} } })),
    "a lost owner": (world) =>
      world.edit(
        "gateway",
        (secret) => ({ ...secret, metadata: { ...secret.metadata, ownerReferences: [] } }),
      ),
    "a date to come": (world) =>
      world.edit("gateway", (secret) => ({
        ...secret,
        metadata: {
          ...secret.metadata,
          annotations: { "multigres.com/trusted-since": "2099-01-01T00:00:00Z" },
        },
      })),
  };
  for (const [name, spoilIt] of Object.entries(spoilings)) {
    await t.step(name, async () => {
      const world = await settled();
      const before = dataOf(world);
      spoilIt(world);
      await world.settle(set);
      const { leaves, authority } = world.findings(set);
      assert.ok(authority.tidy && leaves.every(({ judgement, current }) => judgement.ok && current));
      const { gateway: _, ...rest } = dataOf(world);
      const { gateway: __, ...restBefore } = before;
      assert.deepEqual(rest, restBefore);
    });
  }
});

function spoil(world: SecretWorld, name: string, key: string): void {
  world.edit(name, (secret) => ({ ...secret, data: { ...secret.data, [key]: btoa("garbage") } }));
}

Deno.test("an authority that is spoiled is made anew, and those who trust the old one are not cut off", async (t) => {
  for (const key of ["ca.crt", "ca.key"]) {
    await t.step(key, async () => {
      const world = await settled();
      const [old] = readBundle(world.text(CA, "ca.crt")).certificates;
      const shown = world.text("pooler", "tls.crt");
      spoil(world, CA, key);
      const { standing } = await world.settle(set);
      const trusted = readBundle(world.text("gateway", "ca.crt")).certificates;
      assert.ok(trusted.some(({ fingerprint }) => fingerprint === old?.fingerprint));
      assert.equal(trusted.length, 2);
      assert.equal(world.text("pooler", "tls.crt"), shown);
      assert.deepEqual([standing.status, standing.reason], ["True", "Rotating"]);
    });
  }
});

Deno.test("a leaf with other names is issued anew from the same authority", async () => {
  const world = await settled();
  const made = world.text(CA, "ca.key");
  const more = {
    ...set,
    leaves: set.leaves.map(({ secretName, wanted }) => ({
      secretName,
      wanted: { ...wanted, dnsNames: [...wanted.dnsNames, "another.name"] },
    })),
  };
  await world.settle(more);
  assert.ok(world.findings(more).leaves.every(({ judgement }) => judgement.ok));
  assert.equal(world.text(CA, "ca.key"), made);
  assert.match(
    world.notices.at(-1)?.message ?? "",
    /as of the old one: it is for O=Multigres, CN=pooler, DNS:pooler$/,
  );
});

Deno.test("Secrets of an older operator are taken over as they are, but for what it did not write", async () => {
  const world = new SecretWorld();
  const tools = { now: world.clock.now(), random: systemRandom };
  const authority = await makeAuthority(set.authority.profile, tools);
  const sec1 = String(createPrivateKey(authority.key).export({ type: "sec1", format: "pem" }));
  const metadata = (name: string) => ({
    name,
    namespace: "ns",
    labels: { ...set.labels },
    ownerReferences: set.owner === undefined ? [] : [set.owner],
  });
  const put = (name: string, values: Record<string, string>) =>
    world.put({
      apiVersion: "v1",
      kind: "Secret",
      metadata: metadata(name),
      data: Object.fromEntries(Object.entries(values).map(([key, text]) => [key, btoa(text)])),
    });
  put(CA, { "ca.crt": authority.certificate, "ca.key": sec1 });
  for (const { secretName, wanted } of set.leaves) {
    const leaf = await issueLeaf(authority, wanted, tools);
    put(secretName, { "tls.crt": leaf.certificate, "tls.key": leaf.key });
  }
  const shown = world.text("pooler", "tls.crt");
  await world.settle(set);
  assert.equal(world.text("pooler", "tls.crt"), shown);
  assert.equal(world.text("pooler", "ca.crt").trim(), authority.certificate.trim());
  assert.equal(world.text(CA, "ca.key"), sec1);
  assert.ok(world.findings(set).leaves.every(({ current, judgement }) => current && judgement.ok));
});

Deno.test("Secrets of others are left alone: without the authority nothing is done, without a leaf the rest is", async (t) => {
  const theirs = { apiVersion: "v1", kind: "Secret", data: { "tls.crt": btoa("theirs") } };
  for (const [name, others] of [[CA, []], ["gateway", ["orders-ca", "pooler"]]] as const) {
    await t.step(name, async () => {
      const world = new SecretWorld();
      world.put({ ...theirs, metadata: { name, namespace: "ns" } });
      const kept = await world.settle(set);
      assert.deepEqual([kept.standing.reason, kept.checkAfterSeconds <= 30], ["SecretTaken", true]);
      assert.deepEqual([...world.secrets.keys()].sort(), [name, ...others].sort());
      assert.equal(world.text(name, "tls.crt"), "theirs");
    });
  }
});

Deno.test("a clock that went back leads to certificates that are valid, and forward again to none that are new", async () => {
  const world = await settled();
  world.clock.jumpWall(-40 * 86_400_000);
  await world.settle(set);
  assert.ok(world.findings(set).leaves.every(({ judgement }) => judgement.ok));
  const before = dataOf(world);
  world.clock.jumpWall(40 * 86_400_000);
  await world.settle(set);
  assert.deepEqual(dataOf(world), before);
});

Deno.test("a missing right is told, any other failure is an error", async () => {
  const world = new SecretWorld();
  world.intercept = () => failure(403, "Forbidden");
  const { standing, steps } = await world.look(set);
  assert.deepEqual([standing.reason, steps.length], ["Forbidden", 0]);
  world.intercept = () => failure(500, "InternalError");
  await assert.rejects(world.look(set), /500 InternalError/);
});

Deno.test("the cache never holds a private key", async () => {
  const world = await settled();
  world.clock.jumpWall(3_600 * 86_400_000);
  await world.look(set);
  assert.ok(world.text(CA, "next.key") !== "", "there is a successor with a key of its own");
  for (const secret of world.secrets.values()) {
    const texts = Object.values(trimCertificateSecret(secret).data ?? {}).map((value) =>
      value + safeDecode(value)
    );
    for (const text of texts) assert.doesNotMatch(text, /PRIVATE KEY/);
  }
});

function safeDecode(value: string): string {
  try {
    return atob(value);
  } catch {
    return "";
  }
}
