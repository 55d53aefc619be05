/** Child of the benchmark `client`: the library of the Kubernetes project as it comes. */
import { CoreV1Api, KubeConfig, PatchStrategy, setHeaderOptions } from "@kubernetes/client-node";
import { namespace, work } from "./client_work.ts";
import { inputOf, report } from "./report.ts";

const { kubeconfigPath } = await inputOf();
const config = new KubeConfig();
config.loadFromFile(String(kubeconfigPath));
const api = config.makeApiClient(CoreV1Api);
const asApply = setHeaderOptions("Content-Type", PatchStrategy.ServerSideApply);

await report(
  await work({
    get: (name) => api.readNamespacedConfigMap({ name, namespace }),
    apply: (name, data) => {
      const body = { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data };
      return api.patchNamespacedConfigMap(
        { name, namespace, body, fieldManager: "bench", force: true },
        asApply,
      );
    },
  }),
);
