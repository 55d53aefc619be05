import assert from "node:assert/strict";
import { cell, spec } from "../../tests/support/multigres_rule_cases.ts";
import { noTemplates } from "../../tests/support/multigres_specs.ts";
import { reviewCluster } from "./cluster.ts";
import { isSamePlace, type TopologyPlace, type TopologyUse, topologyUseOf } from "./topology_places.ts";

type Spec = ReturnType<typeof spec>;

const external = (rootPath?: string, ...endpoints: string[]) => ({
  endpoints: endpoints.length > 0 ? endpoints : ["http://etcd:2379"],
  ...(rootPath === undefined ? {} : { rootPath }),
});

const withGlobal = (rootPath?: string, ...endpoints: string[]) =>
  spec({ globalTopoServer: { external: external(rootPath, ...endpoints) } });

const withLocal = (name: string, rootPath?: string) =>
  spec({ cells: [{ ...cell, name, spec: { localTopoServer: { external: external(rootPath) } } }] });

/** What is said of a cluster beside others, in this order: severity, field, message. */
function said(given: Spec, others: Readonly<Record<string, Spec>>, before?: Spec) {
  const uses = Object.entries(others).map(([cluster, other]) => ({ cluster, use: topologyUseOf(other) }));
  const neighboursAt = (place: TopologyPlace) =>
    uses.filter(({ use }) => use.places.some((other) => isSamePlace(other, place)))
      .map(({ cluster, use: { prunes } }: { cluster: string; use: TopologyUse }) => ({ cluster, prunes }));
  const review = {
    spec: given,
    templates: noTemplates,
    neighboursAt,
    ...before === undefined ? {} : { before },
  };
  return reviewCluster(review).filter(({ rule }) => rule === "TopologyIsOwn")
    .map(({ severity, path, message }) => [severity, path, message]);
}

const globalField = "spec.globalTopoServer.external.rootPath";

Deno.test("a place in a topology server belongs to one cluster, however it is written", () => {
  for (
    const other of [
      withGlobal("/x"),
      withGlobal("/x/"),
      withGlobal("/x", "http://other:2379", "http://ETCD:2379/"),
      withGlobal("/x", "https://etcd:2379"),
      withLocal("a", "/x"),
    ]
  ) {
    const [finding, ...more] = said(withGlobal("/x"), { "shop/orders": other });
    assert.deepEqual(more, []);
    assert.deepEqual(finding?.slice(0, 2), ["error", globalField]);
    assert.match(finding?.[2] ?? "", /at \/x .*MultigresCluster shop\/orders .*Use a root path/);
  }
});

Deno.test("roots that nobody wrote are places, too", () => {
  assert.equal(said(withGlobal(), { "shop/orders": withGlobal("/multigres/global") }).length, 1);
  assert.equal(said(withLocal("a"), { "shop/orders": withLocal("a") }).length, 1);
  const [finding] = said(withLocal("a"), { "shop/orders": withLocal("b", "/multigres/a") });
  assert.equal(finding?.[1], "spec.cells[0].spec.localTopoServer.external.rootPath");
});

Deno.test("other servers and other roots are no place of one's own, nor are servers that the operator runs", () => {
  const others = {
    "shop/root": withGlobal("/y"),
    "shop/below": withGlobal("/x/y"),
    "shop/server": withGlobal("/x", "http://etcd:2380"),
    "shop/cell": withLocal("a", "/z"),
    "shop/managed": spec({ globalTopoServer: { etcd: { rootPath: "/x" } } }),
  };
  assert.deepEqual(said(withGlobal("/x"), others), []);
  assert.deepEqual(said(withLocal("b"), { "shop/cell": withLocal("a") }), []);
  assert.deepEqual(said(spec({}), { "shop/orders": spec({}) }), []);
});

Deno.test("a place may be shared where nobody prunes, with a warning", () => {
  const kept = (given: Spec) => ({ ...given, topologyPruning: { enabled: false } });
  const [finding] = said(kept(withGlobal("/x")), { "shop/orders": kept(withGlobal("/x")) });
  assert.deepEqual(finding?.slice(0, 2), ["warning", globalField]);
  assert.match(finding?.[2] ?? "", /databases of the same name/);
  for (const [own, other] of [[true, false], [false, true]]) {
    const [refused] = said(own ? withGlobal("/x") : kept(withGlobal("/x")), {
      "shop/orders": other ? withGlobal("/x") : kept(withGlobal("/x")),
    });
    assert.equal(refused?.[0], "error");
  }
});

Deno.test("clusters that share a place already can still be changed, and are told", () => {
  const others = { "shop/orders": withGlobal("/x") };
  const changed = { ...withGlobal("/x"), durabilityPolicy: "AT_LEAST_2" };
  assert.deepEqual(said(changed, others, withGlobal("/x")).map(([severity]) => severity), ["warning"]);
  assert.deepEqual(said(withGlobal("/x"), others, withGlobal("/y")).map(([severity]) => severity), ["error"]);
});
