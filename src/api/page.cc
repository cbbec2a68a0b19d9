// SPDX-License-Identifier: Apache-2.0
// The one page a link from `otaru user add` or the first start leads to, and the way in and out for
// a browser. Small, whole in itself, and allowed to do nothing else by its Content-Security-Policy.
// A link's token stands behind '#', which browsers keep to themselves: it is in no log and no
// Referer.
#include "api/handlers.h"
#include "base/hash.h"

namespace otaru::api {
namespace {

constexpr std::string_view kStyle =
    "body{font:16px/1.5 sans-serif;max-width:24rem;margin:4rem auto;padding:0 1rem;color:#222}"
    "label{display:block;margin:.8rem 0}input{width:100%;box-sizing:border-box;padding:.5rem;"
    "font:inherit}button{padding:.5rem 1.2rem;font:inherit}#said{margin-top:1rem;color:#a00}";

constexpr std::string_view kScript = R"js('use strict';
const by = id => document.getElementById(id), setup = location.pathname.endsWith('/setup');
const said = text => { by('said').textContent = text; };
const ask = async (method, path, body, csrf) => {
  const headers = {'Content-Type': 'application/json'};
  if (csrf) headers['X-Otaru-CSRF'] = csrf;
  const content = body && JSON.stringify(body);
  const answer = await fetch('/api/v1/' + path, {method, headers, body: content});
  const text = await answer.text(), value = text ? JSON.parse(text) : {};
  if (!answer.ok) throw new Error([value.detail, value.remedy].filter(Boolean).join('; '));
  return value;
};
let me = null;
const show = who => {
  me = who;
  by('form').hidden = !!who;
  by('in').hidden = !who;
  if (who) by('who').textContent = who.name + ', ' + who.role + ' of ' +
    (who.scope === 'server' ? 'all tenants' : who.tenant);
};
by('title').textContent = setup ? 'Choose a password' : 'Log in';
by('again').hidden = !setup;
by('optional').hidden = !setup;
by('form').addEventListener('submit', async event => {
  event.preventDefault();
  said('');
  const name = by('name').value.trim(), password = by('password').value;
  try {
    if (setup) {
      if (password !== by('repeat').value) throw new Error('the two passwords differ');
      const body = {token: location.hash.slice(1), password};
      if (name) body.name = name;
      show(await ask('POST', 'setup', body));
      history.replaceState(null, '', location.pathname);
    } else {
      show(await ask('POST', 'login', {name, password}));
    }
  } catch (error) { said(error.message); }
});
by('out').addEventListener('click', async () => {
  try {
    await ask('POST', 'logout', null, me.csrf);
    show(null);
  } catch (error) { said(error.message); }
});
if (!setup) ask('GET', 'me').then(show, () => {});
)js";

std::string source_hash(std::string_view text) {
  return "'sha256-" + base::base64(base::digest(base::HashKind::sha256, text)) + "'";
}

std::string page_text(bool provider) {
  const std::string other =
      provider ? "<p><a href=\"/api/v1/oidc/login\">Log in with your organisation</a></p>" : "";
  return "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Otaru</title>"
         "<meta name=\"viewport\" content=\"width=device-width\"><style>" +
         std::string(kStyle) +
         "</style></head><body><h1 id=\"title\">Otaru</h1><form id=\"form\"><label>Name "
         "<span id=\"optional\">(only the first person chooses one)</span><input id=\"name\" "
         "autocomplete=\"username\" autocapitalize=\"none\"></label><label>Password<input "
         "id=\"password\" type=\"password\" required autocomplete=\"current-password\"></label>"
         "<label id=\"again\">Password again<input id=\"repeat\" type=\"password\" "
         "autocomplete=\"new-password\"></label><button>Go on</button>" +
         other +
         "</form><div id=\"in\" "
         "hidden><p>You are logged in: <b id=\"who\"></b></p><button id=\"out\">Log out</button>"
         "</div><p id=\"said\" role=\"alert\"></p><script>" +
         std::string(kScript) + "</script></body></html>\n";
}

http::Response page(bool provider) {
  static const std::string kPage = page_text(false);
  static const std::string kPageWithProvider = page_text(true);
  static const std::string kPolicy =
      "default-src 'none'; script-src " + source_hash(kScript) + "; style-src " +
      source_hash(kStyle) +
      "; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
  http::Response out(200);
  out.slot(http::Slot::date)
      .header("Content-Type", "text/html; charset=utf-8")
      .slot(http::Slot::content_length)
      .header("Cache-Control", "no-store")
      .header("Content-Security-Policy", kPolicy)
      .header("X-Content-Type-Options", "nosniff")
      .header("Referrer-Policy", "no-referrer")
      .slot(http::Slot::connection_if_close)
      .text(provider ? kPageWithProvider : kPage);
  return out;
}

}  // namespace

Answer login_page(Call& call) {
  return page(call.parts.oidc != nullptr);
}

Answer setup_page(Call&) {
  return page(false);
}

}  // namespace otaru::api
