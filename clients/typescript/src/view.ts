// A service as an application sees it: what lookout says of it, in one flat object. It exists so that
// nobody outside depends on how the client keeps what it knows.

import { present } from "./documents.js";
import type { Known, State } from "./state.js";

/** A service as lookout says it stands. `retryAfter` in milliseconds. */
export interface ServiceView {
  name: string;
  /** Whether a lookout is there; without one, nothing is known. */
  observed: boolean;
  verdict: string;
  circuit: string;
  reason?: string;
  incident?: string;
  causedBy?: string;
  estimate?: string;
  retryAfter?: number;
}

/** The view of a service; `retryAfter` is what a call would be told. */
export function viewOf(name: string, state: State, retryAfter: number | undefined): ServiceView {
  const observed = state.present;
  const { verdict, circuit, estimate }: Known = (observed && state.service(name)) || {};
  return present<ServiceView>({
    name,
    observed,
    verdict: verdict?.verdict ?? "unknown",
    circuit: circuit?.state ?? "closed",
    reason: verdict?.reason ?? (circuit?.state === "closed" ? undefined : circuit?.reason),
    incident: verdict?.incident,
    causedBy: verdict?.causedBy,
    estimate,
    retryAfter,
  });
}
