"""The pages in a real browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.report.made import PROGRAM, annotated, run

from pykcov.errors import PykcovError
from pykcov.measure.datafile import DataFile
from pykcov.report.annotate import index, page
from pykcov.report.annotate.source import Annotated, Source

pytestmark = pytest.mark.once
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
needs_browser = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no chromium with chromedriver here"
)


class Codes(HTMLParser):
    """The text of <code> elements, and the names of all tags and attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.codes: list[str] = []
        self.tags: set[str] = set()
        self._in = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "code":
            self.codes.append("")
            self._in = True

    def handle_endtag(self, tag: str) -> None:
        self._in = self._in and tag != "code"

    def handle_data(self, data: str) -> None:
        if self._in:
            self.codes[-1] += data


TAGS = Codes(page.file_page(annotated("a", {}), "a")).tags | {"span", "wbr"}


@given(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), min_size=1),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.integers(0, 20),
    st.integers(0, 20),
)
def test_whatever_a_source_says_is_text(text: str, name: str, start: int, end: int) -> None:
    source = annotated(f"#{text}</script><b>&amp;", {(1, start, 1, end): 0})
    found = Codes(page.file_page(source, f"<i>{name}"))
    assert found.codes == [f"#{text}</script><b>&amp;"]
    assert found.tags <= TAGS


def test_names_of_pages() -> None:
    assert page.name_of("/a/x y<é>.py") != page.name_of("/b/x y<é>.py")
    assert re.fullmatch(r"x_y___-[0-9a-f]{10}\.html", page.name_of("/a/x y<é>.py"))
    assert page.shown(["/a/b/c.py", "/a/d.py"]) == {"/a/b/c.py": "b/c.py", "/a/d.py": "d.py"}
    assert page.shown(["/a/c.py", "/d.py"]) == {"/a/c.py": "/a/c.py", "/d.py": "/d.py"}
    assert page.breakable("a/<b>/c") == "a/<wbr>&lt;b&gt;/<wbr>c"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PykcovError) as raised:
        index.write([annotated("a", {})], tmp_path / "file" / "html")
    assert raised.value.slug == "pages-unwritable"


def test_nothing_comes_from_elsewhere(tmp_path: Path) -> None:
    index.write([annotated("a", {(1, 0, 1, 1): 1})], tmp_path)
    assert len(list(tmp_path.iterdir())) == 4
    for path in tmp_path.iterdir():
        assert not re.search(r"(https?:)?//\w", path.read_text(encoding="utf-8")), path


# -- the browser ----------------------------------------------------------------------------------


TESTS = ("test_0", "test_1</script>", *(f"test_{n}" for n in range(2, 9)))


