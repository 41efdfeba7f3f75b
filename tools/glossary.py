"""Write docs/glossary.md from src/tirek/site/glossary.yaml."""

from pathlib import Path

from tirek.site.glossary import terms

PAGE = Path(__file__).resolve().parents[1] / "docs" / "glossary.md"
HEAD = """# Glossary

The words of the field in three languages. Made from `src/tirek/site/glossary.yaml` by `make messages`; the site shows the
same words under Help.

| English | Қазақша | Русский | What it means |
|---|---|---|---|
"""


def main() -> None:
    rows = [
        f"| {t.names['en']} | {t.names['kk']} | {t.names['ru']} | {t.meanings['en']} |\n"
        for t in sorted(terms().values(), key=lambda term: term.names["en"].casefold())
    ]
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(HEAD + "".join(rows))


if __name__ == "__main__":
    main()
