"""A headless Chromium, driven over its debugging pipe with the standard library alone."""
import base64
import fcntl
import json
import os
import pathlib
import select
import shutil
import struct
import subprocess
import tempfile
import time
import zlib

CHROMIUM = shutil.which('chromium') or shutil.which('chromium-browser') or shutil.which('google-chrome')


class Browser:
    """One page. Use as a context; every wait has a limit."""

    def __init__(self, timeout=60):
        self.timeout = timeout
        self.profile = tempfile.TemporaryDirectory(prefix='mxcheck_browser_', ignore_cleanup_errors=True)
        theirs_in, self.out = (self._high(fd) for fd in os.pipe())
        self.input, theirs_out = (self._high(fd) for fd in os.pipe())

        def as_three_and_four():
            os.dup2(theirs_in, 3)
            os.dup2(theirs_out, 4)

        self.process = subprocess.Popen(
            [CHROMIUM, '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
             '--remote-debugging-pipe', '--hide-scrollbars', '--no-first-run',
             f'--user-data-dir={self.profile.name}', 'about:blank'],
            pass_fds=(3, 4), preexec_fn=as_three_and_four, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self.number, self.buffer, self.events, self.session = 0, b'', [], None
        target = self.send('Target.createTarget', url='about:blank')['targetId']
        self.session = self.send('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.send(domain + '.enable')
        self.size(1300, 900)

    @staticmethod
    def _high(fd):
        """The descriptor under a number that is neither 3 nor 4."""
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
        os.close(fd)
        return high

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        os.close(self.out)
        os.close(self.input)
        self.profile.cleanup()

    def _message(self, until):
        while b'\0' not in self.buffer:
            ready, _, _ = select.select([self.input], [], [], max(0, until - time.monotonic()))
            if not ready:
                raise TimeoutError('the browser does not answer')
            piece = os.read(self.input, 1 << 20)
            if not piece:
                raise EOFError('the browser is gone')
            self.buffer += piece
        text, self.buffer = self.buffer.split(b'\0', 1)
        return json.loads(text)

    def send(self, method, **params):
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': params}
        if self.session:
            message['sessionId'] = self.session
        data = json.dumps(message).encode() + b'\0'
        while data:
            data = data[os.write(self.out, data):]
        until = time.monotonic() + self.timeout
        while True:
            answer = self._message(until)
            if answer.get('id') != self.number:
                self.events.append(answer)
            elif 'error' in answer:
                raise RuntimeError(f'{method}: {answer["error"]}')
            else:
                return answer['result']

    def wait_for(self, method):
        until = time.monotonic() + self.timeout
        while not any(event.get('method') == method for event in self.events):
            self.events.append(self._message(until))

    def size(self, width, height):
        self.send('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1,
                  mobile=False)

    def look(self, scheme='light', media='screen'):
        self.send('Emulation.setEmulatedMedia', media=media,
                  features=[{'name': 'prefers-color-scheme', 'value': scheme}])

    def scripts(self, on):
        self.send('Emulation.setScriptExecutionDisabled', value=not on)

    def open(self, path, fragment=''):
        """Loads the file and returns the seconds until it has been painted."""
        self.events.clear()
        self.send('Page.navigate', url='about:blank')  # a new fragment alone would load nothing
        self.wait_for('Page.loadEventFired')
        self.events.clear()
        start = time.monotonic()
        self.send('Page.navigate', url=pathlib.Path(path).resolve().as_uri() + fragment)
        self.wait_for('Page.loadEventFired')
        self.run('document.documentElement.getBoundingClientRect().height')
        self.send('Page.captureScreenshot', format='jpeg', quality=1)
        return time.monotonic() - start

    def run(self, expression):
        """The value of an expression, also where the page's own scripts are switched off."""
        answer = self.send('Runtime.evaluate', expression=expression, returnByValue=True,
                           awaitPromise=True)
        if 'exceptionDetails' in answer:
            raise RuntimeError(f'{expression}: {answer["exceptionDetails"]}')
        return answer['result'].get('value')

    def key(self, key, code=0, text=None):
        pressed = {'key': key, 'code': key, 'windowsVirtualKeyCode': code}
        self.send('Input.dispatchKeyEvent', type='keyDown', **pressed, **({'text': text} if text else {}))
        self.send('Input.dispatchKeyEvent', type='keyUp', **pressed)

    def complaints(self):
        """What the page threw, logged as an error, or was refused."""
        self.run('0')
        found = []
        for event in self.events:
            params = event.get('params', {})
            if event.get('method') == 'Runtime.exceptionThrown':
                found.append(str(params['exceptionDetails'].get('text')))
            if event.get('method') == 'Log.entryAdded' and params['entry']['level'] == 'error':
                found.append(params['entry']['text'])
            if event.get('method') == 'Page.javascriptDialogOpening':
                found.append('a dialog: ' + params['message'])
        return found

    def requests(self):
        return [event['params']['request']['url'] for event in self.events
                if event.get('method') == 'Network.requestWillBeSent']

    def picture(self):
        """The visible part as rows of (r, g, b)."""
        data = self.send('Page.captureScreenshot', format='png')['data']
        return read_png(base64.b64decode(data))

    def pdf(self):
        return base64.b64decode(self.send('Page.printToPDF')['data'])


def read_png(data):
    """Rows of (r, g, b) of an 8-bit RGB or RGBA picture."""
    at, width, height, channels, packed = 8, 0, 0, 3, b''
    while at < len(data):
        length, kind = struct.unpack('>I4s', data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b'IHDR':
            width, height, _, color = struct.unpack('>IIBB', body[:10])
            channels = {2: 3, 6: 4}[color]
        if kind == b'IDAT':
            packed += body
        at += 12 + length
    raw, stride, rows, before = zlib.decompress(packed), width * channels, [], bytearray(width * channels)
    for y in range(height):
        start = y * (stride + 1)
        method, line = raw[start], bytearray(raw[start + 1:start + 1 + stride])
        for i in range(stride):
            left = line[i - channels] if i >= channels else 0
            above = before[i]
            corner = before[i - channels] if i >= channels else 0
            if method == 1:
                line[i] = (line[i] + left) & 255
            elif method == 2:
                line[i] = (line[i] + above) & 255
            elif method == 3:
                line[i] = (line[i] + (left + above) // 2) & 255
            elif method == 4:
                guess = left + above - corner
                nearest = min((abs(guess - left), 0, left), (abs(guess - above), 1, above),
                              (abs(guess - corner), 2, corner))
                line[i] = (line[i] + nearest[2]) & 255
        rows.append([tuple(line[i:i + 3]) for i in range(0, stride, channels)])
        before = line
    return rows
