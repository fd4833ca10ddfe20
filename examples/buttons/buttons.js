/* Greys out the buttons that somebody cannot use, with the reason beside them. On the page:

     <button type="submit" data-action="POST" data-resource="/meldingen/12/intrekken">Intrekken</button>
     <p id="knoppen" role="status"></p>
     <script src="buttons.js" data-ask="/knoppen" defer></script>

   `/knoppen` is an address of the register: it adds who asks, and asks the gateway (decisions.py). The gateway decides again
   when a button is pressed, so without an answer all buttons stay as they are. After new buttons came: greyOutButtons(). */
(function () {
  'use strict';
  var address = document.currentScript.dataset.ask;
  var unknown = 'We konden niet nagaan welke knoppen u kunt gebruiken. U kunt ze allemaal proberen.';

  async function look() {
    var buttons = Array.from(document.querySelectorAll('[data-action][data-resource]'));
    if (buttons.length === 0) return;
    try {
      var answers = await ask(buttons);
      buttons.forEach(function (button, index) { mark(button, answers[index]); });
      say('');
    } catch (problem) {
      console.warn('buttons are not greyed out:', problem);
      say(unknown);
    }
  }

  async function ask(buttons) {
    var evaluations = buttons.map(function (button) {
      return {action: {name: button.dataset.action}, resource: {type: 'path', id: button.dataset.resource}};
    });
    var headers = {'Content-Type': 'application/json', Accept: 'application/json'};
    var response = await fetch(address, {method: 'POST', headers: headers, body: JSON.stringify({evaluations: evaluations})});
    if (!response.ok) throw new Error(address + ' answers with ' + response.status);
    var answers = (await response.json()).evaluations;
    if (answers.length !== buttons.length) throw new Error(answers.length + ' answers for ' + buttons.length + ' buttons');
    return answers;
  }

  /* Not `disabled`: people who use a keyboard or a screen reader must be able to reach the button and its reason. */
  function mark(button, answer) {
    var before = document.getElementById(button.getAttribute('aria-describedby'));
    if (before && before.matches('.why-not')) before.remove();
    ['aria-disabled', 'aria-describedby', 'title'].forEach(function (name) { button.removeAttribute(name); });
    var context = answer.context || {};
    if (answer.decision || context.error) return;
    var reason = document.createElement('span');
    reason.className = 'why-not';
    reason.id = 'why-not-' + Math.random().toString(36).slice(2);
    reason.textContent = Object.values(context.reason_user || {}).join(' ') || 'U hebt hier geen recht op.';
    button.after(reason);
    button.setAttribute('aria-disabled', 'true');
    button.setAttribute('aria-describedby', reason.id);
    button.title = reason.textContent;
  }

  function say(words) {
    var place = document.getElementById('knoppen');
    if (place) place.textContent = words;
  }

  document.addEventListener('click', function (event) {
    if (!event.target.closest('[data-action][aria-disabled="true"]')) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  window.greyOutButtons = look;
  look();
}());
