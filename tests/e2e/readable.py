"""Whether a page can be read and used: by eye, on a phone, by keyboard and by screen reader."""

from __future__ import annotations

from playwright.async_api import Page

_LOOK = """() => {
  const found = [];
  const numbers = colour => colour.match(/[0-9.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility()) continue;
    const [a, b] = [light(numbers(getComputedStyle(element).color)), light(ground(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.push('contrast: ' + element.textContent.trim().slice(0, 40));
  }
  for (const field of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
    if (!field.labels.length) found.push('no label: ' + field.name);
  for (const button of document.querySelectorAll('button, a'))
    if (!button.textContent.trim() && !button.getAttribute('aria-label')) found.push('no name: ' + button.outerHTML.slice(0, 60));
  const ids = [...document.querySelectorAll('[id]')].map(each => each.id);
  for (const id of new Set(ids)) if (ids.filter(each => each === id).length > 1) found.push('twice: #' + id);
  for (const each of document.querySelectorAll('[aria-describedby], [aria-labelledby]'))
    for (const id of ((each.getAttribute('aria-describedby') || '') + ' ' + (each.getAttribute('aria-labelledby') || '')).split(' '))
      if (id && !document.getElementById(id)) found.push('described by nothing: ' + id);
  for (const link of document.querySelectorAll('a[href^="#"]'))
    if (!document.getElementById(link.getAttribute('href').slice(1))) found.push('leads nowhere: ' + link.getAttribute('href'));
  if (document.querySelectorAll('h1').length !== 1) found.push('not one h1');
  let level = 1;
  for (const heading of document.querySelectorAll('main h1, main h2, main h3, main h4')) {
    const own = Number(heading.tagName[1]);
    if (own > level + 1) found.push('heading too deep: ' + heading.textContent.trim());
    level = own;
  }
  if (document.documentElement.lang !== 'nl') found.push('no language');
  if (!document.querySelector('.banner')) found.push('no banner');
  return found;
}"""


async def faults_of(page: Page) -> list[str]:
    """What is wrong with the page as it is shown, and on a phone of 320 pixels wide."""
    found: list[str] = await page.evaluate(_LOOK)
    size = page.viewport_size
    assert size is not None
    await page.set_viewport_size({"width": 320, "height": 700})
    if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        wide = await page.evaluate(
            "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
            ".map(e => e.outerHTML.slice(0, 60)).slice(0, 3)"
        )
        found.append(f"too wide for a phone: {wide}")
    await page.set_viewport_size(size)
    return found
