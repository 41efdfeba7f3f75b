"""Every line of the tutorial runs, and prints what the page says."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/manual/tutorial.md"


def test_the_tutorial_prints_what_it_says():
    text = PAGE.read_text(encoding="utf-8").replace("```python\n", "\n").replace("\n```\n", "\n\n")
    test = doctest.DocTestParser().get_doctest(text, {}, "tutorial", str(PAGE), 0)
    assert len(test.examples) > 30
    said = []
    doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert not said, "".join(said)
