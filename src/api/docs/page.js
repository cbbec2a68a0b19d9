// SPDX-License-Identifier: Apache-2.0
// Shows openapi.json as pages one can read and try. Everything from the document is set as text,
// never as markup; the key stays in this page.
'use strict';

const METHODS = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options'];
let doc = null;
let operations = [];

const $ = id => document.getElementById(id);

function el(tag, options, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options || {})) {
    if (name === 'class') node.className = value;
    else if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (value !== undefined && value !== false) node.setAttribute(name, value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined) node.append(child);
  }
  return node;
}

// What a $ref names, with the siblings of the $ref.
function resolve(node) {
  if (!node || !node.$ref) return node || {};
  let target = doc;
  for (const part of node.$ref.slice(2).split('/')) target = target[part];
  const { $ref, ...siblings } = node;
  return { ...resolve(target), ...siblings };
}

const nameOf = node => (node && node.$ref ? node.$ref.split('/').pop() : '');

function typeText(schema) {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map(String).join(' | ');
  const parts = schema.anyOf || schema.oneOf;
  if (parts) return parts.map(part => typeText(resolve(part))).join(' | ');
  if (schema.type === 'array') return 'array of ' + typeText(resolve(schema.items));
  let text = [].concat(schema.type || 'any').join(' | ');
  if (schema.format) text += ` (${schema.format})`;
  return text;
}

function rules(schema) {
  const words = [];
  if (schema.minLength !== undefined) words.push(`at least ${schema.minLength} characters`);
  if (schema.maxLength !== undefined) words.push(`at most ${schema.maxLength} characters`);
  if (schema.minimum !== undefined) words.push(`from ${schema.minimum}`);
  if (schema.maximum !== undefined) words.push(`to ${schema.maximum}`);
  if (schema.maxItems !== undefined) words.push(`at most ${schema.maxItems}`);
  if (schema.pattern) words.push(schema.pattern);
  if (schema.default !== undefined) words.push(`default: ${JSON.stringify(schema.default)}`);
  return words.join(', ');
}

function objectOf(schema) {
  for (const part of [schema, ...(schema.anyOf || []), ...(schema.oneOf || [])]) {
    const whole = resolve(part);
    if (whole.properties) return whole;
    if (whole.type === 'array') return objectOf(resolve(whole.items));
  }
  return null;
}

function membersTable(schema, depth) {
  const rows = Object.entries(schema.properties).map(([name, given]) => {
    const part = resolve(given);
    const inner = depth < 4 ? objectOf(part) : null;
    return el('tr', {},
      el('td', {}, el('code', {}, name),
        (schema.required || []).includes(name) ? el('span', { class: 'need' }, ' *') : null),
      el('td', {}, el('span', {}, typeText(part)), ' ', el('span', { class: 'dim' }, rules(part)),
        part.description ? el('div', {}, part.description) : null,
        inner ? el('details', {}, el('summary', { class: 'dim' }, nameOf(given) || 'members'),
          membersTable(inner, depth + 1)) : null));
  });
  return el('table', {}, rows);
}

function schemaView(node) {
  const schema = resolve(node);
  const object = objectOf(schema);
  return el('div', {}, el('p', { class: 'dim' }, nameOf(node) || typeText(schema),
    schema.description ? ': ' + schema.description : ''), object ? membersTable(object, 0) : null);
}

// A value that fits, for the body one tries first.
function example(node, depth = 0) {
  const schema = resolve(node);
  if (schema.examples) return schema.examples[0];
  if (schema.example !== undefined) return schema.example;
  if (schema.const !== undefined) return schema.const;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  const parts = schema.anyOf || schema.oneOf;
  if (parts) return example(parts[0], depth);
  if (schema.properties && depth < 5) {
    const out = {};
    for (const [name, part] of Object.entries(schema.properties)) {
      if ((schema.required || []).includes(name)) out[name] = example(part, depth + 1);
    }
    return out;
  }
  const type = [].concat(schema.type)[0];
  if (type === 'array') return [];
  if (type === 'object') return {};
  if (type === 'integer') return schema.minimum || 1;
  if (type === 'boolean') return true;
  return 'text';
}

