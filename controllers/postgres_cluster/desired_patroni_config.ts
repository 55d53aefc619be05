/** The ConfigMap that shows how Patroni is configured. Nothing mounts it. */
import { labelKeys, patroniLabels } from "../../api/smoketurner/labels.ts";
import type { Applied } from "../../kube/client.ts";
import type { ConfigMap } from "../../kube/kinds.ts";
import { patroniDocument } from "../../postgres/patroni/document.ts";
import { spiloConfiguration } from "../../postgres/patroni/settings.ts";
import { parametersOf } from "./parameters.ts";
import { patroniLabelsOf, spiloSettings } from "./pod_environment.ts";
import { childMetadata, type Cluster, DATA_FOLDER, nameOf, namesOf, namespaceOf } from "./shape.ts";

export function desiredPatroniConfigMap(cluster: Cluster): Applied<ConfigMap> {
  const name = nameOf(cluster);
  const parameters = parametersOf(cluster);
  return {
    metadata: childMetadata(cluster, namesOf(cluster).patroniConfigMap, patroniLabels(name)),
    data: {
      "patroni.yml": patroniDocument({
        name,
        namespace: namespaceOf(cluster),
        scopeLabel: labelKeys.cluster,
        roleLabel: labelKeys.role,
        labels: patroniLabelsOf(cluster),
        parameters,
        dataFolder: DATA_FOLDER,
      }),
      "spilo-config.yml": spiloConfiguration(spiloSettings(cluster)),
    },
  };
}
