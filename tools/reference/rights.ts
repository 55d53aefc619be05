/** The page of the operator's rights: the table of `manifests/rbac/rights.ts` in words. */
import { type Module, modules, resourceName, type Right, type Scope } from "../../manifests/rbac/rights.ts";
import { cell, code } from "./rows.ts";

const scopes: Readonly<Record<Scope, string>> = {
  watched: "every watched namespace",
  own: "the operator's namespace",
  cluster: "the whole cluster",
};

/** What stands below the head of `docs/reference/rights.md`. */
export function rightsPage(): string {
  return [
    "# Rights of the operator",
    "",
    "One role for each module, each right with what it is needed for where that does not follow from its kind.",
    "[Security](../security.md#rights-in-the-cluster) says what that comes to.",
    "",
    ...modules.flatMap(section),
  ].join("\n");
}

function section({ name, purpose, scope, account, admission, rights }: Module): string[] {
  const bearer = account === "gc" ? "account `gc`" : "the operator's account";
  const where = admission ? `${scopes[scope]}, where webhooks are installed` : scopes[scope];
  return [
    `## ${name}`,
    "",
    `${purpose}. In ${where}; ${bearer}.`,
    "",
    "| group | what | verbs | why |",
    "| --- | --- | --- | --- |",
    ...rights.map(line),
    "",
  ];
}

function line(right: Right): string {
  const { resource, verbs, names, why = "" } = right;
  const only = names === undefined ? "" : `, only ${names.map(code).join(", ")}`;
  const group = resource.group === "" ? "core" : resource.group;
  return `| ${group} | ${code(resourceName(right))}${only} | ${verbs.join(", ")} | ${cell(why)} |`;
}
