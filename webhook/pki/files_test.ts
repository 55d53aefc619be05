import assert from "node:assert/strict";
import { join } from "node:path";
import { issueLeaf, type KeyPair, makeAuthority, systemRandom } from "../../certs/authority.ts";
import { ManualClock } from "../../kube/manual_clock.ts";
import { waitFor } from "../../tests/ground/wait_for.ts";
import { followFiles, type FoundFiles } from "./files.ts";

const tools = { now: new Date(), random: systemRandom };
const wanted = { organization: "o", commonName: "a", dnsNames: ["a"], usages: ["server"] as const };
const authority = await makeAuthority({ organization: "o", commonName: "ca" }, tools);
const [one, two] = [await issueLeaf(authority, wanted, tools), await issueLeaf(authority, wanted, tools)];

async function write(folder: string, { certificate, key }: KeyPair): Promise<void> {
  await Deno.writeTextFile(join(folder, "tls.crt"), certificate);
  await Deno.writeTextFile(join(folder, "tls.key"), key);
}

Deno.test("a folder is read again and again, and only what changed is told", async () => {
  const folder = await Deno.makeTempDir();
  const clock = new ManualClock();
  const told: FoundFiles[] = [];
  const end = new AbortController();
  const following = followFiles({ folder, clock, onChange: (found) => told.push(found) }, end.signal);
  const next = async (count: number) => {
    await clock.advance(10_000);
    await waitFor(`${count} changes`, () => told.length === count);
    return told.at(-1);
  };
  try {
    await waitFor("a first look", () => told.length === 1);
    assert.deepEqual(told[0], { pair: undefined, objection: undefined }, "there is nothing yet");
    await write(folder, one);
    assert.deepEqual(await next(2), { pair: one, objection: undefined });
    await clock.advance(10_000);
    await write(folder, { certificate: two.certificate, key: one.key });
    const torn = await next(3);
    assert.deepEqual(torn, { pair: one, objection: "the key does not belong to the certificate" });
    await write(folder, two);
    assert.deepEqual(await next(4), { pair: two, objection: undefined });
    await Deno.remove(join(folder, "tls.key"));
    assert.deepEqual(await next(5), { pair: undefined, objection: undefined });
  } finally {
    end.abort();
    await following;
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a folder that is not there holds nothing", async () => {
  const told: FoundFiles[] = [];
  const end = new AbortController();
  const clock = new ManualClock();
  const folder = join(await Deno.makeTempDir(), "none");
  const following = followFiles({ folder, clock, onChange: (found) => told.push(found) }, end.signal);
  await waitFor("a first look", () => told.length === 1);
  end.abort();
  await following;
  assert.deepEqual(told, [{ pair: undefined, objection: undefined }]);
});
