import assert from "node:assert/strict";
import { selectorLabels, standardLabels } from "../../api/multigres/labels.ts";
import { podLabels, podMetadata, projectOf } from "./pod_metadata.ts";

const own = { ...standardLabels("rich", "multigateway"), "multigres.com/cell": "east" };

Deno.test("the project is the object's annotation, or else the cluster", () => {
  const object = (annotations?: Record<string, string>) => ({
    metadata: annotations === undefined ? {} : { annotations },
  });
  assert.equal(projectOf(object({ "multigres.com/project-ref": "abc" }), "rich"), "abc");
  assert.equal(projectOf(object({ "multigres.com/project-ref": "" }), "rich"), "rich");
  assert.equal(projectOf(object({}), "rich"), "rich");
  assert.equal(projectOf(object(), "rich"), "rich");
});

Deno.test("a user's labels stand beside the operator's and change no selector", () => {
  const user = {
    tier: "edge",
    "app.kubernetes.io/name": "mine",
    "multigres.com/cell": "west",
    "multigres.com/cluster": "other",
    "app.kubernetes.io/component": "shard-pool",
  };
  assert.deepEqual(podLabels(user, own), { tier: "edge", ...own });
  assert.deepEqual(selectorLabels(podLabels(user, own)), selectorLabels(own));
  assert.deepEqual(podLabels(undefined, own), own);
});

Deno.test("a user's annotations stay, but for hints to Prometheus and the project", () => {
  const podAnnotations = {
    note: "x",
    "prometheus.io/scrape": "true",
    "multigres.com/project-ref": "stolen",
  };
  const { labels, annotations } = podMetadata({ podAnnotations, podLabels: { tier: "edge" } }, {
    labels: own,
    project: "rich",
  });
  assert.deepEqual(annotations, { note: "x", "multigres.com/project-ref": "rich" });
  assert.equal(labels["tier"], "edge");
  assert.deepEqual(podMetadata({ podAnnotations: { "prometheus.io/port": "1" } }, { labels: own }), {
    labels: own,
  });
});
