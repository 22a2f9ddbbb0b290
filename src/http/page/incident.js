// An incident as a time line, in the list of all and on a page of its own.

import { h, text } from './dom.js';
import { clock, length, tame, words } from './format.js';
import { now, on, store } from './store.js';

const TONES = { critical: 'bad', error: 'bad', warning: 'warn', info: 'good' };

function lasted(incident) {
  const end = incident.ended ? Date.parse(incident.ended) : now();
  return length((end - Date.parse(incident.began)) / 1000);
}

/** An incident with its time line. */
export function story(incident) {
  const lines = incident.story.map((line) => {
    const other = line.subject === incident.subject ? '' : [h('strong', {}, tame(line.subject)), ' '];
    return h('li', { class: TONES[line.severity] }, h('time', {}, clock(line.at)), h('span', {}, other, tame(line.text)));
  });
  if (incident.leftOut) lines.splice(lines.length / 2, 0, h('li', {}, `${incident.leftOut} lines are left out`));
  const state = incident.ended ? `over, lasted ${lasted(incident)}` : `for ${lasted(incident)}`;
  return h('article', { class: `incident ${incident.ended ? 'over' : 'open'}` },
    h('h3', {}, h('a', { href: `#/incident/${incident.id}` }, tame(incident.subject)), ' ',
      h('small', { 'data-began': incident.ended ? undefined : incident.began }, state)),
    h('ol', { class: 'story' }, lines.length ? lines : h('li', { class: 'quiet' }, 'Taken up from an earlier run.')));
}

/** Has the open ones within an element say how long they have lasted by now. */
export function age(element) {
  for (const open of element.querySelectorAll('[data-began]')) {
    text(open, `for ${length((now() - Date.parse(open.dataset.began)) / 1000)}`);
  }
}

/** Shows one in `view`; gives what ends it. */
export function show(view, id) {
  function paint() {
    const incident = store.incidents.find((it) => it.id === id);
    if (!incident) {
      view.replaceChildren(h('section', {}, h('p', { class: 'quiet' }, `Nothing is known of incident ${tame(id)} any more.`)));
      return;
    }
    view.replaceChildren(h('section', { class: 'single' },
      h('h1', {}, `Incident of ${tame(incident.subject)}`),
      h('p', {}, incident.ended ? `From ${clock(incident.began)} to ${clock(incident.ended)}.` : `Since ${clock(incident.began)}.`, ' ',
        store.rows.has(incident.subject) ? h('a', { href: `#/service/${encodeURIComponent(incident.subject)}` }, 'The service') : '', ` · ${words(incident.id)}`),
      story(incident)));
  }
  paint();
  const tick = setInterval(() => age(view), 1000);
  const end = on('stories', paint);
  return () => {
    clearInterval(tick);
    end();
  };
}
