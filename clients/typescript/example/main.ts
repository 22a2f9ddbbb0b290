// A small page that calls a service and says when it cannot be used. It exists to show how little a
// page needs for that: a platform, `call`, and a banner made of the service's strategy.
//
// The address says where the broker is: `?broker=ws://host:port&cluster=name&service=name`. Whatever
// comes from the broker is shown as text, never as markup.

import { CallError, Platform, banner } from "@lookout/client";

const asked = new URLSearchParams(location.search);
const platform = Platform.connect(asked.get("broker") ?? `ws://${location.hostname || "localhost"}:9001`, {
  cluster: asked.get("cluster") ?? "default",
});

function find<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no #${id}`);
  return found;
}
const form = find("form", HTMLFormElement);
const service = find("service", HTMLInputElement);
const method = find("method", HTMLInputElement);
const params = find("params", HTMLTextAreaElement);
const answer = find("answer", HTMLPreElement);
const notice = find("banner", HTMLParagraphElement);
const link = find("link", HTMLParagraphElement);
service.value = asked.get("service") ?? service.value;

/** Writes a text only if it differs: readers of the screen say again what is written again. */
function write(to: HTMLElement, text: string): void {
  if (to.textContent !== text) to.textContent = text;
}

// A link that was never up yet is no outage; `#link` says that it is on its way.
let wasUp = false;

function show(): void {
  wasUp ||= platform.linkUp;
  const words =
    wasUp && service.value !== "" ? banner(service.value, platform.strategy(service.value)) : undefined;
  notice.hidden = words === undefined;
  write(notice, words ?? "");
  const state = platform.linkUp ? "connected" : wasUp ? "connection lost, trying again" : "connecting";
  const observed = platform.observed ? ", lookout is there" : "";
  write(link, state + observed);
}

function told(error: unknown): string {
  if (!(error instanceof CallError)) return String(error);
  const wait =
    error.retryAfter === undefined ? "" : `; try again in ${Math.ceil(error.retryAfter / 1_000)} s`;
  return `${error.kind}: ${error.message}${wait}`;
}

async function call(): Promise<void> {
  answer.textContent = "waiting";
  try {
    const given: unknown = params.value.trim() === "" ? undefined : JSON.parse(params.value);
    const value = await platform.call(service.value, method.value, given);
    answer.textContent = JSON.stringify(value, null, 2);
  } catch (error) {
    answer.textContent = told(error);
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void call();
});
service.addEventListener("input", show);
platform.on("change", show);
// The time in the banner runs down without anything happening.
setInterval(show, 1_000);
show();
