import assert from "node:assert/strict";
import fc from "fast-check";
import { setOf } from "../tests/support/certificate_sets.ts";
import { SecretWorld } from "../tests/support/secret_world.ts";
import { AUTHORITY_DAYS, DAY_MS } from "./authority.ts";
import { judgeLeaf, type Pair } from "./inspect.ts";
import { keyFingerprint, readBundle, type ReadCertificate, readCertificate } from "./read.ts";
import { serves, TIMING } from "./rotation.ts";

const set = setOf("gateway", "orch", "pooler");
const CA = set.authority.secretName;

/** What a pod has read of its Secret, and when it will read it again. */
interface Pod {
  readonly secretName: string;
  version: string;
  shown: Pair;
  trusted: readonly ReadCertificate[];
  readAgainAt: number;
}

/** Pods that see a changed Secret late, but within the time that is waited for. */
class Pods {
  readonly pods: Pod[];

  constructor(private readonly world: SecretWorld, private readonly delay: () => number) {
    const shown = { pem: undefined, certificate: undefined, keyFingerprint: undefined };
    this.pods = set.leaves.flatMap(({ secretName }) =>
      [1, 2].map(() => ({ secretName, version: "", shown, trusted: [], readAgainAt: 0 }))
    );
    for (const pod of this.pods) this.#read(pod);
  }

  /** Time has come: copies whose delay is over are renewed, and those that became old get a delay. */
  pass(): void {
    const time = this.world.clock.now().getTime();
    for (const pod of this.pods) {
      if (pod.version === this.#versionOf(pod)) continue;
      if (pod.readAgainAt === 0) pod.readAgainAt = time + this.delay();
      if (time >= pod.readAgainAt) this.#read(pod);
    }
  }

  /** Every pod shows its certificate to every other: the refusals. */
  quarrels(): string[] {
    const now = this.world.clock.now();
    return this.pods.flatMap(({ secretName, shown }) => {
      const wanted = set.leaves.find((leaf) => leaf.secretName === secretName)?.wanted;
      assert.ok(wanted);
      return this.pods.flatMap((other) => {
        const judgement = judgeLeaf(shown, other.trusted, wanted, now);
        return serves(judgement)
          ? []
          : [`${secretName} to ${other.secretName}: ${JSON.stringify(judgement)}`];
      });
    });
  }

  #versionOf({ secretName }: Pod): string {
    return this.world.secrets.get(secretName)?.metadata.resourceVersion ?? "";
  }

  #read(pod: Pod): void {
    const pem = this.world.text(pod.secretName, "tls.crt");
    const key = keyFingerprint(this.world.text(pod.secretName, "tls.key"));
    pod.readAgainAt = 0;
    pod.version = this.#versionOf(pod);
    pod.shown = { pem, certificate: readCertificate(pem), keyFingerprint: key };
    pod.trusted = readBundle(this.world.text(pod.secretName, "ca.crt")).certificates;
  }
}

/** One moment: how much time passes (s), how many of the planned steps are carried out before the process ends. */
const moment = fc.record({
  seconds: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 1, max: 60 }) },
    { weight: 1, arbitrary: fc.constantFrom(3_600, DAY_MS / 1_000, 4 * DAY_MS / 1_000) },
  ),
  steps: fc.constantFrom(Infinity, Infinity, Infinity, 0, 1, 2, 3),
});

interface Life {
  readonly moments: readonly { readonly seconds: number; readonly steps: number }[];
  readonly delays: readonly number[];
}

const lives: fc.Arbitrary<Life> = fc.record({
  moments: fc.array(moment, { minLength: 40, maxLength: 80 }),
  delays: fc.array(fc.constantFrom(0, 0, 30_000, 290_000), { minLength: 3, maxLength: 7 }),
});