class Pages:
    """The pages of PROGRAM in a browser."""

    def __init__(self, driver: Any, folder: Path, source: Source) -> None:
        self.driver = driver
        self.source = source
        self.index = (folder / "index.html").as_uri()
        self.other = (folder / page.name_of("/there/is/none.py")).as_uri()
        self.file = (folder / page.name_of(source.path)).as_uri()

    def open(self, url: str, width: int = 1100, height: int = 700, scheme: str = "light") -> None:
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        features = [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        self.driver.get("about:blank")
        self.driver.get(url)

    def press(self, keys: str) -> None:
        self.driver.switch_to.active_element.send_keys(keys)

    def js(self, expression: str) -> Any:
        return self.driver.execute_script(f"return {expression}")

    def focused(self) -> int | None:
        """The number of the block that has the focus."""
        number = self.js("document.activeElement.dataset.b")
        return None if number is None else int(number)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    webdriver = pytest.importorskip("selenium.webdriver")
    folder = tmp_path_factory.mktemp("pages")
    path = run(folder, PROGRAM)
    source = Annotated(DataFile(folder / ".pykcov").read()).source(path)
    other = annotated("b = 1", {(1, 0, 1, 5): 1}, TESTS)
    index.write([source, other], folder / "html", "2026-01-02 03:04")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    try:
        yield Pages(driver, folder / "html", source)
    finally:
        driver.quit()


@needs_browser
@pytest.mark.slow
class TestInABrowser:
    """One browser for all of them."""

    def test_the_text_is_the_source(self, pages: Pages) -> None:
        pages.open(pages.file)
        found = pages.js("[...document.querySelectorAll('code')].map(c => c.textContent)")
        assert "".join(line + "\n" for line in found) == PROGRAM

    def test_keys_go_round_the_blocks_not_executed(self, pages: Pages) -> None:
        missing = pages.source.missing
        assert len(missing) > 3
        for forth, back in ("jk", "np"):
            pages.open(pages.file)
            seen = []
            for _ in range(len(missing) + 1):
                pages.press(forth)
                seen.append(pages.focused())
            assert seen == [*missing, missing[0]]
            pages.press(back)
            assert pages.focused() == missing[-1]
            pages.press("g")
            assert pages.focused() is None
        pages.press("u")
        assert pages.driver.current_url == pages.index

    def test_a_focused_block_tells_its_count_and_can_be_seen(self, pages: Pages) -> None:
        for width in (1100, 360):
            pages.open(pages.file, width)
            for number in pages.source.missing:
                pages.press("j")
                told = pages.js("document.activeElement.getAttribute('aria-label')")
                assert "never executed" in told
                assert str(pages.source.blocks[number]) in told
                assert told.startswith(pages.js("document.activeElement.title"))
                assert "never executed" in pages.js("document.getElementById('status').textContent")
                assert pages.js("getComputedStyle(document.activeElement).outlineStyle") == "solid"
                x, y = pages.js(
                    "(r => [r.left + Math.min(r.width, 8) / 2, r.top + 8])"
                    "(document.activeElement.getClientRects()[0])"
                )
                assert pages.js(
                    f"document.activeElement.contains(document.elementFromPoint({x}, {y}))"
                ), told

    def test_hovering_tells_the_count(self, pages: Pages) -> None:
        pages.open(pages.file)
        action = pytest.importorskip("selenium.webdriver").ActionChains(pages.driver)
        block = pages.driver.find_element("css selector", ".b.h3, .b.h2")
        action.move_to_element(block).perform()
        assert re.search(
            r"executed \d+ times \(\d+:\d+", pages.js("document.getElementById('status').innerText")
        )

    def test_the_tab_key_reaches_source_and_block(self, pages: Pages) -> None:
        pages.open(pages.file)
        tab = "\ue004"
        seen = []
        for _ in range(7):
            pages.press(tab)
            seen.append(pages.js("document.activeElement.id || document.activeElement.dataset.b"))
        assert seen[:5] == ["up", "previous", "next", "ask", "source"]
        assert seen[5] == str(pages.source.missing[0])
        assert seen[6] in (None, "up")

    def test_help(self, pages: Pages) -> None:
        pages.open(pages.file)
        pages.press("?")
        assert pages.js("document.getElementById('help').open")
        assert "next block not executed" in pages.js("document.getElementById('help').innerText")
        pages.press("j")
        assert pages.focused() is None, "the keys are the help's"
        pages.press("\ue00c")
        assert not pages.js("document.getElementById('help').open")

    def test_a_narrow_window_scrolls_the_source_only(self, pages: Pages) -> None:
        for url in (pages.file, pages.index):
            pages.open(url, 360, 640)
            assert pages.js("innerWidth") == 360
            assert pages.js("document.documentElement.scrollWidth") == 360
            assert pages.js("document.body.scrollHeight") <= 640
            assert pages.js("document.getElementById('source').clientHeight") > 300
        pages.open(pages.file, 360, 640)
        assert pages.js("document.getElementById('source').scrollWidth") > 3000

    def test_the_list_of_files(self, pages: Pages) -> None:
        pages.open(pages.index, 360, 640)
        paths = "[...document.querySelectorAll('tbody a')].map(a => a.textContent)"
        listed = pages.js(paths)
        assert len(listed) == 2
        seen = []
        for key in "jjjk":
            pages.press(key)
            seen.append(pages.js("document.activeElement.textContent"))
        assert seen == [*listed, listed[0], listed[1]]
        heads = pages.driver.find_elements("css selector", "thead button")
        shares = "[...document.querySelectorAll('tbody .share')].map(c => Number(c.dataset.v))"
        assert len(set(pages.js(shares))) == 2
        for click, order in (("once", 1), ("again", -1)):
            heads[1].click()
            assert pages.js(shares) == sorted(pages.js(shares))[::order], click
        heads[0].click()
        assert pages.js(paths) == listed
        assert pages.js("document.querySelectorAll('[aria-sort]').length") == 1
        pages.press("?")
        assert "next file" in pages.js("document.getElementById('help').innerText")

    def test_light_and_dark(self, pages: Pages) -> None:
        def brightness(element: str, which: str) -> float:
            colour = pages.js(f"getComputedStyle(document.querySelector('{element}')).{which}")
            red, green, blue = (int(n) for n in re.findall(r"\d+", colour)[:3])
            return 0.3 * red + 0.6 * green + 0.1 * blue

        for url in (pages.file, pages.index):
            pages.open(url, scheme="light")
            assert brightness("body", "backgroundColor") > 220
            assert brightness("body", "color") < 80
            pages.open(url, scheme="dark")
            assert brightness("body", "backgroundColor") < 40
            assert brightness("body", "color") > 180
            legend = pages.js("document.querySelectorAll('.legend li').length")
            assert legend == 8

    def test_a_filter_and_the_total_of_what_is_left(self, pages: Pages) -> None:
        total = "[...document.querySelectorAll('tfoot td')].map(cell => cell.innerText.trim())"
        listed = "[...document.querySelectorAll('tbody tr')].filter(r => r.offsetHeight).length"
        pages.open(pages.index)
        whole = pages.js(total)
        missing, blocks = len(pages.source.missing), len(pages.source.blocks)
        assert whole[1:3] == [str(missing), str(blocks + 1)]
        pages.press("/")
        for text, files, sums in (
            ("PROG py", 1, [str(missing), str(blocks)]),
            ("nothing like it", 0, ["0", "0"]),
            ("", 2, whole[1:3]),
        ):
            pages.js("document.getElementById('filter').value = ''")
            pages.press(text + " \b")
            assert (pages.js(listed), pages.js(total)[1:3]) == (files, sums), text
        assert pages.js("document.querySelector('tbody a').title") in (
            pages.source.path,
            "/there/is/none.py",
        )
        assert "measured 2026-01-02 03:04" in pages.js("document.body.innerText")

    def test_the_contexts_of_a_block(self, pages: Pages) -> None:
        pages.open(pages.other)
        title = pages.js("document.querySelector('.b').title")
        assert title.endswith(" in test_0, test_1</script> and 7 more")
        pages.press("c")
        assert not pages.js("document.getElementById('within').open"), "of no block"
        pages.js("document.querySelector('.b').focus()")
        pages.press("c")
        found = pages.js("[...document.querySelectorAll('#within li')].map(li => li.innerText)")
        assert found == sorted(TESTS)
        pages.press("\ue00c")
        assert not pages.js("document.getElementById('within').open")

    def test_words_have_colours_that_can_be_read(self, pages: Pages) -> None:
        def light(colour: str) -> float:
            parts = [int(n) / 255 for n in re.findall(r"\d+", colour)[:3]]
            r, g, b = (p / 12.92 if p <= 0.04 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
            return 0.2126 * r + 0.7152 * g + 0.0722 * b

        for scheme in ("light", "dark"):
            pages.open(pages.file, scheme=scheme)
            assert pages.js("document.querySelector('code .k').textContent") == "import"
            papers = [
                pages.js(f"getComputedStyle(document.querySelector('{on}')).backgroundColor")
                for on in ("body", ".b.h0")
            ]
            for kind in "kdsnc":
                ink = pages.js(f"getComputedStyle(document.querySelector('code .{kind}')).color")
                for paper in papers:
                    low, high = sorted((light(ink), light(paper)))
                    assert (high + 0.05) / (low + 0.05) >= 4.5, (kind, scheme, ink, paper)

    def test_the_columns_have_the_terminals_order_and_stay(self, pages: Pages) -> None:
        pages.open(pages.file, 800, 300)
        heads = "document.querySelector('.heads')"
        assert pages.js(f"{heads}.innerText").split() == ["Hits", "Line", "Source"]
        top = pages.js(f"{heads}.getBoundingClientRect().top")
        pages.js("document.getElementById('source').scrollTo(0, 200)")
        assert pages.js(f"{heads}.getBoundingClientRect().top") == top
        for name in (".count", "a"):
            row = f"document.querySelector('#L3 {name}').getBoundingClientRect()"
            head = name if name == ".count" else ".number"
            own = f"document.querySelector('.heads {head}').getBoundingClientRect()"
            assert pages.js(f"{row}.right") == pages.js(f"{own}.right")

    def test_no_errors(self, pages: Pages) -> None:
        for url in (pages.index, pages.file):
            pages.open(url)
            pages.press("jk?")
            assert pages.driver.get_log("browser") == []
