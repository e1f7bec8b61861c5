#!/usr/bin/python3
"""The HTML report in headless Chromium: usage: check.py [--axe axe.min.js] FOLDER. Pictures of each report, light and dark, and a PDF go to
the folder: look at them. Checked are the console, that nothing is asked of the network, the search, the copy buttons, the keyboard, the page
without script, and, with axe-core (npm's axe-core, axe.min.js), contrast and accessibility."""
import argparse
import base64
import json
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import tap  # noqa: E402

from selenium import webdriver  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

CASES = ('arm64-nonleaf-unwind-stripped', 'amd64-deadlock', 'amd64-bit-flip', 'windows-amd64-late-crash-stripped', 'amd64-overflow', 'amd64-live')
NASTY = '<script>document.title="hit"</script>"\'><img src=x onerror=alert(1)>'
LOG = f'panic: {NASTY}\n\ngoroutine 1 [running]:\nmain.{NASTY}(...)\n\t/src/{NASTY}.go:7\nmain.main()\n\t/src/main.go:9 +0x1d\n'
AXE_RULES = {'runOnly': ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']}


def browser():
    options = webdriver.ChromeOptions()
    for argument in ('--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--window-size=1280,900'):
        options.add_argument(argument)
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL', 'performance': 'ALL'})
    options.binary_location = '/usr/bin/chromium'
    service = webdriver.chrome.service.Service('/usr/bin/chromedriver')
    return webdriver.Chrome(options=options, service=service)


def scheme(driver, name):
    driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {'features': [{'name': 'prefers-color-scheme', 'value': name}]})


def picture(driver, path):
    size = driver.execute_cdp_cmd('Page.getLayoutMetrics', {})['cssContentSize']
    shot = driver.execute_cdp_cmd('Page.captureScreenshot', {'captureBeyondViewport': True, 'clip': {
        'x': 0, 'y': 0, 'width': size['width'], 'height': min(size['height'], 12000), 'scale': 1}})
    path.write_bytes(base64.b64decode(shot['data']))


def complaints(driver):
    return [entry['message'] for entry in driver.get_log('browser')]


def asked(driver, page):
    """What was asked of the network, or of any other file."""
    messages = [json.loads(entry['message'])['message'] for entry in driver.get_log('performance')]
    urls = [message['params']['request']['url'] for message in messages if message['method'] == 'Network.requestWillBeSent']
    return [url for url in urls if url != page.as_uri() and not url.startswith('data:')]


def accessible(driver, axe, name):
    driver.execute_cdp_cmd('Page.setBypassCSP', {'enabled': True})
    driver.refresh()
    driver.execute_script(axe)
    found = driver.execute_async_script('const done = arguments[1]; axe.run(document, arguments[0]).then(done, e => done({violations: [{id: String(e)}]}))',
                                        AXE_RULES)
    driver.execute_cdp_cmd('Page.setBypassCSP', {'enabled': False})
    wrong = [f'{one["id"]}: {one.get("help")} {[node["html"][:160] for node in one.get("nodes", [])[:3]]}' for one in found['violations']]
    tap.check(f'{name}: axe-core', '\n'.join(wrong))


def search(driver, name):
    box = driver.find_elements('css selector', '#search input')
    if not tap.check(f'{name}: a search', None if box and box[0].is_displayed() else 'there is none'):
        return
    box[0].send_keys('main.')
    hits = driver.find_elements('css selector', '.flame .hit')
    told = driver.find_element('css selector', '#search output').text
    tap.check(f'{name}: it finds', None if hits and '%' in told else told)
    box[0].clear()
    box[0].send_keys('no such function')
    tap.check(f'{name}: it finds nothing', None if not driver.find_elements('css selector', '.flame .hit') else 'hits')
    box[0].clear()


