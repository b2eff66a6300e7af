"""The pupil's page and the parents' page: journal facts in plain words, and nothing that is not theirs to read of."""

import datetime as dt
import re
from html.parser import HTMLParser

import pandas as pd
import pytest

import pumpurs_risk as pr
from pumpurs_risk.catalogue import Audience
from pumpurs_risk.reports.family import family_pages
from pumpurs_risk.reports.notice import notice

CATALOGUE = pr.Catalogue.load()
AS_OF, EXPIRES = dt.date(2027, 1, 15), dt.date(2027, 5, 31)
FAMILIES = ("family_pupil", "family_parent")
LANGUAGES = ("lv", "en")
HARDEST = 40
BLOCKS = {"p", "li", "h1", "h2", "h3", "dt", "dd", "th", "td", "title", "div", "section", "footer", "span", "tr"}


class Text(HTMLParser):
    """Text of a page, block by block; a block's end ends a sentence."""

    def __init__(self):
        super().__init__()
        self.blocks, self.skip = [""], 0

    def handle_starttag(self, tag, attrs):
        self.skip += tag == "style"
        if tag in BLOCKS:
            self.blocks.append("")

    def handle_endtag(self, tag):
        self.skip -= tag == "style"
        if tag in BLOCKS:
            self.blocks.append("")

    def handle_data(self, data):
        if not self.skip:
            self.blocks[-1] += data


def blocks_of(html):
    parser = Text()
    parser.feed(html)
    return [" ".join(block.split()) for block in parser.blocks if block.strip()]


def lix(html):
    """Words per sentence plus the percentage of words of more than six letters (Björnsson 1968).

    Labels without a full stop (one or two words) are no sentences and are left out, so that they do not flatter the page.
    """
    said = [block for block in blocks_of(html) if re.search(r"[.!?]$", block) or len(block.split()) > 2]
    joined = re.sub(r"(\d)[.](\d|\s)", r"\1\2", " ¶ ".join(said))
    sentences = [s for s in re.split(r"[.!?:¶]+", joined) if re.search(r"\w", s)]
    words = [w for s in sentences for w in re.findall(r"\w+", s)]
    long = [w for w in words if len(w) > 6]
    return len(words) / len(sentences) + 100 * len(long) / len(words)


@pytest.fixture(scope="module")
def made():
    X = pr.factor_table(pr.make_cohort(n_pupils=240, random_state=3, form="sheet"), as_of=AS_OF)
    told = ["pregnancy", "parental_addiction", "violence", "family_conflict", "marriage", "paid_work_hours"]
    X.loc[X.index[:6], told] = [1.0, 1.0, 2.0, 3.0, 1.0, 30.0]
    X.loc[X.index[:6], "unexcused_raw"] = 31.0
    model = pr.load_model("literature-prior")
    flags = pr.flag(model, X, pr.FlagPolicy(places=30), catalogue=CATALOGUE)
    some = flags["tier"].ne("none") | flags["always_look"].ne("")
    return model, X[some.to_numpy()].reset_index(drop=True), flags[some].reset_index(drop=True)


def pages_of(made, audience, lang, **kwargs):
    model, X, _ = made
    reasons = pr.reasons(model, X, lang, None, catalogue=CATALOGUE, strengths=None)
    pupils = X[["pupil_id", "class_id", "programme", "age"]].assign(shown="Anna Bērziņa")
    fixed = {"school": "Ozolu vidusskola", "as_of": AS_OF, "expires": EXPIRES}
    return family_pages(pupils, reasons, CATALOGUE, audience, lang, **{**fixed, **kwargs})


