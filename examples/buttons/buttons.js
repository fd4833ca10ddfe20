/* Greys out the buttons that somebody cannot use, with the reason below them. On the page:

     <button type="submit" data-action="POST" data-resource="/meldingen/12/intrekken">Intrekken</button>
     <p id="knoppen" role="status"></p>
     <script src="buttons.js" data-ask="/knoppen" defer></script>
     <style>[aria-disabled="true"] { opacity: .6; cursor: not-allowed } .why-not { display: block }</style>

   The register answers at /knoppen: it adds who asks, and asks the gateway (decisions.py). The gateway decides again when a
   button is pressed, so without an answer all buttons stay as they are. After new buttons came: greyOutButtons(). */
(function () {
  'use strict';
  const address = document.currentScript.dataset.ask;

  async function look() {
    const buttons = [...document.querySelectorAll('[data-action][data-resource]')];
    if (buttons.length === 0) return;
    let words = '';
    try {
      const answers = await ask(buttons);
      buttons.forEach((button, index) => mark(button, answers[index]));
    } catch (problem) {
      console.warn('buttons are not greyed out:', problem);
      words = 'We konden niet nagaan welke knoppen u kunt gebruiken. U kunt ze allemaal proberen.';
    }
    const status = document.getElementById('knoppen');
    if (status) status.textContent = words;
  }

  async function ask(buttons) {
    const evaluations = buttons.map(button => (
      {action: {name: button.dataset.action}, resource: {type: 'path', id: button.dataset.resource}}));
    const headers = {'Content-Type': 'application/json', Accept: 'application/json'};
    const response = await fetch(address, {method: 'POST', headers, body: JSON.stringify({evaluations})});
    if (!response.ok) throw new Error(`${address} answers with ${response.status}`);
    const answers = (await response.json()).evaluations;
    if (answers.length !== buttons.length) throw new Error('there is not one answer for each button');
    return answers;
  }

  /* Not `disabled`: with a keyboard or a screen reader, people must be able to reach the button and its reason. */
  function mark(button, {decision, context = {}}) {
    if (button.hasAttribute('aria-disabled')) button.nextElementSibling.remove();
    ['aria-disabled', 'aria-describedby', 'title'].forEach(name => button.removeAttribute(name));
    if (decision || context.error) return;
    const reason = document.createElement('span');
    reason.className = 'why-not';
    reason.id = crypto.getRandomValues(new Uint32Array(2)).join('-');
    reason.textContent = Object.values(context.reason_user || {}).join(' ') || 'U hebt hier geen recht op.';
    button.after(reason);
    button.setAttribute('aria-disabled', 'true');
    button.setAttribute('aria-describedby', reason.id);
    button.title = reason.textContent;
  }

  document.addEventListener('click', event => {
    if (!event.target.closest('[data-action][aria-disabled="true"]')) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  window.greyOutButtons = look;
  look();
}());
