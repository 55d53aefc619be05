import assert from "node:assert/strict";
import { isNotFound } from "../../kube/errors.ts";
import { ConfigMaps } from "../../kube/kinds.ts";
import { seededRandom } from "../../kube/random.ts";
import { ownedTest, privateControlPlane } from "../ground/ground.ts";
import { waitUntil } from "../ground/wait_for.ts";
import { leavesNoHeap } from "../support/heap.ts";
import {
  openRuntime,
  put,
  type Runtime,
  untilEqual,
  watchConfigMaps,
  type Watching,
} from "../support/harness.ts";

const NAMESPACE = "default";
const WATCHES = 50;
/** 200 changes seen by 50 watches are 10,000 events. */
const CHANGES = 200;
const BREAKS = 200;

ownedTest(
  "10,000 events over 50 watches with 200 broken streams: nothing is lost and nothing leaks",
  async () => {
    await using plane = await privateControlPlane("api");
    using runtime = openRuntime(plane.connection);
    const quiet = await openConnections(runtime);
    const heaps = await leavesNoHeap(3e6, async (round) => {
      await storm(runtime, seededRandom(round));
      assert.equal(runtime.transport.openStreams, 0);
    });
    const after = await waitUntil(
      "the server to see the streams end",
      () => openConnections(runtime),
      ({ watches, files }) => watches <= quiet.watches && files <= quiet.files + 5,
    );
    console.log(
      `open at the server: ${JSON.stringify(quiet)} before, ${JSON.stringify(after)} after; heap ${heaps}`,
    );
  },
);

async function storm(runtime: Runtime, random: () => number): Promise<void> {
  const watching: Watching[] = [];
  let events = 0;
  let broken = 0;
  try {
    for (let n = 0; n < WATCHES; n++) {
      const each = watchConfigMaps(runtime, NAMESPACE);
      each.store.subscribe(() => events++);
      watching.push(each);
    }
    const synced = () => watching.every((each) => each.reflector.state.kind === "synced");
    await waitUntil("all first lists", synced, (all) => all);
    events = 0;
    runtime.transport.onChunk = (chunk) => {
      if (broken >= BREAKS || random() > 0.1) return chunk;
      broken++;
      return random() < 0.5 ? "break" : { cutAfter: chunk.slice(0, Math.floor(chunk.length * random())) };
    };
    for (let n = 0; n < CHANGES; n++) await change(runtime, n, random);
    for (const each of watching) await untilEqual(runtime, each.store, NAMESPACE);
    assert.equal(broken, BREAKS, "the storm was as strong as planned");
    assert.ok(
      events >= (WATCHES * CHANGES) / 2,
      `${events} events were seen; changes on the way may be skipped`,
    );
  } finally {
    for (const each of watching) await each[Symbol.asyncDispose]();
    runtime.transport.onChunk = (chunk) => chunk;
  }
}

/** Creates, changes or deletes one of 40 ConfigMaps. */
async function change(runtime: Runtime, n: number, random: () => number): Promise<void> {
  const name = `storm-${Math.floor(random() * 40)}`;
  if (random() > 0.2) return void await put(runtime, NAMESPACE, name, `${n} ${random()}`);
  try {
    const { metadata } = await runtime.steady.get(ConfigMaps, { namespace: NAMESPACE, name });
    const precondition = { uid: metadata.uid ?? "", resourceVersion: metadata.resourceVersion ?? "" };
    await runtime.steady.delete(ConfigMaps, metadata, { precondition });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await put(runtime, NAMESPACE, name, `${n}`);
  }
}

/** What the API server itself counts: watches of ConfigMaps, and open files. */
async function openConnections(runtime: Runtime): Promise<{ watches: number; files: number }> {
  const { body } = await runtime.transport.request({ method: "GET", path: "/metrics", timeoutMs: 10_000 });
  const sum = (pattern: RegExp) =>
    [...body.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);
  return {
    watches: sum(
      /^apiserver_longrunning_requests\{[^}]*resource="configmaps"[^}]*verb="WATCH"[^}]*\} (\S+)$/gm,
    ),
    files: sum(/^process_open_fds (\S+)$/gm),
  };
}
