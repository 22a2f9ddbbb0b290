// What people are told of a service that is away, in one sentence. Names are theirs to escape: this is
// text, never markup.

import type { Strategy } from "./strategy.js";

/** The bounds of an estimate such as `2-5 minutes`, in milliseconds. */
export function bounds(estimate: string | undefined): [number, number] | undefined {
  const found = /^(\d{1,6})(?:-(\d{1,6}))? (seconds|minutes)$/.exec(estimate ?? "");
  if (found === null) return undefined;
  const unit = found[3] === "minutes" ? 60_000 : 1_000;
  const low = Number(found[1]) * unit;
  return [low, Math.max(low, Number(found[2] ?? found[1]) * unit)];
}

/** A time as people say it: "about 2 minutes". */
export function about(milliseconds: number): string {
  if (milliseconds < 90_000) {
    const seconds = Math.max(10, Math.ceil(milliseconds / 10_000) * 10);
    return seconds >= 60 ? "about a minute" : `about ${seconds} seconds`;
  }
  return `about ${Math.round(milliseconds / 60_000)} minutes`;
}

/** The sentence; nothing if there is nothing to say. */
export function banner(service: string, plan: Strategy): string | undefined {
  if (plan.because.length === 0) return undefined;
  if (plan.because.includes("link_down")) return "You are offline. What you see may be out of date.";
  const away = ["circuit_open", "circuit_half_open", "service_unavailable"];
  if (plan.because.some((reason) => away.includes(reason))) {
    const long = plan.retryAfter !== undefined && plan.retryAfter > 60_000 ? plan.retryAfter : undefined;
    const [soonest, latest] = bounds(plan.estimate) ?? [];
    const time = long ?? (soonest === 0 ? latest : soonest);
    const back = time === undefined ? "back soon" : `back in ${about(time)}`;
    return `${service} is temporarily unavailable, ${back}.`;
  }
  if (plan.readOnly) return `${service} can be read but not changed at the moment.`;
  if (plan.longerTimeouts) return `${service} is slower than usual.`;
  return `${service} has trouble at the moment.`;
}
