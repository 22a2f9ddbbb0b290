// How figures, times and names are said.

/** A share as per cent: whole ones where that is exact enough, never 100 % for what is less. */
export function share(value) {
  if (value === undefined) return '–';
  const cent = value * 100;
  if (cent === 0 || cent === 100) return `${cent} %`;
  if (cent > 99.9) return '99.9 %';
  return cent < 0.1 ? '<0.1 %' : `${cent.toFixed(cent < 10 || cent > 99 ? 1 : 0)} %`;
}

/** Calls per second. */
export function rate(value) {
  if (value === 0) return '0/s';
  if (value < 0.1) return `${(value * 60).toFixed(1)}/min`;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)}/s`;
}

/** Milliseconds, as seconds from one on. */
export function millis(value) {
  if (value === undefined) return '–';
  if (value >= 1000) return `${(value / 1000).toFixed(value < 10000 ? 1 : 0)} s`;
  return value < 10 ? `${value.toFixed(1)} ms` : `${Math.round(value)} ms`;
}

/** A length of time in its two largest units. */
export function length(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

/** The time of day of a moment. */
export function clock(moment) {
  return new Date(moment).toLocaleTimeString([], { hour12: false });
}

/** A name on the wire as words. */
export function words(name) {
  return String(name ?? '').replaceAll('_', ' ');
}

/** Text from strangers, without what would turn or hide what stands beside it. */
export function tame(text) {
  return String(text ?? '').replace(/[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu, '�');
}

export function count(number, one, many = `${one}s`) {
  return `${number} ${number === 1 ? one : many}`;
}
