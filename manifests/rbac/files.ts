/** The roles as files: one for each module, with the reasons for rights that do not explain themselves. */
import { Document, isMap, isSeq } from "yaml";
import { type Module, modules, resourceName } from "./rights.ts";
import {
  accountObject,
  type Installation,
  type RbacObject,
  roleAndBinding,
  usualInstallation,
} from "./roles.ts";

/** A file: its name, and what is in it. */
export interface ManifestFile {
  readonly name: string;
  readonly content: string;
}

const HEAD = "# Made by manifests/rbac/generate.ts from manifests/rbac/rights.ts.\n";

/** The parts of an installation that are put together apart: the operator, its admission webhooks, and `gc`. */
export type Part = "operator" | "webhook" | "gc";

/** Files of one part, with their kustomization. */
export function rbacFiles(part: Part, installation: Installation): ManifestFile[] {
  const roles = modules.filter((module) => partOf(module) === part).map((module) => ({
    name: `${module.name.replaceAll("-", "_")}.yaml`,
    content: `${HEAD}# ${module.purpose}.\n` +
      roleAndBinding(module, installation).map((object) => rendered(object, module)).join(""),
  }));
  const account = part === "webhook" ? [] : [{
    name: "account.yaml",
    content: HEAD + rendered(accountObject(part, installation)),
  }];
  const files = [...account, ...roles];
  return [...files, { name: "kustomization.yaml", content: kustomization(files.map(({ name }) => name)) }];
}

/** All files below `manifests/rbac`, for the usual installation and for one that watches its own namespace alone. */
export function rbacTree(): ManifestFile[] {
  return ([["", false], ["single_namespace/", true]] as const).flatMap(([folder, singleNamespace]) =>
    (["operator", "webhook", "gc"] as const).flatMap((part) =>
      rbacFiles(part, { ...usualInstallation, singleNamespace }).map(({ name, content }) => ({
        name: `${folder}${part}/${name}`,
        content,
      }))
    )
  );
}

function partOf({ account, admission }: Module): Part {
  return admission ? "webhook" : account;
}

/** A kustomization of these files. */
export function kustomization(names: readonly string[]): string {
  const list = names.map((name) => `  - ${name}\n`).join("");
  return `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n${list}`;
}

function rendered(object: RbacObject, module?: Module): string {
  const document = new Document(object, { aliasDuplicateObjects: false });
  const rules = document.get("rules");
  if (module !== undefined && isSeq(rules)) explain(rules.items, module);
  return `---\n${document.toString({ lineWidth: 0 })}`;
}

/** Puts the reasons of a rule's kinds above it. */
function explain(rules: readonly unknown[], { rights }: Module): void {
  for (const rule of rules) {
    if (!isMap(rule)) continue;
    const { apiGroups, resources, verbs } = rule.toJSON();
    const reasons = Map.groupBy(
      rights.filter((right) =>
        right.why !== undefined && right.resource.group === apiGroups[0] &&
        resources.includes(resourceName(right)) && right.verbs.join() === verbs.join()
      ),
      ({ why }) => why,
    );
    const lines = [...reasons].map(([why, about]) => ` ${about.map(resourceName).join(", ")}: ${why}`);
    if (lines.length > 0) rule.commentBefore = lines.join("\n");
  }
}
