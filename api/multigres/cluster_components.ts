/** The parts that a MultigresCluster has once: topology server, admin, entrances, images, template names. */
import { optional, type Output, required, struct } from "../schema/fields.ts";
import type { ValidationRule } from "../schema/metadata.ts";
import { flag, listOf, mapOf, oneOf, text } from "../schema/values.ts";
import { etcdSpec } from "./etcd.ts";
import { templateName } from "./identifiers.ts";
import { podPlacementSpec } from "./placement.ts";
import { pvcDeletionPolicy } from "./storage.ts";
import { externalTopoServerSpec } from "./topology.ts";
import { statelessSpec } from "./workloads.ts";

const coreTemplateRef = optional(templateName, "CoreTemplate of the namespace to take the settings from.");

export const globalTopoServerSpec = struct({
  etcd: optional(etcdSpec, "An etcd that the operator runs. Excludes external and templateRef."),
  external: optional(externalTopoServerSpec, "An etcd that runs elsewhere. Excludes etcd and templateRef."),
  placement: optional(podPlacementSpec, "Where the pods of etcd may run."),
  pvcDeletionPolicy: optional(pvcDeletionPolicy, "Fate of the data volumes of etcd."),
  templateRef: coreTemplateRef,
}, {
  rules: [{
    rule: ["etcd", "external", "templateRef"].map((field) => `(has(self.${field}) ? 1 : 0)`).join(" + ") +
      " == 1",
    message: "globalTopoServer needs exactly one of etcd, external and templateRef",
  }],
});

export type GlobalTopoServerSpec = Output<typeof globalTopoServerSpec>;

function inlineOrTemplate(component: string): ValidationRule[] {
  return [
    {
      rule: "has(self.spec) || has(self.templateRef)",
      message: `${component} needs spec or templateRef`,
    },
    {
      rule: "!(has(self.spec) && has(self.templateRef))",
      message: `${component} cannot have both spec and templateRef`,
    },
  ];
}

export const multiadminConfig = struct({
  placement: optional(podPlacementSpec, "Where the pods may run."),
  spec: optional(statelessSpec, "Settings of the component. Excludes templateRef."),
  templateRef: coreTemplateRef,
}, { rules: inlineOrTemplate("multiadmin") });

export type MultiadminConfig = Output<typeof multiadminConfig>;

export const multiadminWebConfig = struct({
  spec: optional(statelessSpec, "Settings of the component. Excludes templateRef."),
  templateRef: coreTemplateRef,
}, { rules: inlineOrTemplate("multiadminWeb") });

export type MultiadminWebConfig = Output<typeof multiadminWebConfig>;

/** Four decimal numbers, or hexadecimal groups with colons. The webhook checks that it is an address indeed. */
const addressPattern = /^(([0-9]{1,3}\.){3}[0-9]{1,3})$|^(([0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4})$/;

function entrance(component: string) {
  return struct({
    annotations: optional(
      mapOf(text(), { max: 20 }),
      "Annotations of the Service, for instance for a load balancer. Keys of multigres.com are not for users.",
    ),
    enabled: required(flag(), "Whether the Service can be reached from outside."),
    externalIPs: optional(
      listOf(text({ min: 3, max: 45, pattern: addressPattern }), { max: 10 }),
      "Addresses of nodes at which the Service can be reached. Without them it waits for a load balancer.",
    ),
  }, {
    rules: [{
      rule: "!has(self.annotations) || self.annotations.all(key, !key.startsWith('multigres.com/'))",
      message: `annotations of ${component} must not start with multigres.com/`,
    }],
  });
}

export const externalGatewayConfig = entrance("externalGateway");
export const externalAdminWebConfig = entrance("externalAdminWeb");

export type ExternalServiceConfig = Output<typeof externalGatewayConfig>;

export const templateDefaults = struct({
  cellTemplate: optional(templateName, "CellTemplate of cells that name none."),
  coreTemplate: optional(templateName, "CoreTemplate of components that name none."),
  shardTemplate: optional(templateName, "ShardTemplate of shards that name none."),
});

export type TemplateDefaults = Output<typeof templateDefaults>;

export const imageUpdatePolicy = struct({
  acknowledgedRevision: optional(
    text({ max: 64, pattern: /^[0-9a-f]*$/ }),
    "With strategy lazy: revision of the operator's images that may be taken, as status.images.availableRevision " +
      "tells it.",
  ),
  strategy: optional(
    oneOf("immediate", "lazy"),
    "When the images of a newer operator are taken: immediate, or lazy (once acknowledged). The operator's flag " +
      "decides when absent.",
  ),
});

export type ImageUpdatePolicy = Output<typeof imageUpdatePolicy>;
