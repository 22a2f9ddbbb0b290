// What to do about a service or an incident: the runbook that the API finds, filled in. Its values
// are made up by strangers and come in as text; what stands between backticks is code.

import { fill, h } from "./dom.js";
import { plural, visible } from "./format.js";
import { read } from "./load.js";
import { copies } from "./trace.js";

/** An empty place for a runbook. */
export function place() {
  return h("section", { class: "runbook", "aria-label": "Runbook", hidden: true });
}

/** Shows the runbook of `about` (a service or a component) in a place; null shows none. `standing` is
    what it depends on: it is asked for again when that changes. */
export async function show(node, about, standing) {
  const wanted = about === null ? "" : JSON.stringify([about, standing]);
  if (node.dataset.wanted === wanted) return;
  node.dataset.wanted = wanted;
  if (about === null || node.dataset.about !== about) node.hidden = true;
  if (about === null) return;
  const answer = await read(`/api/v1/runbook?about=${encodeURIComponent(about)}`).catch(() => undefined);
  // Something else was wanted meanwhile.
  if (node.dataset.wanted !== wanted) return;
  if (answer === undefined) node.dataset.wanted = "";
  if (!answer) return;
  node.dataset.about = about;
  fill(node, answer.body, () => draw(answer.body));
  node.hidden = false;
}

function draw(book) {
  return h(
    "details",
    { open: true },
    h(
      "summary",
      {},
      h("h2", {}, "Runbook"),
      h("strong", {}, coded(book.title)),
      h("small", {}, plural(book.steps.length, "step")),
    ),
    prose(book.prose),
    h("ol", { class: "steps" }, book.steps.map(step)),
    prose(book.after),
  );
}

/** A text, with what is between backticks as code. Where its lines were broken is nobody's affair. */
function coded(said) {
  return visible(said.replaceAll("\n", " "))
    .split("`")
    .map((part, at) => (at % 2 === 1 ? h("code", {}, part) : part));
}

/** Blocks; items that follow each other are one list. */
function prose(blocks) {
  const nodes = [];
  for (const it of blocks) {
    const last = nodes.at(-1);
    if (it.kind === "item") {
      const item = h("li", {}, coded(it.text));
      if (last?.tagName === "UL") last.append(item);
      else nodes.push(h("ul", {}, item));
    } else if (it.kind === "heading") nodes.push(h("h3", {}, coded(it.text)));
    else if (it.kind === "code") nodes.push(h("pre", { tabindex: "0" }, lines(it.text)));
    else nodes.push(h("p", {}, coded(it.text)));
  }
  return nodes;
}

/** Lines of code; what turns text around is made visible in each. */
function lines(code) {
  return code.split("\n").map(visible).join("\n");
}

function step(it) {
  const facts = [
    ["expect", it.expect],
    ["look for", it.lookFor],
    ["threshold", it.threshold],
    ["time limit", it.timeLimitSeconds === undefined ? undefined : limit(it.timeLimitSeconds)],
    ["impact", it.impact],
  ].filter(([, said]) => said !== undefined);
  return h(
    "li",
    {},
    h(
      "h3",
      {},
      coded(it.title),
      it.needsApproval ? h("span", { class: "approval" }, "needs approval") : "",
    ),
    it.words ? h("p", {}, coded(it.words)) : "",
    it.command ? command(it.command) : "",
    facts.length > 0
      ? h(
          "dl",
          { class: "facts" },
          facts.flatMap(([name, said]) => [h("dt", {}, name), h("dd", {}, coded(said))]),
        )
      : "",
  );
}

function limit(seconds) {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}

/** A command, and a way to take it along where the browser lets it. */
function command(said) {
  const code = h("pre", { tabindex: "0" }, h("code", {}, lines(said)));
  if (!navigator.clipboard) return code;
  const button = copies(h("button", { type: "button", class: "copy" }, "Copy"), said);
  return h("div", { class: "command" }, code, button);
}
