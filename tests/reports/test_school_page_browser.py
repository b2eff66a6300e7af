"""The school's page in a real browser: filter, sort, open, keyboard, phone, print, accessibility, hostile text."""

import subprocess

import pytest

from pumpurs_risk.locale import LANGUAGES
from pumpurs_risk.reports.school_page import write_school_page

AUDIENCES = ("support_staff", "class_teacher", "head")
NASTY = (
    "</script><script>window.hit = 1</script><img src=x onerror='window.hit = 1'>\u202eatpakaļ\u200f 👩‍🎓 "
    + "ļ" * 10_000
)


@pytest.fixture
def opened(chromium, example_report, tmp_path):
    """Open a page and watch it: errors, console, requests that leave the file."""
    contexts, heard = [], []

    def open_page(*about, width=1280, script=True, at="", **changes):
        path = tmp_path / f"parskats{len(contexts)}.html"
        write_school_page(path, example_report(*about, **changes))
        context = chromium.new_context(viewport={"width": width, "height": 900}, java_script_enabled=script)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda request: request.url.split("#")[0] == path.as_uri() or heard.append(request.url))
        page.goto(path.as_uri() + at)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert heard == []


def names(page):
    return page.locator("table.pupils > tbody:visible > tr:first-child > th").all_inner_texts()


def choose(page, key, **option):
    page.locator(f"form.filter select[data-key={key}]").select_option(**option)


def status(page):
    return page.locator("[role=status]").inner_text()


def fits(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_filters_narrow_the_table_and_say_how_many_are_left(opened):
    page = opened("lv", n=24)
    assert status(page) == "Redzami 24 no 24" and len(names(page)) == 24
    choose(page, "class", value="10.a")
    assert status(page) == "Redzami 6 no 24" and len(names(page)) == 6
    choose(page, "status", label="vērot")
    assert status(page) == "Redzami 2 no 24"
    assert set(names(page)) == {"Roberts Ņikiforovs", "Roberts Ņikiforovs 19"}
    page.get_by_role("button", name="Rādīt visus").click()
    page.get_by_text("Redzami 24 no 24").wait_for()
    choose(page, "certainty", label="nepietiek datu")
    choose(page, "change", label="no jauna sarakstā")
    assert names(page) == ["Paula Ķirse", "Paula Ķirse 18"]


def test_search_finds_names_without_their_marks_and_words_of_reasons(opened):
    page = opened("lv", n=24)
    page.get_by_label("Meklēt").fill("sarlote zake")
    assert names(page) == ["Šarlote Zaķe", "Šarlote Zaķe 20"]
    page.get_by_label("Meklēt").fill("MOTIVĀCIJA novērtēta zema")
    assert 0 < len(names(page)) < 24
    page.get_by_label("Meklēt").fill("nav tāda")
    assert names(page) == [] and status(page) == "Redzami 0 no 24"


def test_a_heading_sorts_by_the_latvian_alphabet_and_says_so(opened):
    page = opened("lv")
    first = names(page)
    head = page.get_by_role("columnheader", name="Skolēns").last
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert names(page)[-9:] == [
        "Anna Bērziņa", "Ēriks Žagars", "Jānis Ģēģeris", "Kristiāns Ozoliņš-Kalniņš", "Līga Čakste", "Mārtiņš Rožkalns",
        "Paula Ķirse", "Roberts Ņikiforovs", "Šarlote Zaķe", "Ūna Īve",
    ][-9:]  # fmt: skip
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending" and names(page)[0] == "Ūna Īve"
    page.get_by_role("button", name="Klase").click()
    assert head.get_attribute("aria-sort") == "none"
    classes = page.locator("tbody[data-class]").evaluate_all("rows => rows.map(row => row.dataset.class)")
    assert classes == ["7.c"] * 3 + ["9.a"] * 3 + ["9.b"] * 3 + ["10.a"] * 3
    page.get_by_role("button", name="Rādīt visus").click()
    page.wait_for_function(
        "first => document.querySelector('table.pupils > tbody th').innerText === first", arg=first[0]
    )
    assert names(page) == first


def test_a_name_in_the_week_leads_to_the_open_page_of_that_pupil_even_if_filtered_out(opened):
    page = opened("lv")
    choose(page, "class", value="10.a")
    page.locator("#week").get_by_role("link", name="Anna Bērziņa").click()
    page.locator("#p1").wait_for(state="visible")
    assert status(page) == "Redzami 12 no 12"
    assert "Kas nav zināms" in page.locator("#p1").inner_text()


def test_everything_can_be_done_from_the_keyboard(opened):
    page = opened("lv")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#main"
    page.get_by_label("Meklēt").focus()
    page.keyboard.type("Čakste")
    assert status(page) == "Redzami 1 no 12"
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    page.locator("#p3").wait_for(state="visible")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")  # the heading "next step" sorts
    assert page.locator("th[aria-sort=ascending]").count() == 1


def test_all_open_and_all_closed(opened):
    page = opened("lv")
    page.get_by_role("button", name="Atvērt redzamos").click()
    assert page.locator("article:visible").count() == 12
    page.get_by_role("button", name="Aizvērt visus").click()
    assert page.locator("article:visible").count() == 0


def test_without_scripts_all_is_there_and_opens(opened):
    page = opened("lv", script=False)
    assert len(names(page)) == 12
    assert not page.locator("form.filter").is_visible() and not page.locator("#expired").is_visible()
    page.locator("summary", has_text="Kavēto stundu").first.click()
    assert page.locator("#p1").is_visible()
    assert "Derīgs līdz 28.05.2027." in page.locator("header").inner_text()


@pytest.mark.parametrize(("now", "expired"), [("2027-05-28T22:00:00", False), ("2027-05-29T00:30:00", True)])
def test_a_page_opened_after_its_last_day_says_that_it_has_expired(opened, now, expired):
    page = opened("lv")
    page.clock.set_fixed_time(now)
    page.reload()
    assert page.locator("#expired").is_visible() == expired


@pytest.mark.parametrize("audience", AUDIENCES)
def test_a_phone_shows_all_without_scrolling_sideways(opened, audience):
    page = opened("lv", audience, width=390)
    page.get_by_role("button", name="Atvērt redzamos").click()
    assert fits(page)
    small = page.evaluate("""[...document.querySelectorAll('button, summary, select, input, a[href]')]
        .filter(e => e.checkVisibility() && e.getClientRects().length)
        .map(e => [e.innerText, e.getBoundingClientRect().height]).filter(([, h]) => h > 1 && h < 24)""")
    assert small == []
    choose(page, "sort", value="name")
    assert names(page)[-2:] == ["Šarlote Zaķe", "Ūna Īve"]
    assert page.locator("tbody[data-status]").first.is_visible()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_an_accessibility_check_finds_nothing(opened, lang, audience, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    page = opened(lang, audience, n=12 if lang == "lv" else 3, width=width)
    page.evaluate("for (const e of document.querySelectorAll('details')) e.open = true; expired.hidden = false")
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = axe.Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}})
    told = [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found.response["violations"]]
    assert told == []
    assert len(found.response["passes"]) > 20


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("audience", AUDIENCES)
def test_hostile_text_does_nothing_and_breaks_nothing(opened, example_report, audience, width):
    report = example_report("lv", audience, n=12)
    frames = {}
    for name in ("pupils", "reasons", "what_if", "questions", "signals", "patterns", "changes", "missing"):
        frame = getattr(report, name)
        free = [c for c in ("shown", "class_id", "note", "step", "role_name", "sentence", "proposal", "text", "answer", "plan",
                            "always_look", "change_text", "question", "group") if c in frame.columns]  # fmt: skip
        frames[name] = frame.assign(**dict.fromkeys(free, NASTY)).head(3)
    page = opened("lv", audience, width=width, **frames, title=NASTY, notes=(NASTY,))
    page.get_by_role("button", name="Atvērt redzamos").click()
    assert page.evaluate("window.hit") is None
    assert fits(page)
    assert NASTY.split("\u202e")[0] in page.locator("tbody[data-status] > tr > th").first.inner_text()