/** Goes through a life, looking at each moment whether anybody refuses anybody. */
async function live(world: SecretWorld, { moments, delays }: Life, begin: () => void): Promise<void> {
  let turn = 0;
  const pods = new Pods(world, () => delays[turn++ % delays.length] ?? 0);
  begin();
  for (const { seconds, steps } of moments) {
    world.clock.jumpWall(seconds * 1_000);
    pods.pass();
    await world.look(set, steps);
    pods.pass();
    assert.deepEqual(pods.quarrels(), []);
  }
  // Whatever happened before: from here on it comes to an end, and quietly.
  for (let round = 0; round < 20; round++) {
    world.clock.jumpWall(10 * DAY_MS);
    pods.pass();
    await world.settle(set);
    pods.pass();
    world.clock.jumpWall(300_000);
    pods.pass();
    assert.deepEqual(pods.quarrels(), []);
  }
}

function signerIn(world: SecretWorld): string {
  return readBundle(world.text(CA, "ca.crt")).certificates[0]?.fingerprint ?? "";
}

Deno.test("while an authority is replaced, nobody ever meets a certificate that he cannot verify", async () => {
  await fc.assert(
    fc.asyncProperty(lives, fc.constantFrom(20, 29, 33, 92), async (life, daysLeft) => {
      const world = new SecretWorld();
      await world.settle(set);
      const first = signerIn(world);
      world.clock.jumpWall((AUTHORITY_DAYS - 93) * DAY_MS);
      await world.settle(set);
      await live(world, life, () => world.clock.jumpWall((93 - daysLeft) * DAY_MS));
      const { authority, leaves } = world.findings(set);
      assert.equal(authority.trusted.length, 1, "the old authority is gone in the end");
      assert.notEqual(authority.trusted[0]?.fingerprint, first);
      assert.ok(leaves.every(({ current, judgement }) => current && judgement.ok));
    }),
    { numRuns: 8, endOnFailure: true },
  );
});

Deno.test("an authority whose Secret is lost is replaced without anybody noticing", async () => {
  await fc.assert(
    fc.asyncProperty(lives, async (life) => {
      const world = new SecretWorld();
      await world.settle(set);
      const first = signerIn(world);
      world.clock.jumpWall(DAY_MS);
      await live(world, life, () => void world.secrets.delete(CA));
      const { authority, leaves } = world.findings(set);
      assert.deepEqual(authority.trusted.map(({ fingerprint }) => fingerprint === first), [false]);
      assert.ok(leaves.every(({ current, judgement }) => current && judgement.ok));
    }),
    { numRuns: 8, endOnFailure: true },
  );
});

Deno.test("an authority is announced 90 days before its end, and signs 30 days before it", async () => {
  const world = new SecretWorld();
  await world.settle(set);
  const made = world.clock.now().getTime();
  const first = signerIn(world);
  const at = async (daysLeft: number) => {
    world.clock.jumpWall(made + (AUTHORITY_DAYS - daysLeft) * DAY_MS - world.clock.now().getTime());
    await world.settle(set);
    return { trusted: world.findings(set).authority.trusted.length, same: signerIn(world) === first };
  };
  assert.deepEqual(await at(91), { trusted: 1, same: true });
  assert.deepEqual(await at(89), { trusted: 2, same: true });
  assert.deepEqual(await at(31), { trusted: 2, same: true });
  assert.deepEqual(await at(29), { trusted: 2, same: false });
  assert.deepEqual(await at(27), { trusted: 1, same: false });
});

Deno.test("the wait for copies counts from the last change of a bundle, and the next look is at its end", async () => {
  const world = new SecretWorld();
  await world.settle(set);
  world.secrets.delete(CA);
  const kept = await world.settle(set);
  assert.equal(kept.standing.reason, "Rotating");
  assert.equal(kept.checkAfterSeconds, TIMING.spreadMs / 1_000);
  const signedBefore = world.text("orch", "tls.crt");
  world.clock.jumpWall(TIMING.spreadMs - 1_000);
  await world.settle(set);
  assert.equal(world.text("orch", "tls.crt"), signedBefore);
  world.clock.jumpWall(1_000);
  await world.settle(set);
  assert.notEqual(world.text("orch", "tls.crt"), signedBefore);
});
