// A page that calls a service and lives with its failure: the banner says that it is away and for how
// long, before anybody has to find out by waiting. Where it connects to is in its address:
// ?broker=ws://…&cluster=…&service=…&method=…

import { banner, CallError, Platform } from "../dist/index.js";

const asked = new URLSearchParams(location.search);
const of = (name: string, otherwise: string): string => asked.get(name) ?? otherwise;
const service = of("service", "Billing");
const method = of("method", "charge");
const platform = Platform.connect(of("broker", "ws://127.0.0.1:9001"), { cluster: of("cluster", "default") });

const alert = document.querySelector<HTMLElement>("[role=alert]")!;
const form = document.querySelector("form")!;
const output = document.querySelector("output")!;

/** Says what there is to say, as text: names come from strangers. */
function show(): void {
  const sentence = banner(service, platform.strategy(service));
  alert.hidden = sentence === undefined;
  if (sentence !== undefined && alert.textContent !== sentence) alert.textContent = sentence;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  void charge(Number(new FormData(form).get("amount")));
});

async function charge(amount: number): Promise<void> {
  output.textContent = "…";
  try {
    const charged = await platform.call<number>(service, method, amount);
    output.textContent = `Charged ${charged}.`;
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    // What was sent and not answered may have been carried out: nobody should be charged twice.
    const unsure = ["timeout", "execution-timeout"].includes(error.kind) || error.facts.sent === true;
    const later = error.transient ? " Nothing is lost: try again later." : "";
    output.textContent = unsure
      ? `It is not known whether that was charged: ${error.message}. Look before you try again.`
      : `Not charged: ${error.message}.${later}`;
  }
}

// Before the first connection there is nothing to be offline from.
await platform.ready(60_000);
platform.onChange(show);
// The time until it is back runs on while nothing changes.
setInterval(show, 1_000);
show();