function parametersTable(operation) {
  return el('table', {}, operation.parameters.map(parameter => {
    const schema = resolve(parameter.schema);
    return el('tr', {},
      el('td', {}, el('code', {}, parameter.name),
        parameter.required ? el('span', { class: 'need' }, ' *') : null,
        el('div', { class: 'dim' }, parameter.in)),
      el('td', {}, typeText(schema), ' ', el('span', { class: 'dim' }, rules(schema)),
        el('div', {}, parameter.description || schema.description || '')));
  }));
}

function answersView(operation) {
  return Object.entries(operation.responses).map(([status, given]) => {
    const answer = resolve(given);
    const content = Object.entries(answer.content || {});
    return el('details', { open: status.startsWith('2') },
      el('summary', {}, el('code', {}, status), ' ', answer.description || ''),
      content.map(([type, media]) => el('div', {}, el('code', { class: 'dim' }, type),
        media.schema ? schemaView(media.schema) : null)));
  });
}

function quoted(text) {
  return "'" + text.replaceAll("'", "'\\''") + "'";
}

// Path, query, headers and body as the form has them now.
function requestOf(operation, form) {
  let path = operation.path;
  const query = new URLSearchParams();
  const headers = {};
  for (const input of form.querySelectorAll('[data-in]')) {
    if (input.value === '') continue;
    if (input.dataset.in === 'path') {
      path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    } else if (input.dataset.in === 'query') query.append(input.name, input.value);
    else headers[input.name] = input.value;
  }
  if ($('key').value) headers.Authorization = 'Bearer ' + $('key').value;
  const body = form.querySelector('textarea');
  const file = form.querySelector('input[type=file]');
  const type = form.dataset.type;
  if ((body && body.value) || (file && file.files.length)) headers['Content-Type'] = type;
  return { url: path + (query.size ? '?' + query : ''), headers,
    body: file ? file.files[0] : body && body.value ? body.value : undefined };
}

function curlOf(operation, request) {
  const words = ['curl', '-X', operation.method.toUpperCase()];
  for (const [name, value] of Object.entries(request.headers)) {
    words.push('-H', quoted(`${name}: ${name === 'Authorization' ? 'Bearer $KEY' : value}`));
  }
  if (typeof request.body === 'string') words.push('-d', quoted(request.body));
  else if (request.body) words.push('-T', quoted(request.body.name));
  return [...words, quoted(location.origin + request.url)].join(' ')
    .replace("'Authorization: Bearer $KEY'", '"Authorization: Bearer $KEY"');
}

async function send(operation, form, out) {
  const request = requestOf(operation, form);
  const curl = el('pre', {}, curlOf(operation, request));
  out.replaceChildren(el('p', { class: 'dim' }, 'sending ...'), curl);
  const begun = performance.now();
  try {
    const answer = await fetch(request.url, { method: operation.method.toUpperCase(),
      headers: request.headers, body: request.body, credentials: 'same-origin' });
    const type = answer.headers.get('Content-Type') || '';
    let text = /json|text|yaml|csv/.test(type) && !/event-stream/.test(type)
      ? await answer.text() : `(${type || 'no body'})`;
    if (/json$/.test(type.split(';')[0])) text = JSON.stringify(JSON.parse(text), null, 2);
    const told = ['ETag', 'Location', 'Idempotency-Replayed', 'Upload-Offset']
      .filter(name => answer.headers.has(name))
      .map(name => `${name}: ${answer.headers.get(name)}\n`).join('');
    out.replaceChildren(curl, el('p', {}, el('b', {}, String(answer.status)), ' in ' +
      Math.round(performance.now() - begun) + ' ms'), told ? el('pre', {}, told) : null || '',
      el('pre', {}, text));
  } catch (error) {
    out.replaceChildren(curl, el('p', { class: 'need' }, String(error)));
  }
}

