"""A trace in a browser: select, fold, read, copy; and the exported file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.viewer.browser.conftest import Browser
from tests.viewer.browser.test_list import expect
from tests.viewer.process import Running
from tests.viewer.wire import trace_id


def opened(browser: Browser, shop: Running, **more: Any) -> Any:
    page = browser.page(**more)
    page.goto(f"{shop.address}/traces/{trace_id(5)}")
    return page


def chosen(page: Any) -> Any:
    return page.locator('[role="treeitem"][aria-selected="true"] .label')


def test_a_click_shows_the_span_and_its_address(browser: Browser, shop: Running) -> None:
    page = opened(browser, shop)
    expect(chosen(page)).to_have_text("chat gpt-4.1")
    page.get_by_role("treeitem").filter(has_text="chat claude-sonnet-5").click()
    expect(page.locator("#panel h2")).to_have_text("chat claude-sonnet-5")
    expect(page.locator("#panel")).to_contain_text("Your boots are on their way")
    expect(page).to_have_url(re.compile(f"{trace_id(5)}\\?span={5010:016x}$"))
    page.reload()
    expect(chosen(page)).to_have_text("chat claude-sonnet-5")


def test_arrows_walk_the_tree_and_fold_it(browser: Browser, shop: Running) -> None:
    page = opened(browser, shop)
    rows = page.locator('[role="treeitem"]:visible')
    page.get_by_role("treeitem").filter(has_text="answer_customer").click()
    page.keyboard.press("ArrowDown")
    expect(chosen(page)).to_have_text("find_facts")
    page.keyboard.press("ArrowLeft")
    expect(rows).to_have_count(6)
    expect(page.get_by_role("treeitem", expanded=False)).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(chosen(page)).to_have_text("title")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    expect(rows).to_have_count(11)
    page.keyboard.press("ArrowRight")
    expect(chosen(page)).to_have_text("chat gpt-5-mini")
    page.keyboard.press("End")
    expect(chosen(page)).to_have_text("chat claude-sonnet-5")
    page.keyboard.press("Home")
    expect(chosen(page)).to_have_text("answer_customer")
    expect(page.locator("#panel h2")).to_have_text("answer_customer")
    page.keyboard.press("e")
    expect(chosen(page)).to_have_text("title")
    page.keyboard.press("Enter")
    expect(page.locator("#panel")).to_be_focused()


def test_kinds_can_be_hidden_and_all_be_folded(browser: Browser, shop: Running) -> None:
    page = opened(browser, shop)
    rows = page.locator('[role="treeitem"]:visible')
    page.get_by_role("button", name="llm.chat 5").click()
    expect(rows).to_have_count(6)
    expect(page.get_by_role("button", name="llm.chat 5")).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="llm.chat 5").click()
    page.get_by_role("button", name="Fold all").click()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Unfold all").click()
    expect(rows).to_have_count(11)


def test_on_a_phone_a_tap_leads_to_the_panel(browser: Browser, shop: Running) -> None:
    page = opened(browser, shop, width=390, height=844)
    page.get_by_role("treeitem").filter(has_text="search_help").click()
    expect(page.locator("#panel h2")).to_have_text("search_help")
    expect(page.locator("#panel h2")).to_be_in_viewport()


def test_a_finding_leads_to_its_span(browser: Browser, shop: Running) -> None:
    page = opened(browser, shop)
    page.get_by_role("button", name="Fold all").click()
    page.get_by_role("link", name="Took the money").click()
    expect(chosen(page)).to_have_text("chat claude-sonnet-5")
    expect(chosen(page)).to_be_visible()


def test_copy_buttons_copy(browser: Browser, shop: Running) -> None:
    page = opened(browser, shop, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy id").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == trace_id(5)
    page.get_by_role("button", name="copy link").click()
    expect(page.get_by_role("button", name="copied", exact=True)).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"{shop.address}/traces/{trace_id(5)}?span={5008:016x}"


def test_the_exported_file_works_by_itself(browser: Browser, shop: Running, tmp_path: Path) -> None:
    page = opened(browser, shop)
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    file = tmp_path / "trace.html"
    download.value.save_as(file)
    offline = browser.page()
    asked: list[str] = []
    offline.on("request", lambda request: asked.append(request.url))
    offline.goto(file.as_uri())
    expect(chosen(offline)).to_have_text("chat gpt-4.1")
    offline.get_by_role("treeitem").filter(has_text="search_help").click()
    expect(offline.locator("#panel h2:visible")).to_have_text("search_help")
    expect(offline.locator(".score:visible")).to_have_count(3)
    offline.keyboard.press("ArrowLeft")
    expect(offline.locator('[role="treeitem"]:visible')).to_have_count(10)
    assert asked == [file.as_uri()]
