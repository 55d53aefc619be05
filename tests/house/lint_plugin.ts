/**
 * Limits on the shape of a function, for `deno lint`: how many ways lead through it, how many parameters it takes, how
 * deep its statements nest.
 *
 * Ways are counted from one: each `if`, `?:`, `&&`, `||`, `??`, loop and `catch` adds one, and so does each `switch` as a
 * whole: a flat table of cases is one decision, however long. A function inside another is counted on its own.
 */

/** The most that is allowed. */
export const limits = { complexity: 10, parameters: 4, depth: 3 } as const;

type FunctionNode =
  | Deno.lint.FunctionDeclaration
  | Deno.lint.FunctionExpression
  | Deno.lint.ArrowFunctionExpression;

const functionTypes = ["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"] as const;

const loops = ["ForStatement", "ForInStatement", "ForOfStatement", "WhileStatement", "DoWhileStatement"];

const decisions = new Set([
  ...loops,
  "IfStatement",
  "SwitchStatement",
  "CatchClause",
  "ConditionalExpression",
  "LogicalExpression",
]);

const nesting = new Set([...loops, "IfStatement", "SwitchStatement", "TryStatement"]);

function complexity(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const counts: number[] = [];
  const visitor: Record<string, (node: Deno.lint.Node) => void> = {};
  for (const type of functionTypes) {
    visitor[type] = () => counts.push(1);
    visitor[`${type}:exit`] = (node) => {
      const count = counts.pop() ?? 0;
      if (count > limits.complexity) {
        report(context, node, `${count} ways lead through it`, limits.complexity);
      }
    };
  }
  for (const type of decisions) {
    visitor[type] = () => {
      const count = counts.pop();
      if (count !== undefined) counts.push(count + 1);
    };
  }
  return visitor;
}

function parameters(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const check = (node: FunctionNode) => {
    const count = node.params.length;
    if (count > limits.parameters) report(context, node, `it takes ${count} parameters`, limits.parameters);
  };
  return { FunctionDeclaration: check, FunctionExpression: check, ArrowFunctionExpression: check };
}

function depth(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const depths: number[] = [];
  const visitor: Record<string, (node: Deno.lint.Node) => void> = {};
  const step = (by: number) => (node: Deno.lint.Node) => {
    const before = depths.pop();
    if (before === undefined) return;
    if (isElseIf(node)) return void depths.push(before);
    depths.push(before + by);
    if (by > 0 && before + by > limits.depth) {
      report(context, node, `statements nest ${before + by} deep here`, limits.depth);
    }
  };
  for (const type of functionTypes) {
    visitor[type] = () => depths.push(0);
    visitor[`${type}:exit`] = () => depths.pop();
  }
  for (const type of nesting) {
    visitor[type] = step(1);
    visitor[`${type}:exit`] = step(-1);
  }
  return visitor;
}

/** `else if` stands beside its `if`, not inside it. */
function isElseIf(node: Deno.lint.Node): boolean {
  if (node.type !== "IfStatement" || node.parent.type !== "IfStatement") return false;
  return node.parent.alternate?.range[0] === node.range[0];
}

function report(context: Deno.lint.RuleContext, node: Deno.lint.Node, found: string, most: number): void {
  context.report({ node, message: `Cannot keep this function so: ${found}, at most ${most} are allowed` });
}

const plugin: Deno.lint.Plugin = {
  name: "house",
  rules: {
    complexity: { create: complexity },
    parameters: { create: parameters },
    depth: { create: depth },
  },
};

export default plugin;
