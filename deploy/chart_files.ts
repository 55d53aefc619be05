/** Those templates of the chart that follow from code: kinds, roles, hooks, alerts, dashboards. The others are written by hand beside them. */
import { Document } from "yaml";
import { customResourceDefinitions, renderCustomResourceDefinition } from "../api/crds.ts";
import { type ManifestFile, type Part, rbacFiles } from "../manifests/rbac/files.ts";
import { usualInstallation } from "../manifests/rbac/roles.ts";
import { mutatingConfiguration, validatingConfiguration } from "../webhook/configurations.ts";
import { renderConfiguration } from "../webhook/manifests.ts";

const RELEASE = "{{ .Release.Namespace }}";
const HEAD = "{{- /* Made by deploy/generate.ts. */ -}}\n";

/** Generated files of `deploy/chart/matriarch/templates/`. */
export function chartFiles(): ManifestFile[] {
  return [
    { name: "crds.yaml", content: HEAD + when(".Values.crds.install", definitions()) },
    { name: "rbac.yaml", content: HEAD + roles("operator") },
    { name: "rbac_gc.yaml", content: HEAD + when(".Values.gc.enabled", roles("gc")) },
    { name: "rbac_webhook.yaml", content: HEAD + when(".Values.webhook.enabled", roles("webhook")) },
    { name: "observability.yaml", content: HEAD + when(".Values.metrics.serviceMonitors", observability()) },
    { name: "webhook.yaml", content: HEAD + when(".Values.webhook.enabled", hooks()) },
  ];
}

const observed = new URL("./observability/", import.meta.url);
const dashboards = ["operator-overview.json", "cluster-health.json", "data-plane.json"];

/** Alerts and dashboards; both have templates of their own, which Helm must leave alone. */
function observability(): string {
  const rule = Deno.readTextFileSync(new URL("prometheus-rule.yaml", observed));
  const metadata = {
    name: "grafana-dashboard-multigres",
    namespace: RELEASE,
    labels: {
      "app.kubernetes.io/name": "multigres-operator",
      "app.kubernetes.io/component": "monitoring",
      "grafana_dashboard": "1",
    },
  };
  const data = Object.fromEntries(
    dashboards.map((name) => [
      name,
      literal(Deno.readTextFileSync(new URL(`dashboards/${name}`, observed))),
    ]),
  );
  const map = new Document({ apiVersion: "v1", kind: "ConfigMap", metadata, data }).toString({
    lineWidth: 0,
  });
  const placed = literal(rule).replace(/^metadata:\n/m, (line) => `${line}  namespace: ${RELEASE}\n`);
  return `---\n${placed}---\n${map}`;
}

function literal(text: string): string {
  return text.replaceAll("{{", '{{ "{{" }}');
}

function when(condition: string, text: string): string {
  return `{{- if ${condition} }}\n${text}{{- end }}\n`;
}

/** Kept when the release is removed: with a definition all objects of its kind would go. */
function definitions(): string {
  return customResourceDefinitions().map((definition) => {
    const annotations = { "helm.sh/resource-policy": "keep" };
    const metadata = { ...definition.metadata, annotations };
    return `---\n${renderCustomResourceDefinition({ ...definition, metadata })}`;
  }).join("");
}

function roles(part: Part): string {
  const text = (singleNamespace: boolean) =>
    rbacFiles(part, { ...usualInstallation, namespace: RELEASE, singleNamespace })
      .filter(({ name }) => name !== "kustomization.yaml")
      .map(({ content }) => content.replace(/^# Made by.*\n/, "")).join("");
  return `{{- if .Values.singleNamespace }}\n${text(true)}{{- else }}\n${text(false)}{{- end }}\n`;
}

function hooks(): string {
  const options = {
    client: (path: string) => ({
      service: { name: "multigres-operator-webhook-service", namespace: RELEASE, path },
    }),
    account: { namespace: RELEASE, serviceAccount: usualInstallation.accounts.operator },
  };
  return [mutatingConfiguration(options), validatingConfiguration(options)]
    .map((configuration) => `---\n${withChoices(renderConfiguration(configuration))}`).join("");
}

/** What depends on values: who fills in `caBundle`, and for which namespaces the hooks are asked. */
function withChoices(text: string): string {
  const annotations = when(
    ".Values.webhook.certManager",
    `  annotations:\n    cert-manager.io/inject-ca-from: ${RELEASE}/multigres-operator-serving-cert\n`,
  );
  const selector = when(
    ".Values.singleNamespace",
    `    namespaceSelector:\n      matchLabels:\n        kubernetes.io/metadata.name: ${RELEASE}\n`,
  );
  return text.replace(/^# Made by.*\n\n?/, "")
    .replace(/^metadata:\n/m, (line) => line + annotations)
    .replaceAll(/^ {4}rules:\n/gm, (line) => selector + line);
}
