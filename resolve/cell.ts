/** One cell: its gateway, and its own topology server where it has one. */
import type { CellTemplateSpec } from "../api/multigres/cell_template.ts";
import type { CellConfig } from "../api/multigres/cluster_cells.ts";
import { images } from "../api/multigres/images.ts";
import type { PodPlacementSpec } from "../api/multigres/placement.ts";
import type { LocalTopoServerSpec } from "../api/multigres/topology.ts";
import { type MultigatewaySpec, multigatewaySpec } from "../api/multigres/workloads.ts";
import { completeEtcd, completeExternal, completeGateway } from "./complete.ts";
import { localRootPath } from "./defaults.ts";
import { misfits } from "./fits.ts";
import { mergeBlocks } from "./merge.ts";
import { mergeGateway } from "./merge_workloads.ts";
import { present } from "./present.ts";
import { refused, type Resolved, resolved } from "./problem.ts";
import { chooseTemplate, type TemplateReference, type TemplateScope } from "./templates.ts";

/** Settings of a cell after template, overrides and defaults. */
export interface CellSettings {
  readonly multigateway: MultigatewaySpec;
  readonly multigatewayPlacement?: PodPlacementSpec;
  /** Absent when the global topology server serves the cell. */
  readonly topoServer?: LocalTopoServerSpec;
}

export interface ResolvedCell extends CellSettings {
  readonly name: string;
  /** One of the three, as the user gave it. */
  readonly zone?: string;
  readonly zoneId?: string;
  readonly region?: string;
  /** CellTemplate that took part. */
  readonly template?: string;
}

/** The CellTemplate that a cell names itself. */
export function cellReference(cell: CellConfig, path: string): TemplateReference | undefined {
  const { cellTemplate } = cell;
  return cellTemplate === undefined ? undefined : { name: cellTemplate, path: `${path}.cellTemplate` };
}

/** @param path of the cell within the cluster, such as `spec.cells[0]`. */
export function resolveCell(scope: TemplateScope, cell: CellConfig, path: string): Resolved<ResolvedCell> {
  const template = chooseTemplate(scope, "CellTemplate", cellReference(cell, path));
  if (!template.ok) return template;
  const settings = withEtcdImage(cellSettings(template.value.spec, cell));
  // One level alone was held to its schema when it was read.
  const levels = [template.value.spec, cell.overrides, cell.spec].filter((level) =>
    level?.multigateway !== undefined
  );
  const problems = levels.length > 1
    ? misfits(multigatewaySpec, settings.multigateway, path, ["multigateway"])
    : [];
  if (problems.length > 0) return refused(problems);
  const { name, zone, zoneId, region } = cell;
  return resolved({ name, ...present({ zone, zoneId, region, template: template.value.name }), ...settings });
}

/** Template, then overrides, then what the cell says itself, then defaults; without the image of etcd. */
export function cellSettings(template: CellTemplateSpec | undefined, cell: CellConfig): CellSettings {
  const { overrides, spec } = cell;
  const patched = mergeBlocks(mergeGateway, template?.multigateway, overrides?.multigateway);
  const gateway = mergeBlocks(mergeGateway, patched, spec?.multigateway);
  const local = spec?.localTopoServer ?? template?.localTopoServer;
  return present({
    multigateway: completeGateway(gateway ?? {}),
    multigatewayPlacement: spec?.multigatewayPlacement ?? overrides?.multigatewayPlacement ??
      template?.multigatewayPlacement,
    topoServer: local === undefined ? undefined : completeLocal(local, cell.name),
  });
}

function completeLocal({ etcd, external }: LocalTopoServerSpec, cell: string): LocalTopoServerSpec {
  return present({
    etcd: etcd === undefined ? undefined : completeEtcd(etcd, localRootPath(cell)),
    external: external === undefined ? undefined : completeExternal(external),
  });
}

function withEtcdImage(settings: CellSettings): CellSettings {
  const { topoServer } = settings;
  if (topoServer?.etcd === undefined) return settings;
  return { ...settings, topoServer: { ...topoServer, etcd: { image: images.etcd, ...topoServer.etcd } } };
}
