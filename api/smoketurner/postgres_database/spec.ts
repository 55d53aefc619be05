/** `spec` of a PostgresDatabase: a database inside a cluster, with its roles, grants and extensions. */
import { defaulted, optional, type Output, required, type Struct, struct } from "../../schema/fields.ts";
import { flag, int32, listOf, oneOf, text } from "../../schema/values.ts";
import { IDENTIFIER_MAX } from "../names.ts";

/** A name that needs no quoting in SQL. PostgreSQL cuts a longer one, and would never find it again. */
const sqlName = text({ max: IDENTIFIER_MAX, pattern: /^[a-z][a-z0-9_]*$/ });

const clusterRef = struct({
  name: required(text({ min: 1 }), "Name of the PostgresCluster."),
  namespace: optional(text(), "Namespace of the cluster; the one of this object when left out."),
});

const database = struct({
  name: required(sqlName, "Name of the database; not one of those that every server brings along."),
  owner: required(
    text({ min: 1, max: IDENTIFIER_MAX }),
    "Role that owns the database; made when there is none.",
  ),
  encoding: optional(text(), "Character encoding, such as UTF8; the server's default when left out."),
  locale: optional(text(), "Locale, such as en_GB.UTF-8; the server's default when left out."),
  connectionLimit: optional(int32({ min: -1 }), "Connections at the same time; -1 sets no limit."),
}, {
  rules: [{
    rule: "!(self.name in ['postgres', 'template0', 'template1'])",
    message: "Cannot manage a database that every server brings along (postgres, template0, template1): " +
      "choose another name",
  }],
});

const sharedPrivileges = [
  "CREATEDB",
  "CREATEROLE",
  "SUPERUSER",
  "LOGIN",
  "REPLICATION",
  "BYPASS_RLS",
] as const;

/** An attribute of a role in the one spelling that controllers see. */
export const rolePrivilege = oneOf(...sharedPrivileges);
export type RolePrivilege = Output<typeof rolePrivilege>;

/** The same as manifests spell it. */
const writtenRolePrivilege = oneOf(...sharedPrivileges, "BYPASSRLS");

const roleSettings = {
  name: required(sqlName, "Name of the role."),
  secretName: required(text({ min: 1 }), "Secret that the role's credentials are written to."),
  connectionLimit: optional(int32({ min: -1 }), "Connections at the same time; -1 sets no limit."),
  login: defaulted(flag(), true, "Whether the role may log in."),
};

/** A role as manifests spell it. */
const writtenRole = struct({
  ...roleSettings,
  privileges: optional(
    listOf(writtenRolePrivilege),
    "Attributes of the role. BYPASS_RLS and BYPASSRLS mean the same.",
  ),
});
export type WrittenDatabaseRole = Output<typeof writtenRole>;

/** A role in the one spelling that controllers see. */
export interface DatabaseRole extends Output<Struct<typeof roleSettings>> {
  privileges?: RolePrivilege[];
}

export const tablePrivilege = oneOf(
  "SELECT",
  "INSERT",
  "UPDATE",
  "DELETE",
  "TRUNCATE",
  "REFERENCES",
  "TRIGGER",
  "ALL",
);
export type TablePrivilege = Output<typeof tablePrivilege>;

const grant = struct({
  role: required(text(), "Role that receives the privileges."),
  schema: defaulted(text(), "public", "Schema that the privileges are about; usage of it comes along."),
  privileges: optional(listOf(tablePrivilege), "What the role may do."),
  allTables: defaulted(flag(), false, "Whether the privileges hold for every table of the schema."),
  allSequences: defaulted(flag(), false, "Whether they hold for every sequence of the schema."),
  allFunctions: defaulted(flag(), false, "Whether the role may call every function of the schema."),
});
export type DatabaseGrant = Output<typeof grant>;

/** What does not differ between the spellings. */
const settings = {
  clusterRef: required(clusterRef, "Cluster that the database lies in."),
  database: required(database, "The database itself."),
  grants: optional(listOf(grant), "Privileges inside the database."),
  extensions: optional(listOf(text()), "Extensions to install in the database."),
};

/** `spec` as manifests spell it: what the API server accepts. */
export const writtenPostgresDatabaseSpec = struct({
  ...settings,
  roles: optional(listOf(writtenRole), "Roles that come with the database."),
});
export type WrittenPostgresDatabaseSpec = Output<typeof writtenPostgresDatabaseSpec>;

/** `spec` in the one spelling that controllers see. */
export interface PostgresDatabaseSpec extends Output<Struct<typeof settings>> {
  roles?: DatabaseRole[];
}
