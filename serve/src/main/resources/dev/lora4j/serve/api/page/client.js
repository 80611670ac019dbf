'use strict';
// ---- requests to the server that sent this page ----

const KEY = 'lora4j-api-key';

class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function request(path, { method = 'GET', json, body, signal } = {}) {
  const headers = {};
  const key = sessionStorage.getItem(KEY);
  if (key) {
    headers.Authorization = `Bearer ${key}`;
  }
  if (json) {
    headers['Content-Type'] = 'application/json';
    body = JSON.stringify(json);
  }
  const response = await fetch(`v1/${path}`, { method, headers, body, signal });
  if (!response.ok) {
    throw await refusal(response);
  }
  return response;
}

async function refusal(response) {
  const text = await response.text();
  try {
    return new ApiError(response.status, JSON.parse(text).error.message);
  } catch {
    return new ApiError(response.status, `status ${response.status}: ${text.slice(0, 500)}`);
  }
}

async function getJson(path) {
  return (await request(path)).json();
}

/** The objects of a response with server-sent events. */
async function* serverEvents(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) {
      throw new ApiError(0, 'the connection ended early');
    }
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      const line = block.split('\n').find((each) => each.startsWith('data: '));
      if (line === 'data: [DONE]') {
        return;
      }
      if (line) {
        const event = JSON.parse(line.slice('data: '.length));
        if (event.error) {
          throw new ApiError(500, event.error.message);
        }
        yield event;
      }
    }
  }
}

/** Streams a chat completion; returns its finish reason and usage. */
async function complete(model, messages, signal, onText) {
  const response = await request('chat/completions', {
    method: 'POST',
    json: { model, messages, stream: true, stream_options: { include_usage: true }, ...sampling() },
    signal,
  });
  const result = { finish: '', usage: null };
  for await (const event of serverEvents(response)) {
    const choice = event.choices[0];
    onText(choice?.delta?.content ?? '');
    result.finish = choice?.finish_reason ?? result.finish;
    result.usage = event.usage ?? result.usage;
  }
  return result;
}
