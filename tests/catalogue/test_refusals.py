"""Every refusal says in one sentence which file, line, entry and field, and what was expected; in English and Latvian."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.catalogue.sources import line_of
from pumpurs_risk.errors import CatalogueError

Refused = Callable[[str | bytes], tuple[str, str]]
CONTRAST = 'contrast = {{ low = {low}, high = {high}, extreme = 3, reason = "own" }}\n'


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "english", "latvian"),
    [
        (
            '"motivation"',
            '"motivaton"',
            3,
            "construct",
            '"motivaton" is not in [constructs]',
            "nav tabulā [constructs]",
        ),
        ('"learning_school"', '"school"', 5, "group", '"school" is not in [groups]', "nav tabulā [groups]"),
        ('"class_teacher"', '"teacher"', 14, "ask", "expected, for example, class_teacher", "class_teacher"),
        ('"parents_meeting"', '"parents"', 15, "measures", '"parents" is not in [measures]', "[measures]"),
        (
            "prior_share = 0",
            'prior_share = "x"',
            4,
            "prior_share",
            'expected a number, found "x"',
            "vajadzīgs skaitlis",
        ),
        ("prior_share = 0", "prior_share = 1.2", 4, "prior_share", "a number <= 1, found 1.2", "skaitlim jābūt <= 1"),
        (
            "prior_share = 0\n",
            "",
            1,
            "",
            "the field prior_share is missing; expected a number",
            "trūkst lauka prior_share",
        ),
        ('kind = "score"', 'kind = "scor"', 6, "kind", "expected one of: count, level", "vienai no šīm: count"),
        (
            "kind =",
            "kinds =",
            6,
            "kinds",
            'there is no field "kinds" here; expected, for example, kind',
            "lauka „kinds”",
        ),
        ("range = [0, 3]", "range = [0]", 7, "range", "expected a list of 2 values, found 1", "skaitam jābūt 2"),
        ("range = [0, 3]\n", "", 1, "range", "smallest and largest plausible value are missing", "trūkst mazākās"),
        (
            "range = [0, 3]",
            "range = [3, 0]",
            7,
            "range",
            "the smallest value 3 must lie below the largest 0",
            "3 jābūt",
        ),
        ("knots = [0, 1, 2, 3]", "knots = [0, 2, 1]", 8, "knots", "in rising order, found 0; 2; 1", "augošā secībā"),
        (
            "knots = [0, 1, 2, 3]",
            "knots = [0, 5]",
            8,
            "knots",
            "must lie within the range 0 to 3",
            "robežās no 0 līdz 3",
        ),
        (
            "prior_share = 0",
            "prior_share = 0.1",
            1,
            "contrast",
            "the contrast is missing, but prior_share is 0.1",
            "trūkst",
        ),
        (
            "typical =",
            CONTRAST.format(low=0, high=1.5) + "typical =",
            8,
            "knots",
            "high = 1.5 is not among the knots",
            "1.5",
        ),
        (
            "typical =",
            CONTRAST.format(low=2, high=1) + "typical =",
            22,
            "contrast",
            "must rise, or fall",
            "jāsamazinās",
        ),
        (
            "direction = 1\n",
            "direction = -1\n" + CONTRAST.format(low=0, high=2),
            9,
            "direction",
            "the direction is -1, but the contrast runs 0; 2; 3, so expected 1",
            "virziens ir -1",
        ),
        ("0.4, 0.3", "0.4, 0.4", 22, "typical.shares", "must sum to 1, found a sum of 1.1", "summai jābūt 1"),
        (
            "{ shares",
            "{ share = 0.1, shares",
            22,
            "typical",
            "exactly one of share, shares and quantiles",
            "tieši viens",
        ),
        (
            "shares = [0.4, 0.3, 0.2, 0.1]",
            "share = 0.4",
            22,
            "typical",
            'kind "score" needs shares',
            "vajadzīgs shares",
        ),
        ('["nekad", ', "[", 21, "scale.lv", "expected 4 words", "vārdu skaitam jābūt 4"),
        ('get in the way?"', 'get in the way"', 20, "question.en", "must end with a question mark", "jautājuma zīmi"),
        ('stundās: {word}."', 'stundās: {word."', 30, "sentences.lv.risk", "write placeholders as {value}", "{value}"),
        ('unknown = "It is', 'unknwn = "It is', 37, "sentences.en.unknwn", 'no field "unknwn"', "lauka „unknwn”"),
        (
            'strength = "The phone does not get in the way."',
            "strength = 5",
            36,
            "sentences.en.strength",
            "found 5",
            "5",
        ),
        ("sd = 0.5", "sd = nan", 26, "published.sd", "expected a number, found nan", "vajadzīgs skaitlis"),
        ("sd = 0.5", "sd = 0", 26, "published.sd", "expected a number > 0, found 0", "skaitlim jābūt > 0"),
        ('en = "0-3" }', 'de = "0-3" }', 19, "unit", 'in the language "en" is missing', "trūkst teksta valodā „en”"),
        ("factors.phone_use", "factors.Phone", 1, "", "must begin with a small letter", "jāsākas ar mazo burtu"),
        ("factors.phone_use", "factors.level", 1, "", 'the id "level" is a column of the factor table', "„level” ir"),
        (
            "version = 1",
            'version = 1\nid = "x"',
            3,
            "id",
            "the id is the name of the entry itself",
            "identifikators ir",
        ),
        (
            'en = "Phone use in lessons" }\nmeaning',
            'en = "mean  MARK" }\nmeaning',
            17,
            "heading.en",
            'is already a heading, alias or id of the factor "mean_mark"',
            "jau ir faktora „mean_mark”",
        ),
        ("ordinary", "special", 1, "revealing_words", "needs the words that give it away", "kas to atklāj"),
    ],
)
def test_a_broken_factor_is_refused_with_its_line(
    refused: Refused, own_factor: str, old: str, new: str, line: int, field: str, english: str, latvian: str
) -> None:
    assert old in own_factor
    said, teikts = refused(own_factor.replace(old, new))
    assert said.startswith(f"mine.toml, line {line}, [factors.")
    assert teikts.startswith(f"mine.toml, {line}. rinda, [factors.")
    assert (f"], field {field}: " if field else "]: ") in said
    assert english in said
    assert latvian in teikts
    assert re.search(r"[^.]\.$", said)
    assert not re.search(r"\. [A-Z]", said), "one sentence"


@pytest.mark.parametrize(
    ("text", "line", "english", "latvian"),
    [
        ("[factors.x\n", 1, "this is not TOML", "nevar nolasīt kā TOML"),
        ("[factors.x]\nversion = \n", 2, "this is not TOML", "nevar nolasīt kā TOML"),
        ("[factors.x]\nversion = 1\nkind = 'count\n", 3, "this is not TOML", "nevar nolasīt kā TOML"),
        ("[factors.x]\nversion = 1\nversion = 2\n", 3, "is in the file twice", "failā ir divreiz"),
        ("[factors.x]\n[factors.x]\n", 2, "is in the file twice", "failā ir divreiz"),
        ("# Skola\n[faktori.x]\n", 2, 'no table "faktori" in a catalogue; expected, for example, factors', "„faktori”"),
        ("factors = 3\n", 1, '"factors" must be a table', "jābūt tabulai"),
        ("[factors]\nx = 3\n", 2, '"factors.x" must be a table', "jābūt tabulai"),
        ("\nschema_version = 2\n", 2, "the file has version 2", "faila versija ir 2"),
        ("# a\n[a]\n# ē\n".encode("windows-1257"), 3, "not in UTF-8", "nav UTF-8 kodējumā"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(
    refused: Refused, text: str | bytes, line: int, english: str, latvian: str
) -> None:
    said, teikts = refused(text)
    assert said.startswith(f"mine.toml, line {line}")
    assert teikts.startswith(f"mine.toml, {line}. rinda")
    assert english in said
    assert latvian in teikts


def test_shares_that_no_longer_sum_to_1_are_listed_with_the_way_out(refused: Refused) -> None:
    said, teikts = refused("# ours\n[factors.motivation]\nprior_share = 0.8\n")
    assert said == (
        "mine.toml, line 3, [factors.motivation], field prior_share: the prior shares of the factors in construct "
        '"motivation" sum to 1.1 instead of 1 (motivation 0.8, teacher_concern 0.3); change some of them, an entry such as '
        "[factors.x] with only prior_share is enough, or give the new factor prior_share = 0."
    )
    assert "summai jābūt 1, bet tā ir 1.1 (motivation 0.8, teacher_concern 0.3)" in teikts


@pytest.mark.parametrize(
    ("text", "line", "english"),
    [
        ('[measures.own]\nrole = "boss"\n', 2, '"boss" is not in [roles]'),
        ('[measures.own]\npartners = ["nato"]\n', 2, '"nato" is not in [partners]'),
        ('[measures.own]\nanswers = ["motivatio"]\n', 2, "expected, for example, motivation"),
        ('[signals.violence]\ncolumn = "violenc"\n', 2, "neither a context column nor a factor"),
        ('[signals.violence]\nvalid_from = "1.9.2026"\n', 2, '"1.9.2026" is not a date'),
        ("[base_rates.general-9]\ncentral = 0.5\n", 2, "expected low <= central <= high"),
        ("[base_rates.general-9]\nshare_of_pupils = 0.5\n", 2, "share_of_pupils over all levels sums to"),
        ('[semesters."2028-1"]\nfrom = 2028-09-01\nto = 2028-12-20\n', 1, 'such as "2026/2027-1"'),
        ('[semesters."2028/2029-1"]\nfrom = "1.9.2028"\nto = 2028-12-20\n', 2, '"1.9.2028" is not a date'),
        ('[semesters."2028/2029-1"]\nfrom = 2028-12-20\nto = 2028-09-01\n', 3, "must end after it begins"),
        ('[semesters."2028/2029-1"]\nfrom = 2028-05-02\nto = 2028-12-20\n', 2, "overlaps with 2027/2028-2"),
        (
            '[semesters."2028/2029-1"]\nfrom = 2028-09-01\nto = 2028-12-20\nbreaks = [[2028-12-18, 2028-12-27]]\n',
            4,
            "must lie within its semester",
        ),
        ("[programme]\ntitel = 3\n", 2, 'no field "titel" here; expected, for example, title'),
        ('[programme]\nplan = "IAP"\n', 2, "expected a text per language"),
        ("[programme.learner.general.lv]\nnominative = 3\n", 2, "field learner.general.lv.nominative: expected a text"),
        ('[programme.approval]\ngeneral = ["king"]\n', 2, '"king" is not in [programme.approvers]'),
        ("[factors.motivation.sentences.lv]\nrisk.one = 3\n", 2, "field sentences.lv.risk.one: expected a text"),
        ("[context.shoe_size]\nname = { lv = 'a', en = 'b' }\n", 1, "this entry is fixed"),
    ],
)
def test_other_broken_entries_are_refused_with_their_line(refused: Refused, text: str, line: int, english: str) -> None:
    said, teikts = refused(text)
    assert said.startswith(f"mine.toml, line {line}, [")
    assert teikts.startswith(f"mine.toml, {line}. rinda, [")
    assert english in said


RISK = "[factors.motivation.sentences.en]\nrisk = "


@pytest.mark.parametrize(
    ("text", "line", "field", "english", "latvian"),
    [
        (f'{RISK}"{{valeu}} of 3."\n', 2, "sentences.en.risk", "{valeu} cannot be filled in", "{valeu} šeit nav"),
        (f'{RISK}"{{}} of 3."\n', 2, "sentences.en.risk", "{} cannot be filled in here; possible here: {value}", "der"),
        (f'{RISK}"{{value:d}}."\n', 2, "sentences.en.risk", "{value:d} cannot", "{value:d} šeit"),
        (f'{RISK}"{{value.real}}."\n', 2, "sentences.en.risk", "{value.real} cannot", "{value.real} šeit"),
        (
            '[factors.mean_mark.sentences.lv]\nstrength_raw = "{word}."\n',
            2,
            "sentences.lv.strength_raw",
            "{word} cannot",
            "{word} šeit",
        ),
        (
            '[factors.motivation.sentences.lv]\nunknown = "{value}?"\n',
            2,
            "sentences.lv.unknown",
            "{value} cannot be filled in here; possible here: {period}",
            "{value} šeit",
        ),
        (
            '[factors.motivation]\nquestion.lv = "Kas ir {role}?"\n',
            2,
            "question.lv",
            "{role} cannot be filled in here; possible here: {learner}",
            "der: {learner}",
        ),
        ('[factors.motivation]\nquestion.lv = "Kas ir {role?"\n', 2, "question.lv", "is not closed", "nav aizvērta"),
        ('[signals.violence]\nsentence.en = "{peer}."\n', 2, "sentence.en", "{peer} cannot", "{peer} šeit"),
        (
            '[signals.violence]\nsentence.en = { one = "{a}.", other = "{value}." }\n',
            2,
            "sentence.en.one",
            "{a} cannot",
            "{a} šeit",
        ),
        ('[signals.violence]\nsentence.en = "{value."\n', 2, "sentence.en", "is not closed", "nav aizvērta"),
        (f'{RISK}{{ one = "{{value}}." }}\n', 2, "sentences.en.risk", "other", "other"),
        (
            f'{RISK}{{ one = "{{value}}.", few = "x.", other = "y." }}\n',
            2,
            "sentences.en.risk.few",
            'the forms of a sentence are called none, zero, one, other, and "other" is always needed, found: one, few',
            "teikuma formas sauc none, zero, one, other",
        ),
    ],
)
def test_a_sentence_that_could_not_be_said_is_refused(
    refused: Refused, text: str, line: int, field: str, english: str, latvian: str
) -> None:
    said, teikts = refused(text)
    assert said.startswith(f"mine.toml, line {line}, [")
    assert f"], field {field}: " in said
    assert english in said
    assert latvian in teikts


def test_the_clause_of_a_work_limit_has_no_placeholders(refused: Refused, catalogue: Catalogue) -> None:
    limit = next(iter(catalogue.work_limits))
    said, teikts = refused(f'[work_limits.{limit}]\nclause.lv = "; {{value}} stundas"\n')
    assert said == (
        f"mine.toml, line 2, [work_limits.{limit}], field clause.lv: "
        "{value} cannot be filled in here; write the text without placeholders."
    )
    assert "rakstiet tekstu bez aizstājamiem vārdiem" in teikts


@pytest.mark.parametrize(
    ("label", "other"),
    [("KLASE:", "Klase"), ("lessons_held", "Notikušās stundas"), (" Date  of Birth*", "Dzimšanas datums")],
)
def test_a_heading_of_the_sheets_own_columns_is_no_factor(
    refused: Refused, own_factor: str, label: str, other: str
) -> None:
    said, teikts = refused(own_factor.replace('en = "Phone use in lessons" }\nmeaning', f'en = "{label}" }}\nmeaning'))
    assert said == (
        f'mine.toml, line 17, [factors.phone_use], field heading.en: "{label}" is already a heading or alias of the '
        f'sheet\'s own column "{other}"; choose another.'
    )
    assert f"jau ir pašas veidlapas kolonnas „{other}”" in teikts
    said, _ = refused(own_factor.replace("version = 1\n", f'version = 1\naliases = ["{label}"]\n'))
    assert ", line 3, [factors.phone_use], field aliases: " in said


def test_headings_are_folded_as_the_reader_of_sheets_folds_them() -> None:
    from pumpurs_risk.catalogue.factor_checks import _plain
    from pumpurs_risk.records.contract import normal_heading

    for heading in ("  Vidējais   VĒRTĒJUMS: ", "a_b*", "\ufeffＫlase.", "e\u0304", "STRASSE ß"):
        assert _plain(heading) == normal_heading(heading)


def test_what_was_handed_over_in_python_is_named_without_a_line(catalogue: Catalogue) -> None:
    with pytest.raises(CatalogueError) as caught:
        catalogue.extend({"factors": {"motivation": {"prior_share": 2}}})
    assert str(caught.value) == (
        "Catalogue.extend(), [factors.motivation], field prior_share: expected a number <= 1, found 2."
    )


def test_the_newer_of_two_files_is_blamed(own_factor: str, tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(own_factor, "utf-8")
    (tmp_path / "two.toml").write_text("[factors.phone_use]\nknots = [0, 9]\n", "utf-8")
    with pytest.raises(CatalogueError, match=r"two\.toml, line 2, \[factors\.phone_use\], field knots"):
        Catalogue.load(tmp_path / "one.toml", tmp_path / "two.toml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError) as caught:
        Catalogue.load(tmp_path / "none.toml")
    assert str(tmp_path / "none.toml") in caught.value.message("en")
    assert "nav" in caught.value.message("lv")


def test_an_error_survives_pickling(catalogue: Catalogue) -> None:
    import pickle

    with pytest.raises(CatalogueError) as caught:
        catalogue.extend({"factors": {"motivation": {"prior_share": 2}}})
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value)
    assert again.message("lv") == caught.value.message("lv")


def test_lines_are_found_past_lists_comments_and_long_texts() -> None:
    text = "\n".join(
        [
            "a = 1 # [factors.x]",
            "list = [",
            '  "version = 3", # [',
            "]",
            'long = """',
            "[factors.x]",
            "version = 1",
            '"""',
            '[factors."x"] # ours',
            "name.lv = 'X'",
            "[factors.x.published]",
            "sd = 1",
        ]
    )
    assert line_of(text, ["factors", "x"]) == 9
    assert line_of(text, ["factors", "x", "name", "lv"]) == 10
    assert line_of(text, ["factors", "x", "published", "sd"]) == 12
    assert line_of(text, ["factors", "x", "published", "source"]) == 11
    assert line_of(text, ["measures"]) is None
