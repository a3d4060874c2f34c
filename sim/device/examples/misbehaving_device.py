#!/usr/bin/env python3
"""Devices that break instead of answering: misbehaving_device.py --how HOW --at TEXT.

Correct until a request whose name contains TEXT; then what HOW says. The tests expect that this
costs the case it happens in, and nothing else.
"""
import base64
import json
import os
import signal
import sys
import time

from reference_device import Device, decode, encode

LONG = 600  # seconds that no test waits for


def reply_of(device, request):
    result = request['result']
    return {'id': request['id'],
            'result': encode(result['dtype'], result['shape'], device.answer(request))}


def detach(path):
    """A grandchild in a session of its own that would outlive everything; it has written its id when this returns."""
    ready, tell = os.pipe()
    if os.fork() != 0:
        os.close(tell)
        os.read(ready, 1)
        os.close(ready)
        return
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
    with open(path, 'w', encoding='ascii') as file:
        file.write(str(os.getpid()))
    os.write(tell, b'.')
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(LONG)
    os._exit(0)


def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def misbehave(how, device, request):
    reply = reply_of(device, request)
    if how == 'crash':
        print('about to crash \x1b[31m\x07', file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGSEGV)
    elif how == 'exit':
        sys.exit(3)
    elif how == 'hang':
        time.sleep(LONG)
    elif how == 'flood_stdout':
        while True:
            say('x' * 65536)
    elif how == 'flood_lines':
        while True:
            say('{}\n' * 4096)
    elif how == 'flood_stderr':
        while True:
            os.write(2, b'y' * 65536)
    elif how == 'garbage':
        say('\x00\xff no json\n')
    elif how == 'not_utf8':
        sys.stdout.buffer.write(b'{"id": \xff\xfe}\n')
        sys.stdout.flush()
    elif how == 'deep':
        say('[' * 100000 + '\n')
    elif how == 'wrong_id':
        say(json.dumps({**reply, 'id': request['id'] + 1000}) + '\n')
    elif how == 'twice':
        say((json.dumps(reply) + '\n') * 2)
    elif how == 'wrong_shape':
        reply['result']['shape'] = [1] + reply['result']['shape']
        say(json.dumps(reply) + '\n')
    elif how == 'wrong_type':
        reply['result']['dtype'] = 'u32'
        say(json.dumps(reply) + '\n')
    elif how == 'huge_shape':
        reply['result']['shape'] = [2 ** 62, 2 ** 62]
        say(json.dumps(reply) + '\n')
    elif how == 'bad_base64':
        reply['result']['data'] = '!' + reply['result']['data'][1:]
        say(json.dumps(reply) + '\n')
    elif how == 'short':
        data = base64.b64decode(reply['result']['data'])[:-1]
        reply['result']['data'] = base64.b64encode(data).decode()
        say(json.dumps(reply) + '\n')
    elif how == 'error':
        say(json.dumps({'id': request['id'], 'error': 'not today'}) + '\n')
    elif how == 'close_stdin':
        os.close(0)
        time.sleep(LONG)
    elif how == 'close_stdout':
        os.close(1)
        time.sleep(LONG)
    elif how == 'midway':
        say(json.dumps(reply)[:40])
        os._exit(1)
    elif how == 'memory':
        hoard = []
        while True:
            hoard.append(bytearray(64 << 20))
    else:
        sys.exit(f'there is no way {how} to misbehave')


def main():
    how, at, rest = sys.argv[2], sys.argv[4], sys.argv[5:]
    device = Device()
    if how == 'no_hello':
        time.sleep(LONG)
    sys.stdin.readline()
    version = 99 if how == 'other_protocol' else 1
    say(json.dumps({'hello': {'protocol': version}}) + '\n')
    if how == 'detach':
        detach(rest[0])
    held = []
    while line := sys.stdin.readline():
        request = json.loads(line)
        if how == 'out_of_order':
            held.append(request)
            if len(held) == 2 or request['name'].endswith(at):
                for one in reversed(held):
                    say(json.dumps(reply_of(device, one)) + '\n')
                held = []
        elif how != 'detach' and at in request['name']:
            misbehave(how, device, request)
        else:
            say(json.dumps(reply_of(device, request)) + '\n')


if __name__ == '__main__':
    main()
