// Figures, times and names as people read them. A figure that is not known is a dash, never a zero.

export const NONE = "–";

/** A number of some three digits: 0.005, 6.93, 43.2, 1 204. */
export function number(value) {
  if (value === undefined || value === null) return NONE;
  const size = Math.abs(value);
  if (size >= 1000) return whole(value);
  if (size === 0) return "0";
  return value.toFixed(digits(size));
}

/** Digits after the point, so that what is small is not shown as nothing. */
function digits(size) {
  if (size >= 100) return 0;
  if (size >= 10) return 1;
  return size >= 0.1 ? 2 : 3;
}

/** A whole number with thin spaces between thousands. */
export function whole(value) {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** A share as percent without the sign; what is not all is never shown as all, nor what is not none as none. */
export function percent(share) {
  if (share === undefined || share === null) return NONE;
  const value = share * 100;
  if (value === 0 || value === 100) return String(value);
  if (value > 99.9) return "99.9";
  if (value < 0.1) return "0.1";
  return value.toFixed(1);
}

/** Milliseconds without the unit. */
export function millis(value) {
  if (value === undefined || value === null) return NONE;
  return value >= 100 ? whole(value) : value.toFixed(digits(value));
}

/** Milliseconds with the unit that suits them. */
export function lasting(value) {
  if (value === undefined || value === null) return NONE;
  return value >= 1000 ? `${number(value / 1000)}\u00a0s` : `${millis(value)}\u00a0ms`;
}

/** A span of milliseconds as people say it: 42 s, 3 min 5 s, 2 h 10 min, 3 d 4 h. */
export function span(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (big, unit, small, other) => `${big}\u00a0${unit}` + (small ? ` ${small}\u00a0${other}` : "");
  if (seconds < 60) return `${seconds}\u00a0s`;
  if (seconds < 3600) return two(Math.floor(seconds / 60), "min", seconds % 60, "s");
  if (seconds < 86400) return two(Math.floor(seconds / 3600), "h", Math.floor((seconds % 3600) / 60), "min");
  return two(Math.floor(seconds / 86400), "d", Math.floor((seconds % 86400) / 3600), "h");
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const pad = (value) => String(value).padStart(2, "0");

/** A moment as the reader's clock shows it, with the day if that is another one. */
export function clock(moment, now) {
  const at = new Date(moment);
  const time = `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
  const same = new Date(now).toDateString() === at.toDateString();
  return same ? time : `${at.getDate()} ${MONTHS[at.getMonth()]} ${time}`;
}

// Control characters, and those that turn or hide what stands beside them.
const HIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** A text of strangers with everything in it made visible. */
export function visible(text) {
  const code = (char) => `⟨U+${char.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}⟩`;
  return text.replace(HIDDEN, code);
}

/** The name of a service as it is shown. */
export function name(service) {
  if (service === "") return "(no name)";
  return service === "_other" ? "all others" : visible(service);
}

/** "1 service", "3 services". */
export function plural(count, one, many = `${one}s`) {
  return `${whole(count)} ${count === 1 ? one : many}`;
}

/** "A", "A and B", "A, B and 3 more". */
export function listed(names, most = 3) {
  if (names.length <= 1) return names.join("");
  if (names.length <= most) return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  return `${names.slice(0, most - 1).join(", ")} and ${names.length - most + 1} more`;
}
