// What a verdict, a circuit and an event look like and how they are said. Colour never says it alone.

import { count, length, tame, words } from './format.js';

const SIGNS = { unavailable: '✕', degraded: '▲', unknown: '?', healthy: '✓' };

/** How urgent a service is; the smaller, the more. */
export function urgency(row) {
  if (row.verdict === 'unavailable') return 0;
  if (row.verdict === 'degraded') return 1;
  if (row.circuit && !['closed', 'disabled'].includes(row.circuit)) return 2;
  if (row.verdict === 'unknown') return 3;
  return row.verdict ? 4 : 5;
}

export function sign(verdict) {
  return SIGNS[verdict] ?? '·';
}

/** The class by which a style knows it. */
export function tone(row) {
  return ['bad', 'warn', 'warn', 'unsure', 'good', 'unsure'][urgency(row)];
}

/** What its circuit tells callers, and what happens next. */
export function circuit(row, now) {
  switch (row.circuit) {
    case undefined:
    case 'closed':
      return '';
    case 'open': {
      const wait = row.retryAfter ? (Date.parse(row.retryAfter) - now) / 1000 : undefined;
      if (wait === undefined) return 'circuit open, waits for another service';
      return wait > 0 ? `circuit open, tries again in ${length(wait + 0.999)}` : 'circuit open, about to try';
    }
    case 'half_open':
      return 'circuit half-open: a few calls are let through';
    case 'forced_open':
      return 'circuit forced open by hand';
    case 'observe_only':
      return 'circuit would be open, only observes';
    default:
      return `circuit ${words(row.circuit)}`;
  }
}

/** Why it reads badly, and whom that concerns. */
export function why(row) {
  const parts = [];
  if (row.reason) parts.push(words(tame(row.reason)));
  if (urgency(row) < 2 && row.callers) parts.push(`${count(row.callers, 'caller')} concerned`);
  if (row.replicas) parts.push(`${row.replicas.ready} of ${row.replicas.total} replicas ready`);
  return parts.join(' · ');
}

/** The platform in a line. */
export function platform(overview) {
  const { unavailable, degraded, unknown, healthy } = overview.services;
  const parts = [];
  if (unavailable) parts.push(`${count(unavailable, 'service')} unavailable`);
  if (degraded) parts.push(`${degraded} degraded`);
  const { unhealthy, degraded: impaired } = overview.components;
  if (unhealthy + impaired) parts.push(`${count(unhealthy + impaired, 'component')} failing`);
  if (parts.length === 0 && overview.openCircuits) parts.push(`${count(overview.openCircuits, 'circuit')} open`);
  if (parts.length > 0) return parts.join(', ');
  if (healthy + unknown === 0) return 'No service was heard yet';
  if (healthy === 0) return 'Nothing is known of the services yet';
  return `All well: ${count(healthy, 'service')}`;
}

export function platformTone(overview) {
  if (overview.services.unavailable || overview.components.unhealthy) return 'bad';
  if (overview.status !== 'healthy') return 'warn';
  return overview.inDoubt || !overview.linked ? 'unsure' : 'good';
}

/** An event of the stream: how bad it is, whom it is about, and what happened. */
export function event({ topic, document }) {
  const facts = document?.params ?? document ?? {};
  const subject = tame(facts.service ?? facts.component ?? facts.originService ?? facts.pair);
  const outage = facts.outageSeconds === undefined ? '' : ` after ${length(facts.outageSeconds)}`;
  const said = {
    service_unavailable: ['bad', `unavailable: ${words(facts.reason)}`],
    service_degraded: ['warn', `degraded: ${words(facts.reason)}`],
    service_recovered: ['good', `healthy again${outage}`],
    circuit_breaker: [
      facts.state === 'closed' ? 'good' : 'warn',
      `circuit ${words(facts.previous)} → ${words(facts.state)}: ${words(facts.reason)}`,
    ],
    cascading_failure_prevented: ['warn', `cascade held off: circuits opened for ${(facts.affectedServices ?? []).join(', ')}`],
    pair_deaf: ['warn', `no reply was ever heard for ${facts.calls} calls: check its reply topics`],
    infrastructure_error: [facts.severity === 'critical' ? 'bad' : 'warn', `${facts.severity}: ${facts.message}`],
    infrastructure_recovered: ['good', `well again${outage}`],
  }[facts.type] ?? ['unsure', words(facts.type)];
  const still = facts.repeat ? ` (still, said ${facts.repeat + 1} times)` : '';
  const emergency = topic?.endsWith('/emergency');
  return { tone: emergency ? 'bad' : said[0], subject, text: tame(said[1]) + still, at: facts.timestamp, incident: facts.correlationId, emergency };
}


