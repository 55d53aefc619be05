import assert from "node:assert/strict";
import { ManualClock } from "../kube/manual_clock.ts";
import { budgetedStore, fencedStore } from "./limited_store.ts";
import type { CallOptions, TopologyStore, Write } from "./store.ts";

/** Notes what it is asked, and takes its time. */
function notingStore(clock: ManualClock, milliseconds: number) {
  const asked: string[] = [];
  const note = (what: string, options?: CallOptions) => {
    asked.push(`${what} ${options?.timeoutMs}`);
    return clock.advance(milliseconds);
  };
  const store: TopologyStore = {
    async get(_key, options) {
      await note("get", options);
      return undefined;
    },
    async list(_prefix, options) {
      await note("list", options);
      return { entries: [], revision: 1n };
    },
    async write(_write, options) {
      await note("write", options);
      return { kind: "written", revision: 1n };
    },
    close: () => asked.push("close"),
  };
  return { store, asked };
}

const write: Write = { kind: "create", key: "/k", value: new Uint8Array() };

Deno.test("a process that may not write reads on, and its write does not leave", async () => {
  const { store, asked } = notingStore(new ManualClock(), 0);
  let refusal: string | undefined = "the lease was not renewed in time";
  const fenced = fencedStore(store, { refusal: () => refusal });
  await fenced.get("/k");
  await fenced.list("/");
  await assert.rejects(fenced.write(write), {
    failure: "fenced",
    message: "Cannot write /k to the topology as the lease was not renewed in time",
  });
  assert.deepEqual(asked, ["get undefined", "list undefined"]);
  refusal = undefined;
  assert.equal((await fenced.write(write)).kind, "written");
});

Deno.test("calls share a budget: each gets what is left, and none is sent when nothing is", async () => {
  const clock = new ManualClock();
  const { store, asked } = notingStore(clock, 8_000);
  const budgeted = budgetedStore(store, { totalMs: 20_000, callMs: 9_000 }, clock);
  await budgeted.get("/k");
  await budgeted.list("/", { timeoutMs: 5_000 });
  await budgeted.write(write);
  await assert.rejects(budgeted.write(write), { failure: "timeout" });
  await assert.rejects(budgeted.get("/k"), { failure: "timeout" });
  budgeted.close();
  assert.deepEqual(asked, ["get 9000", "list 5000", "write 4000"]);
});
