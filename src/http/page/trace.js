// The trace in which something is told: its id, short, to be taken along with a click or a key; and a link
// where the operator has said where traces are looked at.

import { h, text } from "./dom.js";

/** Has a button take a text along, and say so for a while. */
export function copies(button, said) {
  const label = button.textContent;
  button.addEventListener("click", async () => {
    const done = await navigator.clipboard.writeText(said).then(
      () => "Copied",
      () => "Not allowed",
    );
    text(button, done);
    setTimeout(() => text(button, label), 2000);
  });
  return button;
}

/** The id of a trace, `whole` or its first digits, and the link to it; nothing if there is none. Where the
    browser copies nothing, it is whole, so that it can be marked. */
export function trace({ traceId, traceUrl }, whole = false) {
  if (traceId === undefined) return "";
  const id = navigator.clipboard
    ? copies(
        h("button", { type: "button", title: `Copy ${traceId}` }, whole ? traceId : traceId.slice(0, 8)),
        traceId,
      )
    : h("code", {}, traceId);
  const link = /^https?:\/\//i.test(traceUrl ?? "")
    ? h(
        "a",
        {
          href: traceUrl,
          rel: "noopener noreferrer",
          target: "_blank",
          "aria-label": `open trace ${traceId}`,
        },
        "open",
      )
    : "";
  return h("span", { class: "trace" }, id, link);
}
