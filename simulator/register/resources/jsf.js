/* Partial requests in the manner of JSF 2 (Jakarta Faces 13): sends a form by Ajax, and puts the answer into the page. */
var jsf = {};

jsf.notice = function (words) {
  document.getElementById('bericht').textContent = words;
};

jsf.ajax = {
  /* From onclick: false, so that the browser does not send the form itself. */
  request: function (source, event, options) {
    jsf.ajax.send(source.form, source.name, options.render);
    return false;
  },

  send: function (form, source, render) {
    var fields = new URLSearchParams(new FormData(form));
    fields.set('javax.faces.partial.ajax', 'true');
    fields.set('javax.faces.source', source);
    fields.set('javax.faces.partial.execute', form.id);
    fields.set('javax.faces.partial.render', render);
    var request = new XMLHttpRequest();
    request.open('POST', form.action);
    request.setRequestHeader('Faces-Request', 'partial/ajax');
    request.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded;charset=UTF-8');
    request.onload = function () { jsf.ajax.response(request, form); };
    request.onerror = function () { jsf.notice('Er is geen verbinding met het register.'); };
    request.send(fields.toString());
  },

  response: function (request, form) {
    var answer = request.responseXML && request.responseXML.querySelector('partial-response');
    if (request.status !== 200 || !answer) {
      jsf.notice('Dit is niet gelukt (' + request.status + '). Laad de pagina opnieuw.');
      return;
    }
    var redirect = answer.querySelector('redirect');
    if (redirect) {
      window.location = redirect.getAttribute('url');
      return;
    }
    var error = answer.querySelector('error');
    if (error) {
      jsf.notice('Deze pagina is verlopen. Laad de pagina opnieuw. (' + error.querySelector('error-name').textContent + ')');
      return;
    }
    answer.querySelectorAll('update').forEach(function (update) {
      var id = update.getAttribute('id');
      if (id === 'javax.faces.ViewState') form.elements[id].value = update.textContent;
      else document.getElementById(id).outerHTML = update.textContent;
    });
  }
};

/* Asks for a region again every so many seconds, as p:poll does; `source` is the id of that component. */
jsf.poll = function (form, source, render, seconds) {
  window.setInterval(function () {
    jsf.ajax.send(document.getElementById(form), source, render);
  }, seconds * 1000);
};
