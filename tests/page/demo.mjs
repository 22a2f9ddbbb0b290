// The demo's outage on the page: it appears, evolves and ends; and every view meanwhile.

import assert from 'node:assert/strict';
import { accessible, counts, fits, open, says } from './kit.mjs';

const { browser, page, problems } = await open(process.argv[2]);
const pictures = process.env.PICTURES;
const picture = async (name, options = {}) => {
  if (pictures) await page.screenshot({ path: `${pictures}/${name}.png`, ...options });
};

await says(page, '#state', /All well: 5 services/);
await counts(page, '#services .row', 5);
await counts(page, '#services .row.good', 5);
assert.equal(await page.title(), 'lookout');

// It appears: at the top, with whom it concerns and what lookout does about it.
await says(page, '#state', /1 service unavailable/);
const row = page.locator('#services .row').first();
await says(page, '#services li:first-child .row.bad', /UserManagement/);
const told = await row.innerText();
assert.match(told, /unavailable/);
assert.match(told, /not responding/);
assert.match(told, /\d+ callers concerned/);
assert.match(told, /circuit open, tries again in \d+ s/);
assert.match(await page.title(), /● 1 down/);
await says(page, '.badge', /open circuits/);
await says(page, '.incident.open .story', /unavailable: not responding/);
await says(page, '.incident.open .story', /OrderService circuit closed → open: dependency unavailable/);
await says(page, '#feed', /UserManagement unavailable: not responding/);
await page.locator('.spark .bad[d^="M"]').first().waitFor({ state: 'attached' });
await picture('overview');
await accessible(page, 'the outage');
await page.emulateMedia({ colorScheme: 'dark' });
await picture('overview-dark');
await page.emulateMedia({ colorScheme: 'light' });
await page.setViewportSize({ width: 360, height: 740 });
await fits(page, 'the list on a phone');
await picture('phone');
await page.setViewportSize({ width: 1360, height: 800 });

// By keys alone: search, the first of what was found, its own view, and back.
await page.keyboard.press('/');
await page.keyboard.type('order');
await counts(page, '#services .row', 1);
await page.keyboard.press('ArrowDown');
await page.keyboard.press('Enter');
await says(page, 'h1', /^OrderService$/);
await page.locator('.graph a').filter({ hasText: 'UserManagement' }).waitFor();
await page.locator('.graph a').click();
await says(page, 'h1', /^UserManagement$/);
for (const method of ['getUser', 'login', 'updateUser']) await says(page, '#of-methods tbody th', method);
assert.ok(await page.locator('.heat rect').count() > 3);
await says(page, '#of-errors', /unanswered/);
await says(page, '#of-errors', /2, unavailable/);
await says(page, '#of-incident .story', /circuit closed → open/);
await picture('service', { fullPage: true });
await accessible(page, 'a service');
await page.setViewportSize({ width: 360, height: 740 });
await fits(page, 'a service on a phone');
await page.setViewportSize({ width: 1360, height: 800 });
await page.locator('#of-incident h3 a').first().click();
await says(page, 'h1', /Incident of UserManagement/);
const address = page.url();
await page.keyboard.press('Escape');
await page.keyboard.press('/');
await page.keyboard.press('Escape');
await counts(page, '#services .row', 5);
await page.keyboard.press('f');
await says(page, '#shown', /of 5/);
for (let at = 0; at < 3; at += 1) await page.keyboard.press('f');
await page.keyboard.press('?');
await says(page, 'dialog[open]', /next and previous service/);
await page.keyboard.press('Escape');
await page.keyboard.press('t');
assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark');
await page.keyboard.press('t');

// It evolves and ends.
await says(page, '#feed', /UserManagement circuit open → half open/);
await says(page, '#feed', /UserManagement circuit half open → closed/);
await says(page, '#feed', /UserManagement healthy again after \d+ s/);
await says(page, '#state', /All well: 5 services/);
await says(page, '#incidents', /None under way/);
await page.goto(address);
await says(page, 'h1', /Incident of UserManagement/);
await says(page, '.incident.over h3', /over, lasted \d+ s/);
await says(page, '.story li:last-child', /./);
await picture('incident');

assert.deepEqual(problems, []);
await browser.close();
