"""The HTML report as a reader meets it: in a browser, light and dark, without scripts, on paper."""
import copy
import json
import unittest

from browser import CHROMIUM, Browser
from support import REPOSITORY, ToolTest, dense, read_safetensors, write_safetensors

HOSTILE = '</script><script>window.pwned = 1</script><img src=x onerror="window.pwned = 2">\u202e"\'><b>'

# What an element shows: its text, and whether a reader sees it.
SEEN = '''(selector => [...document.querySelectorAll(selector)].filter(e =>
  e.checkVisibility() && e.getBoundingClientRect().width > 0).length)'''


def colours(rows):
    return {pixel for row in rows[::3] for pixel in row[::3]}


@unittest.skipIf(CHROMIUM is None, 'chromium is not installed')
class HtmlReport(ToolTest):
    def setUp(self):
        super().setUp()
        self.browser = Browser()
        self.addCleanup(self.browser.__exit__)

    def seen(self, selector):
        return self.browser.run(f'{SEEN}({json.dumps(selector)})')

    def shown_text(self, selector):
        return self.browser.run(f'document.querySelector({json.dumps(selector)}).innerText')

    def report(self, *arguments, name='r.html'):
        self.tool('run', *arguments, '--report', f'html={name}', '--report', f'json={name}.json')
        return self.folder / name

    def mixed(self):
        """Two cases that fail on a wrong PE, and what passes beside them."""
        self.report(REPOSITORY / 'cases', '--id', 'qt/dense_f32_ieee', '--id', 'qt/batched', '--fault',
                    'weight_stuck_at_0', '--level', 'functional', name='f.html')
        self.report(REPOSITORY / 'cases', '--id', 'models/mlp_srq', '--id', 'srq/frozen', name='p.html')
        report = json.loads((self.folder / 'f.html.json').read_text())
        passing = json.loads((self.folder / 'p.html.json').read_text())
        report['cases'] += passing['cases']
        for check in report['cases'][3]['checks']:
            check['bound'] = 0
        return self.view(report, 'm')

    def view(self, report, name):
        failed = sum(c['status'] == 'FAIL' for c in report['cases'])
        report['totals'] = {'passed': len(report['cases']) - failed, 'failed': failed, 'skipped': 0}
        self.write(name + '.json', json.dumps(report))
        self.tool('report', name + '.json', '--report', f'html={name}.html', code=0)
        return self.folder / (name + '.html')

    def test_summary_failures_and_static_ranges_are_there_to_be_seen_light_and_dark(self):
        page = self.mixed()
        grounds = []
        for scheme in ('light', 'dark'):
            self.browser.look(scheme)
            self.browser.open(page)
            self.assertEqual(self.browser.complaints(), [])
            self.assertEqual(self.browser.requests(), [page.resolve().as_uri()])
            self.assertEqual(self.shown_text('.tiles').split(), ['2failed', '2passed', '0skipped'])
            self.assertIn('Planted fault', self.shown_text('header'))
            picture = self.browser.picture()
            self.assertGreater(len(colours(picture)), 20)
            grounds.append(sum(picture[5][5]))

            self.browser.run("document.querySelector('#c0 .finding').scrollIntoView()")
            self.assertEqual(self.seen('#failures details[open]'), 2)
            text = self.shown_text('#c0')
            for part in ('root cause', '/fwd/acc', 'golden', '0x', 'PE map', 'sim minus expected', 'repeat:',
                         'Layers beside', 'Agreement of gradients', 'Codes of every quantization',
                         'Roofline', 'Checks'):
                self.assertIn(part, text)
            self.assertGreater(self.seen('#c0 .window td.differs'), 0)
            self.assertGreater(self.seen('#c0 .mxdraw .fail'), 0)
            self.assertGreater(self.seen('#c0 svg.codes .b'), 0)
            self.assertGreater(len(colours(self.browser.picture())), 20)

            self.browser.open(page, '#c2')
            self.assertEqual(self.seen('#c2[open]'), 1)
            self.assertIn('srq', self.shown_text('#c2 summary'))
            self.browser.run("document.querySelector('#c2 .trace').scrollIntoView()")
            self.assertGreater(self.seen('#c2 .trace svg .line'), 0)
            self.assertIn('in use', self.shown_text('#c2 .trace'))
            self.assertIn('updated', self.shown_text('#c2 .trace'))
            self.assertGreater(len(colours(self.browser.picture())), 20)
        self.assertGreater(grounds[0], 600)
        self.assertLess(grounds[1], 200)

    def test_search_and_filters_narrow_the_table_and_keys_are_enough(self):
        self.browser.open(self.mixed())
        rows = '.cases tbody tr:not([hidden])'

        def choose(field, value):
            self.browser.run(f'''(() => {{ const e = document.getElementById('{field}');
                e.value = {json.dumps(value)}; e.dispatchEvent(new Event('input', {{bubbles: true}})); }})()''')
            self.browser.run('new Promise(r => setTimeout(r, 150))')
            return self.seen(rows)
        self.assertEqual(self.seen(rows), 4)
        self.assertEqual(choose('status', 'FAIL'), 2)
        self.assertEqual(choose('search', 'BATCHED'), 1)
        self.assertEqual(choose('search', 'batched nothing'), 0)
        self.assertIn('0 of 4 shown', self.shown_text('#filters'))
        self.browser.run("document.querySelector('#filters button').click()")
        self.browser.run('new Promise(r => setTimeout(r, 150))')
        self.assertEqual(self.seen(rows), 4)
        self.assertEqual(choose('op', 'relu'), 1)
        choose('op', '')
        self.assertEqual(choose('tag', 'srq'), 1)
        choose('tag', '')
        self.assertEqual(choose('class', 'BOUND'), 3)
        self.assertEqual(choose('class', 'EXACT'), 1)
        choose('class', '')
        self.browser.key('/', 191, '/')
        self.assertEqual(self.browser.run('document.activeElement.id'), 'search')
        self.browser.run("document.activeElement.blur()")
        # From the top: the first stop leads to the table, and a case opens and closes by Enter.
        self.browser.run("window.getSelection().removeAllRanges(); document.body.tabIndex = -1; document.body.focus()")
        self.browser.key('Tab', 9)
        self.assertEqual(self.browser.run('document.activeElement.getAttribute("href")'), '#table')
        self.browser.run("document.querySelector('#c0 > summary').focus()")
        self.browser.key('Enter', 13, '\r')
        self.assertEqual(self.browser.run("document.getElementById('c0').open"), False)
        self.browser.key('Enter', 13, '\r')
        self.assertEqual(self.browser.run("document.getElementById('c0').open"), True)
        self.assertEqual(self.browser.complaints(), [])

    def test_without_scripts_everything_is_there(self):
        page = self.mixed()
        self.browser.scripts(on=False)
        self.browser.open(page)
        self.assertEqual(self.seen('#filters'), 0)
        self.assertEqual(self.seen('.cases tbody tr'), 4)
        self.assertGreater(self.seen('#c0 .window td.differs'), 0)
        self.assertIn('in use', self.browser.run("document.getElementById('c2').textContent"))
        self.browser.run("document.querySelector('#c2 > summary').focus()")
        self.browser.key('Enter', 13, '\r')
        self.assertGreater(self.seen('#c2 .trace svg'), 0)

    def test_it_fits_a_narrow_window_prints_and_names_its_parts(self):
        page = self.mixed()
        for width in (390, 800, 1600):
            self.browser.size(width, 900)
            self.browser.open(page)
            self.browser.run("document.querySelectorAll('details').forEach(e => e.open = true)")
            wide = self.browser.run(f'''[...document.querySelectorAll('body *')].filter(e =>
                e.getBoundingClientRect().right > {width} && !e.closest('.scroll, figure')).map(e =>
                e.outerHTML.slice(0, 100))''')
            self.assertEqual(wide, [])
            self.assertLessEqual(self.browser.run('document.documentElement.scrollWidth'), width)
        nameless = self.browser.run('''[...document.querySelectorAll('svg')].filter(e =>
            e.getAttribute('aria-hidden') !== 'true' && !e.getAttribute('aria-label') &&
            !e.querySelector('title')).length''')
        self.assertEqual(nameless, 0)
        unlabelled = self.browser.run('''[...document.querySelectorAll('input, select')].filter(e =>
            !e.labels.length).length''')
        self.assertEqual(unlabelled, 0)
        self.assertEqual(self.browser.run('document.documentElement.lang'), 'en')
        self.browser.look('dark', 'print')
        self.assertEqual(self.seen('#filters') + self.seen('nav'), 0)
        self.assertEqual(self.browser.run('getComputedStyle(document.body).backgroundColor'),
                         'rgb(255, 255, 255)')
        pdf = self.browser.pdf()
        self.assertTrue(pdf.startswith(b'%PDF'))
        self.assertGreater(len(pdf), 20_000)

    def test_hostile_names_and_titles_stay_text(self):
        name = HOSTILE.replace('/', '_')
        self.write_blessed('cases/good.json', dense(title=HOSTILE, description=HOSTILE))
        case = dense(title=HOSTILE)
        case['nodes'][0]['name'] = case['nodes'][1]['args'][0] = '<svg onload=window.pwned=3>'
        _, golden = self.write_blessed('cases/bad.json', case)
        values = read_safetensors(golden)
        dtype, shape, data = values['step0/node/y']
        write_safetensors(golden, {**values, 'step0/node/y': (dtype, shape, b'\1' * len(data))})
        self.write(f'cases/{name}.json', '{"mxcheck": 1, "<img src=x onerror=window.pwned=4>": ]')
        page = self.report('cases')
        self.browser.open(page)
        self.browser.run("document.querySelectorAll('details').forEach(e => e.open = true)")
        self.assertIsNone(self.browser.run('window.pwned'))
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual(self.browser.requests(), [page.resolve().as_uri()])
        self.assertEqual(self.seen('img, iframe, object, b'), 0)
        self.assertEqual(self.browser.run('document.scripts.length'), 1)
        self.assertIn('<script>window.pwned = 1</script>', self.shown_text('main'))
        self.assertIn('[U+202E]', self.shown_text('main'))
        # And were a script to slip in, the page's policy would not let it run.
        text = page.read_text('utf-8').replace('<main>', '<main><script>window.pwned = 5</script>')
        self.write('slipped.html', text)
        self.browser.open(self.folder / 'slipped.html')
        self.assertIsNone(self.browser.run('window.pwned'))
        self.assertNotEqual(self.browser.complaints(), [])

    def test_two_thousand_cases_open_within_two_seconds_and_ten_megabytes(self):
        self.report(REPOSITORY / 'cases', '-k', 'qt/ or srq/ or models/', name='p.html')
        self.report(REPOSITORY / 'cases', '-k', 'qt/', '--fault', 'weight_stuck_at_0', '--level',
                    'functional', name='f.html')
        report = json.loads((self.folder / 'p.html.json').read_text())
        failing = json.loads((self.folder / 'f.html.json').read_text())['cases']
        made = []
        for number in range(2000):
            source = failing if number % 10 == 0 else report['cases']
            case = copy.copy(source[number // 10 % len(source) if number % 10 == 0 else number % len(source)])
            case['id'] = f'made/{number:04}/{case["id"]}'
            made.append(case)
        report['cases'] = made
        page = self.view(report, 'big')
        size = page.stat().st_size
        self.assertLess(size, 10_000_000)
        seconds = self.browser.open(page)
        for _ in range(4):  # other work on the machine is not the page's fault
            seconds = seconds if seconds < 2 else min(seconds, self.browser.open(page))
        print(f'2000 cases: {size / 1e6:.1f} MB, opened and painted in {seconds:.2f} s')
        self.assertLess(seconds, 2)
        self.assertEqual(self.browser.complaints(), [])
        self.assertEqual(self.seen('.cases tbody tr'), 2000)
        self.assertEqual(self.browser.run("document.querySelectorAll('details.case').length"), 2000)
        self.assertGreater(self.seen('#failures .window td.differs'), 0)


if __name__ == '__main__':
    unittest.main()
