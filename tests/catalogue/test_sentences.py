"""The placeholders that the catalogue allows are exactly those that are filled in when a sentence is said."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from pumpurs_risk.catalogue import Catalogue
from pumpurs_risk.catalogue.sentences import FORMS, LEAD, LEARNER, MORE, QUESTION, RATED, REASON, SIGNAL, UNKNOWN
from pumpurs_risk.errors import CatalogueError
from pumpurs_risk.explanation import placeholders, what_to_ask, wording
from pumpurs_risk.explanation.details import detail_pieces
from pumpurs_risk.flags.signals import signals
from pumpurs_risk.locale.numbers import plural_category

PUPIL = pd.DataFrame({"pupil_id": ["a"], "programme": ["general"], "level": [9.0], "age": [14.0], "violence": [2.0]})


def given(catalogue: Catalogue, factor: str, says: int) -> set[str]:
    """Names that the writer of reasons has a text for, of a pattern that uses them all."""
    pattern = wording._Pattern(factor, catalogue.factors[factor], says, False, "lv")
    object.__setattr__(pattern, "uses", frozenset({*REASON, *RATED}))
    number = None if says == wording.UNKNOWN else 1.0
    facts = wording._Facts(number, number, "general-9", "2026/2027-1", "general", None)
    return set(wording.Writer(PUPIL, [factor], catalogue, "lv", None)._words(pattern, facts, None))


def test_reasons_are_filled_in_with_what_the_catalogue_allows(catalogue: Catalogue) -> None:
    assert given(catalogue, "motivation", wording.RISK) == {*REASON, *RATED}
    assert given(catalogue, "motivation", wording.UNKNOWN) == set(UNKNOWN)
    assert set(placeholders.learner_words("general", catalogue, "lv")) == set(LEARNER) == placeholders.LEARNER


def test_a_signal_is_filled_in_with_what_the_catalogue_allows(catalogue: Catalogue) -> None:
    words = " ".join(f"{{{name}}}" for name in SIGNAL)
    own = catalogue.extend({"signals": {"violence": {"sentence": {"lv": words, "en": words}}}})
    said = signals(PUPIL, own, lang="lv").set_index("signal").loc["violence", "sentence"]
    assert said.startswith("2 ") and "{" not in said


def test_a_question_is_filled_in_with_what_the_catalogue_allows(catalogue: Catalogue) -> None:
    words = " ".join(f"{{{name}}}" for name in QUESTION)
    own = catalogue.extend({"factors": {"motivation": {"question": {"lv": f"{words}?", "en": f"{words}?"}}}})
    factors, which = [own.factors["motivation"]], np.zeros(1, dtype=np.int64)
    said = what_to_ask.worded(factors, which, np.array(["general"], dtype=object), own, "lv")["question"][0]
    assert said.startswith("Skolēns ") and "{" not in said


def test_the_forms_are_those_that_a_number_can_ask_for() -> None:
    numbers = (0, 1, 2, 5, 10, 11, 21, 1.1, 1.5)
    asked = {plural_category(number, lang) for number in numbers for lang in ("lv", "en")}
    assert asked | {"none"} == set(FORMS)


def test_facts_in_a_sentence_are_filled_in_with_what_the_catalogue_allows(catalogue: Catalogue) -> None:
    assert (LEAD, MORE) == (("details",), ("n",))
    own = {"lead": " [{details}]", "more": {"one": "({n}!)", "other": "({n}?)"}}
    changed = catalogue.extend({"factors": {"motivation": {"sentences": {"lv": {"details": own}}}}})
    facts = pd.DataFrame({"pupil_id": "a", "factor": "motivation", "detail": list("abcdef")})
    assert detail_pieces(facts, PUPIL, changed, "lv")["piece"].tolist() == [" [a, b, c, d, e (1!)]"]


@pytest.mark.parametrize(
    ("details", "field", "why"),
    [
        ({"lead": "{detail}"}, "details.lead", "possible here: {details}"),
        ({"more": "{x}"}, "details.more", "possible here: {n}"),
        ({"more": {"one": "{n}"}}, "details.more", '"other" is always needed'),
    ],
)
def test_facts_that_could_not_be_put_in_are_refused(
    catalogue: Catalogue, details: dict[str, object], field: str, why: str
) -> None:
    own = {"factors": {"motivation": {"sentences": {"lv": {"details": details}}}}}
    with pytest.raises(CatalogueError) as caught:
        catalogue.extend(own)
    assert field in caught.value.message("en") and why in caught.value.message("en")
