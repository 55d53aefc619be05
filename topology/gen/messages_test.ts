import assert from "node:assert/strict";
import { type DescEnum, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import type { GenFile } from "@bufbuild/protobuf/codegenv2";
import { file_clustermetadata } from "./clustermetadata_pb.ts";
import { file_etcd_kv } from "./etcd_kv_pb.ts";
import { file_mtrpc } from "./mtrpc_pb.ts";
import { file_multipooler_manager } from "./multipooler_manager_pb.ts";
import { file_shard_rule } from "./shard_rule_pb.ts";

/** `Message.field = number type`, `Enum.VALUE = number`, `rpc Service.Method Input Output`. */
type Lines = string[];

/** What a definition says, read line by line: nesting is told by braces, and `oneof` gives no name of its own. */
function linesOfDefinition(text: string): Lines {
  const lines: Lines = [];
  const scopes: string[] = [];
  for (const line of text.split("\n").map((raw) => raw.replace(/\/\/.*/, "").trim())) {
    const opened = /^(message|enum|service|oneof) (\w+) \{$/.exec(line);
    if (opened !== null) scopes.push(opened[1] === "oneof" ? "" : opened[2] ?? "");
    else if (line === "}") scopes.pop();
    else lines.push(...statement(line, scopes.filter((scope) => scope !== "").join(".")));
  }
  return lines.sort();
}

function statement(line: string, scope: string): Lines {
  const field = /^((?:repeated )?[\w.]+|map<string, \w+>) (\w+) = (\d+);$/.exec(line);
  if (field !== null) return [`${scope}.${field[2]} = ${field[3]} ${withoutPackage(field[1] ?? "")}`];
  const value = /^(\w+) = (\d+);$/.exec(line);
  if (value !== null) return [`${scope}.${value[1]} = ${value[2]}`];
  const method = /^rpc (\w+)\((?:google\.protobuf\.)?(\w+)\) returns \((\w+)\);$/.exec(line);
  return method === null ? [] : [`rpc ${scope}.${method[1]} ${method[2]} ${method[3]}`];
}

/** Types of our own packages go by their last name. */
function withoutPackage(type: string): string {
  return type.startsWith("google.") ? type : type.replace(/[a-z]+\.(?=[A-Z])/, "");
}

/** The same of the generated code, from its own description of itself. */
function linesOfCode(file: GenFile): Lines {
  const methods = file.services.flatMap((service) =>
    service.methods.map(({ name, input, output }) =>
      `rpc ${service.name}.${name} ${input.name} ${output.name}`
    )
  );
  return [...file.messages.flatMap(linesOfMessage), ...file.enums.flatMap(linesOfEnum), ...methods].sort();
}

function linesOfMessage(message: DescMessage): Lines {
  const fields = message.fields.map((field) =>
    `${local(message)}.${field.name} = ${field.number} ${typeOf(field)}`
  );
  return [...fields, ...message.nestedEnums.flatMap(linesOfEnum)];
}

function linesOfEnum(kind: DescEnum): Lines {
  return kind.values.map(({ name, number }) => `${local(kind)}.${name} = ${number}`);
}

function local({ typeName, file }: DescMessage | DescEnum): string {
  return typeName.slice(file.proto.package.length + 1);
}

function typeOf(field: DescField): string {
  const one = field.enum?.name ?? nameOf(field.message) ?? scalar(field.scalar);
  switch (field.fieldKind) {
    case "list":
      return `repeated ${one}`;
    case "map":
      return `map<${scalar(field.mapKey)}, ${one}>`;
    default:
      return one;
  }
}

function nameOf(message: DescMessage | undefined): string | undefined {
  return message?.typeName.startsWith("google.") ? message.typeName : message?.name;
}

function scalar(type: ScalarType | undefined): string {
  return type === undefined ? "" : ScalarType[type].toLowerCase();
}

const files = [
  ["clustermetadata", file_clustermetadata],
  ["etcd_kv", file_etcd_kv],
  ["mtrpc", file_mtrpc],
  ["multipooler_manager", file_multipooler_manager],
  ["shard_rule", file_shard_rule],
] as const;

for (const [name, file] of files) {
  Deno.test(`the code of ${name}.proto has its messages and numbers: else run deno task generate`, async () => {
    const text = await Deno.readTextFile(new URL(`../proto/${name}.proto`, import.meta.url));
    const expected = linesOfDefinition(text);
    assert.ok(expected.length > 1, "the definition was read");
    assert.deepEqual(linesOfCode(file), expected);
  });
}