function tryIt(operation) {
  const content = Object.keys((operation.requestBody || {}).content || {});
  const json = content.find(type => type.endsWith('json'));
  const field = (where, name, schema, required) => el('tr', {},
    el('td', {}, el('label', { for: `try-${name}` }, el('code', {}, name))),
    el('td', {}, el('input', { id: `try-${name}`, name, 'data-in': where, required,
      placeholder: typeText(schema) })));
  const rows = operation.parameters.map(parameter =>
    field(parameter.in, parameter.name, resolve(parameter.schema), parameter.required));
  const known = new Set(operation.parameters.map(parameter => parameter.name));
  for (const name of operation.headers) {
    if (!known.has(name)) rows.push(field('header', name, { type: 'string' }, false));
  }
  const out = el('div', { 'aria-live': 'polite' });
  const schema = json && operation.requestBody.content[json].schema;
  const form = el('form', { 'data-type': json || content[0] || '' },
    el('table', {}, rows),
    json ? el('textarea', { 'aria-label': 'body', spellcheck: 'false' },
      JSON.stringify(example(schema), null, 2)) : null,
    content.length && !json ? el('p', {}, el('input', { type: 'file' })) : null,
    el('p', {}, el('button', {}, 'Send')), out);
  form.addEventListener('submit', event => {
    event.preventDefault();
    send(operation, form, out);
  });
  return form;
}

function show(operation) {
  const body = operation.requestBody;
  const permission = operation['x-otaru-permission'];
  $('main').replaceChildren(
    el('h2', {}, el('span', { class: 'method ' + operation.method },
      operation.method.toUpperCase()), ' ', el('span', { class: 'path' }, operation.path)),
    el('p', {}, operation.summary || ''),
    operation.description ? el('p', { class: 'prose' }, operation.description) : '',
    el('p', { class: 'dim' }, `${operation.operationId}${permission ? ', needs ' + permission : ''}`),
    operation.parameters.length ? el('h3', {}, 'Parameters') : '',
    operation.parameters.length ? parametersTable(operation) : '',
    body ? el('h3', {}, 'Body') : '',
    ...(body ? Object.entries(body.content).map(([type, media]) => el('div', {},
      el('code', { class: 'dim' }, type), media.schema ? schemaView(media.schema) : null)) : []),
    el('h3', {}, 'Answers'), ...answersView(operation),
    el('h3', {}, 'Try it'), tryIt(operation));
  for (const link of document.querySelectorAll('aside a')) {
    link.toggleAttribute('aria-current', link.hash === '#' + operation.operationId);
  }
  scrollTo(0, 0);
}

function showStart() {
  $('main').replaceChildren(el('h2', {}, doc.info.title),
    el('p', { class: 'prose' }, doc.info.description));
}

function list(words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const hits = operations.filter(operation => wanted.every(word => operation.text.includes(word)));
  $('list').replaceChildren(...doc.tags.map(tag => {
    const own = hits.filter(operation => (operation.tags || []).includes(tag.name));
    return own.length ? el('li', {}, el('h2', { title: tag.description }, tag.name),
      own.map(operation => el('a', { href: '#' + operation.operationId,
        title: operation.summary || '' },
      el('span', { class: 'method ' + operation.method }, operation.method.toUpperCase()),
      operation.path.replace('/api/v1/', '')))) : '';
  }));
}

function route() {
  const operation = operations.find(one => one.operationId === location.hash.slice(1));
  if (operation) show(operation);
  else showStart();
}

async function main() {
  doc = await (await fetch('/api/v1/openapi.json')).json();
  for (const [path, item] of Object.entries(doc.paths)) {
    for (const method of METHODS.filter(name => item[name])) {
      const raw = item[method];
      const changes = !['get', 'head', 'options'].includes(method);
      const headers = [...(changes && path.includes('{') ? ['If-Match'] : []),
        ...(method === 'post' ? ['Idempotency-Key'] : [])];
      operations.push({ ...raw, path, method, headers,
        requestBody: raw.requestBody && resolve(raw.requestBody),
        parameters: [...(item.parameters || []), ...(raw.parameters || [])].map(resolve),
        text: `${method} ${path} ${raw.operationId} ${raw.summary || ''}`.toLowerCase() });
    }
  }
  $('version').textContent = `API v${doc.info.version}`;
  list('');
  $('search').addEventListener('input', event => list(event.target.value));
  addEventListener('hashchange', route);
  route();
}

main().catch(error => $('main').replaceChildren(el('p', { class: 'need' }, String(error))));
