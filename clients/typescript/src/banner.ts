// Words for people about a service that cannot be used. They exist here so that every page says the
// same, and says a time only if one is known.
//
// The time is that of the next attempt if it is later than a minute, else the shorter bound of the
// estimate: "back in 20 seconds" would be read as a promise when it is only the next try.

import type { Strategy } from "./strategy.js";

const UNITS: Record<string, number> = { second: 1_000, minute: 60_000, hour: 3_600_000 };
const MINUTE = 60_000;

/** The bounds of an estimate such as "2-5 minutes" in milliseconds; undefined if it is none. */
export function bounds(estimate: string | undefined): { lower: number; upper: number } | undefined {
  const found = /^\s*(\d{1,6})(?:\s*[-–]\s*(\d{1,6}))?\s*(second|minute|hour)s?\s*$/i.exec(estimate ?? "");
  if (found === null) return undefined;
  const unit = UNITS[(found[3] ?? "").toLowerCase()] ?? 0;
  const lower = Number(found[1]) * unit;
  const upper = found[2] === undefined ? lower : Number(found[2]) * unit;
  return { lower: Math.min(lower, upper), upper: Math.max(lower, upper) };
}

function plural(count: number, unit: string): string {
  return count === 1 ? `1 ${unit}` : `${count} ${unit}s`;
}

/** A duration as people say it: "2 minutes". */
export function span(ms: number): string {
  if (ms < MINUTE * 0.75) return plural(Math.max(1, Math.round(ms / 1_000)), "second");
  if (ms < MINUTE * 90) return plural(Math.max(1, Math.round(ms / MINUTE)), "minute");
  return plural(Math.round(ms / (MINUTE * 60)), "hour");
}

/** When it will be back: "back in about 2 minutes", or "back soon" if nothing is known. */
export function back(it: { retryAfter?: number; estimate?: string }): string {
  if (it.retryAfter !== undefined && it.retryAfter > MINUTE) return `back in about ${span(it.retryAfter)}`;
  const lower = bounds(it.estimate)?.lower ?? 0;
  return lower > 0 ? `back in about ${span(lower)}` : "back soon";
}

/** What to tell people about a service; undefined if there is nothing to tell. `label` is what they call it. */
export function banner(label: string, it: Strategy): string | undefined {
  const gone = ["circuit_open", "circuit_half_open", "service_unavailable"];
  if (it.because.includes("link_down")) return "No connection at the moment";
  if (it.because.some((why) => gone.includes(why))) return `${label} is temporarily unavailable, ${back(it)}`;
  if (it.readOnly) return `${label} cannot save changes at the moment`;
  if (it.longerTimeouts) return `${label} is slower than usual`;
  return undefined;
}