@pytest.mark.parametrize("audience", FAMILIES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_pages_are_easy_to_read(made, audience, lang):
    pages = pages_of(made, audience, lang)
    assert len(pages) > 20
    hardest = max(pages.values(), key=lix)
    assert lix(hardest) <= HARDEST, blocks_of(hardest)


def test_lix_is_the_published_one():
    assert lix("<p>The cat sat. The elephant rests.</p>") == pytest.approx(6 / 2 + 100 / 6)


@pytest.mark.parametrize("audience", FAMILIES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_pages_hold_no_percentage_and_no_word_that_gives_a_hidden_factor_away(made, audience, lang):
    words = [w.casefold() for w in Audience.load(audience, CATALOGUE).revealing_words(lang)]
    for html in pages_of(made, audience, lang).values():
        said = " ".join(blocks_of(html)).casefold()
        assert "%" not in said and "risk" not in said
        assert not [w for w in words if w in said], said


def test_what_staff_ticked_for_one_pupil_stands_on_that_page_alone(made):
    _, X, _ = made
    ticked = X["pupil_id"][X["paid_work_hours"] == 30].iloc[0]
    pages = pages_of(made, "family_pupil", "lv", also={ticked: ["work"]})
    assert "algot" in pages[ticked].casefold()
    assert not [p for p, html in pages.items() if p != ticked and "algot" in html.casefold()]


def test_strengths_come_first_and_the_next_step_has_a_role_and_a_date(made):
    for html in pages_of(made, "family_pupil", "lv").values():
        assert html.index("Kas tev izdodas") < html.index("Ko mēs redzam žurnālā")
        assert re.search(r"Līdz (29|15)\.01\.2027\. ar tevi parunās [a-zāēīļņš ]+\.", html)


def test_parents_of_a_pupil_of_full_age_get_no_page(made):
    _, X, _ = made
    pages = pages_of(made, "family_parent", "lv")
    adult = set(X.loc[X["age"] >= 18, "pupil_id"])
    assert adult and not adult & set(pages)
    assert adult <= set(pages_of(made, "family_pupil", "lv"))


def test_a_trainee_is_called_one(made):
    _, X, _ = made
    pages = pages_of(made, "family_pupil", "lv")
    trainees = X.loc[X["programme"] == "vocational", "pupil_id"]
    assert len(trainees)
    assert all(
        "Audzēknis" in pages[p] and "Skolēns" not in pages[p] and "Grupas audzinātājs" in pages[p] for p in trainees
    )


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", "{{ 7*7 }}", "=1+1", "\u202eabc", "😀", "x" * 10_000, "a\x00\x0bb"]
)
def test_hostile_names_come_through_as_text(hostile):
    pupils = pd.DataFrame({"pupil_id": ["a"], "shown": [hostile], "class_id": [hostile], "programme": ["general"]})
    columns = ["pupil_id", "kind", "rank", "line", "construct", "factor", "code", "params", "sentence", "contribution"]
    page = family_pages(
        pupils, pd.DataFrame(columns=columns), CATALOGUE, "family_pupil", "lv", school=hostile, as_of=AS_OF,
        expires=EXPIRES, contacts={"class_teacher": (hostile, hostile)},
    )["a"]  # fmt: skip
    clean = hostile.replace("\x00", "").replace("\x0b", "")
    assert "<script>" not in page
    assert clean in blocks_of(page)[[b.startswith("Skola") for b in blocks_of(page)].index(True) + 1]


def test_an_audience_that_is_no_family_is_refused():
    with pytest.raises(ValueError, match="family_pupil"):
        family_pages(pd.DataFrame(), pd.DataFrame(), CATALOGUE, "head", school="", as_of=AS_OF, expires=EXPIRES)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_notice_says_the_same_on_the_page_and_as_text(lang):
    html, txt = notice("Ozolu <b>vidusskola</b>", lang, name="{{ 7*7 }}", date=AS_OF)
    page = " ".join(blocks_of(html)).casefold()
    for line in txt.splitlines():
        said = line.partition(": ")[2] if "____" in line or line.startswith(("Vārds", "Name")) else line
        assert said.strip("_ ").casefold() in page
    assert "{{ 7*7 }}" in txt and "<b>" not in html
    assert lix(html) <= 50  # the notice is for adults and names the law; the pages for families are easier


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_notice_can_lie_in_the_head_s_folder(lang):
    assert not [part for part in notice("Ozolu vidusskola", lang) if Audience.load("head", CATALOGUE).hides(part, lang)]


def test_the_notice_leaves_lines_to_fill_in():
    _, txt = notice("Ozolu vidusskola", "lv")
    assert txt.count("______") >= 3
