/** Child of the benchmark `client`: the operator's own client. */
import { KubeClient } from "../../kube/client.ts";
import { systemClock } from "../../kube/clock.ts";
import { createFetchTransport } from "../../kube/fetch_transport.ts";
import { ConfigMaps } from "../../kube/kinds.ts";
import { silentMetrics } from "../../telemetry/metrics.ts";
import { namespace, work } from "./client_work.ts";
import { connectionIn, inputOf, report } from "./report.ts";

const client = new KubeClient({
  transport: createFetchTransport(connectionIn(await inputOf())),
  clock: systemClock,
  metrics: silentMetrics,
  fieldManager: "bench",
});

await report(
  await work({
    get: (name) => client.get(ConfigMaps, { namespace, name }),
    apply: (name, data) => client.apply(ConfigMaps, { metadata: { namespace, name }, data }),
  }),
);