def keyboard(driver, name):
    """Tab leads to the skip link first, which leads to the report, and to every button."""
    driver.refresh()
    ActionChains(driver).send_keys(Keys.TAB).perform()
    first = driver.switch_to.active_element
    tap.check(f'{name}: Tab: the skip link', None if first.get_attribute('class') == 'skip' else first.get_attribute('outerHTML')[:200])
    ActionChains(driver).send_keys(Keys.ENTER).perform()
    tap.check(f'{name}: Enter: the report', None if driver.switch_to.active_element.get_attribute('id') == 'main' else 'elsewhere')
    reached = set()
    for _ in range(400):
        ActionChains(driver).send_keys(Keys.TAB).perform()
        element = driver.switch_to.active_element
        if element.id in reached or element.tag_name == 'body':
            break
        reached.add(element.id)
    buttons = driver.find_elements('css selector', 'main button')
    tap.check(f'{name}: every button by Tab', None if {button.id for button in buttons} <= reached else f'{len(buttons)}, {len(reached)} reached')


def copying(driver, name):
    button = driver.find_element('css selector', 'code.copy + button')
    driver.execute_cdp_cmd('Browser.grantPermissions', {'permissions': ['clipboardReadWrite', 'clipboardSanitizedWrite']})
    button.send_keys(Keys.ENTER)
    driver.implicitly_wait(2)
    tap.check(f'{name}: copied', None if driver.find_elements('css selector', 'button.copied') else button.text)
    driver.implicitly_wait(0)


def without_script(driver, page, name, sections):
    driver.execute_cdp_cmd('Emulation.setScriptExecutionDisabled', {'value': True})
    driver.get(page.as_uri())
    left = len(driver.find_elements('css selector', 'section'))
    dead = driver.find_elements('css selector', 'button, input')
    tap.check(f'{name}: whole without script', None if left == sections and not dead else f'{left} of {sections} sections, {len(dead)} dead buttons')
    driver.execute_cdp_cmd('Emulation.setScriptExecutionDisabled', {'value': False})


def check_page(driver, page, name, folder, axe):
    driver.get_log('performance') # of the page before
    for theme in ('light', 'dark'):
        scheme(driver, theme)
        driver.get(page.as_uri())
        picture(driver, folder / f'{name}-{theme}.png')
        if axe:
            accessible(driver, axe, f'{name}, {theme}')
    scheme(driver, 'light')
    driver.get(page.as_uri())
    tap.check(f'{name}: nothing asked of others', '\n'.join(asked(driver, page)))
    wide = driver.execute_script('return document.documentElement.scrollWidth - document.documentElement.clientWidth')
    tap.check(f'{name}: no wider than the window', None if wide <= 0 else f'by {wide}')
    search(driver, name)
    copying(driver, name)
    keyboard(driver, name)
    tap.check(f'{name}: console', '\n'.join(complaints(driver)))
    without_script(driver, page, name, len(driver.find_elements('css selector', 'section')))
    paper = driver.execute_cdp_cmd('Page.printToPDF', {'printBackground': True})
    (folder / f'{name}.pdf').write_bytes(base64.b64decode(paper['data']))


def hostile(driver, folder):
    with tempfile.NamedTemporaryFile('w') as log:
        log.write(LOG)
        log.flush()
        done = tap.Run(log.name, '--html')
    page = folder / 'hostile.html'
    page.write_bytes(done.out)
    driver.get_log('performance')
    driver.get(page.as_uri())
    title = driver.title
    tap.check('hostile: nothing ran', None if title != 'hit' and not driver.find_elements('css selector', 'img') else title)
    tap.check('hostile: nothing asked of others', '\n'.join(asked(driver, page)))
    tap.check('hostile: console', '\n'.join(complaints(driver)))
    picture(driver, folder / 'hostile.png')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--axe', type=pathlib.Path)
    parser.add_argument('folder', type=pathlib.Path)
    parser.add_argument('cases', nargs='*', default=CASES)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    axe = options.axe.read_text(encoding='utf-8') if options.axe else None
    with browser() as driver: # which is ended with it
        for case in options.cases:
            page = (options.folder / f'{case}.html').resolve()
            done = tap.Run(*tap.case_args(case), '--html')
            if tap.check(f'{case}: --html', done.trouble(0)):
                page.write_bytes(done.out)
                check_page(driver, page, case, options.folder, axe)
        hostile(driver, options.folder.resolve())
    tap.finish()


if __name__ == '__main__':
    main()
