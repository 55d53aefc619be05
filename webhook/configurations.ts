/** How the API server is told of the hooks: the two configurations, made from the one list of hooks. */
import { housekeepers, type OperatorAccount, operatorUser } from "./guards.ts";
import { type Exemption, type Registration, registrations } from "./registrations.ts";

export const mutatingConfigurationName = "multigres-operator-mutating-webhook-configuration";
export const validatingConfigurationName = "multigres-operator-validating-webhook-configuration";

/** Seconds until the API server gives up on an answer. Answers take milliseconds; those that wait for facts, 5 s at most. */
const timeoutSeconds = 10;

/** Where the API server finds a path of the server. */
export type ClientConfig =
  | {
    readonly service: { readonly name: string; readonly namespace: string; readonly path: string };
    readonly caBundle?: string;
  }
  | { readonly url: string; readonly caBundle?: string };

export interface ConfigurationOptions {
  readonly client: (path: string) => ClientConfig;
  readonly account: OperatorAccount;
}

export interface Webhook {
  readonly name: string;
  readonly admissionReviewVersions: readonly string[];
  readonly clientConfig: ClientConfig;
  readonly failurePolicy: "Fail";
  readonly matchConditions: readonly { readonly name: string; readonly expression: string }[];
  readonly matchPolicy: "Equivalent";
  readonly rules: readonly unknown[];
  readonly sideEffects: "None";
  readonly timeoutSeconds: number;
}

export interface WebhookConfiguration {
  readonly apiVersion: "admissionregistration.k8s.io/v1";
  readonly kind: "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration";
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly webhooks: readonly Webhook[];
}

export function mutatingConfiguration(options: ConfigurationOptions): WebhookConfiguration {
  return configuration(
    "MutatingWebhookConfiguration",
    mutatingConfigurationName,
    hooksOf("mutating", options),
  );
}

export function validatingConfiguration(options: ConfigurationOptions): WebhookConfiguration {
  return configuration(
    "ValidatingWebhookConfiguration",
    validatingConfigurationName,
    hooksOf("validating", options),
  );
}

function configuration(
  kind: WebhookConfiguration["kind"],
  name: string,
  webhooks: readonly Webhook[],
): WebhookConfiguration {
  const labels = { "app.kubernetes.io/name": "multigres-operator", "app.kubernetes.io/component": "webhook" };
  return { apiVersion: "admissionregistration.k8s.io/v1", kind, metadata: { name, labels }, webhooks };
}

function hooksOf(type: Registration["type"], options: ConfigurationOptions): Webhook[] {
  return registrations.filter((registration) => registration.type === type).map((registration) =>
    webhook(registration, options)
  );
}

function webhook(
  { name, path, resource, operations, exempt }: Registration,
  { client, account }: ConfigurationOptions,
): Webhook {
  return {
    name,
    admissionReviewVersions: ["v1"],
    clientConfig: client(path),
    failurePolicy: "Fail",
    matchConditions: exempt.map((exemption) => condition(exemption, account)),
    matchPolicy: "Equivalent",
    rules: [{
      apiGroups: [resource.group],
      apiVersions: [resource.version],
      operations,
      resources: [resource.plural],
      scope: "Namespaced",
    }],
    sideEffects: "None",
    timeoutSeconds,
  };
}

function condition(exemption: Exemption, account: OperatorAccount): Webhook["matchConditions"][number] {
  switch (exemption) {
    case "leaving":
      return {
        name: "not-leaving",
        expression: "request.operation != 'UPDATE' || !has(object.metadata.deletionTimestamp)",
      };
    case "housekeepers":
      return {
        name: "not-a-housekeeper",
        expression: `!(request.userInfo.username in [${housekeepers.map((user) => `'${user}'`).join(", ")}])`,
      };
    case "operator":
      return {
        name: "not-the-operator",
        expression: `request.userInfo.username != '${operatorUser(account)}'`,
      };
  }
}
