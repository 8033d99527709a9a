"""The list in a browser: search, filter, keys, and rows that come while one looks."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from mutagent.viewer.index.schema import index_path
from tests.viewer.browser.conftest import Browser
from tests.viewer.examples import agent_trace
from tests.viewer.process import Running, environment, running
from tests.viewer.wire import NOON, span, trace, trace_id

ROWS = "table.traces tr[data-trace]"


def expect(found: Any) -> Any:
    from playwright.sync_api import expect as playwright_expect

    return playwright_expect(found)


def arrived(page: Any, url: Any) -> None:
    """Wait for another page until its scripts listen to keys, which is after its address stands there."""
    expect(page).to_have_url(url)
    page.wait_for_load_state()


def test_typing_narrows_the_list_and_stands_in_the_address(browser: Browser, shop: Running) -> None:
    page = browser.page()
    page.goto(shop.address)
    expect(page.locator(ROWS)).to_have_count(100)
    page.keyboard.press("/")
    page.keyboard.type("depot in leeds")
    expect(page.locator(ROWS)).to_have_count(5)
    expect(page).to_have_url(f"{shop.address}/?q=depot+in+leeds")
    page.reload()
    expect(page.locator(ROWS)).to_have_count(5)
    expect(page.locator("#q")).to_have_value("depot in leeds")


def test_filters_add_up_and_go_one_by_one(browser: Browser, shop: Running) -> None:
    page = browser.page()
    page.goto(shop.address)
    page.select_option("#f-status", "error")
    expect(page).to_have_url(f"{shop.address}/?status=error")
    page.select_option("#f-service", "support")
    expect(page).to_have_url(re.compile(r"\?service=support&status=error$"))
    expect(page.locator(".chip")).to_have_count(2)
    page.get_by_role("link", name="Remove the filter status error").click()
    expect(page).to_have_url(f"{shop.address}/?service=support")
    page.locator("summary", has_text="More").click()
    page.fill("#f-min_ms", "9000")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{shop.address}/?service=support&min_ms=9000")
    expect(page.locator(ROWS)).to_have_count(1)


def test_keys_move_open_and_come_back(browser: Browser, shop: Running) -> None:
    page = browser.page()
    page.goto(shop.address)
    for key in "jjjk":
        page.keyboard.press(key)
    expect(page.locator("tr.at")).to_have_attribute("data-trace", trace_id(4))
    page.keyboard.press("Enter")
    arrived(page, re.compile(f"/traces/{trace_id(4)}$"))
    page.keyboard.press("u")
    arrived(page, f"{shop.address}/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_hidden()


def test_two_marked_traces_are_compared(browser: Browser, shop: Running) -> None:
    page = browser.page()
    page.goto(shop.address)
    for key in "jcjc":
        page.keyboard.press(key)
    expect(page).to_have_url(f"{shop.address}/compare?a={trace_id(5)}&b={trace_id(4)}")
    expect(page.locator(".totals")).to_contain_text("4.87 s → 10.23 s")


def test_a_click_anywhere_in_a_row_opens_it(browser: Browser, shop: Running) -> None:
    page = browser.page()
    page.goto(shop.address)
    page.locator(f'tr[data-trace="{trace_id(3)}"] td.cost').click()
    expect(page).to_have_url(re.compile(f"/traces/{trace_id(3)}$"))


def test_older_traces_are_a_page_on(browser: Browser, shop: Running) -> None:
    page = browser.page()
    page.goto(shop.address)
    page.get_by_role("link", name="Older").click()
    expect(page.locator(ROWS)).to_have_count(25)


PROGRAM = """\
import sys
from mutagent.tracing import init_tracing, start_span, end_span, SpanOptions, SpanEndOptions, SpanIO
init_tracing(local=True)
root = start_span(SpanOptions(kind="agent", name="live_agent", input=SpanIO(text="are you there?")))
inner = start_span(SpanOptions(kind="tool", name="slow_tool"))
sys.stdin.readline()
end_span(inner)
sys.stdin.readline()
end_span(root, SpanEndOptions(output=SpanIO(text="still here")))
"""


def test_a_program_is_seen_while_it_runs(browser: Browser, home: Path) -> None:
    with running(home) as viewer:
        page = browser.page()
        page.goto(viewer.address)
        expect(page.get_by_role("heading", name="No traces yet")).to_be_visible()
        program = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], env=environment(MUTAGENT_HOME=str(home)), stdin=subprocess.PIPE, text=True
        )
        assert program.stdin is not None
        row = page.locator(ROWS)
        expect(row).to_contain_text("live_agent")
        expect(row).to_contain_text("running")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        expect(page.locator(".row.running")).to_have_count(2)
        program.stdin.write("\n")
        program.stdin.flush()
        expect(page.locator(".row.running")).to_have_count(1)
        program.stdin.write("\n")
        program.stdin.flush()
        expect(page.locator(".row.running")).to_have_count(0)
        expect(page.locator("#panel")).to_contain_text("still here")
        assert program.wait(30) == 0
        program.stdin.close()
        browser.close()


def test_a_page_that_came_before_the_first_look_at_the_store_is_told_of_it(browser: Browser, home: Path) -> None:
    with running(home) as viewer:
        viewer.wait_for(0)
    with closing(sqlite3.connect(index_path(home), isolation_level=None)) as another_viewer:
        another_viewer.execute("BEGIN IMMEDIATE")
        with running(home) as viewer:
            page = browser.page()
            page.goto(viewer.address)
            expect(page.get_by_role("heading", name="Reading the store")).to_be_visible()
            another_viewer.rollback()
            expect(page.get_by_role("heading", name="No traces yet")).to_be_visible()
            browser.close()


def test_new_rows_leave_the_keyboards_place_alone(browser: Browser, home: Path) -> None:
    with running(home) as viewer:
        viewer.post(agent_trace(NOON, 1), agent_trace(NOON + 10**9, 2))
        page = browser.page()
        page.goto(viewer.address)
        page.keyboard.press("j")
        page.keyboard.press("j")
        viewer.post(trace(9, span(9, at=60_000)))
        expect(page.locator(ROWS)).to_have_count(3)
        expect(page.locator("tr.at")).to_have_attribute("data-trace", trace_id(1))
        page.keyboard.press("k")
        expect(page.locator("tr.at")).to_have_attribute("data-trace", trace_id(2))
        browser.close()
