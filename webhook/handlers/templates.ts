/** Templates: what they say, and what would become of the clusters that use them. */
import { CellTemplates } from "../../api/multigres/cell_template.ts";
import { CoreTemplates } from "../../api/multigres/core_template.ts";
import { ShardTemplates } from "../../api/multigres/shard_template.ts";
import type { Decoded } from "../../kube/controller.ts";
import type { TemplateKind } from "../../resolve/problem.ts";
import {
  reviewTemplate,
  reviewTemplateDeletion,
  type TemplateContent,
} from "../../resolve/validation/templates.ts";
import { type AdmissionRequest, allowed, type Verdict } from "../review.ts";
import { verdictOf } from "../verdict.ts";
import { type Handler, type HandlerContext, leavesSpecAlone, misfit, namedObject } from "./handler.ts";

/** The handler of a kind of templates. */
export function templateChecks(kind: TemplateKind): Handler {
  return {
    needs: ["coretemplates", "celltemplates", "shardtemplates", "multigresclusters"],
    review: (request, context) => review(kind, request, context),
  };
}

function review(
  kind: TemplateKind,
  request: AdmissionRequest,
  { facts, catalogue }: HandlerContext,
): Verdict {
  const { namespace, name, operation } = request;
  const around = { templates: facts.templates(namespace), clusters: facts.clusters(namespace), catalogue };
  if (operation === "DELETE") return verdictOf(reviewTemplateDeletion({ kind, name }, around));
  if (leavesSpecAlone(request)) return allowed;
  const content = contentOf(kind, namedObject(request.object, request));
  if (content.ok) return verdictOf(reviewTemplate(content.value, around));
  const storedFits = operation === "CREATE" || contentOf(kind, namedObject(request.oldObject, request)).ok;
  return misfit(content.problems, storedFits);
}

function contentOf(kind: TemplateKind, object: Readonly<Record<string, unknown>>): Decoded<TemplateContent> {
  switch (kind) {
    case "CoreTemplate": {
      const decoded = CoreTemplates.decode(object);
      if (!decoded.ok) return decoded;
      return { ok: true, value: { kind, name: decoded.value.metadata.name, spec: decoded.value.spec } };
    }
    case "CellTemplate": {
      const decoded = CellTemplates.decode(object);
      if (!decoded.ok) return decoded;
      return { ok: true, value: { kind, name: decoded.value.metadata.name, spec: decoded.value.spec } };
    }
    case "ShardTemplate": {
      const decoded = ShardTemplates.decode(object);
      if (!decoded.ok) return decoded;
      return { ok: true, value: { kind, name: decoded.value.metadata.name, spec: decoded.value.spec } };
    }
  }
}
