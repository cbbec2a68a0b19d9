#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Runs src/api/docs/page.js on a document object of a few lines: every operation can be shown and
// found, and nothing reaches the page as markup. The last line is "N passed, N failed".
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import yaml from 'js-yaml';

const read = path => readFileSync(fileURLToPath(new URL(path, import.meta.url)), 'utf8');
const contract = yaml.load(read('../../src/api/openapi.yaml'));

class Element {
  constructor(tag) {
    Object.assign(this, { tag, children: [], dataset: {}, listeners: {}, textContent: '' });
  }
  append(...children) { this.children.push(...children); }
  replaceChildren(...children) { this.children = children; }
  setAttribute(name, value) {
    if (name === 'href') this.hash = value;
    if (name.startsWith('data-')) this.dataset[name.slice(5)] = value;
  }
  addEventListener(name, listener) { this.listeners[name] = listener; }
  toggleAttribute() {}
  querySelectorAll() { return []; }
  get text() {
    return this.textContent + this.children.map(child => child.text ?? child).join(' ');
  }
}

const elements = {};
const listeners = {};
const location = { hash: '', origin: 'http://otaru' };
const page = vm.createContext({
  document: {
    createElement: tag => new Element(tag),
    getElementById: id => (elements[id] ??= new Element(id)),
    querySelectorAll: () => [],
  },
  location,
  scrollTo() {},
  addEventListener: (name, listener) => { listeners[name] = listener; },
  fetch: async () => ({ json: async () => contract }),
});
const script = read('../../src/api/docs/page.js');
vm.runInContext(script, page);
await new Promise(resolve => setTimeout(resolve, 50));

let passed = 0;
const failures = [];
const check = (good, what) => { good ? passed += 1 : failures.push(what); };
for (const [path, item] of Object.entries(contract.paths)) {
  for (const operation of Object.values(item).filter(one => one.operationId)) {
    location.hash = '#' + operation.operationId;
    listeners.hashchange();
    const shown = elements.main.text;
    check(shown.includes(path) && shown.includes(operation.operationId),
      `${operation.operationId} is not shown`);
    check(elements.list.text.includes(path.replace('/api/v1/', '')), `${path} is not in the list`);
  }
}
elements.search.listeners.input({ target: { value: 'create_release' } });
check(elements.list.text.includes('POST') && !elements.list.text.includes('GET'), 'the search');
check(!/innerHTML|outerHTML|insertAdjacent|document\.write|eval\(/.test(script), 'markup');
for (const failure of failures) console.log('FAILED', failure);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length ? 1 : 0;
