// ---- chat ----

const chat = new Stoppable($('send'), $('stop'));
let conversation = [];

function turn(role, who) {
  const item = element('li', { className: role }, element('p', { className: 'who', text: who }));
  $('log').append(item);
  return item;
}

function clearChat() {
  chat.stop();
  conversation = [];
  $('log').replaceChildren();
  $('message').focus();
}

async function say(event) {
  event.preventDefault();
  const text = $('message').value.trim();
  if (!text || chat.running) {
    return;
  }
  $('message').value = '';
  turn('user', 'You').append(element('p', { className: 'text', text }));
  const model = $('chat-model').value;
  const answered = conversation;
  answered.push({ role: 'user', content: text });
  const view = new AnswerView(turn('assistant', model));
  view.parent.scrollIntoView({ block: 'nearest' });
  await chat.run(async (signal) => {
    const answer = await view.run(model, [...systemMessages(), ...answered], signal);
    if (answer) {
      answered.push({ role: 'assistant', content: answer });
    } else {
      answered.pop(); // the model has not seen the message
    }
  });
  view.parent.scrollIntoView({ block: 'nearest' });
}

function chatWith(model) {
  choose($('chat-model'), model);
  clearChat();
  selectTab($('tab-chat'));
  $('message').focus();
}

$('composer').addEventListener('submit', say);
$('new-chat').addEventListener('click', clearChat);
sendAtEnter($('message'));
