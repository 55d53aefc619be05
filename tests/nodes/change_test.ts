import assert from "node:assert/strict";
import { at, isRecord, listAt } from "../ground/json.ts";
import { waitUntil } from "../ground/wait_for.ts";
import { secondsSince, tell } from "./figures.ts";
import { ask, type Load, startLoad } from "./load.ts";
import { LONG_MS, type RealMember } from "./cluster.ts";
import { onNodes, type Stage } from "./stage.ts";

/** Changes the spec and waits until the cluster is as it says. */
async function change(
  stage: Stage,
  load: Load,
  what: string,
  { spec, members, meanwhile }: {
    readonly spec: Record<string, unknown>;
    readonly members: number;
    readonly meanwhile?: () => Promise<void>;
  },
): Promise<void> {
  const start = performance.now();
  await stage.apply(spec);
  await meanwhile?.();
  await stage.untilWell(members);
  await waitUntil("no other member", () => stage.members(), (seen) => seen.length === members, {
    timeoutMs: LONG_MS,
  });
  await stage.untilSynchronous();
  tell(what, { "all well after": secondsSince(start), "write gap": load.gapSince(start) });
}

/** Uids of pods and starts of containers: neither changes while a member just goes on. */
function identities(members: readonly RealMember[]): string[] {
  return members.map(({ uid, startedAt }) => `${uid} ${startedAt}`);
}

/** What the kubelet says that the container of a member may use. */
async function limitsOf(stage: Stage, { name }: RealMember): Promise<unknown> {
  const pod = await stage.client.get(stage.path("pods", name));
  const container = listAt(pod, "status", "containerStatuses").filter(isRecord)
    .find((each) => each["name"] === "postgres");
  return at(container, "resources", "limits");
}

const resources = (cpu: string, memory: string) => ({
  requests: { cpu: "100m", memory: "128Mi" },
  limits: { cpu, memory },
});

const parameters = { shared_buffers: "32MB", max_connections: "60" };

onNodes(
  "a cluster grows, shrinks, is resized and restarted under load, and loses no row",
  async (stage, t) => {
    await stage.apply();
    await stage.untilWell(3);
    await stage.makeSynchronous();
    await using load = await startLoad(stage);
    const spec: Record<string, unknown> = {};

    await t.step("resources change in place: no container is started again", async () => {
      const before = identities(await stage.members());
      spec["resources"] = resources("800m", "448Mi");
      await change(stage, load, "in-place resize", { spec, members: 3 });
      for (const member of await stage.members()) {
        const limits = await waitUntil(
          `the limits of ${member.name}`,
          () => limitsOf(stage, member),
          (seen) => at(seen, "memory") === "448Mi" && at(seen, "cpu") === "800m",
        );
        assert.ok(limits);
      }
      assert.deepEqual(identities(await stage.members()), before);
    });

    await t.step("three members become five, and two", async () => {
      await change(stage, load, "scale 3 to 5", { spec: { ...spec, replicas: 5 }, members: 5 });
      spec["replicas"] = 2;
      await change(stage, load, "scale 5 to 2", { spec, members: 2 });
      spec["replicas"] = 3;
      await change(stage, load, "scale 2 to 3", { spec, members: 3 });
    });

    await t.step("another max_connections comes into force, the primary last", async () => {
      const before = await stage.members();
      spec["postgresqlParams"] = { ...parameters, max_connections: "70" };
      await change(stage, load, "rolling change of a parameter", { spec, members: 3 });
      const [row] = await ask(load.target, "SHOW max_connections");
      assert.equal(row?.["max_connections"], "70");
      const uids = new Set((await stage.members()).map(({ uid }) => uid));
      assert.deepEqual(before.filter(({ uid }) => uids.has(uid)), [], "every member was restarted");
    });

    await t.step(
      "the operator is killed in the middle of a rolling change, and goes on when it is back",
      async () => {
        const before = new Set((await stage.members()).map(({ uid }) => uid));
        spec["postgresqlParams"] = { ...parameters, max_connections: "80" };
        await change(stage, load, "operator killed in a rolling change", {
          spec,
          members: 3,
          meanwhile: async () => {
            await waitUntil(
              "the first member to be restarted",
              () => stage.members(),
              (members) => members.some(({ uid }) => !before.has(uid)),
              { timeoutMs: LONG_MS },
            );
            await stage.killOperator();
          },
        });
        const [row] = await ask(load.target, "SHOW max_connections");
        assert.equal(row?.["max_connections"], "80");
        assert.ok((await stage.members()).every(({ uid }) => !before.has(uid)), "every member was restarted");
      },
    );

    assert.equal(await load.lost(), 0, "acknowledged rows are lost");
  },
);
