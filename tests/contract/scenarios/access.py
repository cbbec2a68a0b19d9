# SPDX-License-Identifier: Apache-2.0
"""People and their sessions."""
from client import Failure
from world import Id, Input, Key, scenario

PASSWORD = 'correct horse battery'


def person(w):
    """One who was asked in: (id, token of the link)."""
    row = w.api('POST', '/users', {'name': w.fresh('user'), 'role': 'admin'})
    return Id(row['id']), row['token']


def session(w):
    """Headers of somebody who is logged in, and the session's id; the last one while it lives,
    because logging in is slowed down."""
    if hasattr(w, 'logged_in'):
        headers = w.logged_in[0]
        if w.server.send('GET', '/api/v1/me', None, headers).status == 200:
            return w.logged_in
    answer = w.call('POST', '/setup', {'token': person(w)[1], 'password': PASSWORD})
    if answer.status != 200:
        raise Failure(f'the world: nobody can log in: {answer}')
    w.logged_in = ({'Cookie': answer.headers['set-cookie'].split(';')[0],
                    'X-Otaru-CSRF': answer.json()['csrf']}, Key(answer.json()['session']))
    return w.logged_in


@scenario('login_page', 'setup_page', 'get_me', 'list_sessions', 'list_users')
def _(w):
    return Input()


@scenario('log_in')
def _(w):
    if not hasattr(w, 'known_name'):
        number, token = person(w)
        w.api('POST', '/setup', {'token': token, 'password': PASSWORD})
        w.known_name = w.api('GET', f'/users/{number}')['name']
    return Input(body={'name': w.known_name, 'password': PASSWORD}, slowed_down=True)


@scenario('set_up')
def _(w):
    return Input(body={'token': person(w)[1], 'password': PASSWORD}, slowed_down=True)


@scenario('log_out')
def _(w):
    return Input(session=session(w)[0])


@scenario('change_password')
def _(w):
    return Input(session=session(w)[0], slowed_down=True,
                 body={'current': PASSWORD, 'password': PASSWORD + ' staple'})


@scenario('end_session')
def _(w):
    headers, number = session(w)
    return Input(session=headers, path={'key': number})


@scenario('create_user')
def _(w):
    return Input(body={'name': w.fresh('user'), 'role': 'viewer'})


@scenario('get_user', 'delete_user', 'invite_user', 'reset_user_password')
def _(w):
    return Input(path={'id': person(w)[0]})


@scenario('update_user')
def _(w):
    return Input(path={'id': person(w)[0]}, body={'display_name': w.fresh('name')})
