/* Follows new reports, by server-sent events and by WebSocket. */
var live = {
  state: function (way, words) {
    document.getElementById(way + ':toestand').textContent = words;
  },

  add: function (way, report) {
    var item = document.createElement('li');
    item.textContent = report.nummer + ': ' + report.producent + ' (' + report.indiener + ')';
    document.getElementById(way + ':lijst').prepend(item);
  },

  start: function (stream, socket) {
    var events = new EventSource(stream);
    events.onopen = function () { live.state('sse', 'verbonden'); };
    events.onerror = function () { live.state('sse', 'verbroken'); };
    events.onmessage = function (event) { live.add('sse', JSON.parse(event.data)); };

    var channel = new WebSocket(location.protocol.replace('http', 'ws') + '//' + location.host + socket);
    channel.onopen = function () { channel.send('hallo'); };
    channel.onclose = function (event) { live.state('ws', 'verbroken (' + event.code + ')'); };
    channel.onmessage = function (event) {
      var report = JSON.parse(event.data);
      if (report.verbonden) live.state('ws', 'verbonden als ' + report.verbonden);
      else live.add('ws', report);
    };
    window.addEventListener('pagehide', function () { events.close(); channel.close(); });
  }
};
