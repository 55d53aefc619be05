import assert from "node:assert/strict";
import { AUTHORITY_DAYS, DAY_MS } from "../../certs/authority.ts";
import { TIMING } from "../../certs/rotation.ts";
import { leafFor, setOf } from "../support/certificate_sets.ts";
import { SecretWorld } from "../support/secret_world.ts";
import { type Credentials, mutualServer, visit } from "../support/tls_party.ts";

const GATEWAY = "gateway.internal";
const POOLER = "pooler.internal";
const set = setOf(GATEWAY, POOLER);

/** What a Secret gives to whoever mounts it now. */
function mounted(world: SecretWorld, name: string): Credentials {
  return {
    cert: world.text(name, "tls.crt"),
    key: world.text(name, "tls.key"),
    ca: world.text(name, "ca.crt"),
  };
}

/** A world whose authority, as the machine's clock tells, is in the given last days. */
async function worldWith(daysLeft: number): Promise<SecretWorld> {
  const world = new SecretWorld();
  const begin = Date.now() - (AUTHORITY_DAYS - daysLeft) * DAY_MS;
  world.clock.jumpWall(begin - world.clock.now().getTime());
  await world.settle(set);
  world.clock.jumpWall(Date.now() - begin);
  await world.settle(set);
  return world;
}

Deno.test("both ends accept each other before, while and after their authority is replaced, whatever copies they hold", async () => {
  const world = await worldWith(20);
  const copies: Record<string, Credentials[]> = { [GATEWAY]: [], [POOLER]: [] };
  /** One more step of time and work; ends hold the state before it, or the one after it. */
  const step = async (milliseconds: number) => {
    world.clock.jumpWall(milliseconds);
    await world.settle(set);
    for (const name of [GATEWAY, POOLER]) {
      copies[name] = [...copies[name] ?? [], mounted(world, name)].slice(-2);
    }
    for (const server of copies[POOLER] ?? []) {
      await using listening = await mutualServer(server);
      for (const client of copies[GATEWAY] ?? []) {
        assert.equal(await visit(listening.port, POOLER, client), "served");
      }
    }
  };
  const signers = new Set<string>();
  for (const milliseconds of [0, TIMING.spreadMs, TIMING.spreadMs, TIMING.retireMs, TIMING.spreadMs]) {
    await step(milliseconds);
    signers.add(world.text(set.authority.secretName, "ca.crt").slice(0, 800));
  }
  assert.equal(world.findings(set).authority.trusted.length, 1);
  assert.ok(signers.size > 1, "the authority was replaced");
});

Deno.test("a certificate of another cluster is refused by both ends", async () => {
  const [ours, theirs] = [await worldWith(3_000), await worldWith(3_000)];
  await using server = await mutualServer(mounted(ours, POOLER));
  assert.equal(await visit(server.port, POOLER, mounted(ours, GATEWAY)), "served");
  const stranger = mounted(theirs, GATEWAY);
  const pretender = { ...stranger, ca: mounted(ours, GATEWAY).ca };
  assert.notEqual(await visit(server.port, POOLER, pretender), "served");
  assert.notEqual(await visit(server.port, POOLER, { ...mounted(ours, GATEWAY), ca: stranger.ca }), "served");
  assert.match(await visit(server.port, "other.internal", mounted(ours, GATEWAY)), /name|cert/i);
});

Deno.test("a certificate for servers alone is refused as a client's", async () => {
  const world = new SecretWorld();
  world.clock.jumpWall(Date.now() - world.clock.now().getTime());
  const leaf = { ...leafFor(GATEWAY), usages: ["server"] as const };
  const mixed = { ...set, leaves: [{ secretName: GATEWAY, wanted: leaf }, ...set.leaves.slice(1)] };
  await world.settle(mixed);
  await using server = await mutualServer(mounted(world, POOLER));
  assert.notEqual(await visit(server.port, POOLER, mounted(world, GATEWAY)), "served");
  assert.equal(await visit(server.port, POOLER, mounted(world, POOLER)), "served");
});
