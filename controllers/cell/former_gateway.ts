/**
 * Gateways that the Go operator made. Their template differs from ours by one probe that counts only while a gateway starts,
 * and a gateway that is replaced takes the connections of its clients with it. So such a Deployment keeps its template
 * until its pods have to be replaced for something that is asked for; then it gets ours as a whole.
 *
 * | template that stands is                     | consent | certificate of the gateways | template    |
 * | ------------------------------------------- | ------- | --------------------------- | ----------- |
 * | what the Go operator would make of the spec | no      | none                        | as it is    |
 * | what the Go operator would make of the spec | no      | there is one                | ours        |
 * | what the Go operator would make of the spec | yes     | any                         | ours        |
 * | anything else                               | any     | any                         | ours        |
 *
 * With a certificate ours is needed: without its hash in the template a renewed one would never be shown.
 */
import { adoptOperatorChangesAnnotation } from "../../api/multigres/annotations.ts";
import type { Applied } from "../../kube/client.ts";
import { standsAlready } from "../../kube/apply_diff.ts";
import type { Deployment } from "../../kube/kinds.ts";
import type { FieldTree } from "../../kube/owned_fields.ts";
import type { Frozen } from "../../kube/types.ts";
import type { Observation } from "./observe.ts";

type Template = NonNullable<Deployment["spec"]>["template"];

/** What the start-up probe of a former gateway asks for. */
const FORMER_STARTUP_PATH = "/ready";

/** Whether the Deployment may have the Go operator's template: to be asked before all that takes longer. */
export function mayBeFormer({ spec }: Frozen<Deployment>): boolean {
  return spec?.template.spec?.containers[0]?.startupProbe?.httpGet?.path === FORMER_STARTUP_PATH;
}

/** The Deployment to apply: the wanted one, or that with the template which stands. */
export function keptGateway(wanted: Applied<Deployment>, seen: Observation): Applied<Deployment> {
  const { spec } = wanted;
  if (spec === undefined || mayReplace(seen)) return wanted;
  const template = formerTemplate(spec.template);
  return isStanding(template, seen.deployment, seen.formerFields)
    ? { ...wanted, spec: { ...spec, template } }
    : wanted;
}

function mayReplace({ cell, certificate, internalCertificate }: Observation): boolean {
  return certificate !== undefined || internalCertificate !== undefined ||
    cell.metadata.annotations?.[adoptOperatorChangesAnnotation] === "true";
}

/** The same template as the Go operator makes it. */
function formerTemplate(template: Template): Template {
  const containers = (template.spec?.containers ?? []).map((container) => {
    const { startupProbe } = container;
    if (startupProbe?.httpGet === undefined) return container;
    const httpGet = { ...startupProbe.httpGet, path: FORMER_STARTUP_PATH };
    return { ...container, startupProbe: { ...startupProbe, httpGet } };
  });
  return { ...template, spec: { ...template.spec, containers } };
}

function isStanding(
  template: Template,
  live: Frozen<Deployment> | undefined,
  owned: FieldTree | undefined,
): boolean {
  return standsAlready({ template }, live?.spec, pick(owned?.["f:spec"]));
}

/** Only what is owned of the template. */
function pick(owned: FieldTree | undefined): FieldTree | undefined {
  const template = owned?.["f:template"];
  return template === undefined ? undefined : { "f:template": template };
}