def printed(page, path, needs_program):
    page.pdf(path=path, prefer_css_page_size=True)
    done = subprocess.run([needs_program("pdftotext"), "-layout", path, "-"], capture_output=True, check=True)
    return " ".join(done.stdout.decode().split())


def test_paper_has_the_table_and_only_what_was_opened(opened, needs_program, tmp_path):
    page = opened("lv", at="#p1")
    shown = printed(page, tmp_path / "a.pdf", needs_program)
    assert "Ar ko jārunā šonedēļ" in shown and "Kā lietot šo sarakstu" in shown
    assert shown.count("Kas nav zināms") == 1
    assert "Mārtiņš Rožkalns" in shown and "Meklēt" not in shown and "Drukāt šo lapu" not in shown
    assert (
        "Konfidenciāli · Atbalsta pārskats: Liepas vidusskola · Derīgs līdz 28.05.2027." in shown
    )  # foot of each page


def test_one_pupil_prints_alone_on_a_page_that_says_what_it_is(opened, needs_program, tmp_path):
    page = opened("lv", at="#p3")
    page.evaluate("window.print = () => {}")
    page.locator("#p3").get_by_role("button", name="Drukāt šo lapu").click()
    shown = printed(page, tmp_path / "one.pdf", needs_program)
    assert "Līga Čakste" in shown and "Kas nav zināms" in shown and "sociālais pedagogs, līdz" in shown
    assert "Konfidenciāli" in shown and "Derīgs līdz 28.05.2027." in shown
    assert "Anna Bērziņa" not in shown and "Ar ko jārunā" not in shown and "Kā lietot" not in shown
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert "Anna Bērziņa" in printed(page, tmp_path / "all.pdf", needs_program)
